"""Which events become alerts, at exact times of a clock in hand."""

from __future__ import annotations

import dataclasses
from itertools import count

import pytest

from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.engine_config import EngineConfig, EngineCounters
from edgeai_core.alerting.plan import Plan
from edgeai_core.types import Alert, AlertEvent, Severity

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL


class Clock:
    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def make_engine(
    clock: Clock, *, plans: dict[str, Plan] | None = None, **limits: object
) -> AlertEngine:
    numbers = count(1)
    return AlertEngine(
        # Most tests tell subjects apart; those of places say so.
        EngineConfig(**{"same_place_s": 0.0, **limits}),  # type: ignore[arg-type]
        clock=clock,
        new_id=lambda: f"{next(numbers):032x}",
        plans=plans or {},
    )


def event(
    subject: str = "track 1",
    severity: Severity = WARNING,
    *,
    reason: str = "why",
    stamp_ns: int = 0,
) -> AlertEvent:
    return AlertEvent(
        category="unknown_face",
        severity=severity,
        title="unknown face",
        reason=reason,
        source="face_authenticator",
        subject=subject,
        camera="entrance",
        stamp_ns=stamp_ns,
    )


def raised(engine: AlertEngine, an_event: AlertEvent) -> Alert:
    alert = engine.submit(an_event)
    assert alert is not None
    return alert


def test_the_same_thing_is_one_alert_with_a_count_and_the_latest_reason() -> None:
    engine = make_engine(Clock())
    first = raised(engine, event(reason="first", stamp_ns=10))

    assert engine.submit(event(reason="second", stamp_ns=20)) is None
    assert engine.submit(event(reason="third", stamp_ns=30)) is None

    (alert,) = engine.pending()
    assert alert.alert_id == first.alert_id == f"{1:032x}"
    assert (alert.count, alert.raised_ns, alert.event.stamp_ns) == (3, 10, 30)
    assert alert.event.reason == "third"
    assert engine.counters == EngineCounters(events=3, raised=1, deduplicated=2)


@pytest.mark.parametrize("field", ["category", "camera", "subject"])
def test_another_category_camera_or_subject_is_another_alert(field: str) -> None:
    engine = make_engine(Clock())
    raised(engine, event())

    other = raised(engine, dataclasses.replace(event(), **{field: "another"}))

    assert len(engine.pending()) == 2
    assert other.count == 1


def test_the_cooldown_starts_when_the_alert_was_sent_and_ends_to_the_second() -> None:
    clock = Clock()
    engine = make_engine(clock, cooldown_s=60.0)
    alert = raised(engine, event())

    clock.now_s += 500.0  # the channel is away: nobody was told, so nothing cools down
    assert engine.submit(event()) is None
    assert engine.mark_sent(alert.alert_id) is True
    clock.now_s += 59.999
    assert engine.submit(event()) is None
    clock.now_s += 0.001
    again = raised(engine, event())

    assert (again.alert_id, again.telling, again.count) == (alert.alert_id, 2, 4)
    assert engine.counters == EngineCounters(
        events=4, raised=1, sent=1, deduplicated=1, cooled_down=1, reminded=1
    )


def test_a_second_channel_does_not_restart_the_cooldown() -> None:
    clock = Clock()
    engine = make_engine(clock, cooldown_s=10.0)
    alert = raised(engine, event())
    assert engine.mark_sent(alert.alert_id) is True
    clock.now_s += 9.0

    assert engine.mark_sent(alert.alert_id) is False
    clock.now_s += 1.0

    assert engine.submit(event()) is not None
    assert engine.mark_sent("never heard of") is False


def test_a_more_severe_event_tells_the_same_alert_again_and_milder_ones_keep_the_severity() -> None:
    engine = make_engine(Clock())
    warning = raised(engine, event(severity=WARNING))
    critical = raised(engine, event(severity=CRITICAL))

    assert engine.submit(event(severity=INFO)) is None

    (pending,) = engine.pending()
    assert pending.alert_id == critical.alert_id == warning.alert_id
    assert pending.event.severity is CRITICAL
    assert (warning.telling, critical.telling) == (1, 2)
    # The milder telling is still being delivered; its being sent must not quieten the other.
    assert engine.mark_sent(warning.alert_id, telling=warning.telling) is False
    assert engine.pending() == (pending,)


