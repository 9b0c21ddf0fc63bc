"""People's joints and what they do, drawn onto a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.analyzers.actions import pose as joints
from edgeai_core.analyzers.actions.pose import Pose
from edgeai_core.analyzers.actions.sights import Person
from edgeai_core.overlay import draw_captioned

# BGR; told apart by people who do not see red and green alike (Okabe and Ito, 2008).
_BONE = (66, 228, 240)
_CALM = (178, 114, 0)
_GRAVE = (0, 94, 213)
_GRAVE_ACTIONS = frozenset(
    {Action.FALL, Action.LYING, Action.FLIGHT, Action.FIGHT, Action.ACCIDENT}
)
_MIN_VISIBILITY = 0.5
_BONES = (
    (joints.LEFT_SHOULDER, joints.RIGHT_SHOULDER),
    (joints.LEFT_SHOULDER, joints.LEFT_ELBOW),
    (joints.LEFT_ELBOW, joints.LEFT_WRIST),
    (joints.RIGHT_SHOULDER, joints.RIGHT_ELBOW),
    (joints.RIGHT_ELBOW, joints.RIGHT_WRIST),
    (joints.LEFT_SHOULDER, joints.LEFT_HIP),
    (joints.RIGHT_SHOULDER, joints.RIGHT_HIP),
    (joints.LEFT_HIP, joints.RIGHT_HIP),
    (joints.LEFT_HIP, joints.LEFT_KNEE),
    (joints.LEFT_KNEE, joints.LEFT_ANKLE),
    (joints.RIGHT_HIP, joints.RIGHT_KNEE),
    (joints.RIGHT_KNEE, joints.RIGHT_ANKLE),
)


def draw_people(
    canvas: npt.NDArray[np.uint8], people: Iterable[Person], events: Sequence[ActionEvent]
) -> None:
    """Draw the joints that are seen, and a box with words around every event.

    Args:
        canvas: (H, W, 3) uint8 BGR, drawn on. people: of this picture. events: that go on.
    """
    for person in people:
        if person.last.pose is not None:
            _draw_bones(canvas, person.last.pose)
    for event in events:
        colour = _GRAVE if event.action in _GRAVE_ACTIONS else _CALM
        words = f"{event.action.value.replace('_', ' ')} {event.probability:.2f}"
        draw_captioned(canvas, event.box, words, colour)


def _draw_bones(canvas: npt.NDArray[np.uint8], pose: Pose) -> None:
    # Joints may be placed far outside of the picture; cv2 takes 16-bit shifts of coordinates.
    points = np.clip(np.round(pose.points_xy_px), -16_000, 16_000).astype(int)
    for begin, end in _BONES:
        if min(pose.visibility[begin], pose.visibility[end]) >= _MIN_VISIBILITY:
            first, second = points[begin].tolist(), points[end].tolist()
            cv2.line(canvas, first, second, _BONE, 2, cv2.LINE_AA)
