"""People's joints and what they do, drawn onto a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from edgeai_core.action_events import ActionEvent
from edgeai_core.analyzers.actions import pose as points
from edgeai_core.analyzers.actions.pose import Pose
from edgeai_core.analyzers.actions.sights import Person
from edgeai_core.overlay import draw_actions, draw_bones
from edgeai_core.skeletons import JOINTS, Skeleton

# Where BlazePose has the joints that bones join.
_POINTS: dict[str, int] = {name: getattr(points, name.upper()) for name in JOINTS}


def skeletons_of(people: Iterable[Person]) -> tuple[Skeleton, ...]:
    """Return the joints of those people whose pose is known in their newest picture."""
    return tuple(
        _skeleton(person.track_id, person.last.pose)
        for person in people
        if person.last.pose is not None
    )


def draw_people(
    canvas: npt.NDArray[np.uint8], people: Iterable[Person], events: Sequence[ActionEvent]
) -> None:
    """Draw the joints that are seen, and a box with words around every event.

    Args:
        canvas: (H, W, 3) uint8 BGR, drawn on. people: of this picture. events: that go on.
    """
    for skeleton in skeletons_of(people):
        draw_bones(canvas, skeleton)
    draw_actions(canvas, events)


def _skeleton(track_id: int, pose: Pose) -> Skeleton:
    return Skeleton(
        track_id=track_id,
        joints_xy_px={
            name: (float(pose.points_xy_px[at, 0]), float(pose.points_xy_px[at, 1]))
            for name, at in _POINTS.items()
        },
        visibility={name: float(pose.visibility[at]) for name, at in _POINTS.items()},
    )