def test_a_critical_event_breaks_the_cooldown_of_a_warning() -> None:
    engine = make_engine(Clock())
    engine.mark_sent(raised(engine, event(severity=WARNING)).alert_id)

    assert engine.submit(event(severity=CRITICAL)) is not None


def test_the_rate_is_a_burst_then_one_token_every_six_seconds() -> None:
    clock = Clock()
    engine = make_engine(clock, max_alerts_per_minute=10)

    burst = [engine.submit(event(f"track {n}")) for n in range(12)]
    assert [alert is not None for alert in burst] == [True] * 10 + [False] * 2
    clock.now_s += 5.9
    assert engine.submit(event("track 10")) is None
    clock.now_s += 0.2
    assert engine.submit(event("track 10")) is not None
    assert engine.submit(event("track 11")) is None
    assert engine.counters.rate_limited == 4


def test_a_critical_alert_needs_no_token_but_takes_one() -> None:
    engine = make_engine(Clock(), max_alerts_per_minute=1)

    assert engine.submit(event("fire", CRITICAL)) is not None
    assert engine.submit(event("face", WARNING)) is None
    assert engine.submit(event("fire 2", CRITICAL)) is not None


def test_the_oldest_sent_key_is_forgotten_before_any_unsent_one() -> None:
    engine = make_engine(Clock(), max_keys=2)
    unsent = raised(engine, event("first"))
    engine.mark_sent(raised(engine, event("second")).alert_id)

    third = raised(engine, event("third"))

    assert [alert.alert_id for alert in engine.pending()] == [unsent.alert_id, third.alert_id]
    assert engine.submit(event("second")) is not None
    assert engine.counters.forgotten_keys == 2


def test_memory_is_bounded_under_a_minute_of_a_thousand_events_a_second() -> None:
    clock = Clock()
    engine = make_engine(clock, max_keys=100, cooldown_s=60.0, max_alerts_per_minute=6000)
    told = 0
    for number in range(60_000):
        clock.now_s += 0.001
        alert = engine.submit(event(f"track {number}", CRITICAL, reason="x" * 5000))
        told += alert is not None
    assert told == 60_000
    assert len(engine.pending()) == 100
    assert max(len(alert.event.reason) for alert in engine.pending()) == 1000
    assert engine.counters.forgotten_keys == 59_900


def test_a_restored_alert_is_pending_or_cools_down_for_what_is_left() -> None:
    clock = Clock()
    engine = make_engine(clock, cooldown_s=60.0)
    unsent = Alert(alert_id="a" * 32, event=event("unsent"), raised_ns=1)
    sent = Alert(alert_id="b" * 32, event=event("sent"), raised_ns=1)
    future = Alert(alert_id="c" * 32, event=event("future"), raised_ns=1)
    old = Alert(alert_id="d" * 32, event=event("old"), raised_ns=1)

    engine.restore(sent, sent_age_s=50.0)
    engine.restore(future, sent_age_s=-3600.0)  # the wall clock was set back since
    engine.restore(old, sent_age_s=60.0)
    engine.restore(unsent)

    assert engine.pending() == (unsent,)
    assert engine.submit(event("old")) is not None
    clock.now_s += 10.0
    assert engine.submit(event("sent")) is not None
    assert engine.submit(event("future")) is None
    clock.now_s += 50.0
    assert engine.submit(event("future")) is not None


def test_updates_are_taken_once_and_hold_the_latest_count() -> None:
    engine = make_engine(Clock())
    alert = raised(engine, event())
    assert engine.take_updates() == ()
    engine.mark_sent(alert.alert_id)
    engine.submit(event())
    engine.submit(event())

    (update,) = engine.take_updates()

    assert (update.alert_id, update.count) == (alert.alert_id, 3)
    assert engine.take_updates() == ()
    assert engine.current(alert.alert_id) == update


def test_a_withdrawn_alert_is_raised_anew() -> None:
    engine = make_engine(Clock())
    engine.withdraw(raised(engine, event()).alert_id)

    assert engine.pending() == ()
    assert engine.submit(event()) is not None
