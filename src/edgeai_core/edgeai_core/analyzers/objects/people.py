"""Where people were in the last seconds."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from edgeai_core.analyzers.objects.proximity import (
    PERSON,
    feet,
    heights_between,
    is_at_border,
)
from edgeai_core.analyzers.objects.tracked import NS_PER_S, TrackedObject
from edgeai_core.geometry import Box

_MAX_PEOPLE = 256
_REMEMBERED_S = 12.0
_SAMPLE_NS = NS_PER_S // 5
_MAX_MET = 32
# A walker makes 0.8 heights in a second, the detector's jitter 0.05.
_STANDING_HEIGHTS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """How somebody was near a thing. Attributes: near_s: for how long. stood_s: standing still."""

    near_s: float
    stood_s: float


@dataclass(slots=True)
class PersonPlace:
    """Where somebody was seen last.

    Attributes:
        identity: number of the person. track_id: newest track. box: pixels. last_ns: when.
        at_border: the box touched the picture's border, so that the person may have left.
        samples: stamp and box of the last seconds, five a second.
        met: identity to stamp of those who may be this person under a swapped track.
    """

    identity: int
    track_id: int
    box: Box
    last_ns: int
    at_border: bool
    samples: deque[tuple[int, Box]] = field(
        default_factory=lambda: deque(maxlen=round(_REMEMBERED_S * NS_PER_S / _SAMPLE_NS))
    )
    met: dict[int, int] = field(default_factory=dict)

    def meet(self, other: int, stamp_ns: int) -> None:
        """Note that either of two may be the other; the oldest meetings are forgotten."""
        self.met.pop(other, None)
        self.met[other] = stamp_ns
        if len(self.met) > _MAX_MET:
            del self.met[next(iter(self.met))]


class People:
    """The persons of one camera; owned by one thread."""

    def __init__(self) -> None:
        self._places: dict[int, PersonPlace] = {}
        self._now_ns = 0

    def reset(self) -> None:
        """Forget everybody."""
        self._places.clear()

    def update(
        self,
        sightings: Sequence[TrackedObject],
        *,
        stamp_ns: int,
        width_px: int,
        height_px: int,
        doubts: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Note where the persons of a frame are, and of whom either may be the other."""
        self._now_ns = stamp_ns
        for sighting in sightings:
            if sighting.label != PERSON:
                continue
            at_border = is_at_border(sighting.box, width_px=width_px, height_px=height_px)
            place = self._places.pop(sighting.identity, None)
            if place is None:
                place = PersonPlace(
                    sighting.identity, sighting.track_id, sighting.box, stamp_ns, at_border
                )
            place.track_id, place.box = sighting.track_id, sighting.box
            place.last_ns, place.at_border = stamp_ns, at_border
            if not place.samples or stamp_ns - place.samples[-1][0] >= _SAMPLE_NS:
                place.samples.append((stamp_ns, sighting.box))
            self._places[sighting.identity] = place
        # Whoever was seen last is last; the first ones are forgotten.
        while len(self._places) > _MAX_PEOPLE:
            del self._places[next(iter(self._places))]
        for a, b in doubts:
            if a in self._places and b in self._places:
                self._places[a].meet(b, stamp_ns)
                self._places[b].meet(a, stamp_ns)

    def present(self) -> list[PersonPlace]:
        """Return who is in the newest frame."""
        return [place for place in self._places.values() if place.last_ns == self._now_ns]

    def find(self, identity: int) -> PersonPlace | None:
        """Return where somebody was seen last, None when that is forgotten."""
        return self._places.get(identity)

    def stays_near(
        self, box: Box, *, begin_ns: int, end_ns: int, limit_heights: float
    ) -> dict[int, Stay]:
        """Return how each person was near a thing within a time; who never was is left out.

        Args:
            box: of the thing, pixels. begin_ns, end_ns: stamps, at most 12 s back.
            limit_heights: how near, in heights of the person's body.
        """
        stays: dict[int, Stay] = {}
        for place in self._places.values():
            near = [
                index
                for index, (at_ns, where) in enumerate(place.samples)
                if begin_ns <= at_ns <= end_ns and heights_between(box, where) <= limit_heights
            ]
            if near:
                stood = sum(_stood(place.samples, index) for index in near)
                stays[place.identity] = Stay(
                    near_s=len(near) * _SAMPLE_NS / NS_PER_S,
                    stood_s=stood * _SAMPLE_NS / NS_PER_S,
                )
        return stays


def _stood(samples: Sequence[tuple[int, Box]], index: int) -> bool:
    """Return whether somebody is where they were a second before."""
    at_ns, box = samples[index]
    for earlier in range(index - 1, -1, -1):
        before_ns, before = samples[earlier]
        if at_ns - before_ns >= NS_PER_S:
            moved_px = math.dist(feet(before), feet(box))
            return moved_px <= _STANDING_HEIGHTS * max(box.height_px, 1.0)
    return False
