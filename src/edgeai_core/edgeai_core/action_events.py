"""What the watch over people's movements tells: one record for every change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from edgeai_core.geometry import Box


class Action(Enum):
    """What somebody does.

    FALL: went down faster than one lies down. LYING: is still down after a fall. RECOVERED: got up
    again. FLIGHT: several run away at once.
    """

    STAND = "stand"
    SIT = "sit"
    WALK = "walk"
    FAST_WALK = "fast_walk"
    RUN = "run"
    FLIGHT = "flight"
    FALL = "fall"
    LYING = "lying"
    RECOVERED = "recovered"
    FIGHT = "fight"
    ACCIDENT = "accident"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionEvent:
    """A change in what people do, or something that goes on.

    Attributes:
        action: what it is. incident: number from 1, the same for a fall, the lying after it and
            the recovery; never used twice by one watch.
        probability: 0..1. track_ids: newest identities of those who take part, ascending; empty
            when a person is followed without one.
        box: around all who take part, pixels of the picture.
        start_ns: stamp at which it began. end_ns: stamp at which it was over, or `start_ns` while
            it lasts. stamp_ns: stamp of the frame that decided.
        reason: one sentence with the moments, joints and figures that decided.

    Raises:
        ValueError: the probability is not in 0..1, or the stamps are out of order.
    """

    action: Action
    incident: int
    probability: float
    track_ids: tuple[int, ...]
    box: Box
    start_ns: int
    end_ns: int
    stamp_ns: int
    reason: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.probability) and 0.0 <= self.probability <= 1.0):
            raise ValueError(f"action event: expected 0..1, got probability {self.probability}")
        if not self.start_ns <= self.end_ns <= self.stamp_ns:
            raise ValueError(
                f"action event: expected start <= end <= stamp, got {self.start_ns}, "
                f"{self.end_ns}, {self.stamp_ns}"
            )
