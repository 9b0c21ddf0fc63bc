"""Looking at parts of the picture: which part, what is merged, what is left out."""

from __future__ import annotations

import numpy as np
import pytest

from edgeai_core.analyzers.objects.tiles import TiledDetector, TilesConfig
from edgeai_core.geometry import Box
from edgeai_core.types import Detection

# 1000 x 600 in 3 x 2 parts that share a fifth: 384.6 wide, 333.3 high.
X, Y = np.meshgrid(np.arange(1000), np.arange(600))
IMAGE = np.stack((X % 256, Y % 256, X // 256 + 16 * (Y // 256)), axis=2).astype(np.uint8)


class Scene:
    """A detector of objects that it finds by the colours of their place; notes what it sees."""

    def __init__(self, *detections: Detection, small: tuple[str, ...] = ("gun",)) -> None:
        self.detections = detections
        self.small = small
        self.looks: list[tuple[int, int, int, int]] = []

    def __call__(self, image: np.ndarray) -> list[Detection]:
        height, width = image.shape[:2]
        low_x, low_y, high = map(int, image[0, 0])
        x, y = low_x + 256 * (high % 16), low_y + 256 * (high // 16)
        self.looks.append((x, y, width, height))
        whole = width == 1000
        found = []
        for detection in self.detections:
            box = detection.box
            left, right = max(box.x_min_px, x), min(box.x_max_px, x + width)
            top, bottom = max(box.y_min_px, y), min(box.y_max_px, y + height)
            if (whole and detection.label in self.small) or left >= right or top >= bottom:
                continue
            part = Box(left - x, top - y, right - x, bottom - y)
            found.append(Detection(label=detection.label, score=detection.score, box=part))
        return found


def thing(label: str, x: float, y: float, *, size: float = 20, score: float = 0.8) -> Detection:
    return Detection(label=label, score=score, box=Box(x, y, x + size, y + size))


def tiled(scene: Scene, **values) -> TiledDetector:
    return TiledDetector(scene, TilesConfig(labels=("gun",), **values))


def test_without_labels_only_the_whole_picture_is_looked_at():
    scene = Scene(thing("person", 0, 0))
    detector = TiledDetector(scene, TilesConfig())
    assert len(detector.detect(IMAGE)) == 1
    assert scene.looks == [(0, 0, 1000, 600)]


def test_every_frame_looks_at_the_whole_and_one_part_and_all_parts_have_their_turn():
    scene = Scene()
    detector = tiled(scene)
    for _ in range(6):
        detector.detect(IMAGE)
    assert scene.looks[::2] == [(0, 0, 1000, 600)] * 6
    parts = scene.looks[1::2]
    assert len(set(parts)) == 6
    assert {(x, y) for x, y, _, _ in parts} == {(x, y) for x in (0, 307, 615) for y in (0, 266)}
    covered = np.zeros((600, 1000), bool)
    for x, y, width, height in parts:
        covered[y : y + height, x : x + width] = True
    assert covered.all()


def test_a_small_thing_is_found_in_its_part_in_pixels_of_the_frame():
    scene = Scene(thing("gun", 900, 500))
    detector = tiled(scene)
    found = [detector.detect(IMAGE) for _ in range(6)]
    hits = [detections for detections in found if detections]
    assert len(hits) == 1
    assert hits[0][0].box.as_xyxy() == pytest.approx((900, 500, 920, 520), abs=1)


def test_parts_with_persons_come_first_but_every_third_look_goes_round():
    scene = Scene(thing("person", 900, 500, size=60))
    detector = tiled(scene)
    for _ in range(6):
        detector.detect(IMAGE)
    places = [(x, y) for x, y, _, _ in scene.looks[1::2]]
    assert [place == (615, 266) for place in places] == [True, True, False, True, True, False]
    assert places[2] != places[5]


def test_a_part_with_a_find_is_looked_at_again_but_not_for_ever():
    scene = Scene(thing("gun", 100, 100))
    detector = tiled(scene)
    for _ in range(12):
        detector.detect(IMAGE)
    at_find = [(x, y) == (0, 0) for x, y, _, _ in scene.looks[1::2]]
    assert at_find == [True] * 5 + [False] * 5 + [True] * 2


def test_what_a_part_cuts_is_left_to_its_neighbour():
    # Over the right edge of the first part (384), whole in the second (from 307).
    scene = Scene(thing("gun", 370, 100, size=40))
    detector = tiled(scene)
    found = [detector.detect(IMAGE) for _ in range(2)]
    assert [len(detections) for detections in found] == [0, 1]
    assert found[1][0].box.width_px == pytest.approx(40, abs=1)


def test_one_object_found_twice_is_reported_once_with_the_better_score():
    gun = thing("gun", 100, 100, score=0.6)
    scene = Scene(gun, small=())
    (found,) = tiled(scene).detect(IMAGE)
    assert found.score == 0.6


def test_a_part_adds_only_the_labels_that_want_it():
    scene = Scene(thing("gun", 100, 100), thing("cup", 200, 100), small=("gun", "cup"))
    labels = [detection.label for detection in tiled(scene).detect(IMAGE)]
    assert labels == ["gun"]


def test_another_picture_size_begins_anew():
    scene = Scene()
    detector = tiled(scene)
    detector.detect(IMAGE)
    detector.detect(np.zeros((1, 1, 3), np.uint8))
    assert scene.looks[-1] == (0, 0, 1, 1)
