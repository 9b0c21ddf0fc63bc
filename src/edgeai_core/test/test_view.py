"""What a camera's picture shows: bars around it, and cuts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeai_core.geometry import Box
from edgeai_core.view import View, ViewWatch

WIDTH_PX, HEIGHT_PX = 320, 240
ALL = Box(0, 0, WIDTH_PX, HEIGHT_PX)


def scene(seed: int) -> np.ndarray:
    """Return a (240, 320, 3) picture with edges everywhere, another for every seed."""
    coarse = np.random.default_rng(seed).integers(30, 226, (12, 16, 3), np.uint8)
    return cv2.resize(coarse, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_NEAREST)


def barred(
    picture: np.ndarray,
    *,
    left: int = 0,
    above: int = 0,
    right: int = 0,
    below: int = 0,
    level: int = 16,
    noise: int = 0,
) -> np.ndarray:
    shown = picture.copy()
    bars = np.ones((HEIGHT_PX, WIDTH_PX), bool)
    bars[above : HEIGHT_PX - below, left : WIDTH_PX - right] = False
    grains = np.random.default_rng(0).integers(-noise, noise + 1, shown.shape)
    shown[bars] = (level + grains)[bars]
    return shown


def watched(pictures: list[np.ndarray], *, fps: float = 8.0) -> list[View]:
    watch = ViewWatch()
    return [watch.update(p, round(number * 1e9 / fps)) for number, p in enumerate(pictures)]


def test_a_picture_without_bars_is_shown_whole() -> None:
    assert watched([scene(1)])[0].area == ALL


@pytest.mark.parametrize("noise", [0, 3])
@pytest.mark.parametrize("level", [0, 16, 114])
def test_bars_on_any_side_are_not_shown(level: int, noise: int) -> None:
    wide = barred(scene(1), above=50, below=48, level=max(level, noise), noise=noise)
    assert watched([wide])[0].area == Box(0, 50, 320, 192)
    high = barred(scene(1), left=30, right=32, above=6, level=max(level, noise), noise=noise)
    assert watched([high])[0].area == Box(30, 6, 288, 240)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_picture_of_one_colour_has_no_bars(level: int) -> None:
    assert watched([np.full((HEIGHT_PX, WIDTH_PX, 3), level, np.uint8)])[0].area == ALL


def test_a_sky_too_bright_for_the_camera_is_no_bar() -> None:
    assert watched([barred(scene(1), above=80, level=255)])[0].area == ALL


def test_where_something_was_seen_is_no_bar_for_five_seconds() -> None:
    dark = barred(scene(1), above=60)
    lit = dark.copy()
    lit[20:30, 100:140] = 200
    views = watched([lit, *[dark] * 40])
    assert {view.area for view in views[:40]} == {Box(0, 20, 320, 240)}
    assert views[40].area == Box(0, 60, 320, 240)


def test_a_cut_is_told_once_when_the_new_view_has_stayed_half_a_second() -> None:
    views = watched([scene(1)] * 10 + [scene(2)] * 20)
    assert [number for number, view in enumerate(views) if view.changed] == [13]


def test_after_a_cut_the_bars_are_those_of_the_new_view() -> None:
    first = barred(scene(1), left=40, right=40)
    second = barred(scene(2), above=50, below=50)
    views = watched([first] * 10 + [second] * 10)
    assert views[9].area == Box(40, 0, 280, 240)
    assert [view.changed for view in views].index(True) == 13
    assert {view.area for view in views[13:]} == {Box(0, 50, 320, 190)}


def test_bars_that_stay_do_not_hide_a_cut() -> None:
    views = watched([barred(scene(seed), above=60, below=60) for seed in [1] * 10 + [2] * 10])
    assert [number for number, view in enumerate(views) if view.changed] == [13]


def test_a_lamp_that_is_switched_on_is_no_cut() -> None:
    bright = np.clip(scene(1).astype(int) * 6 // 5 + 20, 0, 255).astype(np.uint8)
    assert not any(view.changed for view in watched([scene(1)] * 10 + [bright] * 20))


def test_somebody_who_covers_half_of_the_picture_is_no_cut() -> None:
    covered = scene(1)
    covered[:, :170] = (40, 60, 90)
    assert not any(view.changed for view in watched([scene(1)] * 10 + [covered] * 20))


def test_faster_pictures_are_looked_at_eight_times_a_second() -> None:
    views = watched([scene(1)] * 40 + [scene(2)] * 40, fps=32.0)
    assert [number for number, view in enumerate(views) if view.changed] == [52]


def test_a_stamp_that_goes_back_and_another_size_begin_anew() -> None:
    watch = ViewWatch()
    watch.update(barred(scene(1), above=60), 10**9)
    assert watch.update(barred(scene(1), left=60), 0).area == Box(60, 0, 320, 240)
    small = cv2.resize(barred(scene(1), left=60), (160, 120), interpolation=cv2.INTER_AREA)
    assert watch.update(small, 10**9).area == Box(30, 0, 160, 120)


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (3, 2)])
def test_tiny_pictures_are_taken(size: tuple[int, int]) -> None:
    views = watched([np.full((*size, 3), level, np.uint8) for level in [0] * 6 + [200] * 6])
    assert {view.area for view in views} == {Box(0, 0, size[1], size[0])}
