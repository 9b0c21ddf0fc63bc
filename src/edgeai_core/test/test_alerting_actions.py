"""Which movements people are told, and how."""

from __future__ import annotations

import dataclasses

import pytest

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.alerting.observers.actions import ActionConfig, ActionObserver
from edgeai_core.config import build
from edgeai_core.geometry import Box
from edgeai_core.types import Severity


def event(
    action: Action, at_s: int = 1, *, incident: int = 1, probability: float = 0.75
) -> ActionEvent:
    return ActionEvent(
        action=action,
        incident=incident,
        probability=probability,
        track_ids=(4,),
        box=Box(0.0, 0.0, 9.0, 9.0),
        start_ns=0,
        end_ns=0,
        stamp_ns=at_s * 1_000_000_000,
        reason="the head came down by 0.6 body heights",
    )


def observer(**values) -> ActionObserver:
    return ActionObserver(build(ActionConfig, values), source="action_recognizer")


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (Action.FALL, ("fall", "WARNING", "somebody fell")),
        (Action.LYING, ("lying", "CRITICAL", "somebody fell and stays down")),
        (Action.RECOVERED, ("recovered", "INFO", "somebody who fell is up again")),
        (Action.FLIGHT, ("flight", "WARNING", "people run away")),
        (Action.FIGHT, ("fight", "CRITICAL", "a fight")),
        (Action.ACCIDENT, ("accident", "CRITICAL", "an accident")),
    ],
)
def test_what_is_told(action, told):
    before = [event(Action.FALL)] if action is Action.RECOVERED else []
    *_, alert = observer().observe([*before, event(action, probability=0.95)], camera="hall")
    assert (alert.category, alert.severity.name, alert.title) == told
    assert (alert.reason, alert.score, alert.camera, alert.source) == (
        "the head came down by 0.6 body heights",
        0.95,
        "hall",
        "action_recognizer",
    )


def test_how_people_move_is_nobodys_business_unless_somebody_asks_for_runners():
    everyday = [event(a) for a in (Action.STAND, Action.SIT, Action.WALK, Action.FAST_WALK)]
    assert observer().observe([*everyday, event(Action.RUN)], camera="hall") == []
    assert len(observer(run="INFO").observe([*everyday, event(Action.RUN)], camera="hall")) == 1


def test_every_action_can_be_switched_off():
    off = dict.fromkeys(("fall", "lying", "recovered", "flight", "fight", "accident"), "NONE")
    assert observer(**off).observe([event(action) for action in Action], camera="hall") == []


def test_a_fall_and_what_follows_have_one_subject_and_the_next_fall_another():
    watch = observer()

    def subjects(*events: ActionEvent) -> list[str]:
        return [alert.subject for alert in watch.observe(events, camera="hall")]

    first = subjects(event(Action.FALL, 1), event(Action.LYING, 4), event(Action.RECOVERED, 9))
    assert first == ["incident 1 of 1000000000"] * 5
    # A node that was started anew counts from 1 again.
    assert subjects(event(Action.FALL, 20)) == ["incident 1 of 20000000000"]
    assert subjects(event(Action.FALL, 21, incident=2)) == ["incident 2 of 21000000000"]


def test_what_is_unsure_is_told_to_nobody_and_neither_is_what_follows():
    lost = event(Action.FALL, probability=0.65)
    strict = observer(min_probability=0.7)
    assert strict.observe([lost, event(Action.RECOVERED, 9)], camera="hall") == []
    told = observer().observe([lost, event(Action.RECOVERED, 9)], camera="hall")
    assert [alert.category for alert in told if not alert.over] == ["fall", "recovered"]


def test_a_vehicle_that_stopped_at_nothing_is_told_once_a_touch_or_a_person_down_is_seen():
    street = observer()
    alone = event(Action.ACCIDENT, probability=0.55)
    assert street.observe([alone], camera="gate") == []
    told = street.observe([event(Action.ACCIDENT, 2, probability=0.8)], camera="gate")
    assert [(alert.category, alert.severity) for alert in told] == [("accident", Severity.CRITICAL)]


def test_a_fight_that_becomes_surer_is_one_subject_and_its_end_ends_it():
    began = event(Action.FIGHT, probability=0.6)
    surer = dataclasses.replace(began, probability=0.8, stamp_ns=2_000_000_000)
    over = dataclasses.replace(surer, end_ns=2_500_000_000, stamp_ns=3_000_000_000)
    watcher = observer(fight_min_probability=0.5)
    told = [alert for e in (began, surer, over) for alert in watcher.observe([e], camera="hall")]
    assert [(alert.score, alert.over) for alert in told] == [
        (0.6, False),
        (0.8, False),
        (0.8, True),
    ]
    assert len({alert.subject for alert in told}) == 1
    assert observer(min_probability=0.0).observe([began, surer, over], camera="hall") == []


def test_a_recovery_ends_the_fall_and_the_lying_also_when_itself_is_told_to_nobody():
    watch = observer(recovered="NONE")
    watch.observe([event(Action.FALL, 1), event(Action.LYING, 4)], camera="hall")
    ends = watch.observe([event(Action.RECOVERED, 9)], camera="hall")
    assert [(end.category, end.over) for end in ends] == [("fall", True), ("lying", True)]


def test_a_fall_that_is_told_to_nobody_has_no_recovery():
    watch = observer(fall="NONE")
    assert watch.observe([event(Action.FALL), event(Action.RECOVERED, 9)], camera="hall") == []
