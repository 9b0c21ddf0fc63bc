"""Fire in a camera's frames, with a model that takes orange for flame and grey-blue for smoke."""

from __future__ import annotations

import math
from datetime import time

import cv2
import numpy as np
import pytest

from edgeai_core.analyzers.fire.crops import FOREST_CROPS, HOME_CROPS, WHOLE_FRAME, Crop
from edgeai_core.analyzers.fire.interfaces import FireView, joined
from edgeai_core.analyzers.fire.logic import FireConfig, FireWatch
from edgeai_core.analyzers.fire.testing import HEIGHT_PX, SPOT, WIDTH_PX, taken, wall, with_flame
from edgeai_core.config import build
from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box
from edgeai_core.types import Detection, Frame, HazardReport, HazardState

S = 1_000_000_000
FPS = 10
NOON = time(12)
WALL = wall()
QUIET = FireView(none_score=1.0, start_fire_score=0.0, fire_score=0.0, flame_score=0, smoke_score=0)


class ColourModel:
    """Fire is where it is orange: as sure as a hundredth of the crop is orange."""

    def __init__(self, *, boxes: bool = True) -> None:
        self.crops: list[Crop] = []
        self._boxes = boxes

    def look(self, image: np.ndarray, crop: Crop) -> FireView:
        self.crops.append(crop)
        x_min, y_min, x_max, y_max = crop.pixels(width_px=image.shape[1], height_px=image.shape[0])
        part = image[y_min:y_max, x_min:x_max].astype(int)
        orange = part[..., 2] - part[..., 0] > 80
        score = min(1.0, 50 * float(orange.mean()))
        regions: tuple[Detection, ...] = ()
        if score > 0.2 and self._boxes:
            ys, xs = np.nonzero(orange)
            box = Box(
                x_min + xs.min(), y_min + ys.min(), x_min + xs.max() + 1, y_min + ys.max() + 1
            )
            regions = (Detection(label="flame", score=score, box=box),)
        return FireView(
            none_score=1 - score,
            start_fire_score=0.3 * score,
            fire_score=0.7 * score,
            flame_score=score,
            smoke_score=0.0,
            regions=regions,
        )


class Camera:
    def __init__(self, watch: FireWatch) -> None:
        self._watch, self._rng, self._number = watch, np.random.default_rng(3), 0

    def see(self, scene, seconds: float, *, at: time = NOON, people=()) -> list[HazardReport]:
        reports = []
        for _ in range(round(seconds * FPS)):
            t = self._number / FPS
            frame = Frame(image=taken(scene(t), self._rng), stamp_ns=round(t * S))
            reports.append(self._watch.update(frame, local_time=at, people=people))
            self._number += 1
        return reports


def camera(model=None, **values) -> Camera:
    dotted = {name.replace("__", "."): value for name, value in values.items()}
    return Camera(FireWatch(model or ColourModel(), build(FireConfig, dotted)))


def flickering(t: float) -> np.ndarray:
    return with_flame(WALL, 2 * math.pi * 3.1 * t)


def still(t: float) -> np.ndarray:
    return with_flame(WALL, 1.0)


def empty(t: float) -> np.ndarray:
    return WALL


@pytest.mark.parametrize(("view", "crops"), [("near", HOME_CROPS), ("distant", FOREST_CROPS)])
def test_each_frame_is_looked_at_in_one_part_and_the_parts_take_turns(view, crops):
    model = ColourModel()
    camera(model, view=view).see(empty, 2.0)
    assert len(model.crops) == 20
    assert tuple(model.crops) == (crops * 4)[:20]


def test_a_round_takes_every_part_and_every_place_once():
    zone = "stove: 0.35,0.2 0.65,0.2 0.65,0.8 0.35,0.8"
    # The close-up is one more.
    assert FireConfig().frames_per_round == 6
    assert build(FireConfig, {"close_up_share": 0.0}).frames_per_round == 5
    values = {"view": "distant", "crops_per_frame": 4, "normal_flames.zones": (zone,)}
    assert build(FireConfig, values).frames_per_round == 3


def test_more_parts_per_frame_end_at_the_end_of_a_round():
    model = ColourModel()
    camera(model, crops_per_frame=3).see(empty, 0.2)
    assert tuple(model.crops) == HOME_CROPS


