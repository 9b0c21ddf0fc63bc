"""People and bags that move as a script says, seen by a camera above them."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

from edgeai_core.geometry import Box

WIDTH_PX, HEIGHT_PX = 1280, 720
# Perspective: a body is 105 px high where feet are at 300 px, and 262 px at 650 px.
_HORIZON_PX = 67.0
_BODY_PER_PX = 0.45
_BODY_WIDTH = 0.34
_BAG_WIDTH, _BAG_HEIGHT = 0.27, 0.32
# A carried bag hangs beside the thigh: in widths of the body, and in heights above the ground.
_HAND_ASIDE, _HAND_UP = 0.35, 0.2

Place = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Where somebody is.

    Attributes:
        stops: second, and feet in pixels; straight and even between them, absent before and after.
    """

    stops: tuple[tuple[float, Place], ...]

    def at(self, second: float) -> Place | None:
        """Return where the feet are, None for absent."""
        times = [time for time, _ in self.stops]
        if not self.stops or not times[0] <= second <= times[-1]:
            return None
        right = min(bisect.bisect_right(times, second), len(times) - 1)
        left = max(right - 1, 0)
        (t0, (x0, y0)), (t1, (x1, y1)) = self.stops[left], self.stops[right]
        share = (second - t0) / (t1 - t0) if t1 > t0 else 1.0
        return x0 + share * (x1 - x0), y0 + share * (y1 - y0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A bag in somebody's hand. Attributes: who: name of the person."""

    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriage:
    """Where a bag is and whose it is.

    Attributes:
        parts: from which second it is held by whom, stands where, or (None) is gone; in order.
        owners: from which second it is whose; nobody's before and where empty: never left alone.
    """

    parts: tuple[tuple[float, Held | Place | None], ...]
    owners: tuple[tuple[float, str], ...]

    def at(self, second: float) -> Held | Place | None:
        """Return who holds it or where it stands."""
        now: Held | Place | None = None
        for begin, part in self.parts:
            if begin <= second:
                now = part
        return now

    def owner_at(self, second: float) -> str | None:
        """Return whose it is."""
        now = None
        for begin, who in self.owners:
            if begin <= second:
                now = who
        return now


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A scene over time.

    Attributes:
        people, bags: by name. seconds: how long. furniture: bags that nobody needs to own.
    """

    people: dict[str, Walk]
    bags: dict[str, Carriage]
    seconds: float

    def person_boxes(self, second: float) -> dict[str, Box]:
        """Return the boxes of who is there and at least half in the picture, pixels."""
        boxes = {}
        for name, walk in self.people.items():
            feet = walk.at(second)
            if feet is not None and 0 <= feet[0] <= WIDTH_PX:
                boxes[name] = person_box(feet)
        return boxes

    def bag_boxes(self, second: float) -> dict[str, Box]:
        """Return the boxes of the bags that are in the picture, pixels."""
        boxes = {}
        for name, carriage in self.bags.items():
            part = carriage.at(second)
            if isinstance(part, Held):
                feet = self.people[part.who].at(second)
                if feet is None or not 0 <= feet[0] <= WIDTH_PX:
                    continue
                body_px = body_height_px(feet[1])
                hand = (
                    feet[0] + _HAND_ASIDE * _BODY_WIDTH * body_px,
                    feet[1] - _HAND_UP * body_px,
                )
                boxes[name] = _bag_box(hand, body_px)
            elif part is not None:
                boxes[name] = _bag_box(part, body_height_px(part[1]))
        return boxes


def body_height_px(foot_y_px: float) -> float:
    """Return how high a body is whose feet are at a row."""
    return _BODY_PER_PX * (foot_y_px - _HORIZON_PX)


def person_box(feet: Place) -> Box:
    """Return the box of somebody who stands there."""
    body_px = body_height_px(feet[1])
    half_px = _BODY_WIDTH * body_px / 2
    box = Box(feet[0] - half_px, feet[1] - body_px, feet[0] + half_px, feet[1])
    return box.clipped(width_px=WIDTH_PX, height_px=HEIGHT_PX)


def _bag_box(bottom: Place, body_px: float) -> Box:
    half_px = _BAG_WIDTH * body_px / 2
    box = Box(
        bottom[0] - half_px, bottom[1] - _BAG_HEIGHT * body_px, bottom[0] + half_px, bottom[1]
    )
    return box.clipped(width_px=WIDTH_PX, height_px=HEIGHT_PX)
