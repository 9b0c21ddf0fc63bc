"""Records refuse contradictions at the moment they are made."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from edgeai_core.geometry import Box
from edgeai_core.types import (
    MAX_IMAGE_SIDE_PX,
    AlertEvent,
    DetectedFace,
    Detection,
    FaceMatch,
    Frame,
    Liveness,
    SessionState,
    Severity,
)

BOX = Box(0, 0, 10, 10)


def test_a_frame_knows_its_size():
    frame = Frame(image=np.zeros((480, 640, 3), np.uint8), stamp_ns=5)
    assert (frame.width_px, frame.height_px, frame.sequence) == (640, 480, 0)
    assert frame.frame_id == "camera_optical_frame"


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 0, 3), np.uint8),
        np.zeros((1, MAX_IMAGE_SIDE_PX + 1, 3), np.uint8),
    ],
    ids=["grey", "four channels", "float", "no rows", "no columns", "too wide"],
)
def test_a_frame_refuses_other_images(image):
    with pytest.raises(ValueError, match="frame: "):
        Frame(image=image, stamp_ns=0)


def test_frames_are_compared_by_identity_not_by_pixels():
    image = np.zeros((2, 2, 3), np.uint8)
    assert Frame(image=image, stamp_ns=0) != Frame(image=image, stamp_ns=0)


@pytest.mark.parametrize("score", [-0.1, 1.1, math.nan, math.inf])
def test_scores_are_probabilities(score):
    with pytest.raises(ValueError, match=r"must be in 0\.\.1"):
        Detection(label="cat", score=score, box=BOX)
    with pytest.raises(ValueError, match=r"must be in 0\.\.1"):
        FaceMatch(box=BOX, detection_score=score)
    with pytest.raises(ValueError, match=r"must be in 0\.\.1"):
        DetectedFace(box=BOX, score=score, landmarks_xy_px=np.zeros((5, 2), np.float32))


@pytest.mark.parametrize("shape", [(5,), (5, 3), (1, 5, 2)])
def test_landmarks_are_points(shape):
    with pytest.raises(ValueError, match="landmarks"):
        DetectedFace(box=BOX, score=0.5, landmarks_xy_px=np.zeros(shape, np.float32))


def test_an_unknown_face_cannot_be_authorised():
    with pytest.raises(ValueError, match="unknown face"):
        FaceMatch(box=BOX, detection_score=0.9, permitted=True)
    with pytest.raises(ValueError, match="not permitted"):
        FaceMatch(box=BOX, detection_score=0.9, person_id="ada", authorised=True)


def test_a_copy_cannot_be_authorised():
    with pytest.raises(ValueError, match="not live"):
        FaceMatch(
            box=BOX,
            detection_score=0.9,
            person_id="ada",
            permitted=True,
            authorised=True,
            liveness=Liveness.SPOOF,
        )


def test_a_face_is_recognised_by_its_person():
    assert not FaceMatch(box=BOX, detection_score=0.9).recognised
    assert FaceMatch(box=BOX, detection_score=0.9, person_id="p").recognised


def test_records_are_frozen_and_take_no_other_field():
    detection = Detection(label="cat", score=0.5, box=BOX)
    with pytest.raises(FrozenInstanceError):
        detection.score = 0.9
    assert not hasattr(detection, "__dict__")


def test_severities_are_ordered():
    assert Severity.INFO < Severity.WARNING < Severity.CRITICAL


def test_the_session_starts_from_locked_at_zero():
    assert [state.value for state in SessionState] == [0, 1, 2]
    assert SessionState(0) is SessionState.LOCKED


def test_an_event_without_a_score_says_nan():
    event = AlertEvent(category="c", severity=Severity.INFO, title="t", reason="r", source="s")
    assert math.isnan(event.score)
