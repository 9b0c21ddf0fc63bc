"""The watch over people and vehicles where the picture has bars, or goes over to another view."""

from __future__ import annotations

from datetime import time

import cv2
import numpy as np
import pytest

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.analyzers.actions.testing import (
    HEIGHT_PX,
    LYING,
    UPRIGHT,
    WIDTH_PX,
    Posture,
    StickPoses,
    between,
)
from edgeai_core.analyzers.actions.watch import ActionWatch
from edgeai_core.geometry import Box
from edgeai_core.types import Detection

FPS = 10
# Ends just over the floor on which the stick person of `testing` stands.
BAR_PX = HEIGHT_PX - 395


def scene(seed: int, *, bar_px: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(30, 226, (12, 16, 3), np.uint8)
    picture = cv2.resize(coarse, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_NEAREST)
    picture[HEIGHT_PX - bar_px :] = 0
    return picture


def played(pictures: list[np.ndarray], postures: list[Posture | None]) -> list[ActionEvent]:
    poses = StickPoses()
    watch = ActionWatch(poses=poses)
    told: list[ActionEvent] = []
    for number, (picture, shown) in enumerate(zip(pictures, postures, strict=True)):
        poses.now = None if shown is None else shown.pose
        found = []
        if shown is not None and shown.box is not None:
            found.append(Detection(label="person", score=0.9, box=shown.box, track_id=1))
        told += watch.update(picture, found, stamp_ns=number * 10**9 // FPS, local_time=time(12))
    return [event for event in told if event.action in (Action.FALL, Action.LYING)]


# Two seconds upright, half a fall in half a second, then nobody is seen for three.
LOST: list[Posture | None] = [
    *[UPRIGHT] * 20,
    *[between(UPRIGHT, LYING, share / 10) for share in range(1, 6)],
    *[None] * 30,
]


def test_who_is_lost_while_dropping_in_the_open_is_told() -> None:
    told = played([scene(1)] * len(LOST), LOST)
    assert [(event.action, event.probability) for event in told] == [(Action.FALL, 0.65)]


def test_who_is_lost_at_a_bar_has_left_the_picture() -> None:
    assert played([scene(1, bar_px=BAR_PX)] * len(LOST), LOST) == []


@pytest.mark.parametrize("before_s", [2.0, 2.3, 2.5])
def test_who_is_lost_in_a_cut_has_not_fallen(before_s: float) -> None:
    cut = round(before_s * FPS)
    seen = [*LOST[:cut], *[None] * (len(LOST) - cut)]
    assert played([scene(1)] * cut + [scene(2)] * (len(LOST) - cut), seen) == []


def test_a_fall_after_a_cut_is_told() -> None:
    fall: list[Posture | None] = [
        *[UPRIGHT] * 15,
        *[between(UPRIGHT, LYING, share / 6) for share in range(1, 7)],
        *[LYING] * 10,
    ]
    told = played([scene(1)] * 15 + [scene(2)] * len(fall), [*[UPRIGHT] * 15, *fall])
    assert [event.action for event in told] == [Action.FALL]


def test_an_accident_is_told_by_the_watch_and_lasts() -> None:
    watch = ActionWatch(poses=None)
    told: list[ActionEvent] = []
    for number in range(40):
        x = 100.0 + 25.0 * min(number, 20)
        car = Detection(label="car", score=0.9, box=Box(x, 200, x + 120, 240), track_id=7)
        told += watch.update(
            np.zeros((480, 1200, 3), np.uint8),
            [car],
            stamp_ns=number * 10**9 // FPS,
            local_time=time(12),
        )
    assert [(event.action, event.track_ids) for event in told] == [(Action.ACCIDENT, (7,))]
    assert [event.action for event in watch.current()] == [Action.ACCIDENT]
