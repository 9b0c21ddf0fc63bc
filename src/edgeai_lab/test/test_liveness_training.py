import json

import cv2
import numpy as np
import pytest

from edgeai_core.config import build
from edgeai_core.errors import DataError
from edgeai_core.geometry import Box
from edgeai_core.types import DetectedFace
from edgeai_lab.liveness.recipe import LivenessRecipe
from edgeai_lab.liveness.training_faces import (
    OPEN_SOURCES,
    ROOM_FOLDER,
    OpenPictures,
    hold_out,
    open_pictures,
)
from edgeai_lab.liveness.training_patches import render_patches


class Finder:
    def __init__(self, side_px):
        self.side_px = side_px

    def detect(self, image):
        mesh = np.zeros((468, 3), np.float32)
        mesh[1, :2] = self.side_px
        return [
            DetectedFace(
                box=Box(0, 0, self.side_px, self.side_px),
                score=0.9,
                landmarks_xy_px=np.zeros((6, 2), np.float32),
                mesh_xyz_px=mesh,
            )
        ]


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (120, 160, 3), dtype=np.uint8)


@pytest.fixture
def data(tmp_path):
    for source in OPEN_SOURCES:
        for number in range(2):
            path = tmp_path / source.folder / "images" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), picture(number))
    return tmp_path


def test_faces_come_from_folders_with_people_and_rooms_from_one(data):
    found = open_pictures(data, detector=Finder(60))
    assert {face.source.folder for face in found.faces} == {
        source.folder for source in OPEN_SOURCES if source.people
    }
    assert found.faces[0].box == Box(0, 0, 60, 60)
    assert len(found.textures) == 2 * len(OPEN_SOURCES)
    assert len(found.rooms) == 2
    assert all(path.is_relative_to(data / ROOM_FOLDER) for path in found.rooms)


def test_no_source_is_for_evaluation_only_and_all_have_an_open_licence():
    assert not any("eval_only" in source.folder for source in OPEN_SOURCES)
    assert {source.licence for source in OPEN_SOURCES} == {"CC BY 4.0", "MIT"}


def test_small_faces_are_not_trained_on(data):
    with pytest.raises(DataError, match="no face found"):
        open_pictures(data, detector=Finder(30))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no picture or clip in .*wallet"):
        open_pictures(tmp_path, detector=Finder(60))


def test_what_is_held_out_is_not_trained_on(data):
    kept, held_out = hold_out(open_pictures(data, detector=Finder(60)), share=0.1)
    assert not set(kept.textures) & set(held_out.textures)
    assert (len(kept.faces), len(held_out.faces)) == (5, 1)
    assert (len(kept.rooms), len(held_out.rooms)) == (1, 1)


def test_one_face_cannot_be_split(data):
    one = open_pictures(data, detector=Finder(60))
    with pytest.raises(DataError, match="got 1 faces"):
        hold_out(
            OpenPictures(faces=one.faces[:1], textures=one.textures, rooms=one.rooms), share=0.1
        )


def rendered(data, **changes):
    sources = open_pictures(data, detector=Finder(60))
    return render_patches(sources, **({"scenes": 8, "seed": 3} | changes))


def test_patches_are_decided_by_the_seed_and_half_living(data):
    first, again, other = rendered(data), rendered(data), rendered(data, seed=4)
    assert first.images.shape[1:] == (80, 80, 3)
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.classes, again.classes)
    assert not np.array_equal(first.images[0], other.images[0])
    assert set(first.classes.tolist()) == {0, 1, 2}


def recipe(**changes):
    return build(
        LivenessRecipe,
        {"scenes": 8, "held_out_scenes": 8, "steps": 2, "batch_size": 4, "measure_every": 1}
        | changes,
    )