def test_a_flame_is_a_fire_within_seconds_and_gone_after_the_quiet():
    seen = camera()
    burning = seen.see(flickering, 5.0)
    assert burning[0].state is HazardState.NONE
    fire = next(n for n, report in enumerate(burning) if report.state is HazardState.FIRE)
    # Eight pictures to know what moves, then four rounds of five frames.
    assert fire / FPS <= 3.5
    report = burning[-1]
    assert report.since_ns == fire * S // FPS
    assert "rounds show fire (at least 4)" in report.reason
    assert report.flame_score == 1.0
    assert report.fire_score == pytest.approx(0.7, abs=1e-3)
    assert report.regions[0].label == "flame"
    assert report.regions[0].box.x_min_px == pytest.approx(SPOT.x_min_px, abs=15)
    after = seen.see(empty, 12.0)
    assert [after[0].state, after[-1].state] == [HazardState.FIRE, HazardState.CLEARED]
    assert seen.see(empty, 11.0)[-1].state is HazardState.NONE


def small_flame(t: float) -> np.ndarray:
    """Return a wall with a flame of 30 px, 20 px above the floor."""
    flame = np.clip(flickering(t)[80:180, 110:210], 0, 255)
    scene = WALL.copy()
    scene[150:180, 40:70] = cv2.resize(flame, (30, 30), interpolation=cv2.INTER_AREA)
    return scene


def test_something_warm_that_moves_is_looked_at_closely_and_a_still_one_is_not():
    model = ColourModel()
    camera(model).see(small_flame, 4.0)
    close = [crop for crop in model.crops if crop not in HOME_CROPS]
    assert 3 <= len(close) <= 5
    assert all(crop.x_min < 55 / 320 < crop.x_max for crop in close)
    assert all(crop.y_min < 170 / 240 < crop.y_max for crop in close)
    assert close[0].x_max - close[0].x_min == pytest.approx(0.28)
    for still_model, scene, share in (
        (ColourModel(), still, 0.28),
        (ColourModel(), small_flame, 0),
    ):
        camera(still_model, close_up_share=float(share)).see(scene, 4.0)
        assert set(still_model.crops) == set(HOME_CROPS)


def test_after_a_cut_what_was_seen_before_does_not_count():
    seen = camera()
    burning = seen.see(flickering, 1.5)
    assert burning[-1].state is HazardState.NONE
    stripes = WALL * (1 + np.sin(np.arange(WIDTH_PX) / 9))[None, :, None]
    other = seen.see(lambda t: stripes, 0.6)
    # The round of the flame is gone with its view.
    assert (other[0].fire_score > 0.5, other[-1].fire_score) == (True, 0.0)
    assert {report.state for report in other} == {HazardState.NONE}


def test_one_flame_seen_in_several_parts_is_not_many_regions():
    # Five parts see it, each at another moment of its flicker.
    assert 1 <= len(camera().see(flickering, 1.0)[-1].regions) <= 2


def test_a_printed_fire_raises_no_alarm():
    reports = camera().see(still, 10.0)
    assert {report.state for report in reports} == {HazardState.NONE}
    assert reports[-1].fire_score > 0.5


def test_a_printed_fire_is_believed_where_stillness_is_allowed():
    reports = camera(decision__min_flame_activity=0.0).see(still, 3.0)
    assert reports[-1].state is HazardState.FIRE


def test_fire_that_the_model_cannot_place_must_move_in_the_part_where_it_is():
    assert camera(ColourModel(boxes=False)).see(still, 5.0)[-1].state is HazardState.NONE
    moving = camera(ColourModel(boxes=False), decision__min_flame_activity=1.1)
    assert moving.see(flickering, 5.0)[-1].state is HazardState.FIRE


def test_a_flame_at_the_stove_is_normal_in_its_hours_and_a_fire_at_night():
    zone = "stove: 0.35,0.2 0.65,0.2 0.65,0.8 0.35,0.8 @ 06:00-22:00"
    seen = camera(normal_flames__zones=(zone,))
    by_day = seen.see(flickering, 5.0)
    assert {report.state for report in by_day} == {HazardState.NONE}
    assert max(report.fire_score for report in by_day) < 0.1
    assert seen.see(flickering, 6.0, at=time(23))[-1].state is HazardState.FIRE


