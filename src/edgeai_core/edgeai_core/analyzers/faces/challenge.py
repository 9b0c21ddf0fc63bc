"""Ask for random head turns and check that the head follows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from edgeai_core.config import param
from edgeai_core.types import Instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeConfig:
    """The head turns that are asked for before a face counts as living."""

    turns: int = param(
        0,
        "Random head turns asked for; 0 asks for none. A replayed recording passes n of them with "
        "a chance of at most 2^-n: 5 are a safeguard against it, fewer are not",
        minimum=0,
        maximum=20,
    )
    reach_deg: float = param(
        15.0,
        "How far the head must turn; higher is harder to mistake and harder to do",
        unit="deg",
        minimum=5.0,
        maximum=45.0,
    )
    rest_deg: float = param(
        7.0,
        "How near the head must come to where it looked first before the next turn is asked for",
        unit="deg",
        minimum=1.0,
        maximum=30.0,
    )
    reaction_s: float = param(
        0.15,
        "A turn that is complete sooner after it was asked for was not an answer to it",
        unit="s",
        minimum=0.0,
        maximum=2.0,
    )
    limit_s: float = param(
        4.0,
        "Time for each turn and for each return",
        unit="s",
        minimum=0.5,
        maximum=60.0,
    )
    pause_s: float = param(
        3.0,
        "After a wrong or late turn the face counts as not living so long, then all turns are "
        "asked for again",
        unit="s",
        minimum=0.5,
        maximum=600.0,
    )


class ChallengeState(Enum):
    """How far the challenge got."""

    WAITING = "waiting"
    PASSED = "passed"
    FAILED = "failed"


class HeadTurnChallenge:
    """A sequence of random head turns.

    The head must be near its first yaw when a turn is asked for, may not complete it before a
    person could react, and must not go the other way.

    Args:
        config: how many turns and how far. rng: draws them; unpredictable where it matters.
    """

    def __init__(self, config: ChallengeConfig, *, rng: np.random.Generator) -> None:
        self._config = config
        self._turns = [
            Instruction.TURN_LEFT if left else Instruction.TURN_RIGHT
            for left in rng.integers(0, 2, config.turns)
        ]
        self._resting_deg = math.nan
        self._asked_s = math.nan
        self._waiting_since_s = math.nan
        self.state = ChallengeState.WAITING if self._turns else ChallengeState.PASSED

    @property
    def turns_left(self) -> int:
        """How many turns are still to be made."""
        return len(self._turns)

    @property
    def instruction(self) -> Instruction:
        """What the person is asked to do now."""
        if self.state is not ChallengeState.WAITING:
            return Instruction.NONE
        return Instruction.LOOK_AHEAD if math.isnan(self._asked_s) else self._turns[0]

    def update(self, yaw_deg: float, time_s: float) -> ChallengeState:
        """Take one measurement and return the new state.

        Args:
            yaw_deg: positive towards the person's left. time_s: of the frame, ascending.
        """
        if self.state is not ChallengeState.WAITING:
            return self.state
        if math.isnan(self._waiting_since_s):
            self._waiting_since_s, self._resting_deg = time_s, yaw_deg
        if time_s - self._waiting_since_s > self._config.limit_s:
            self.state = ChallengeState.FAILED
            return self.state
        offset_deg = yaw_deg - self._resting_deg
        if math.isnan(self._asked_s):
            if abs(offset_deg) <= self._config.rest_deg:
                self._asked_s = self._waiting_since_s = time_s
            return self.state
        # Written as "not at least", so that a NaN is no turn.
        if not abs(offset_deg) >= self._config.reach_deg:
            return self.state
        turned = Instruction.TURN_LEFT if offset_deg > 0 else Instruction.TURN_RIGHT
        if turned is not self._turns[0] or time_s - self._asked_s < self._config.reaction_s:
            self.state = ChallengeState.FAILED
            return self.state
        self._turns.pop(0)
        self._asked_s, self._waiting_since_s = math.nan, time_s
        if not self._turns:
            self.state = ChallengeState.PASSED
        return self.state
