"""Line crossing: who goes from one side to the other, counted once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgeai_core.analyzers.objects.area_rules import Line
from edgeai_core.analyzers.objects.tracked import TrackedObject
from edgeai_core.object_events import ObjectState
from edgeai_core.zones import Point

_MAX_PLACES = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Somebody crossed a line.

    Attributes:
        line: which. sighting: who, in the frame that decided. state: in which direction.
        since_ns: stamp of the last frame in which they were surely on the other side.
    """

    line: Line
    sighting: TrackedObject
    state: ObjectState
    since_ns: int


@dataclass(slots=True)
class _Place:
    point: Point
    on_left: bool
    at_ns: int


class Lines:
    """The lines of one camera; owned by one thread.

    A side counts only when the point is further than the margin from the line; so one that dances
    on the line crosses it once. Whoever passes beside the line's ends does not cross it.

    Args:
        lines: which. margin: how far a side begins, in shares of the picture's height.
    """

    def __init__(self, lines: Sequence[Line], *, margin: float) -> None:
        self._lines = tuple(lines)
        self._margin = margin
        self._places: dict[tuple[str, int], _Place] = {}

    def retune(self, lines: Sequence[Line], *, margin: float) -> None:
        """Watch other lines; where people are is kept for lines that stay as they are."""
        same = {line.name for line in lines if line in self._lines}
        self._lines, self._margin = tuple(lines), margin
        self._places = {key: place for key, place in self._places.items() if key[0] in same}

    def reset(self) -> None:
        """Forget who was where."""
        self._places.clear()

    def update(
        self,
        points: Sequence[tuple[TrackedObject, Point]],
        *,
        lines: Sequence[Line],
        stamp_ns: int,
        aspect: float,
    ) -> tuple[Crossing, ...]:
        """Return who crossed a line.

        Args:
            points: everybody with a point in 0..1 of the picture. lines: those that count now.
            stamp_ns: the frame's stamp. aspect: width over height of the picture.
        """
        crossings = []
        for line in self._lines:
            if line not in lines:
                continue
            begin, end = _square(line.begin, aspect), _square(line.end, aspect)
            for sighting, point in points:
                at = _square(point, aspect)
                distance = _distance_left(at, begin, end)
                if abs(distance) <= self._margin:
                    continue
                key, on_left = (line.name, sighting.identity), distance > 0
                before = self._places.pop(key, None)
                self._places[key] = _Place(at, on_left, stamp_ns)
                if before is None or before.on_left == on_left:
                    continue
                if _meet(before.point, at, begin, end):
                    state = ObjectState.CROSSED_LEFT if on_left else ObjectState.CROSSED_RIGHT
                    crossings.append(
                        Crossing(line=line, sighting=sighting, state=state, since_ns=before.at_ns)
                    )
        while len(self._places) > _MAX_PLACES:
            del self._places[next(iter(self._places))]
        return tuple(crossings)


def _square(point: Point, aspect: float) -> Point:
    """Return a point in shares of the picture's height both ways."""
    return point[0] * aspect, point[1]


def _distance_left(point: Point, begin: Point, end: Point) -> float:
    """Return how far a point is to the left of a line; y points down: left of rightward is up."""
    along = (end[0] - begin[0], end[1] - begin[1])
    to_point = (point[0] - begin[0], point[1] - begin[1])
    return (along[1] * to_point[0] - along[0] * to_point[1]) / math.hypot(*along)


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Return whether the way from a to b, which is known to change sides, meets the line c to d."""
    side_c = _distance_left(c, a, b)
    side_d = _distance_left(d, a, b)
    return side_c * side_d <= 0
