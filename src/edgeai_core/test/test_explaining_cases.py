"""Detections and fires as something that can be explained."""

from __future__ import annotations

import numpy as np
import pytest

from edgeai_core.analyzers.fire.crops import WHOLE_FRAME, Crop
from edgeai_core.analyzers.fire.explained import fire_case
from edgeai_core.analyzers.fire.interfaces import FireView
from edgeai_core.analyzers.objects.explained import object_case
from edgeai_core.explaining.explainer import Case
from edgeai_core.explaining.occlusion import occlusion_map
from edgeai_core.geometry import Box
from edgeai_core.types import Detection

BLUE = (220, 20, 20)


class BlueThings:
    """Finds blue boxes that are large enough for it, as sure as they are blue."""

    def __init__(self, *, least_share: float = 0.0) -> None:
        self._least_share = least_share
        self.sizes: list[tuple[int, int]] = []

    def __call__(self, image: np.ndarray) -> list[Detection]:
        self.sizes.append(image.shape[:2])
        blue = image[..., 0].astype(int) - image[..., 2] > 100
        ys, xs = np.nonzero(blue)
        if len(ys) < max(1, self._least_share * blue.size):
            return []
        box = Box(float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
        share = float(blue[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].mean())
        return [
            Detection(label="gun", score=0.9 * share, box=box),
            Detection(label="person", score=0.99, box=box),
        ]


def picture(box: Box, *, width_px: int = 640, height_px: int = 480) -> np.ndarray:
    image = np.full((height_px, width_px, 3), 100, np.uint8)
    x_min, y_min, x_max, y_max = (int(edge) for edge in box.as_xyxy())
    image[y_min:y_max, x_min:x_max] = BLUE
    return image


GUN = Box(200.0, 100.0, 280.0, 160.0)


def explained(case: Case) -> np.ndarray:
    made = occlusion_map(
        case.image, case.score, base_score=case.base_score, region=case.region, looks=64
    )
    assert made.deletion < 0.2
    return made.heat


def test_the_score_is_that_of_the_label_times_the_overlap_with_what_was_found():
    image = picture(GUN)
    case = object_case(BlueThings(), image, label="gun", box=Box(195.0, 105.0, 285.0, 160.0))
    assert case is not None
    assert (case.label, case.box) == ("gun", GUN)
    assert case.base_score == pytest.approx(0.9)
    assert case.score(image) == pytest.approx(0.9)
    half = image.copy()
    half[100:160, 240:280] = 100
    assert case.score(half) == pytest.approx(0.45)
    assert case.score(np.full_like(image, 100)) == 0.0


def test_the_box_and_what_is_around_it_is_studied():
    case = object_case(BlueThings(), picture(GUN), label="gun", box=GUN)
    assert case is not None
    assert case.region == Box(160.0, 70.0, 320.0, 190.0)
    heat = explained(case)
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    assert 200 <= (column + 0.5) * 640 / heat.shape[1] <= 280
    assert 100 <= (row + 0.5) * 480 / heat.shape[0] <= 160


def test_a_tiny_object_is_studied_in_no_less_than_a_few_pixels():
    case = object_case(BlueThings(), picture(Box(2, 2, 10, 8)), label="gun", box=Box(2, 2, 10, 8))
    assert case is not None
    assert case.region == Box(0.0, 0.0, 18.0, 17.0)


def test_what_is_too_small_for_the_whole_picture_is_explained_in_a_part_of_it():
    detect = BlueThings(least_share=0.005)
    image = picture(GUN, width_px=2000, height_px=1500)
    case = object_case(detect, image, label="gun", box=GUN)
    assert case is not None
    assert case.box == GUN
    assert detect.sizes == [(1500, 2000), (416, 416)]
    assert case.base_score == pytest.approx(0.9)
    explained(case)
    assert set(detect.sizes[2:]) == {(416, 416)}


@pytest.mark.parametrize(
    ("label", "box"),
    [("knife", GUN), ("gun", Box(400, 300, 480, 360)), ("gun", Box(700, 500, 800, 600))],
    ids=["another label", "elsewhere", "beside the picture"],
)
def test_what_is_not_detected_there_cannot_be_explained(label, box):
    assert object_case(BlueThings(), picture(GUN), label=label, box=box) is None


class Orange:
    """Fire is where it is blue here, smoke nowhere."""

    def __init__(self, *, regions: bool = True) -> None:
        self.crops: list[Crop] = []
        self._regions = regions

    def look(self, image: np.ndarray, crop: Crop) -> FireView:
        self.crops.append(crop)
        found = BlueThings()(image)
        score = found[0].score if found else 0.0
        regions = [Detection(label="flame", score=score, box=found[0].box)] if found else []
        return FireView(
            none_score=1 - score,
            start_fire_score=score,
            fire_score=0.0,
            flame_score=score,
            smoke_score=0.1,
            regions=tuple(regions) if self._regions else (),
        )


def test_fire_is_explained_in_the_part_that_tells_it():
    model, part = Orange(), Crop(x_min=0.25, y_min=0.0, x_max=0.75, y_max=0.5)
    case = fire_case(model, picture(GUN), part)
    assert case is not None
    assert (case.label, case.box) == ("flame", GUN)
    assert case.region == Box(160.0, 0.0, 480.0, 240.0)
    assert case.base_score == pytest.approx(0.9)
    explained(case)
    assert set(model.crops) == {part}


def test_fire_without_a_region_has_the_box_of_its_part():
    case = fire_case(Orange(regions=False), picture(GUN), WHOLE_FRAME)
    assert case is not None
    assert case.box == case.region == Box(0.0, 0.0, 640.0, 480.0)


def test_where_no_fire_is_seen_there_is_nothing_to_explain():
    assert fire_case(Orange(), np.full((48, 64, 3), 100, np.uint8), WHOLE_FRAME) is None
