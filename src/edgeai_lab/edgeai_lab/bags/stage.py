"""The stage of a script: places, walks and people who pass."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgeai_lab.bags.world import WIDTH_PX, Carriage, Held, Place, Walk, body_height_px

SECONDS = 75.0
_OUTSIDE_PX = 80.0
_SPEED_HEIGHTS = (0.65, 0.95)


@dataclass(slots=True)
class Stage:
    """What scripts draw their people from.

    Attributes:
        rng: of the sequence. spot: where the bag is put down.
    """

    rng: np.random.Generator
    spot: Place

    def beside(self, heights: float) -> Place:
        """Return a place so many heights beside the spot, on a side of chance."""
        side = 1 if self.rng.random() < 0.5 else -1
        x, y = self.spot
        return x + side * heights * body_height_px(y), y + float(self.rng.uniform(-10, 10))

    def outside(self) -> Place:
        """Return a place beside the picture."""
        x = -_OUTSIDE_PX if self.rng.random() < 0.5 else WIDTH_PX + _OUTSIDE_PX
        return x, self.spot[1] + float(self.rng.uniform(-60, 60))

    def walk(self, begin: float, *stops: Place | float) -> Walk:
        """Return a walk from a second on: places to go to, and seconds to wait at the last one."""
        now, times = begin, []
        at: Place | None = None
        for stop in stops:
            if isinstance(stop, float):
                now += stop
            else:
                if at is not None:
                    now += _seconds_between(at, stop, float(self.rng.uniform(*_SPEED_HEIGHTS)))
                at = stop
            assert at is not None
            times.append((now, at))
        return Walk(stops=tuple(times))

    def passers(self, count: int, *, seconds: float = SECONDS) -> dict[str, Walk]:
        """Return people who walk through the picture, some of them right past the spot."""
        walks = {}
        for number in range(count):
            y = self.spot[1] + float(self.rng.uniform(-90, 70))
            ends: list[Place] = [(-_OUTSIDE_PX, y), (WIDTH_PX + _OUTSIDE_PX, y)]
            if self.rng.random() < 0.5:
                ends.reverse()
            begin = float(self.rng.uniform(-10, seconds))
            walks[f"passer {number}"] = self.walk(begin, *ends)
        return walks


def _seconds_between(a: Place, b: Place, speed_heights: float) -> float:
    body_px = body_height_px((a[1] + b[1]) / 2)
    # Depth is seen shortened; a step towards the camera moves fewer pixels.
    return math.hypot(b[0] - a[0], 1.5 * (b[1] - a[1])) / (speed_heights * body_px)


def arrival_of(walk: Walk) -> float:
    """Return the second at which somebody is at the first place of a walk."""
    return walk.stops[1][0]


def bag_of(
    *parts: tuple[float, Held | Place | None], owners: tuple[tuple[float, str], ...]
) -> Carriage:
    """Return where a bag is and whose; see :class:`Carriage`."""
    return Carriage(parts=parts, owners=owners)