def weights(torch, tmp_path):
    """A MiniFASNet with one block a stage, freshly drawn."""
    from edgeai_lab.liveness.minifasnet import MiniFASNet

    def unit(name, out, per_group, side, prelu=True):
        made[f"{name}.conv.weight"] = torch.randn(out, per_group, side, side) * 0.1
        if prelu:
            made[f"{name}.prelu.weight"] = torch.full((out,), 0.25)

    made = {}
    unit("conv1", 8, 3, 3)
    unit("conv2_dw", 8, 1, 3)
    for name, blocks in (("conv_23", 0), ("conv_3", 1), ("conv_34", 0), ("conv_4", 1),
                         ("conv_45", 0), ("conv_5", 1)):  # fmt: skip
        base = f"{name}.model.0" if blocks else name
        unit(f"{base}.conv", 8, 8, 1)
        unit(f"{base}.conv_dw", 8, 1, 3)
        unit(f"{base}.project", 8, 8, 1, prelu=False)
    unit("conv_6_sep", 512, 8, 1)
    unit("conv_6_dw", 512, 1, 5, prelu=False)
    torch.manual_seed(0)
    network = MiniFASNet(made)
    path = tmp_path / "start.pth"
    # As published: from a parallel training, with its prefix.
    torch.save({f"module.{k}": v for k, v in network.state_dict().items()}, path)
    return path


def test_a_training_leaves_checkpoint_curves_model_and_card(data, tmp_path):
    torch = pytest.importorskip("torch", reason="training packages are not installed")
    pytest.importorskip("onnxscript", reason="training packages are not installed")
    from edgeai_lab.liveness.export import CARD_NAME, MODEL_NAME, export_network, write_card
    from edgeai_lab.liveness.minifasnet import load_minifasnet
    from edgeai_lab.liveness.training import CHECKPOINT_NAME, CURVES_NAME, train

    start = weights(torch, tmp_path)
    sources = open_pictures(data, detector=Finder(60))
    patches = render_patches(sources, scenes=8, seed=0)
    out = tmp_path / "out"
    curves = []
    for _ in range(2):
        network = load_minifasnet(start)
        curves.append(train(network, patches, patches, recipe(), out))
    assert curves[0] == curves[1]
    assert [row.step for row in curves[0]] == [1, 2]
    assert (out / CURVES_NAME).read_text().startswith("step,loss,equal_error_rate\n1,")
    again = load_minifasnet(out / CHECKPOINT_NAME)
    assert torch.equal(again.prob.weight, network.prob.weight)
    difference = export_network(network, out / MODEL_NAME)
    assert difference < 1e-3
    write_card(
        out, start=start, pictures=sources, recipe=recipe(), curve=curves[0], difference=difference
    )
    card = json.loads((out / CARD_NAME).read_text())
    assert card["recipe"]["steps"] == 2
    assert [row["licence"] for row in card["data"]] == [s.licence for s in OPEN_SOURCES]
    assert card["data"][0]["faces"] == 2
    assert len(card["sha256"]) == len(card["start"]["sha256"]) == 64


@pytest.mark.parametrize("content", [b"", b"no weights"])
def test_a_start_that_is_no_network_is_refused(tmp_path, content):
    pytest.importorskip("torch", reason="training packages are not installed")
    from edgeai_lab.liveness.minifasnet import load_minifasnet

    path = tmp_path / "start.pth"
    path.write_bytes(content)
    with pytest.raises(DataError, match="no file of weights"):
        load_minifasnet(path)


def test_other_weights_are_refused(tmp_path):
    torch = pytest.importorskip("torch", reason="training packages are not installed")
    from edgeai_lab.liveness.minifasnet import load_minifasnet

    torch.save({"a": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(DataError, match="holds no MiniFASNet"):
        load_minifasnet(tmp_path / "other.pth")


def test_variation_keeps_shape_and_range(data):
    pytest.importorskip("torch", reason="training packages are not installed")
    from edgeai_lab.liveness.training import varied

    patches = rendered(data).images
    batch = varied(patches, np.random.default_rng(0))
    assert (batch.shape, batch.dtype) == ((len(patches), 3, 80, 80), np.float32)
    assert batch.min() >= 0.0
    assert batch.max() <= 255.0
