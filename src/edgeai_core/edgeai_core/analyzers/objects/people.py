"""Where people were in the last seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from edgeai_core.analyzers.objects.identities import NS_PER_S, Sighting
from edgeai_core.analyzers.objects.proximity import PERSON, heights_between, is_at_border
from edgeai_core.geometry import Box

_MAX_PEOPLE = 256
_REMEMBERED_S = 12.0
_SAMPLE_NS = NS_PER_S // 5


@dataclass(slots=True)
class PersonPlace:
    """Where somebody was seen last.

    Attributes:
        identity: number of the person. track_id: newest track. box: pixels. last_ns: when.
        at_border: the box touched the picture's border, so that the person may have left.
        samples: stamp and box of the last seconds, five a second.
    """

    identity: int
    track_id: int
    box: Box
    last_ns: int
    at_border: bool
    samples: deque[tuple[int, Box]] = field(
        default_factory=lambda: deque(maxlen=round(_REMEMBERED_S * NS_PER_S / _SAMPLE_NS))
    )


class People:
    """The persons of one camera; owned by one thread."""

    def __init__(self) -> None:
        self._places: dict[int, PersonPlace] = {}
        self._now_ns = 0

    def reset(self) -> None:
        """Forget everybody."""
        self._places.clear()

    def update(
        self, sightings: Sequence[Sighting], *, stamp_ns: int, width_px: int, height_px: int
    ) -> None:
        """Note where the persons of a frame are."""
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

    def present(self) -> list[PersonPlace]:
        """Return who is in the newest frame."""
        return [place for place in self._places.values() if place.last_ns == self._now_ns]

    def find(self, identity: int) -> PersonPlace | None:
        """Return where somebody was seen last, None when that is forgotten."""
        return self._places.get(identity)

    def seconds_near(
        self, box: Box, *, begin_ns: int, end_ns: int, limit_heights: float
    ) -> dict[int, float]:
        """Return for how long each person was near a thing within a time; those who never were
        are left out.

        Args:
            box: of the thing, pixels. begin_ns, end_ns: stamps, at most 12 s back.
            limit_heights: how near, in heights of the person's body.
        """
        seconds: dict[int, float] = {}
        for place in self._places.values():
            near = sum(
                begin_ns <= at_ns <= end_ns and heights_between(box, where) <= limit_heights
                for at_ns, where in place.samples
            )
            if near:
                seconds[place.identity] = near * _SAMPLE_NS / NS_PER_S
        return seconds
