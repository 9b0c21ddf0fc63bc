"""The whole training of the fire model on drawn pictures, and what is measured of its file."""

import argparse
import csv
import json

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with the lab's packages")
pytest.importorskip("onnxscript", reason="onnxscript comes with the lab's packages")

from edgeai_core.errors import DataError, ModelError  # noqa: E402
from edgeai_core.model_store import sha256_of  # noqa: E402
from edgeai_lab.fire.commands import evaluate_fire, train_fire  # noqa: E402
from edgeai_lab.fire.network import FireHead, Trunk, load_imagenet  # noqa: E402
from edgeai_lab.fire.training import assign  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    # So little work is done sooner by one thread, and always in the same order.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("fire")
    assert train_fire(argparse.Namespace(out=out, data=None, smoke_test=True)) == 0
    return out


def test_a_training_leaves_model_card_and_curves(trained):
    card = json.loads((trained / "fire.json").read_text())
    assert card["sha256"] == sha256_of(trained / "fire.onnx")
    assert card["bytes"] < 15_000_000
    assert set(card["metrics"]) == {"validation", "test"}
    rows = list(csv.DictReader((trained / "curves.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["1"]
    assert (trained / "head.pt").is_file()


def test_the_file_is_measured_over_class_folders_with_boxes(trained, tmp_path):
    root = tmp_path / "pictures"
    (root / "images").mkdir(parents=True)
    (root / "labels").mkdir()
    (root / "data.yaml").write_text("names: [default, Fire, smoke]\n")
    (root / "labels" / "a.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    (root / "rooms").mkdir()
    picture = np.full((60, 80, 3), 90, np.uint8)
    assert cv2.imwrite(str(root / "images" / "a.png"), picture)
    assert cv2.imwrite(str(root / "rooms" / "b.png"), picture)
    output = tmp_path / "out.json"
    sheet = tmp_path / "sheet.png"
    arguments = argparse.Namespace(
        images=root, json=output, model=trained / "fire.onnx", sheet=sheet
    )
    assert evaluate_fire(arguments) == 0
    # Two pictures side by side.
    assert cv2.imread(str(sheet)).shape == (200, 400, 3)
    result = json.loads(output.read_text())
    assert set(result["folders"]) == {"pictures", "rooms"}
    for counts in result["folders"].values():
        assert counts["n"] == 1 == counts["none"] + counts["start_fire"] + counts["fire"]
    assert result["boxes"]["flame"]["boxes"] == 1
    assert result["boxes"]["smoke"] == {"ap50": None, "boxes": 0, "pictures": 1}
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert result["scores_csv"] == str(tmp_path / "out.csv")
    for row in rows:
        total = float(row["p_none"]) + float(row["p_start_fire"]) + float(row["p_fire"])
        assert total == pytest.approx(1, abs=1e-5)


def test_a_folder_that_is_not_there_is_told(trained, tmp_path):
    arguments = argparse.Namespace(
        images=tmp_path / "none",
        json=tmp_path / "o.json",
        model=trained / "fire.onnx",
        sheet=None,
    )
    with pytest.raises(DataError, match="is not a folder"):
        evaluate_fire(arguments)


def test_weights_of_another_network_are_refused():
    with pytest.raises(ModelError, match="expected those of EfficientNet-lite0"):
        load_imagenet(Trunk(), FireHead(), {"a": torch.zeros(3)})


def test_a_cell_answers_for_the_smallest_box_about_it():
    boxes = torch.zeros(1, 2, 2, 4)
    boxes[0, 0, 0] = torch.tensor([0.0, 0, 8, 8])
    boxes[0, 0, 1] = torch.tensor([3.0, 3, 5, 5])
    target, positive = assign(boxes, 8)
    assert target[0, 0, 4, 4].tolist() == [3, 3, 5, 5]
    assert target[0, 0, 2, 2].tolist() == [0, 0, 8, 8]
    assert not bool(positive[0, 0, 0, 0])
    assert not bool(positive[0, 1].any())
