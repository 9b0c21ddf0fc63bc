"""Alerts without a person who is to be forgotten."""

from __future__ import annotations

from datetime import time
from itertools import count

import pytest

from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.engine_config import EngineConfig
from edgeai_core.alerting.forgetting import FORGOTTEN_PERSON, Forgotten
from edgeai_core.alerting.queue import AlertQueue
from edgeai_core.alerting.rulebook import RuleBook
from edgeai_core.alerting.rules import Rule, When
from edgeai_core.alerting.situation import Situation
from edgeai_core.geometry import Box
from edgeai_core.types import (
    Alert,
    AlertEvent,
    AlertState,
    AuthState,
    FaceMatch,
    SessionState,
    Severity,
)

ADA = Forgotten(person_id="p1", name="Ada")
S = 1_000_000_000


def event(subject: str, *, over: bool = False, stamp_ns: int = 0) -> AlertEvent:
    return AlertEvent(
        category="unauthorised_person",
        severity=Severity.WARNING,
        title="Ada is not authorised",
        reason="Ada was recognised",
        source="face_authenticator",
        subject=subject,
        camera="hall",
        over=over,
        stamp_ns=stamp_ns,
    )


def engine() -> AlertEngine:
    numbers = count(1)
    return AlertEngine(EngineConfig(), clock=lambda: 0.0, new_id=lambda: f"{next(numbers):032x}")


def test_without_an_id_nobody_is_forgotten():
    with pytest.raises(ValueError, match="got no person_id"):
        Forgotten(person_id=" ", name="Ada")


def test_what_is_not_about_the_person_stays_the_same_object():
    alert = Alert(alert_id="1" * 32, event=event("p2"), raised_ns=0)
    assert ADA.out_of(alert) is alert


def test_an_open_alert_is_told_anew_without_the_person_and_ends_as_it_would_have():
    watch = engine()
    first, other = watch.submit(event("p1")), watch.submit(event("p2"))
    assert first is not None
    assert other is not None
    watch.acknowledge(other.alert_id, by="Ada")
    watch.forget_person(ADA)
    told = {alert.alert_id: alert for alert in watch.take_changes()}
    anonymous = told[first.alert_id]
    assert (anonymous.event.title, anonymous.event.reason) == (FORGOTTEN_PERSON, FORGOTTEN_PERSON)
    assert anonymous.event.subject == "forgotten"
    assert anonymous.state is AlertState.RAISED
    assert told[other.alert_id].acknowledged_by == FORGOTTEN_PERSON
    assert told[other.alert_id].event == other.event
    # What comes of it still belongs to the same alert.
    assert watch.submit(ADA.out_of_event(event("p1"))) is None
    watch.submit(ADA.out_of_event(event("p1", over=True)))
    [cleared] = watch.take_changes()
    assert (cleared.alert_id, cleared.state) == (first.alert_id, AlertState.CLEARED)
    assert [alert.alert_id for alert in watch.remembered()] == [first.alert_id, other.alert_id]


def test_a_change_that_nobody_took_yet_is_rewritten():
    watch = engine()
    raised = watch.submit(event("p1"))
    assert raised is not None
    watch.submit(event("p1", over=True))
    watch.forget_person(ADA)
    [told] = watch.take_changes()
    assert (told.state, told.event.title) == (AlertState.CLEARED, FORGOTTEN_PERSON)


def test_what_waits_in_the_queue_is_rewritten_and_keeps_its_place():
    line = AlertQueue(capacity=5)
    for number, subject in enumerate(("p1", "p2", "p1 7")):
        line.put(Alert(alert_id=f"{number:032x}", event=event(subject), raised_ns=0))
    line.rewrite(ADA.out_of)
    assert [alert.event.subject for alert in line.take_all()] == [
        "forgotten",
        "p2",
        "forgotten 7",
    ]


def test_what_must_last_before_it_is_told_is_told_without_the_person():
    rule = Rule(name="later", min_duration_s=5.0)
    book = RuleBook(
        [rule], situation=Situation(hold_s=5.0), time_of_day=lambda stamp_ns: time(12, 0)
    )
    assert book.judge([event("p1")]) == []
    book.forget_person(ADA)
    [told] = book.judge([event("p1", stamp_ns=5 * S)])
    assert (told.event.title, told.event.subject) == (FORGOTTEN_PERSON, "forgotten")


def test_whoever_is_forgotten_is_nobody_whom_a_rule_knows_though_still_seen():
    situation = Situation(hold_s=5.0)
    here = When(present=("Ada",))
    match = FaceMatch(
        box=Box(0.0, 0.0, 9.0, 9.0), detection_score=0.9, person_id="p1", person_name="Ada"
    )
    access = AuthState(
        state=SessionState.ACTIVE, person_id="p1", person_name="Ada", expires_ns=100 * S
    )

    def seen() -> bool:
        situation.see_faces([match], stamp_ns=S, camera="hall")
        situation.see_access(access)
        return situation.meets(here, event("p2", stamp_ns=S))

    assert seen()
    situation.forget_person(ADA)
    assert not situation.meets(here, event("p2", stamp_ns=S))
    assert not seen()
    assert situation.state is SessionState.ACTIVE