def test_the_stove_is_left_alone_until_somebody_comes_back():
    zone = "stove: 0.35,0.2 0.65,0.2 0.65,0.8 0.35,0.8"
    model = ColourModel()
    seen = camera(model, normal_flames__zones=(zone,), normal_flames__unattended_after_s=4.0)
    assert seen.see(flickering, 4.0)[-1].unattended == ()
    report = seen.see(flickering, 2.0)[-1]
    assert report.unattended == ("stove",)
    assert report.state is HazardState.NONE
    assert "a flame at stove and nobody near it for 5 s (limit 4 s)" in report.reason
    assert len(set(model.crops)) == len(HOME_CROPS) + 1
    assert seen.see(flickering, 0.2, people=[Box(80, 60, 110, 230)])[-1].unattended == ()


def test_a_repeated_stamp_is_answered_as_before_and_one_that_goes_back_starts_anew():
    model = ColourModel()
    watch = FireWatch(model, FireConfig(crops_per_frame=5))
    rng = np.random.default_rng(0)

    def at(second: float) -> HazardReport:
        image = taken(flickering(second), rng)
        return watch.update(Frame(image=image, stamp_ns=round(second * S)), local_time=NOON)

    for number in range(40):
        report = at(number / 8)
    assert report.state is HazardState.FIRE
    looks = len(model.crops)
    assert at(39 / 8) is report
    assert len(model.crops) == looks
    restarted = at(1.0)
    assert (restarted.state, restarted.since_ns) == (HazardState.NONE, S)


def test_frames_of_another_size_go_on_being_judged():
    watch = FireWatch(ColourModel(), FireConfig(crops_per_frame=5))
    for number, side in enumerate((240, 120, 1)):
        frame = Frame(image=np.zeros((side, side, 3), np.uint8), stamp_ns=number * S)
        assert watch.update(frame, local_time=NOON).state is HazardState.NONE


def test_a_view_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="expected one of near, distant"):
        build(FireConfig, {"view": "far"})


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"fire_score": 0.5}, "sum to 1"),
        ({"flame_score": math.nan}, "expected scores of 0..1"),
        ({"regions": (Detection(label="cat", score=0.5, box=SPOT),)}, "got cat"),
    ],
)
def test_a_view_that_contradicts_itself_is_refused(values, says):
    fields = {name: getattr(QUIET, name) for name in QUIET.__slots__} | values
    with pytest.raises(ValueError, match=says):
        FireView(**fields)


def view(hazard: float, *, share: float = 0.5, flame: float = 0.0, smoke: float = 0.0) -> FireView:
    return FireView(
        none_score=1 - hazard,
        start_fire_score=hazard * (1 - share),
        fire_score=hazard * share,
        flame_score=flame,
        smoke_score=smoke,
    )


def test_the_worst_part_speaks_for_the_frame_and_the_whole_says_how_large_it_is():
    parts = {
        HOME_CROPS[0]: view(0.2, share=0.25, flame=0.1),
        HOME_CROPS[1]: view(0.8, share=0.9, smoke=0.6),
        HOME_CROPS[2]: view(0.4, flame=0.3),
    }
    together = joined(parts)
    assert together.hazard_score == pytest.approx(0.8)
    assert together.fire_score == pytest.approx(0.2)
    assert (together.flame_score, together.smoke_score) == (0.3, 0.6)


@pytest.mark.parametrize(
    ("hazard", "worst", "expected"), [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.0, 1.0, 1.0)]
)
def test_sure_parts_are_joined_too(hazard, worst, expected):
    together = joined({WHOLE_FRAME: view(hazard), HOME_CROPS[1]: view(worst)})
    assert together.hazard_score == pytest.approx(expected, abs=1e-5)


def test_parts_without_the_whole_frame_are_refused():
    with pytest.raises(ValueError, match="read it as well"):
        joined({HOME_CROPS[1]: view(0.5)})


def test_the_whole_frame_is_looked_at_first():
    assert HOME_CROPS[0] == FOREST_CROPS[0] == WHOLE_FRAME
    assert (WIDTH_PX, HEIGHT_PX) == (320, 240)
