"""What the object detector learns from, and how it is measured over a folder."""

import argparse
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edgeai_core import catalog
from edgeai_core.errors import DataError
from edgeai_core.geometry import Box
from edgeai_core.types import Detection
from edgeai_lab.data.groups import NearPair
from edgeai_lab.objects.commands import evaluate_objects
from edgeai_lab.objects.examples import Example, Part, Source, dealt, film_of, grouped
from edgeai_lab.objects.variation import Variation, fitted, vary


def example(width=200, height=100, boxes=((0, 0.25, 0.25, 0.75, 0.75),)):
    return Example(
        name="a",
        source=Source.GUNS,
        image=np.full((height, width, 3), 200, np.uint8),
        boxes=np.array(boxes, np.float32).reshape(-1, 5),
    )


def test_names_tell_the_film_but_not_the_number_of_a_collection():
    def film(name, source=Source.GUNS):
        return film_of(replace(example(), name=name, source=source))

    assert film("Dhoom_12_jpg.rf.0123.jpg") == "dhoom"
    assert film("DH-3.jpg") == "dh"
    assert film("Gun_12_jpg.rf.0123.jpg") == ""
    assert film("gun (4).jpg") == ""
    assert film("frame_1.jpg", Source.WALLET) == ""


def test_one_film_is_one_group_and_so_is_what_looks_alike():
    films = ["fast", "", "fast", "", ""]
    pairs = [NearPair(first=1, second=2, cosine=0.95)]
    assert grouped(films, pairs) == [0, 0, 0, 3, 4]


def test_groups_are_dealt_whole_and_the_largest_train():
    groups = [0] * 20 + list(range(1, 81))
    parts = dealt(
        groups, shares={Part.TEST: 0.2, Part.VALIDATION: 0.1}, rng=np.random.default_rng(0)
    )
    assert set(parts[:20]) == {Part.TRAINING}
    assert [parts.count(part) for part in (Part.TEST, Part.VALIDATION)] == [20, 10]


def test_a_fitted_picture_is_letterboxed():
    canvas = fitted(example())
    assert canvas.image.shape == (416, 416, 3)
    assert canvas.image[50, 208].tolist() == [114, 114, 114]
    assert canvas.image[208, 208].tolist() == [200, 200, 200]
    np.testing.assert_allclose(canvas.boxes, [[0, 104, 156, 312, 260]], atol=1e-3)


@pytest.mark.parametrize("mosaic", [0.0, 1.0])
def test_boxes_move_with_their_pictures(mosaic):
    rng = np.random.default_rng(3)
    item = example()
    item.image[25:75, 50:150] = 0  # what the box surrounds
    seen = 0
    for _ in range(30):
        canvas = vary(item, lambda: item, Variation(mosaic=mosaic, tilt_degrees=0.0), rng)
        assert canvas.image.shape == (416, 416, 3)
        for left, top, right, bottom in canvas.boxes[:, 1:].astype(int):
            assert 0 <= left < right <= 416
            assert 0 <= top < bottom <= 416
            assert (canvas.image[top + 1 : bottom, left + 1 : right] < 60).mean() > 0.8
            seen += 1
    assert seen >= 25


class Detector:
    """Finds a gun of score 0.9 in the left half, where the picture is bright there."""

    runtime_name = "fake"

    def __init__(self, asked):
        self.asked = asked

    def look(self, image):
        found = []
        height, width = image.shape[:2]
        if image[:, : width // 2].mean() > 100:
            box = Box(0.0, 0.0, width / 2, float(height))
            found = [Detection(label="gun", score=0.9, box=box)]
        return argparse.Namespace(detections=tuple(found))

    def close(self):
        self.asked["closed"] = True


@pytest.fixture
def asked(monkeypatch):
    got = {}

    def create(name, **options):
        got.update(options, name=name)
        return Detector(got)

    monkeypatch.setattr(catalog, "create_object_detector", create)
    return got


@pytest.fixture
def folders(tmp_path):
    images, labels = tmp_path / "images", tmp_path / "labels"
    for folder in (images, labels):
        (folder / "sub").mkdir(parents=True)
    picture = np.zeros((40, 80, 3), np.uint8)
    assert cv2.imwrite(str(images / "dark.png"), picture)
    picture[:, :40] = 255
    assert cv2.imwrite(str(images / "sub" / "right.png"), picture)
    assert cv2.imwrite(str(images / "unlabelled.png"), picture)
    (labels / "sub" / "right.txt").write_text("1 0.25 0.5 0.5 1.0\n")
    (labels / "dark.txt").write_text("1 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.1 0.1\n7 0.5 0.5 1 1\n")
    return images, labels


def evaluate(images, labels, output, *names):
    arguments = argparse.Namespace(images=images, labels=labels, names=list(names), json=output)
    assert evaluate_objects(arguments) == 0
    return json.loads(output.read_text())


def test_precision_and_counts_of_a_folder(asked, folders, tmp_path, capsys):
    result = evaluate(*folders, tmp_path / "out.json", "wallet", "gun")
    # Two of the score 0.9: at best one of two is right at half of the labels.
    assert result == {
        "ap50": {"wallet": 0.0, "gun": 0.25},
        "images_with_detection": {"wallet": 0, "gun": 2},
        "n": 3,
    }
    assert asked["labels"] == ("wallet", "gun")
    assert asked["min_score"] == 0.01
    assert asked["own_min_scores"] == {}
    assert asked["closed"]
    assert "left out: dark.txt line 3: class 7, but there are 2" in capsys.readouterr().out


def test_without_labels_only_pictures_are_counted(asked, folders, tmp_path):
    result = evaluate(folders[0], None, tmp_path / "out.json", "gun")
    assert result == {"ap50": {}, "images_with_detection": {"gun": 2}, "n": 3}


def test_two_numbers_may_be_one_class(asked, folders, tmp_path):
    result = evaluate(*folders, tmp_path / "out.json", "gun", "gun")
    assert list(result["ap50"]) == ["gun"]


def test_a_class_without_labels_has_no_precision(asked, folders, tmp_path):
    (folders[1] / "dark.txt").unlink()
    result = evaluate(*folders, tmp_path / "out.json", "knife", "gun")
    assert result["ap50"] == {"knife": None, "gun": 0.5}


def test_what_cannot_be_measured_is_told(asked, folders, tmp_path):
    images, labels = folders
    output = tmp_path / "out.json"
    with pytest.raises(DataError, match="knows no dragon; choose --names among person, "):
        evaluate(images, labels, output, "dragon")
    with pytest.raises(DataError, match="none is not a folder"):
        evaluate(tmp_path / "none", labels, output, "gun")
    with pytest.raises(DataError, match="is not a folder"):
        evaluate(images, tmp_path / "none", output, "gun")
    with pytest.raises(DataError, match=r"no file in .* is named after a picture"):
        evaluate(images, images, output, "gun")
    assert not output.exists()
