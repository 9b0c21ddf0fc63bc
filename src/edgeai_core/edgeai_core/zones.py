"""Named places of a picture, such as a stove or a door, and the hours in which they count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box

Point = tuple[float, float]

MAX_POINTS = 64
# A thousandth of the picture's sides: 0.6 x 0.5 px of VGA, smaller is a slip of the pen.
_MIN_AREA = 1e-6
_EXAMPLE = "stove: 0.1,0.5 0.3,0.5 0.3,0.9 0.1,0.9 @ 06:00-22:00"
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyHours:
    """A part of every day; it may run over midnight.

    Attributes:
        begin: first moment in it. end: first moment after it; before `begin` on the next day.

    Raises:
        ConfigError: begin and end are the same.
    """

    begin: time
    end: time

    def __post_init__(self) -> None:
        if self.begin == self.end:
            raise ConfigError(
                f"hours: begin and end are both {self.begin:%H:%M}; leave the hours out for the "
                "whole day"
            )

    def contain(self, moment: time) -> bool:
        """Return whether a time of day is within the hours."""
        if self.begin < self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A polygon of the picture.

    Attributes:
        name: what people call it. points: corners, x right and y down in 0..1 of the picture's
            width and height. hours: when it counts, in the machine's local time; None for always.

    Raises:
        ConfigError: no name, fewer than 3 or more than 64 corners, a corner outside of the
            picture, sides that cross or no area.
    """

    name: str
    points: tuple[Point, ...]
    hours: DailyHours | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError(f"zone: expected a name before the colon, as in {_EXAMPLE!r}")
        if not 3 <= len(self.points) <= MAX_POINTS:
            raise ConfigError(
                f"zone {self.name!r}: got {len(self.points)} corners, expected 3..{MAX_POINTS}"
            )
        for x, y in self.points:
            if not (0 <= x <= 1 and 0 <= y <= 1):
                raise ConfigError(
                    f"zone {self.name!r}: corner {x:g},{y:g} is outside of the picture; expected "
                    "0..1 of its width and height"
                )
        if _crosses_itself(self.points):
            raise ConfigError(
                f"zone {self.name!r}: its sides cross; give the corners in order around it"
            )
        if _area(self.points) < _MIN_AREA:
            raise ConfigError(f"zone {self.name!r}: its corners enclose no area")

    def active_at(self, moment: time) -> bool:
        """Return whether the zone counts at a local time of day."""
        return self.hours is None or self.hours.contain(moment)

    def contains(self, point: Point) -> bool:
        """Return whether a point (0..1 of the picture) is inside; borders count on one side."""
        x, y = point
        inside = False
        for (x1, y1), (x2, y2) in _sides(self.points):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                inside = not inside
        return inside

    def mask(self, *, width_px: int, height_px: int) -> npt.NDArray[np.bool_]:
        """Return (H, W) bool, true on every pixel that the zone touches."""
        corners = np.array(self.points, np.float64) * (width_px, height_px)
        filled = np.zeros((height_px, width_px), np.uint8)
        # Pixel n covers n..n+1; fillPoly draws the border too, so that the mask is never smaller.
        whole = np.clip(np.floor(corners), 0, (width_px - 1, height_px - 1)).astype(np.int32)
        cv2.fillPoly(filled, [whole], 1)
        return filled.astype(bool)

    def bounds(self) -> tuple[float, float, float, float]:
        """Return x_min, y_min, x_max, y_max in 0..1 of the picture."""
        xs, ys = zip(*self.points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def overlap_share(self, box: Box, *, width_px: int, height_px: int) -> float:
        """Return which share of a box's area lies in the zone, 0..1; 0 for a box without area.

        Args:
            box: pixels of a picture of `width_px` x `height_px`.
        """
        if box.area_px2 <= 0:
            return 0.0
        edges = (
            box.x_min_px / width_px,
            box.y_min_px / height_px,
            box.x_max_px / width_px,
            box.y_max_px / height_px,
        )
        part_px2 = _area(_clipped(self.points, edges)) * width_px * height_px
        return min(1.0, part_px2 / box.area_px2)


def parse_zone(text: str) -> Zone:
    """Return the zone that ``name: x,y x,y x,y … [@ HH:MM-HH:MM]`` describes.

    Raises:
        ConfigError: it is not written like that, or the zone is not possible.
    """
    name, colon, rest = text.partition(":")
    if not colon:
        raise ConfigError(f"zone {text!r}: expected a name and a colon, as in {_EXAMPLE!r}")
    corners, at, hours = rest.partition("@")
    return Zone(
        name=name.strip(),
        points=tuple(_point(word, name.strip()) for word in corners.split()),
        hours=_hours(hours.strip(), name.strip()) if at else None,
    )


def parse_zones(texts: Sequence[str]) -> tuple[Zone, ...]:
    """Return the zones of a parameter.

    Raises:
        ConfigError: as for :func:`parse_zone`, or two zones have one name.
    """
    zones = tuple(map(parse_zone, texts))
    names = [zone.name for zone in zones]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"zone {name!r}: there are {names.count(name)} of that name")
    return zones


def _point(word: str, name: str) -> Point:
    parts = word.split(",")
    try:
        x, y = map(float, parts)
    except ValueError as exc:
        raise ConfigError(
            f"zone {name!r}: got corner {word!r}, expected two numbers as in 0.1,0.5"
        ) from exc
    return x, y


def parse_hours(text: str) -> DailyHours:
    """Return the part of every day that ``HH:MM-HH:MM`` describes.

    Raises:
        ConfigError: it is not written like that, or begin and end are the same.
    """
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise ConfigError(f"got hours {text!r}, expected HH:MM-HH:MM")
    begin_hour, begin_minute, end_hour, end_minute = map(int, match.groups())
    return DailyHours(begin=time(begin_hour, begin_minute), end=time(end_hour, end_minute))


def _hours(text: str, name: str) -> DailyHours:
    try:
        return parse_hours(text)
    except ConfigError as exc:
        raise ConfigError(f"zone {name!r}: {exc}") from exc


def _sides(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    return [(points[i], points[(i + 1) % len(points)]) for i in range(len(points))]


def _area(points: Sequence[Point]) -> float:
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in _sides(points))) / 2


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _crosses_itself(points: Sequence[Point]) -> bool:
    sides = _sides(points)
    return any(
        _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0
        for i, (a, b) in enumerate(sides)
        for c, d in sides[i + 1 :]
    )


def _clipped(points: Sequence[Point], edges: tuple[float, float, float, float]) -> list[Point]:
    """Cut a polygon to a rectangle (Sutherland and Hodgman, 1974).

    Parts of a concave polygon stay joined along the rectangle's edge, which adds no area.
    """
    kept = list(points)
    for axis, limit, sign in (
        (0, edges[0], 1),
        (1, edges[1], 1),
        (0, edges[2], -1),
        (1, edges[3], -1),
    ):
        cut: list[Point] = []
        for a, b in _sides(kept):
            inside_a = (a[axis] - limit) * sign >= 0
            inside_b = (b[axis] - limit) * sign >= 0
            if inside_a:
                cut.append(a)
            if inside_a != inside_b:
                share = (limit - a[axis]) / (b[axis] - a[axis])
                cut.append((a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))
        kept = cut
    return kept
