"""The whole training of the object detector on drawn pictures, and its parts."""

import argparse
import csv
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with the lab's packages")
pytest.importorskip("onnxscript", reason="onnxscript comes with the lab's packages")

from edgeai_core.analyzers.objects.labels import LABELS  # noqa: E402
from edgeai_core.errors import DataError  # noqa: E402
from edgeai_core.model_store import sha256_of  # noqa: E402
from edgeai_core.runtimes.selection import open_session  # noqa: E402
from edgeai_lab.objects.commands import train_objects  # noqa: E402
from edgeai_lab.objects.loss import assign, detection_loss  # noqa: E402
from edgeai_lab.objects.network import Head, Neck, Trunk, anchors  # noqa: E402
from edgeai_lab.objects.start import read_start  # noqa: E402
from edgeai_lab.onnx_export import write_onnx  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    # So little work is done sooner by one thread, and always in the same order.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("objects")
    assert train_objects(argparse.Namespace(out=out, data=None, smoke_test=True)) == 0
    return out


def test_a_training_leaves_model_card_curves_and_checkpoint(trained):
    card = json.loads((trained / "objects_nano.json").read_text())
    assert card["sha256"] == sha256_of(trained / "objects_nano.onnx")
    assert card["bytes"] < 15_000_000
    assert card["labels"] == list(LABELS)
    assert set(card["metrics"]) == {"gun AP50, held-out groups"}
    for phase in ("phase_1", "phase_2"):
        rows = list(csv.DictReader((trained / phase / "curves.csv").read_text().splitlines()))
        assert [row["epoch"] for row in rows] == ["1"]
        assert (trained / phase / "checkpoint.pt").is_file()


def test_the_file_gives_what_the_detector_asks_for(trained):
    blank = {"image": np.zeros((1, 416, 416, 3), np.uint8)}
    session = open_session(trained / "objects_nano.onnx", sample=blank, runtime="onnxruntime")
    shapes = {name: value.shape for name, value in session.run(blank).items()}
    session.close()
    assert shapes == {
        "boxes": (1, 7098, 4),
        "scores": (1, 7098, 23),
        "fine": (1, 64, 52, 52),
        "middle": (1, 64, 26, 26),
        "coarse": (1, 64, 13, 13),
    }


class _Plain(torch.nn.Module):
    def __init__(self, trunk, neck, head):
        super().__init__()
        self.trunk, self.neck, self.head = trunk, neck, head

    def forward(self, image):
        return self.head(self.neck(*self.trunk(image)))


def test_weights_to_start_from_are_read_from_onnx_by_their_order(tmp_path):
    torch.manual_seed(0)
    network = _Plain(Trunk(), Neck(), Head(80)).eval()
    image = np.random.default_rng(0).uniform(0, 255, (1, 3, 416, 416)).astype(np.float32)
    path = tmp_path / "start.onnx"
    write_onnx(network, image, path, input_name="image", output_names=["answers"])
    again = _Plain(*read_start(path))
    with torch.inference_mode():
        expected, found = (net(torch.from_numpy(image)) for net in (network, again))
    assert float((expected - found).abs().max()) < 1e-4


def test_another_network_is_no_start(tmp_path):
    path = tmp_path / "small.onnx"
    one = torch.nn.Conv2d(3, 4, 1)
    write_onnx(one, np.zeros((1, 3, 8, 8), np.float32), path, input_name="x", output_names=["y"])
    with pytest.raises(DataError, match="has 1 convolutions, YOLOX-nano has 113"):
        read_start(path)
    path.write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be read as ONNX"):
        read_start(path)


def test_places_of_the_fitting_size_near_the_middle_answer_for_a_box():
    places = anchors()
    answers = torch.zeros(len(places), 5)
    answers[:, :2] = places[:, :2] + places[:, 2:] / 2
    answers[:, 2:4] = places[:, 2:] * 2
    box = torch.tensor([[0.0, 100.0, 100.0, 132.0, 132.0]])  # two cells of stride 16
    found = assign(answers, box, places)
    assert found.boxes.tolist() == [0] * len(found.places)
    assert set(places[found.places][:, 2].tolist()) == {16.0}
    middle = places[found.places][:, :2] + 8
    assert bool(((middle - 116).abs() <= 24).all())


def test_a_place_answers_for_the_cheaper_of_two_boxes():
    places = anchors()
    answers = torch.zeros(len(places), 5)
    answers[:, :2] = places[:, :2] + places[:, 2:] / 2
    answers[:, 2:4] = 32
    boxes = torch.tensor([[0.0, 100, 100, 132, 132], [0.0, 100, 100, 200, 200]])
    found = assign(answers, boxes, places)
    assert len(set(found.places.tolist())) == len(found.places)
    assert set(found.boxes.tolist()) == {0, 1}


def test_the_loss_falls_when_answers_become_right():
    places = anchors()
    box = torch.tensor([[0.0, 100.0, 100.0, 132.0, 132.0]])
    wrong = torch.zeros(1, len(places), 5)
    wrong[0, :, :2] = places[:, :2]
    wrong[0, :, 2:4] = 16
    right = wrong.clone()
    right[..., 4] = -6.0
    near = ((places[:, :2] + 8 - 116).abs() < 9).all(dim=1) & (places[:, 2] == 16)
    right[0, near] = torch.tensor([116.0, 116.0, 32.0, 32.0, 6.0])
    losses = [float(detection_loss(x, [box], places, focus=0.0)) for x in (right, wrong)]
    assert losses[0] < 0.1 * losses[1]
    # With a focus, places that hardly see anything do not count.
    faint = wrong - torch.tensor([0.0, 0.0, 0.0, 0.0, 6.0])
    empty = [float(detection_loss(faint, [box[:0]], places, focus=x)) for x in (0.0, 2.0)]
    assert empty[1] < 1e-4 * empty[0]
