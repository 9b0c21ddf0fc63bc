"""When rounds become an alarm, when it is over, and why."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeai_core.analyzers.fire.decision import DecisionConfig, FireDecision
from edgeai_core.analyzers.fire.evidence import RegionEvidence, RoundEvidence
from edgeai_core.errors import ConfigError
from edgeai_core.types import HazardState

MS = 1_000_000
S = 1000 * MS
NONE, START, FIRE, CLEARED = HazardState
CONFIG = DecisionConfig(
    confirm_rounds=3, window_rounds=5, clear_s=2.0, static_clear_s=8.0, cleared_hold_s=1.0
)


def evidence(
    stamp_ns: int,
    start: float = 0.0,
    fire: float = 0.0,
    *,
    activity: float = 5.0,
    kind: str = "flame",
    growth: float = math.nan,
    area: float = 0.05,
) -> RoundEvidence:
    return RoundEvidence(
        stamp_ns=stamp_ns,
        start_fire_score=start,
        fire_score=fire,
        regions=(RegionEvidence(kind=kind, activity=activity),) if start + fire > 0 else (),
        area_share=area,
        growth=growth,
    )


def states(decision: FireDecision, rounds: list[RoundEvidence]) -> list[HazardState]:
    return [decision.update(entry).state for entry in rounds]


def burning(rounds: int = 3, *, start: float = 0.7, fire: float = 0.1) -> FireDecision:
    decision = FireDecision(CONFIG)
    for number in range(rounds):
        decision.update(evidence(number * S, start, fire))
    return decision


def test_the_third_of_three_rounds_alarms_and_says_why():
    decision = FireDecision(CONFIG)
    rounds = [evidence(number * S, 0.7, 0.1) for number in range(3)]
    assert states(decision, rounds) == [NONE, NONE, START]
    assert decision.decision.since_ns == 2 * S
    assert decision.decision.reason == (
        "3 of the last 3 rounds show fire (at least 3): start 0.70, fire 0.10, together at least "
        "0.50; evidence 4.2 (limit 3.0); flame activity 5.0 (limit 2.5)"
    )


def test_three_of_five_rounds_are_enough_and_two_are_not():
    fire = (0.1, 0.8)
    shown = [fire, (), fire, (), fire]
    rounds = [evidence(n * S, *scores) for n, scores in enumerate(shown)]
    assert states(FireDecision(CONFIG), rounds) == [NONE, NONE, NONE, NONE, FIRE]
    sparse = [evidence(n * S, *(fire if n % 3 == 0 else ())) for n in range(12)]
    assert set(states(FireDecision(CONFIG), sparse)) == {NONE}


def test_rounds_that_are_barely_sure_must_be_more():
    rounds = [evidence(n * S, 0.2, 0.4) for n in range(12)]
    config = DecisionConfig(confirm_rounds=3)
    # 0.6 is 0.41 as log-odds: eight rounds make 3.2.
    assert states(FireDecision(config), rounds).index(FIRE) == 7
    counted = DecisionConfig(confirm_rounds=3, min_evidence=0.0)
    assert states(FireDecision(counted), rounds).index(FIRE) == 2


def test_rounds_of_another_view_do_not_count_and_an_alarm_stays():
    decision = FireDecision(CONFIG)
    for number in range(2):
        decision.update(evidence(number * S, 0.1, 0.8))
    decision.forget_rounds()
    later = [evidence((2 + n) * S, 0.1, 0.8) for n in range(3)]
    assert states(decision, later) == [NONE, NONE, FIRE]
    decision.forget_rounds()
    assert decision.decision.state is FIRE


@pytest.mark.parametrize(
    ("kind", "activity"), [("flame", 2.4), ("smoke", 1.7), ("flame", math.nan)]
)
def test_what_does_not_move_raises_no_alarm(kind, activity):
    rounds = [evidence(n * S, 0.0, 0.99, kind=kind, activity=activity) for n in range(20)]
    assert set(states(FireDecision(CONFIG), rounds)) == {NONE}


def test_far_smoke_counts_without_movement_where_that_is_asked():
    config = DecisionConfig(confirm_rounds=2, min_smoke_activity=0.0, min_evidence=2.0)
    decision = FireDecision(config)
    rounds = [evidence(n * S, 0.8, kind="smoke", activity=math.nan) for n in range(2)]
    assert states(decision, rounds) == [NONE, START]
    assert decision.decision.reason.endswith("smoke counts without movement")


def test_a_beginning_fire_becomes_a_fire_by_its_score_and_never_goes_back():
    decision = burning()
    later = [evidence((3 + n) * S, 0.1, 0.9) for n in range(3)]
    assert states(decision, later) == [START, START, FIRE]
    again = [evidence((6 + n) * S, 0.9, 0.05) for n in range(6)]
    assert set(states(decision, again)) == {FIRE}


def test_a_beginning_fire_that_grows_is_a_fire():
    decision = burning()
    assert decision.update(evidence(3 * S, 0.7, 0.1, growth=1.9)).state is START
    assert decision.update(evidence(4 * S, 0.7, 0.1, growth=2.5, area=0.001)).state is START
    grown = decision.update(evidence(5 * S, 0.7, 0.1, growth=2.5))
    assert grown.state is FIRE
    assert grown.reason.endswith("it grew 2.5-fold (limit 2.0) to 5.0% of the picture")


def test_quiet_clears_an_alarm_and_then_nothing_is_left_of_it():
    decision = burning()
    quiet = [evidence((3 + n) * S, 0.2) for n in range(5)]
    assert states(decision, quiet) == [START, START, CLEARED, NONE, NONE]
    decision = burning()
    for entry in quiet[:3]:
        decision.update(entry)
    assert decision.decision.reason == (
        "score below 0.30 for 2.0 s (limit 2.0 s): start 0.20, fire 0.00"
    )


def test_a_score_between_the_thresholds_keeps_the_alarm():
    decision = burning()
    assert set(states(decision, [evidence((3 + n) * S, 0.4) for n in range(30)])) == {START}


def test_a_flicker_of_quiet_does_not_clear():
    decision = burning()
    rounds = [evidence(3 * S + n * S, *((0.7,) if n % 2 else ())) for n in range(20)]
    assert set(states(decision, rounds)) == {START}


def test_an_alarm_of_something_that_stands_still_ends_later():
    decision = burning()
    rounds = [evidence((3 + n) * S, 0.9, activity=1.0) for n in range(9)]
    assert states(decision, rounds) == [START] * 8 + [CLEARED]
    assert decision.decision.reason.startswith("what looks like fire does not move for 8.0 s")


def test_a_fire_that_flares_up_while_cleared_needs_new_rounds():
    decision = burning()
    for n in range(3):
        decision.update(evidence((3 + n) * S))
    assert decision.decision.state is CLEARED
    back = [evidence(5 * S + (1 + n) * 100 * MS, 0.1, 0.8) for n in range(3)]
    assert states(decision, back) == [CLEARED, CLEARED, FIRE]


def test_rounds_that_are_too_old_do_not_count():
    config = DecisionConfig(confirm_rounds=3, max_age_s=5.0)
    rounds = [evidence(n * 4 * S, 0.9) for n in range(9)]
    assert set(states(FireDecision(config), rounds)) == {NONE}


def test_a_stamp_that_goes_back_starts_anew_and_a_repeated_one_adds_nothing():
    decision = FireDecision(CONFIG)
    assert states(decision, [evidence(S, 0.9)] * 10) == [NONE] * 10
    decision = burning()
    restarted = decision.update(evidence(0, 0.9))
    assert (restarted.state, restarted.since_ns) == (NONE, 0)
    assert states(decision, [evidence(n * S, 0.9) for n in (1, 2)]) == [NONE, START]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"confirm_rounds": 13}, "the window holds only 12 rounds"),
        ({"score_threshold": 0.2}, "clear_threshold 0.3 is above score_threshold 0.2"),
    ],
)
def test_limits_that_contradict_each_other_are_refused(values, says):
    with pytest.raises(ConfigError, match=says):
        DecisionConfig(**values)


score = st.floats(0, 0.5)
rounds_of = st.lists(
    st.tuples(score, score, st.sampled_from([math.nan, 0.5, 2.6, 9.0]), st.integers(1, 3)),
    max_size=60,
)


@given(rounds_of)
def test_no_alarm_without_enough_moving_rounds_and_none_outlives_long_quiet(entries):
    decision = FireDecision(CONFIG)
    positive: list[bool] = []
    stamp_ns = 0
    before = NONE
    for start, fire, activity, seconds in entries:
        stamp_ns += seconds * S
        positive.append(start + fire >= CONFIG.score_threshold and activity >= 2.5)
        state = decision.update(evidence(stamp_ns, start, fire, activity=activity)).state
        if before in (NONE, CLEARED) and state in (START, FIRE):
            assert sum(positive[-CONFIG.window_rounds :]) >= CONFIG.confirm_rounds
        assert (before, state) not in {(FIRE, START), (NONE, CLEARED), (START, NONE), (FIRE, NONE)}
        before = state
    for _ in range(6):
        stamp_ns += S
        decision.update(evidence(stamp_ns))
    assert decision.decision.state is NONE
