"""What the analyzers told of a recording, as events that expectations can be about."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from edgeai_core.geometry import Box


class Kind(Enum):
    """What tells of it; `label` then is the object's class, the person's name or "unknown", the
    hazard's state, kind and state of an object's event ("bag.abandoned"), the action, or the
    alert's category.
    """

    OBJECT = "object"
    FACE = "face"
    HAZARD = "hazard"
    OBJECT_EVENT = "object_event"
    ACTION = "action"
    ALERT = "alert"

    @property
    def lasts(self) -> bool:
        """Whether it is followed from frame to frame; the others are told once."""
        return self in (Kind.OBJECT, Kind.FACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How something looked in one frame.

    Attributes:
        at_s: stamp of the frame, seconds after the recording's first one.
        score: 0..1; NaN where nothing says it. box: pixels of the picture; None for nowhere.
    """

    at_s: float
    score: float
    box: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that was seen, from its first moment to its last.

    Attributes:
        kind, label: what it is. track: identity, from 1; 0 for none.
        moments: at least one, in the order of the frames. reason: why, where that was told.
    """

    kind: Kind
    label: str
    moments: tuple[Moment, ...]
    track: int = 0
    reason: str = ""

    @property
    def first(self) -> Moment:
        return self.moments[0]

    @property
    def last(self) -> Moment:
        return self.moments[-1]

    @property
    def best(self) -> Moment:
        """The moment of the highest score, the first of those that are equal."""
        return max(self.moments, key=lambda m: -1.0 if math.isnan(m.score) else m.score)
