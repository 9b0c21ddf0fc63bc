"""What the watch over tracked objects tells: one record for every change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from edgeai_core.geometry import Box


class EventKind(Enum):
    """What an event is about."""

    WEAPON = "weapon"
    BAG = "bag"
    PRESENCE = "presence"
    LINE = "line"


class ObjectState(Enum):
    """What has become of it; `STATES` says which kind knows which.

    SUSPECTED, CONFIRMED: a weapon was found once, and often enough. GONE: it is not seen any more.
    UNATTENDED, ABANDONED: the owner of a bag is away, and is so for long. RECLAIMED: the owner is
    back or took it. TAKEN: somebody else took it. ENTERED, LEFT: came into a zone and left it.
    LINGERING: is in the zone for longer than a rule allows. CROSSED_LEFT, CROSSED_RIGHT: crossed a
    line to the left or right of somebody who walks from its first point to its second.
    """

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    GONE = "gone"
    UNATTENDED = "unattended"
    ABANDONED = "abandoned"
    RECLAIMED = "reclaimed"
    TAKEN = "taken"
    ENTERED = "entered"
    LEFT = "left"
    LINGERING = "lingering"
    CROSSED_LEFT = "crossed_left"
    CROSSED_RIGHT = "crossed_right"


STATES: Mapping[EventKind, tuple[ObjectState, ...]] = {
    EventKind.WEAPON: (ObjectState.SUSPECTED, ObjectState.CONFIRMED, ObjectState.GONE),
    EventKind.BAG: (
        ObjectState.UNATTENDED,
        ObjectState.ABANDONED,
        ObjectState.RECLAIMED,
        ObjectState.TAKEN,
        ObjectState.GONE,
    ),
    EventKind.PRESENCE: (ObjectState.ENTERED, ObjectState.LINGERING, ObjectState.LEFT),
    EventKind.LINE: (ObjectState.CROSSED_LEFT, ObjectState.CROSSED_RIGHT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectEvent:
    """A change in what tracked objects do, or something that goes on.

    Attributes:
        kind: what it is about. state: what was decided.
        incident: number from 1 of this weapon, bag or visit, the same through all its states and
            through breaks of its track; never used twice by one watch.
        label: class name. track_id: newest identity of the tracker; None when it has none.
        owner_track_id: newest track of who holds the weapon, owns the bag or took it; None when
            nobody is known.
        zone: name of the zone or line; for bags and weapons empty.
        box: where it was seen last, pixels of the picture.
        since_ns: stamp at which what the state says began (the owner left, the zone was entered).
        stamp_ns: stamp of the frame that decided. score: 0..1, the detector's, of the last sight.
        reason: one sentence with the figures that decided.

    Raises:
        ValueError: the kind has no such state, or the score is not in 0..1.
    """

    kind: EventKind
    state: ObjectState
    incident: int
    label: str
    track_id: int | None
    owner_track_id: int | None = None
    zone: str = ""
    box: Box
    since_ns: int
    stamp_ns: int
    score: float
    reason: str

    def __post_init__(self) -> None:
        if self.state not in STATES[self.kind]:
            raise ValueError(
                f"object event: {self.kind.value} cannot be {self.state.value}; expected "
                f"{', '.join(state.value for state in STATES[self.kind])}"
            )
        if not (math.isfinite(self.score) and 0.0 <= self.score <= 1.0):
            raise ValueError(f"object event: score must be in 0..1, got {self.score}")
