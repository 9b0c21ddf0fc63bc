"""Which alerts start a goal, and when it is cancelled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgeai_core.alerting.trigger import NOTHING, AlertTrigger, Step, TriggerConfig
from edgeai_core.types import Alert, AlertEvent, AlertState, Severity

NOW_NS = 1_000_000_000_000
FIRE = Alert(
    alert_id="f" * 32,
    event=AlertEvent(
        category="fire",
        severity=Severity.CRITICAL,
        title="fire",
        reason="4 of 6 rounds",
        source="fire_detector",
        camera="kitchen",
        zone="stove",
    ),
    raised_ns=NOW_NS - 1_000_000_000,
)
STRANGER = replace(
    FIRE,
    alert_id="a" * 32,
    event=replace(FIRE.event, category="unknown_face", severity=Severity.WARNING, zone=""),
)
ANY = TriggerConfig(min_severity="INFO")


def told(alert: Alert, state: AlertState) -> Alert:
    return replace(alert, state=state)


def test_a_chosen_alert_starts_its_goal_once() -> None:
    trigger = AlertTrigger(ANY)
    assert trigger.see(FIRE, now_ns=NOW_NS) == Step(start=FIRE)
    assert trigger.see(told(FIRE, AlertState.UPDATED), now_ns=NOW_NS) == NOTHING
    assert trigger.running is FIRE


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        (TriggerConfig(), True),
        (TriggerConfig(categories=("fire", "start_fire")), True),
        (TriggerConfig(categories=("intrusion",)), False),
        (TriggerConfig(cameras=("kitchen",), zones=("stove",)), True),
        (TriggerConfig(cameras=("garden",)), False),
        (TriggerConfig(zones=("stairs",)), False),
    ],
)
def test_category_camera_and_zone_all_have_to_fit(config: TriggerConfig, wanted: bool) -> None:
    assert (AlertTrigger(config).see(FIRE, now_ns=NOW_NS) != NOTHING) is wanted


def test_less_severe_alerts_start_nothing() -> None:
    assert AlertTrigger(TriggerConfig()).see(STRANGER, now_ns=NOW_NS) == NOTHING


def test_alerts_of_long_ago_start_nothing() -> None:
    trigger = AlertTrigger(TriggerConfig(max_age_s=10.0))
    assert trigger.see(FIRE, now_ns=FIRE.raised_ns + 10_000_000_001) == NOTHING
    assert trigger.see(FIRE, now_ns=FIRE.raised_ns + 10_000_000_000) == Step(start=FIRE)


@pytest.mark.parametrize("state", [AlertState.CLEARED, AlertState.EXPIRED])
def test_what_is_over_cancels_its_goal(state: AlertState) -> None:
    trigger = AlertTrigger(ANY)
    trigger.see(FIRE, now_ns=NOW_NS)
    assert trigger.see(told(STRANGER, state), now_ns=NOW_NS) == NOTHING
    assert trigger.see(told(FIRE, state), now_ns=NOW_NS) == Step(cancel=True)
    assert trigger.goal_ended() == NOTHING
    assert trigger.running is None


def test_an_acknowledged_alert_keeps_its_goal() -> None:
    trigger = AlertTrigger(ANY)
    trigger.see(FIRE, now_ns=NOW_NS)
    assert trigger.see(told(FIRE, AlertState.ACKNOWLEDGED), now_ns=NOW_NS) == NOTHING


def test_while_a_goal_runs_an_alert_that_is_no_more_severe_is_passed_over_and_counted() -> None:
    trigger = AlertTrigger(ANY)
    trigger.see(FIRE, now_ns=NOW_NS)
    assert trigger.see(STRANGER, now_ns=NOW_NS) == NOTHING
    assert trigger.passed_over == 1
    assert trigger.goal_ended() == NOTHING


def test_a_more_severe_alert_takes_the_place_of_the_goal_that_runs() -> None:
    trigger = AlertTrigger(ANY)
    trigger.see(STRANGER, now_ns=NOW_NS)
    assert trigger.see(FIRE, now_ns=NOW_NS) == Step(cancel=True)
    assert trigger.see(told(STRANGER, AlertState.CLEARED), now_ns=NOW_NS) == NOTHING
    assert trigger.goal_ended() == Step(start=FIRE)
    assert trigger.running is FIRE


def test_an_alert_that_is_over_while_it_waits_starts_nothing() -> None:
    trigger = AlertTrigger(ANY)
    trigger.see(STRANGER, now_ns=NOW_NS)
    trigger.see(FIRE, now_ns=NOW_NS)
    assert trigger.see(told(FIRE, AlertState.CLEARED), now_ns=NOW_NS) == NOTHING
    assert trigger.goal_ended() == NOTHING
    assert trigger.running is None
