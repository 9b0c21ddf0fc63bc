"""One plane explains a picture's motion and not a head's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from edgeai_core.analyzers.faces.motion_liveness import (
    Motion,
    MotionConfig,
    MotionEvidence,
    PlaneTest,
)
from edgeai_core.geometry import Box
from edgeai_core.testing import FACE, flat, living, still

Scene = Callable[[int], npt.NDArray[np.uint8]]


def seen(scene: Scene, *, face: Box = FACE, steps: int = 12) -> MotionEvidence:
    test = PlaneTest(scene(0), face, MotionConfig())
    for step in range(1, steps):
        test.add(scene(step))
    return test.evidence()


def test_head_that_sways_before_a_room_has_relief() -> None:
    evidence = seen(living)
    assert evidence.verdict is Motion.RELIEF
    assert evidence.unexplained > 0.35


def test_picture_that_is_moved_is_flat() -> None:
    evidence = seen(flat)
    assert evidence.verdict is Motion.FLAT
    assert evidence.unexplained < 0.1
    # 8 px of a face of 80
    assert evidence.travel == pytest.approx(0.1, abs=0.02)


def test_picture_that_is_not_moved_proves_nothing() -> None:
    evidence = seen(still)
    assert evidence.verdict is Motion.STILL
    assert evidence.travel < 0.012


def test_featureless_face_proves_nothing() -> None:
    grey = np.full((240, 320, 3), 128, np.uint8)
    assert seen(lambda _: grey) == MotionEvidence(verdict=Motion.STILL, travel=0.0, unexplained=0.0)


def test_face_that_vanishes_adds_nothing() -> None:
    def scene(step: int) -> npt.NDArray[np.uint8]:
        return flat(step) if step < 6 else np.zeros((240, 320, 3), np.uint8)

    assert seen(scene, steps=12) == seen(flat, steps=6)


@pytest.mark.parametrize("face", [Box(-30, -30, 60, 80), Box(300, 200, 400, 320)], ids=str)
def test_face_at_the_edge_is_followed_as_far_as_it_is_seen(face: Box) -> None:
    assert seen(flat, face=face).verdict in (Motion.FLAT, Motion.STILL)


def test_larger_picture_of_the_same_motion_gives_the_same_verdict() -> None:
    def enlarged(scene: Scene) -> Scene:
        return lambda step: scene(step).repeat(4, axis=0).repeat(4, axis=1)

    face = Box(*(4 * edge for edge in FACE.as_xyxy()))
    assert seen(enlarged(living), face=face).verdict is Motion.RELIEF
    assert seen(enlarged(flat), face=face).verdict is Motion.FLAT
