"""Vehicles over the last seconds: where they were, how fast, and where a velocity broke off.

Speeds are in car lengths (4.5 m) per second, so that a rule holds for any camera and distance. How
large something looks says how far away it is: a car is at least 1.8 m wide and 1.5 m high from any
side, so its box tells how many metres a pixel is at least. Seen from high above or askew it is
more: such speeds come out too low, never too high.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box

_CAR_LENGTH_M = 4.5
# Least width and height of what a detector calls so, metres; pickups and vans are trucks to it.
_LEAST_SIDES_M = {
    "car": (1.8, 1.5),
    "truck": (1.9, 1.8),
    "bus": (2.3, 2.7),
    "motorcycle": (0.7, 1.3),
    "bicycle": (0.5, 1.3),
}
VEHICLE_LABELS = tuple(_LEAST_SIDES_M)

_WINDOW_NS = 4_000_000_000
_MAX_SIGHTS = 128
# A velocity is taken over this long before a moment, and as long after it but for a gap in
# which it breaks off.
_SPAN_NS, _GAP_NS = 400_000_000, 100_000_000
JUDGED_AFTER_NS = _SPAN_NS + _GAP_NS
_MIN_SIGHTS = 3
# Places that scatter by more than this about a straight way, in car lengths, are of a box that
# jumps; so is a way that does not go on where it broke off.
_MAX_SCATTER, _MAX_STEP = 0.12, 0.4
# A box that grows or shrinks by more at once is one that something else covers.
_MAX_RESIZE = 1.35

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """How a vehicle moves over a part of a second.

    Attributes:
        velocity_xy: car lengths per second in the picture, x right and y down. at_begin_xy,
            at_end_xy: centre at both ends of it, pixels. scatter: about the straight way, car
            lengths. box: the middle one of it. scale: car lengths per pixel.
    """

    velocity_xy: tuple[float, float]
    at_begin_xy: tuple[float, float]
    at_end_xy: tuple[float, float]
    scatter: float
    box: Box
    scale: float

    @property
    def speed(self) -> float:
        return math.hypot(*self.velocity_xy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jolt:
    """A velocity that broke off.

    Attributes:
        stamp_ns: about when. before, after: the motions. change: of the velocity, car lengths per
            second. turn_deg: between the directions, 0 where one motion has none.
    """

    stamp_ns: int
    before: Motion
    after: Motion
    change: float
    turn_deg: float


class Vehicle:
    """The last seconds of one tracked vehicle.

    Args:
        track_id: identity of the tracker. label: what the detector calls it.
    """

    def __init__(self, track_id: int, label: str) -> None:
        self.track_id, self.label = track_id, label
        self._sights: deque[tuple[int, Box]] = deque(maxlen=_MAX_SIGHTS)

    def add(self, stamp_ns: int, box: Box) -> None:
        """Take in where it is; stamps only grow."""
        self._sights.append((stamp_ns, box))
        while stamp_ns - self._sights[0][0] > _WINDOW_NS:
            self._sights.popleft()

    @property
    def last_ns(self) -> int:
        return self._sights[-1][0]

    @property
    def box(self) -> Box:
        return self._sights[-1][1]

    def scale_of(self, box: Box) -> float:
        """Return how many car lengths a pixel is at least where the vehicle has this box."""
        width_m, height_m = _LEAST_SIDES_M[self.label]
        metres = max(width_m / max(box.width_px, 1.0), height_m / max(box.height_px, 1.0))
        return metres / _CAR_LENGTH_M

    def boxes_within(self, from_ns: int, to_ns: int) -> list[tuple[int, Box]]:
        """Return stamps and boxes of a time, oldest first."""
        return [(stamp, box) for stamp, box in self._sights if from_ns <= stamp <= to_ns]

    def motion(self, from_ns: int, to_ns: int) -> Motion | None:
        """Return how it moved; None where it was seen too little."""
        seen = self.boxes_within(from_ns, to_ns)
        if len(seen) < _MIN_SIGHTS or seen[-1][0] - seen[0][0] < 0.6 * (to_ns - from_ns):
            return None
        middle = _median_box([box for _, box in seen])
        scale = self.scale_of(middle)
        times = np.array([stamp - from_ns for stamp, _ in seen]) / 1e9
        places = np.array([box.center_px for _, box in seen])
        centred = times - times.mean()
        slope: _Floats = centred @ (places - places.mean(axis=0)) / float(centred @ centred)
        rest = places - places.mean(axis=0) - centred[:, None] * slope
        begin = places.mean(axis=0) - slope * times.mean()
        end = begin + slope * (to_ns - from_ns) / 1e9
        return Motion(
            velocity_xy=(float(slope[0]) * scale, float(slope[1]) * scale),
            at_begin_xy=(float(begin[0]), float(begin[1])),
            at_end_xy=(float(end[0]), float(end[1])),
            scatter=float(np.sqrt((rest**2).mean(axis=0).sum())) * scale,
            box=middle,
            scale=scale,
        )

    def jolt(self, now_ns: int) -> Jolt | None:
        """Return how the velocity changed half a second ago; None where it cannot be told.

        The two ways must be straight and meet, and the box must keep its size: else something
        covers the vehicle, or the tracker went over to another one.
        """
        break_ns = now_ns - JUDGED_AFTER_NS
        before = self.motion(break_ns - _SPAN_NS, break_ns)
        after = self.motion(break_ns + _GAP_NS, now_ns)
        if before is None or after is None:
            return None
        if max(before.scatter, after.scatter) > _MAX_SCATTER or _resized(before.box, after.box):
            return None
        scale = min(before.scale, after.scale)
        if _gap(before, after) * scale > _MAX_STEP:
            return None
        # In the smaller of both scales: a box that is cut looks farther away, and faster.
        was = [value * scale / before.scale for value in before.velocity_xy]
        now = [value * scale / after.scale for value in after.velocity_xy]
        return Jolt(
            stamp_ns=break_ns + _GAP_NS // 2,
            before=before,
            after=after,
            change=math.hypot(now[0] - was[0], now[1] - was[1]),
            turn_deg=_angle_deg(was, now),
        )


def _median_box(boxes: Sequence[Box]) -> Box:
    return Box(*np.median([box.as_xyxy() for box in boxes], axis=0).tolist())


def _resized(first: Box, second: Box) -> bool:
    return any(
        not 1 / _MAX_RESIZE <= (b + 1) / (a + 1) <= _MAX_RESIZE
        for a, b in ((first.width_px, second.width_px), (first.height_px, second.height_px))
    )


def _gap(before: Motion, after: Motion) -> float:
    """Return how far one way ends from where the other begins, pixels, less what was driven."""
    pause_s = _GAP_NS / 1e9
    x = after.at_begin_xy[0] - before.at_end_xy[0]
    y = after.at_begin_xy[1] - before.at_end_xy[1]
    driven_px = max(before.speed / before.scale, after.speed / after.scale) * pause_s
    return max(0.0, math.hypot(x, y) - driven_px)


def _angle_deg(first: Sequence[float], second: Sequence[float]) -> float:
    lengths = math.hypot(*first) * math.hypot(*second)
    if lengths < 1e-6:
        return 0.0
    cosine = (first[0] * second[0] + first[1] * second[1]) / lengths
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
