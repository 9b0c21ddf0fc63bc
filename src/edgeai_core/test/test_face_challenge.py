"""The head must turn as asked, when asked, and a recording cannot know."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgeai_core.analyzers.faces.challenge import (
    ChallengeConfig,
    ChallengeState,
    HeadTurnChallenge,
)
from edgeai_core.types import Instruction

WAITING, PASSED, FAILED = ChallengeState.WAITING, ChallengeState.PASSED, ChallengeState.FAILED
LEFT, RIGHT = Instruction.TURN_LEFT, Instruction.TURN_RIGHT


def challenge(turns: int = 3, seed: int = 0) -> HeadTurnChallenge:
    return HeadTurnChallenge(ChallengeConfig(turns=turns), rng=np.random.default_rng(seed))


def obey(asked: HeadTurnChallenge, *, delay_s: float = 0.4) -> ChallengeState:
    """Turn 20 degrees as told, `delay_s` after being told, and back; 10 frames a second."""
    told, since_s, time_s = Instruction.NONE, 0.0, 0.0
    while asked.state is WAITING:
        if asked.instruction is not told:
            told, since_s = asked.instruction, time_s
        yaw_deg = {LEFT: 20.0, RIGHT: -20.0}.get(told, 0.0) if time_s - since_s >= delay_s else 0.0
        time_s += 0.1
        asked.update(yaw_deg, time_s)
    return asked.state


@pytest.mark.parametrize("turns", [1, 3, 5])
@pytest.mark.parametrize("seed", range(5))
def test_who_turns_as_asked_passes(turns: int, seed: int) -> None:
    assert obey(challenge(turns, seed)) is PASSED


def test_instructions_alternate_between_a_turn_and_looking_ahead() -> None:
    asked = challenge(2)
    assert asked.instruction is Instruction.LOOK_AHEAD
    asked.update(3.0, 0.0)  # where the head looks first is its rest
    first = asked.instruction
    assert first in (LEFT, RIGHT)
    assert asked.turns_left == 2
    asked.update(3.0 + (20.0 if first is LEFT else -20.0), 0.5)
    assert asked.instruction is Instruction.LOOK_AHEAD
    assert asked.turns_left == 1
    assert asked.update(3.0 + 8.0, 0.8) is WAITING
    assert asked.instruction is Instruction.LOOK_AHEAD  # not back yet: 8 of 7 degrees
    asked.update(3.0 - 6.0, 1.0)
    assert asked.instruction in (LEFT, RIGHT)


def test_turn_to_the_wrong_side_fails() -> None:
    asked = challenge(1)
    asked.update(0.0, 0.0)
    wrong_deg = -20.0 if asked.instruction is LEFT else 20.0
    assert asked.update(wrong_deg, 0.5) is FAILED
    assert asked.instruction is Instruction.NONE
    assert asked.update(-wrong_deg, 1.0) is FAILED


def test_turn_sooner_than_a_person_reacts_fails() -> None:
    asked = challenge(1)
    asked.update(0.0, 0.0)
    right_deg = 20.0 if asked.instruction is LEFT else -20.0
    assert asked.update(right_deg, 0.14) is FAILED


def test_turn_that_does_not_come_in_time_fails() -> None:
    asked = challenge(1)
    asked.update(0.0, 0.0)
    assert asked.update(14.9, 4.0) is WAITING
    assert asked.update(0.0, 4.01) is FAILED


def test_head_that_does_not_come_back_in_time_fails() -> None:
    assert obey(challenge(1)) is PASSED
    asked = challenge(2)
    asked.update(0.0, 0.0)
    away_deg = 20.0 if asked.instruction is LEFT else -20.0
    asked.update(away_deg, 0.5)
    assert asked.update(away_deg, 4.5) is WAITING
    assert asked.update(away_deg, 4.6) is FAILED


def test_missing_yaw_is_no_turn() -> None:
    asked = challenge(1)
    asked.update(0.0, 0.0)
    assert asked.update(math.nan, 0.5) is WAITING
    assert asked.turns_left == 1


def test_recording_with_turns_of_its_own_passes_no_more_often_than_chance() -> None:
    # A recorded head that turns to a random side every two seconds, out of step with the orders.
    passed = 0
    for trial in range(400):
        rng = np.random.default_rng(1000 + trial)
        sides, start_s = rng.choice([-1, 1], 100), rng.uniform(0, 2)
        asked, time_s = challenge(3, trial), 0.0
        while asked.state is WAITING:
            time_s += 0.1
            since_s = time_s + start_s
            side = sides[int(since_s // 2)]
            asked.update(25.0 * side * math.sin(math.pi * (since_s % 2) / 2), time_s)
        passed += asked.state is PASSED
    assert passed <= 400 * 0.125 * 1.3
    assert passed > 0  # three turns are few: that is why five are recommended


def test_no_turns_asked_are_passed_at_once() -> None:
    asked = challenge(0)
    assert (asked.state, asked.instruction, asked.turns_left) == (PASSED, Instruction.NONE, 0)
