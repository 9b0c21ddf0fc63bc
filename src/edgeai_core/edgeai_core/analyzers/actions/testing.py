"""For tests: people of sticks that stand, bend, fall and rise, without pictures or networks."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import time

import numpy as np
import numpy.typing as npt

from edgeai_core.action_events import ActionEvent
from edgeai_core.analyzers.actions.pose import (
    LEFT_HIP,
    LEFT_SHOULDER,
    POINT_COUNT,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    Pose,
    PoseRegion,
)
from edgeai_core.analyzers.actions.watch import ActionWatch, ActionWatchConfig
from edgeai_core.geometry import Box
from edgeai_core.types import Detection

WIDTH_PX, HEIGHT_PX = 640, 480
# Of the stick person in the picture: upright, and from hips to shoulders.
BODY_PX, TORSO_PX = 200.0, 60.0
_FLOOR_Y = 400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Posture:
    """How a stick person looks at a moment.

    Attributes:
        box: what the detector says; None when it misses the person. pose: what the networks place.
    """

    box: Box | None
    pose: Pose | None


def posture(
    *,
    head: float,
    hips: float,
    tilt_deg: float = 0.0,
    x_px: float = 320.0,
    width: float = 0.35,
    seen: bool = True,
    joints: bool = True,
) -> Posture:
    """Return a posture from heights over the floor in body heights.

    Args:
        head: of the top of the head. hips: of the hips. tilt_deg: of the torso. x_px: of the
            hips. width: of the box in body heights. seen: the detector finds the person. joints:
            the networks place joints.
    """
    half_px = width * BODY_PX / 2
    box = Box(x_px - half_px, _FLOOR_Y - head * BODY_PX, x_px + half_px, _FLOOR_Y)
    pose = _pose((x_px, _FLOOR_Y - hips * BODY_PX), tilt_deg) if joints else None
    return Posture(box=box if seen else None, pose=pose)


def between(first: Posture, last: Posture, share: float) -> Posture:
    """Return the posture on the straight way from one to another, `share` of it done."""
    if first.box is None or last.box is None or first.pose is None or last.pose is None:
        raise ValueError("between: both postures must be seen with joints")
    edges = zip(first.box.as_xyxy(), last.box.as_xyxy(), strict=True)
    points = first.pose.points_xy_px * (1 - share) + last.pose.points_xy_px * share
    return Posture(
        box=Box(*(a * (1 - share) + b * share for a, b in edges)),
        pose=_posed(points.astype(np.float32)),
    )


@dataclass(slots=True, kw_only=True)
class StickPoses:
    """A pose source that gives what the script says, and counts how often it is asked."""

    now: Pose | None = None
    calls: int = 0

    def estimate(
        self, image: npt.NDArray[np.uint8], box: Box, *, region: PoseRegion | None = None
    ) -> Pose | None:
        """Return the pose of the moment."""
        self.calls += 1
        return self.now


@dataclass(slots=True, kw_only=True)
class Stage:
    """Plays postures of one tracked person to a watch, at a rate, and keeps what it tells."""

    config: ActionWatchConfig = field(default_factory=ActionWatchConfig)
    fps: float = 10.0
    stamp_ns: int = 10**9
    local_time: time = time(12)
    poses: StickPoses = field(default_factory=StickPoses)
    events: list[ActionEvent] = field(default_factory=list)
    watch: ActionWatch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = ActionWatch(self.config, poses=self.poses)

    def hold(self, shown: Posture, seconds: float, *, track_id: int = 1) -> None:
        """Show one posture for a time."""
        for _ in range(round(seconds * self.fps)):
            self.show(shown, track_id=track_id)

    def move(self, first: Posture, last: Posture, seconds: float) -> None:
        """Show the way from one posture to another at constant speed."""
        steps = round(seconds * self.fps)
        for step in range(1, steps + 1):
            self.show(between(first, last, step / steps))

    def show(self, shown: Posture, *, track_id: int = 1) -> None:
        """Show one posture in one picture."""
        self.poses.now = shown.pose
        found = []
        if shown.box is not None:
            found.append(Detection(label="person", score=0.9, box=shown.box, track_id=track_id))
        self.tell(found)

    def tell(self, detections: list[Detection]) -> None:
        """Give the watch the detections of the next picture."""
        self.stamp_ns += round(1e9 / self.fps)
        blank = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
        self.events += self.watch.update(
            blank, detections, stamp_ns=self.stamp_ns, local_time=self.local_time
        )


def _pose(hips_xy_px: tuple[float, float], tilt_deg: float) -> Pose:
    x, y = hips_xy_px
    turn = math.radians(tilt_deg)
    points = np.tile(np.array([x, y], np.float32), (POINT_COUNT, 1))
    shoulders = (x + TORSO_PX * math.sin(turn), y - TORSO_PX * math.cos(turn))
    points[[LEFT_SHOULDER, RIGHT_SHOULDER]] = shoulders
    points[[LEFT_HIP, RIGHT_HIP]] = (x, y)
    return _posed(points)


def _posed(points: npt.NDArray[np.float32]) -> Pose:
    return Pose(
        points_xy_px=points,
        visibility=np.ones(POINT_COUNT, np.float32),
        presence=1.0,
        region=PoseRegion(center_xy_px=(320.0, 300.0), side_px=300.0, turn_rad=0.0),
    )


UPRIGHT = posture(head=1.0, hips=0.52)
# On the floor, across the picture.
LYING = posture(head=0.22, hips=0.1, tilt_deg=88.0, width=0.9)
