"""People over the last seconds: where their boxes, hips and shoulders were, and how tall they are.

All lengths that decide are in body heights, so that a rule holds for any camera and distance.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from edgeai_core.analyzers.actions.pose import (
    LEFT_HIP,
    LEFT_SHOULDER,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    Pose,
)
from edgeai_core.geometry import Box

# Sights that are kept of one person: 4 s at 30 pictures a second.
_MAX_SIGHTS = 128
# A body is about 3.4 times as high as the way from the middle of the shoulders to that of the hips
# (measured on boxes of standing people beside their joints: 3.1 to 3.5).
TORSOS_PER_BODY = 3.4
_MIN_VISIBILITY = 0.5
# Upright: higher than wide, and the torso within this of the vertical.
_UPRIGHT_ASPECT = 1.5
_UPRIGHT_TILT_DEG = 30.0
# A box that comes this near to the picture's edge may be cut there.
_EDGE_SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Torso:
    """The line from the middle of the hips to the middle of the shoulders.

    Attributes:
        hips_xy_px, shoulders_xy_px: pixels of the frame. length_px: of the line.
        tilt_deg: 0 upright, 90 level, 180 head down. rise_px: how far the shoulders are above the
            hips in the picture; negative below.
    """

    hips_xy_px: tuple[float, float]
    shoulders_xy_px: tuple[float, float]
    length_px: float
    tilt_deg: float

    @property
    def rise_px(self) -> float:
        return self.hips_xy_px[1] - self.shoulders_xy_px[1]


def torso_of(pose: Pose) -> Torso | None:
    """Return the torso of a pose; None where its four joints are hidden or in one place."""
    joints = [LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP]
    if float(pose.visibility[joints].mean()) < _MIN_VISIBILITY:
        return None
    points = pose.points_xy_px[joints].astype(np.float64)
    shoulders, hips = points[:2].mean(axis=0), points[2:].mean(axis=0)
    across, up = float(shoulders[0] - hips[0]), float(hips[1] - shoulders[1])
    length_px = math.hypot(across, up)
    if length_px < 1.0:
        return None
    return Torso(
        hips_xy_px=(float(hips[0]), float(hips[1])),
        shoulders_xy_px=(float(shoulders[0]), float(shoulders[1])),
        length_px=length_px,
        tilt_deg=math.degrees(math.atan2(abs(across), up)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """A person in one picture.

    Attributes:
        stamp_ns: of the frame. box: pixels of the frame. pose, torso: None when not placed.
        detected: the box is the detector's, else one around head and torso.
        cut: the box touches the picture's top or bottom edge, so its height is not the body's.
    """

    stamp_ns: int
    box: Box
    pose: Pose | None
    torso: Torso | None
    detected: bool
    cut: bool

    @property
    def upright_height_px(self) -> float:
        """Return the body's height in the picture if the person is upright, else 0."""
        from_torso = 0.0
        if self.torso is not None:
            if self.torso.tilt_deg > _UPRIGHT_TILT_DEG:
                return 0.0
            from_torso = TORSOS_PER_BODY * self.torso.length_px
        box = self.box
        if box.height_px < _UPRIGHT_ASPECT * box.width_px:
            return from_torso
        return max(from_torso, box.height_px)


def sight_of(
    box: Box,
    pose: Pose | None,
    *,
    stamp_ns: int,
    area: Box,
    detected: bool = True,
) -> Sight:
    """Return what is known about a person in a picture that shows something in `area`, pixels."""
    margin_px = _EDGE_SHARE * area.height_px
    return Sight(
        stamp_ns=stamp_ns,
        box=box,
        pose=pose,
        torso=None if pose is None else torso_of(pose),
        detected=detected,
        cut=box.y_min_px <= area.y_min_px + margin_px or box.y_max_px >= area.y_max_px - margin_px,
    )


class Person:
    """The last seconds of one tracked person; the newest sight is the last.

    Args:
        track_id: identity of the tracker. window_s: sights older than this are dropped.
    """

    def __init__(self, track_id: int, *, window_s: float) -> None:
        self.track_id = track_id
        self._window_ns = round(window_s * 1e9)
        self._sights: deque[Sight] = deque(maxlen=_MAX_SIGHTS)
        self.first_ns = 0

    def add(self, sight: Sight) -> None:
        """Take in the newest sight; stamps only grow."""
        if not self._sights:
            self.first_ns = sight.stamp_ns
        self._sights.append(sight)
        while sight.stamp_ns - self._sights[0].stamp_ns > self._window_ns:
            self._sights.popleft()

    @property
    def last(self) -> Sight:
        return self._sights[-1]

    @property
    def place(self) -> Box:
        """Where the person was seen last."""
        return self.last.box

    def since(self, stamp_ns: int) -> Iterator[Sight]:
        """Yield the sights from a stamp on, oldest first."""
        return (sight for sight in self._sights if sight.stamp_ns >= stamp_ns)

    def body_height_px(self) -> float:
        """Return how high the person would be upright, pixels; 0 when nothing tells.

        The upper quartile of the window: boxes are cut and joints jump now and then. Of somebody
        who was never upright the torso's length tells, as it looks longest.
        """
        return _upper_quartile(s.upright_height_px for s in self._sights) or _upper_quartile(
            TORSOS_PER_BODY * s.torso.length_px for s in self._sights if s.torso is not None
        )


def _upper_quartile(values: Iterable[float]) -> float:
    known = sorted(value for value in values if value > 0)
    return known[(3 * len(known)) // 4] if known else 0.0
