"""Lines and stays as people write them in parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from edgeai_core.errors import ConfigError
from edgeai_core.zones import DailyHours, Point, parse_zone

ANY_LABEL = "any"
_LINE_EXAMPLE = "gate: 0.1,0.5 0.9,0.5"
_STAY_EXAMPLE = "entrance: person, dog for 60 s"
_STAY = re.compile(r"\s*([^:]+?)\s*:\s*(.+?)\s+for\s+(\d+(?:\.\d+)?)\s*s\s*")
_MAX_STAY_S = 7 * 86400.0
# A thousandth of the picture; shorter is a slip of the pen.
_MIN_LENGTH = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line across the picture.

    Attributes:
        name: what people call it. begin, end: points, x right and y down in 0..1 of the picture;
            left and right are those of somebody who walks from begin to end.
        hours: when it counts, in the machine's local time; None for always.

    Raises:
        ConfigError: no name, a point outside of the picture or no length.
    """

    name: str
    begin: Point
    end: Point
    hours: DailyHours | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError(f"line: expected a name before the colon, as in {_LINE_EXAMPLE!r}")
        for x, y in (self.begin, self.end):
            if not (0 <= x <= 1 and 0 <= y <= 1):
                raise ConfigError(
                    f"line {self.name!r}: point {x:g},{y:g} is outside of the picture; expected "
                    "0..1 of its width and height"
                )
        if max(abs(self.begin[0] - self.end[0]), abs(self.begin[1] - self.end[1])) < _MIN_LENGTH:
            raise ConfigError(f"line {self.name!r}: its two points are the same")

    def active_at(self, moment: time) -> bool:
        """Return whether the line counts at a local time of day."""
        return self.hours is None or self.hours.contain(moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class StayRule:
    """How long something may stay in a zone.

    Attributes:
        zone: name of the zone. labels: of the detector; `ANY_LABEL` is every one.
        limit_s: longer stays are told.

    Raises:
        ConfigError: no label or a time that cannot be.
    """

    zone: str
    labels: frozenset[str]
    limit_s: float

    def __post_init__(self) -> None:
        if not self.labels or not all(self.labels):
            raise ConfigError(
                f"stay in {self.zone!r}: a label is empty; expected it as in {_STAY_EXAMPLE!r}"
            )
        if not 0 < self.limit_s <= _MAX_STAY_S:
            raise ConfigError(
                f"stay in {self.zone!r}: got {self.limit_s:g} s, expected 0..{_MAX_STAY_S:g} s"
            )

    def concerns(self, label: str) -> bool:
        """Return whether the rule is about a label."""
        return label in self.labels or ANY_LABEL in self.labels


def parse_line(text: str) -> Line:
    """Return the line that ``name: x,y x,y [@ HH:MM-HH:MM]`` describes.

    Raises:
        ConfigError: it is not written like that, or the line is not possible.
    """
    name, colon, rest = text.partition(":")
    points, at, hours = rest.partition("@")
    words = points.split()
    if not colon or len(words) != 2:
        raise ConfigError(
            f"line {text!r}: expected a name, a colon and two points, as in {_LINE_EXAMPLE!r}"
        )
    try:
        (x1, y1), (x2, y2) = (map(float, word.split(",")) for word in words)
    except ValueError as exc:
        raise ConfigError(
            f"line {name.strip()!r}: got points {points.strip()!r}, expected two times two "
            f"numbers, as in {_LINE_EXAMPLE!r}"
        ) from exc
    # The hours are written as those of zones are; a zone around everything reads them.
    when = parse_zone(f"{name}: 0,0 1,0 1,1 @ {hours.strip()}").hours if at else None
    return Line(name=name.strip(), begin=(x1, y1), end=(x2, y2), hours=when)


def parse_lines(texts: Sequence[str]) -> tuple[Line, ...]:
    """Return the lines of a parameter.

    Raises:
        ConfigError: as for :func:`parse_line`, or two lines have one name.
    """
    lines = tuple(map(parse_line, texts))
    names = [line.name for line in lines]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"line {name!r}: there are {names.count(name)} of that name")
    return lines


def parse_stays(texts: Sequence[str], *, zones: Sequence[str]) -> tuple[StayRule, ...]:
    """Return the rules that ``ZONE: LABEL, LABEL for SECONDS s`` describe.

    Args:
        texts: the rules. zones: names of the zones that there are.

    Raises:
        ConfigError: a rule is not written like that, or names no zone.
    """
    rules = []
    for text in texts:
        match = _STAY.fullmatch(text)
        if match is None:
            raise ConfigError(f"stay: got {text!r}, expected it as in {_STAY_EXAMPLE!r}")
        zone, labels, seconds = match.groups()
        if zone not in zones:
            raise ConfigError(
                f"stay {text!r}: there is no zone {zone!r}; zones: {', '.join(zones) or 'none'}"
            )
        named = frozenset(label.strip() for label in labels.split(","))
        rules.append(StayRule(zone=zone, labels=named, limit_s=float(seconds)))
    return tuple(rules)
