"""Flames and smoke are told from lamps, prints, noise, shaking and changing light."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from edgeai_core.analyzers.fire.activity import ActivityConfig, ActivityMeter
from edgeai_core.analyzers.fire.decision import DecisionConfig
from edgeai_core.analyzers.fire.evidence import GrowthMeter
from edgeai_core.analyzers.fire.testing import (
    HEIGHT_PX,
    SPOT,
    WIDTH_PX,
    taken,
    wall,
    with_flame,
    with_lamp,
    with_smoke,
)
from edgeai_core.geometry import Box

S = 1_000_000_000
FLAME_LIMIT = DecisionConfig().min_flame_activity
SMOKE_LIMIT = DecisionConfig().min_smoke_activity
WALL, DARK = wall(), wall(0.1)
LAMP, PRINT = with_lamp(WALL), with_flame(WALL, 1.0)


def activity(
    scene: Callable[[float], np.ndarray],
    *,
    box: Box = SPOT,
    fps: float = 10.0,
    seconds: float = 4.0,
    noise: float = 2.0,
    shake_px: float = 0.0,
) -> float:
    meter, rng = ActivityMeter(ActivityConfig()), np.random.default_rng(1)
    for number in range(int(fps * seconds)):
        image = taken(scene(number / fps), rng, noise=noise, shake_px=shake_px)
        meter.add(image, round(number / fps * S))
    return meter.measure([box], width_px=WIDTH_PX, height_px=HEIGHT_PX)[0]


@pytest.mark.parametrize("noise", [0.5, 5.0])
@pytest.mark.parametrize("shake_px", [0.0, 1.0])
@pytest.mark.parametrize(
    "scene", [LAMP, PRINT, with_flame(DARK, 1.0)], ids=["lamp", "print", "dark"]
)
def test_a_steady_lamp_and_a_printed_fire_are_static_also_when_the_camera_shakes(
    scene, noise, shake_px
):
    assert activity(lambda t: scene, noise=noise, shake_px=shake_px) < SMOKE_LIMIT


@pytest.mark.parametrize(
    "scene",
    [
        lambda t: LAMP * (1 + 0.05 * t),
        lambda t: LAMP * (1.2 if t > 2 else 1.0),
        lambda t: LAMP if t > 3.5 else WALL,
    ],
    ids=["drifting exposure", "exposure step", "switched on"],
)
def test_changing_light_is_no_flame(scene):
    assert activity(scene) < SMOKE_LIMIT


@pytest.mark.parametrize("hertz", [1.1, 4.3, 9.2])
@pytest.mark.parametrize("background", [WALL, DARK], ids=["day", "night"])
@pytest.mark.parametrize(("shake_px", "fps"), [(0.0, 10.0), (1.0, 10.0), (0.0, 5.0)])
def test_a_flame_is_active_by_day_and_night(hertz, background, shake_px, fps):
    def scene(t):
        return with_flame(background, 2 * math.pi * hertz * t)

    assert activity(scene, shake_px=shake_px, fps=fps) > FLAME_LIMIT


@pytest.mark.parametrize("shake_px", [0.0, 1.0])
def test_drifting_smoke_is_active(shake_px):
    assert activity(lambda t: with_smoke(WALL, t), shake_px=shake_px) > SMOKE_LIMIT


def test_a_lamp_beside_a_flame_stays_static():
    box = Box(20, 80, 80, 180)
    lamp = np.roll(with_lamp(np.zeros_like(WALL)), -110, axis=1)
    assert activity(lambda t: np.maximum(with_flame(WALL, 25 * t), lamp), box=box) < SMOKE_LIMIT


def test_a_box_as_large_as_the_picture_is_measured_against_the_noise():
    whole = Box(0, 0, WIDTH_PX, HEIGHT_PX)
    assert activity(lambda t: LAMP, box=whole) < SMOKE_LIMIT
    waves = [WALL * (0.7 + 0.3 * np.sin(np.arange(320) / 9 + n))[None, :, None] for n in range(40)]
    assert activity(lambda t: waves[round(10 * t)], box=whole) > FLAME_LIMIT


def test_nothing_is_known_before_there_are_enough_pictures():
    assert math.isnan(activity(lambda t: LAMP, seconds=0.7))
    assert not math.isnan(activity(lambda t: LAMP, seconds=0.8))
    assert ActivityMeter(ActivityConfig()).measure([], width_px=8, height_px=8) == ()


def stripes(phase: float) -> np.ndarray:
    return WALL * (0.7 + 0.3 * np.sin(np.arange(WIDTH_PX) / 9 + phase))[None, :, None]


def test_after_a_cut_it_is_not_known_what_moves_until_there_are_enough_pictures_of_the_new_view():
    meter, rng = ActivityMeter(ActivityConfig()), np.random.default_rng(1)
    cuts, known = [], []
    for number in range(24):
        scene = WALL if number < 12 else stripes(0.0)
        cuts.append(meter.add(taken(scene, rng), number * S // 8))
        measured = meter.measure([SPOT], width_px=WIDTH_PX, height_px=HEIGHT_PX)[0]
        known.append(not math.isnan(measured))
    # Half a second shows that the new view stays, and eight pictures what moves in it.
    assert [number for number, cut in enumerate(cuts) if cut] == [15]
    assert known == [7 <= number < 15 or number >= 19 for number in range(24)]
    assert measured < SMOKE_LIMIT


@pytest.mark.parametrize(
    "scene", [lambda n: stripes(float(n)), lambda n: LAMP if n > 12 else WALL], ids=["fire", "lamp"]
)
def test_what_fills_the_picture_and_moves_and_a_lamp_that_is_lit_are_no_cut(scene):
    meter, rng = ActivityMeter(ActivityConfig()), np.random.default_rng(1)
    assert not any(meter.add(taken(scene(n), rng), n * S // 8) for n in range(24))


def test_a_flame_is_found_by_its_flicker_and_a_lamp_a_print_and_moving_grey_are_not():
    def place(scene):
        meter, rng = ActivityMeter(ActivityConfig()), np.random.default_rng(1)
        for number in range(16):
            meter.add(taken(scene(number / 8), rng), number * S // 8)
        return meter.warm_flicker()

    found = place(lambda t: with_flame(WALL, 2 * math.pi * 3.1 * t))
    assert found is not None
    assert SPOT.x_min_px < found[0] * WIDTH_PX < SPOT.x_max_px
    assert SPOT.y_min_px < found[1] * HEIGHT_PX < SPOT.y_max_px
    assert place(lambda t: LAMP) is None
    assert place(lambda t: PRINT) is None
    assert place(lambda t: with_smoke(WALL, t)) is None
    assert ActivityMeter(ActivityConfig()).warm_flicker() is None


def test_boxes_of_no_size_and_outside_of_the_picture_are_measured_where_they_touch_it():
    meter, rng = ActivityMeter(ActivityConfig()), np.random.default_rng(1)
    for number in range(10):
        meter.add(taken(WALL, rng), number * S // 8)
    boxes = [Box(5, 5, 5, 5), Box(900, 900, 950, 950), Box(-20, -20, -5, -5)]
    measured = meter.measure(boxes, width_px=WIDTH_PX, height_px=HEIGHT_PX)
    assert all(0 <= value < FLAME_LIMIT for value in measured)


def test_a_stamp_that_goes_back_and_another_size_forget_what_was_seen():
    meter, rng = ActivityMeter(ActivityConfig()), np.random.default_rng(1)

    def known() -> bool:
        return not math.isnan(meter.measure([SPOT], width_px=320, height_px=240)[0])

    for number in range(10):
        meter.add(taken(WALL, rng), number * S)
    assert known()
    meter.add(taken(WALL, rng), 0)
    assert not known()
    for number in range(10):
        meter.add(taken(WALL, rng), number * S)
    assert known()
    meter.add(np.zeros((90, 320, 3), np.uint8), 10 * S)
    assert not known()


def test_repeated_stamps_and_a_fast_camera_add_nothing():
    meter = ActivityMeter(ActivityConfig())
    for number in range(7 * 4):
        meter.add(np.zeros((24, 32, 3), np.uint8), number * S // 40)
        meter.add(np.zeros((24, 32, 3), np.uint8), number * S // 40)
    assert math.isnan(meter.measure([SPOT], width_px=320, height_px=240)[0])


def test_growth_is_the_area_now_over_that_of_some_seconds_ago():
    meter = GrowthMeter(2.0)
    growths = [meter.update(0.01 * 2**second, second * S) for second in range(5)]
    assert all(map(math.isnan, growths[:2]))
    # The median of the last second's two areas over the one of two seconds ago.
    assert growths[2:] == pytest.approx([3.0, 3.0, 3.0])


def test_what_begins_from_nothing_has_no_growth():
    meter = GrowthMeter(1.0)
    assert math.isnan([meter.update(area, n * S) for n, area in enumerate([0.0, 0.2])][-1])
