"""The life of alerts: what follows on what, and what no order of events can break."""

from __future__ import annotations

import dataclasses
from itertools import count, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeai_core.alerting import life
from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.engine_config import EngineConfig
from edgeai_core.alerting.life import NEXT, Happening
from edgeai_core.alerting.memory import parse_camera_groups
from edgeai_core.alerting.plan import Plan
from edgeai_core.errors import ConfigError
from edgeai_core.types import Alert, AlertEvent, AlertState, Severity

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
RAISED, UPDATED, CLEARED, ACKNOWLEDGED, EXPIRED = AlertState


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def event(
    subject: str = "track 1",
    severity: Severity = WARNING,
    *,
    category: str = "unknown_face",
    camera: str = "entrance",
    zone: str = "",
    title: str = "unknown face",
    over: bool = False,
) -> AlertEvent:
    return AlertEvent(
        category=category,
        severity=severity,
        title=title,
        reason="why",
        source="face_authenticator",
        subject=subject,
        camera=camera,
        zone=zone,
        over=over,
    )


def make_engine(
    clock: Clock, plans: dict[str, Plan] | None = None, **limits: object
) -> AlertEngine:
    numbers = count(1)
    return AlertEngine(
        EngineConfig(**limits),  # type: ignore[arg-type]
        clock=clock,
        new_id=lambda: f"{next(numbers):032x}",
        plans=plans or {},
    )


def raised(engine: AlertEngine, an_event: AlertEvent, *, rule: str = "") -> Alert:
    alert = engine.submit(an_event, rule=rule)
    assert alert is not None
    return alert


def states(alerts: tuple[Alert, ...]) -> list[AlertState]:
    return [alert.state for alert in alerts]


def test_the_table_knows_every_state_and_every_happening() -> None:
    assert set(NEXT) == set(product(AlertState, Happening))


@pytest.mark.parametrize("state", list(AlertState))
def test_ends_stay_until_it_happens_again(state: AlertState) -> None:
    alert = Alert(alert_id="a" * 32, event=event(), raised_ns=1, state=state)
    over, silent = life.ended(alert, Happening.OVER), life.ended(alert, Happening.SILENT)
    if life.is_open(alert):
        assert (over.state, silent.state) == (CLEARED, EXPIRED)
    else:
        assert over == silent == alert
    again = life.merged(over, event())
    assert (again.state, again.count) == (UPDATED, 2)


def test_the_first_name_stays_and_what_has_ended_stays_ended() -> None:
    alert = Alert(alert_id="a" * 32, event=event(), raised_ns=1)
    seen = life.acknowledged(alert, by="Ada")
    assert (seen.state, seen.acknowledged_by) == (ACKNOWLEDGED, "Ada")
    assert life.acknowledged(seen, by="Ben") == seen
    late = life.acknowledged(life.ended(alert, Happening.OVER), by="Ada")
    assert (late.state, late.acknowledged_by) == (CLEARED, "Ada")
    assert life.merged(late, event()).state is ACKNOWLEDGED


def test_an_alert_ends_when_all_that_it_is_about_is_over() -> None:
    engine = make_engine(Clock())
    alert = raised(engine, event("track 1"))
    assert engine.submit(event("track 2")) is None
    engine.submit(event("track 1", over=True))
    assert engine.take_changes() == ()
    engine.submit(event("track 2", over=True))
    engine.submit(event("track 2", over=True))
    (change,) = engine.take_changes()
    assert (change.alert_id, change.state, change.count) == (alert.alert_id, CLEARED, 2)
    assert engine.counters.cleared == 1


def test_the_end_of_what_was_never_told_is_nothing() -> None:
    engine = make_engine(Clock())
    assert engine.submit(event(over=True)) is None
    assert (engine.take_changes(), engine.pending()) == ((), ())


def test_without_events_an_alert_expires_to_the_second() -> None:
    clock = Clock()
    engine = make_engine(clock, expire_after_s=100.0)
    raised(engine, event())
    clock.now_s += 50.0
    engine.submit(event())
    clock.now_s += 99.9
    assert engine.check() == ()
    assert engine.take_changes() == ()
    clock.now_s += 0.1
    assert engine.check() == ()
    assert states(engine.take_changes()) == [EXPIRED]


def test_what_comes_back_within_the_cooldown_is_the_same_alert_and_later_another() -> None:
    clock = Clock()
    engine = make_engine(clock, cooldown_s=60.0, same_place_s=0.0)
    alert = raised(engine, event())
    engine.mark_sent(alert.alert_id)
    engine.submit(event(over=True))
    clock.now_s += 59.0
    assert engine.submit(event()) is None
    (change,) = engine.take_changes()
    assert (change.alert_id, change.state) == (alert.alert_id, UPDATED)
    engine.submit(event(over=True))
    clock.now_s += 1.0
    assert raised(engine, event()).alert_id != alert.alert_id


def test_a_track_with_a_new_number_in_the_same_place_is_the_same_alert_for_seconds() -> None:
    clock = Clock()
    engine = make_engine(clock, same_place_s=5.0)
    raised(engine, event("track 1"))
    clock.now_s += 5.0
    assert engine.submit(event("track 2")) is None
    clock.now_s += 5.0
    assert engine.submit(event("track 3")) is None
    clock.now_s += 5.1
    assert engine.submit(event("track 4")) is not None
    assert engine.submit(event("track 3")) is None
    assert [alert.count for alert in engine.pending()] == [4, 1]


@pytest.mark.parametrize(
    "other",
    [
        {"zone": "stairs"},
        {"camera": "garden"},
        {"category": "watched_object"},
        {"title": "gun in view"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_zone_camera_kind_or_thing_is_another_alert(other: dict[str, str]) -> None:
    engine = make_engine(Clock())
    raised(engine, event("track 1"))
    assert engine.submit(event("track 2", **other)) is not None


def test_two_people_or_nodes_are_never_taken_for_one() -> None:
    engine = make_engine(Clock())
    for category in ("node_fault", "unauthorised_person", "access_granted"):
        raised(engine, event("one", category=category))
        raised(engine, event("two", category=category))


def test_cameras_of_one_group_tell_once_and_the_alert_ends_when_both_are_clear() -> None:
    engine = make_engine(Clock(), camera_groups=("front: entrance, porch",))
    raised(engine, event("fire of 1", category="fire", camera="entrance"))
    assert engine.submit(event("fire of 2", category="fire", camera="porch")) is None
    assert engine.submit(event("fire of 3", category="fire", camera="attic")) is not None
    engine.submit(event("fire of 1", category="fire", camera="entrance", over=True))
    assert engine.take_changes() == ()
    engine.submit(event("fire of 2", category="fire", camera="porch", over=True))
    assert states(engine.take_changes()) == [CLEARED]


@pytest.mark.parametrize("text", ["front", "front: a", ": a, b", "front: a,"])
def test_a_group_that_is_none_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="'front: entrance, porch'"):
        parse_camera_groups([text])


def test_a_camera_is_in_one_group_only() -> None:
    with pytest.raises(ConfigError, match="camera 'b' is in group 'one/' already"):
        parse_camera_groups(["one: a, b", "two: b, c"])


ESCALATING = {
    "alone": Plan(
        channels=("log",),
        escalate_after_s=30.0,
        escalate_severity=CRITICAL,
        escalate_channels=("sms",),
    )
}


def test_nobody_acknowledges_so_it_is_told_again_once_louder_and_elsewhere() -> None:
    clock = Clock()
    engine = make_engine(clock, plans=ESCALATING)
    alert = raised(engine, event(), rule="alone")
    assert engine.channels_of(alert) == ("log",)
    engine.mark_sent(alert.alert_id)
    clock.now_s += 29.9
    assert engine.check() == ()
    clock.now_s += 0.1
    (louder,) = engine.check()
    assert (louder.alert_id, louder.telling, louder.escalated) == (alert.alert_id, 2, True)
    assert louder.event.severity is CRITICAL
    assert engine.channels_of(louder) == ("sms",)
    engine.mark_sent(alert.alert_id, telling=2)
    clock.now_s += 30.0
    assert engine.check() == ()


@pytest.mark.parametrize("answer", ["acknowledge", "over"])
def test_who_acknowledges_or_what_is_over_stops_the_escalation(answer: str) -> None:
    clock = Clock()
    engine = make_engine(clock, plans=ESCALATING)
    alert = raised(engine, event(), rule="alone")
    engine.mark_sent(alert.alert_id)
    if answer == "acknowledge":
        assert engine.acknowledge(alert.alert_id, by="Ada") is True
        assert engine.acknowledge(alert.alert_id, by="Ben") is False
        (change,) = engine.take_changes()
        assert (change.state, change.acknowledged_by) == (ACKNOWLEDGED, "Ada")
    else:
        engine.submit(event(over=True))
    clock.now_s += 1000.0
    assert engine.check() == ()


def test_an_acknowledged_alert_is_not_told_again_unless_it_gets_worse() -> None:
    clock = Clock()
    engine = make_engine(clock, cooldown_s=10.0)
    alert = raised(engine, event())
    engine.mark_sent(alert.alert_id)
    engine.acknowledge(alert.alert_id, by="Ada")
    clock.now_s += 20.0
    assert engine.submit(event()) is None
    worse = engine.submit(event(severity=CRITICAL))
    assert worse is not None
    assert (worse.telling, worse.state) == (2, ACKNOWLEDGED)


def test_a_restored_alert_goes_on_expires_and_escalates_where_it_was() -> None:
    clock = Clock()
    engine = make_engine(clock, plans=ESCALATING, expire_after_s=100.0)
    plain = Alert(alert_id="a" * 32, event=event("a", category="node_fault"), raised_ns=1)
    planned = Alert(
        alert_id="b" * 32, event=event("b", category="node_fault"), raised_ns=1, rule="alone"
    )
    engine.restore(plain, sent_age_s=10.0, age_s=500.0, silent_s=95.0)
    engine.restore(planned, sent_age_s=10.0, age_s=25.0, silent_s=95.0)
    clock.now_s += 5.0
    assert [alert.alert_id for alert in engine.check()] == ["b" * 32]
    (change,) = engine.take_changes()
    assert (change.alert_id, change.state) == ("a" * 32, EXPIRED)


def test_what_is_forgotten_for_want_of_room_is_not_left_open() -> None:
    engine = make_engine(Clock(), max_keys=2, same_place_s=0.0)
    first = raised(engine, event("1"))
    raised(engine, event("2"))
    raised(engine, event("3"))
    (change,) = engine.take_changes()
    assert (change.alert_id, change.state) == (first.alert_id, EXPIRED)


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("event"), st.sampled_from("abcd"), st.sampled_from(list(Severity))),
        st.tuples(st.just("over"), st.sampled_from("abcd"), st.just(INFO)),
        st.tuples(st.just("send"), st.just(""), st.just(INFO)),
        st.tuples(st.just("seen"), st.sampled_from("abcd"), st.just(INFO)),
        st.tuples(st.just("wait"), st.sampled_from(["0.5", "9.5", "10.5", "31"]), st.just(INFO)),
    ),
    max_size=60,
)


class Model:
    """What people know after each step, kept apart from the engine."""

    def __init__(self, *, same_place_s: float) -> None:
        self.clock = Clock()
        self.engine = make_engine(
            self.clock,
            plans=ESCALATING,
            cooldown_s=10.0,
            expire_after_s=30.0,
            max_alerts_per_minute=2,
            same_place_s=same_place_s,
        )
        self.alerts: dict[str, Alert] = {}
        self.told: list[tuple[str, int]] = []
        self.acknowledged: set[str] = set()

    def tell(self, alert: Alert) -> None:
        known = self.alerts.get(alert.alert_id)
        if known is None:
            assert (alert.telling, alert.state, alert.count) == (1, RAISED, 1)
        else:
            assert alert.telling == known.telling + 1
            assert alert.event.severity >= known.event.severity
            assert alert.count >= known.count
        assert alert.alert_id not in self.acknowledged or (
            known is not None and alert.event.severity > known.event.severity
        )
        self.told.append((alert.alert_id, alert.telling))
        self.alerts[alert.alert_id] = alert

    def settle(self) -> None:
        for alert in self.engine.take_changes():
            known = self.alerts[alert.alert_id]
            assert alert.state is not RAISED
            assert alert.count >= known.count
            assert not known.acknowledged_by or alert.acknowledged_by == known.acknowledged_by
            self.alerts[alert.alert_id] = alert

    def run(self, verb: str, argument: str, severity: Severity) -> None:
        if verb == "wait":
            self.clock.now_s += float(argument)
            for alert in self.engine.check():
                assert alert.escalated
                self.tell(alert)
        elif verb == "send":
            for alert in self.engine.pending():
                assert self.engine.mark_sent(alert.alert_id, telling=alert.telling)
        elif verb == "seen":
            for alert in self.engine.pending()[:1]:
                if self.engine.acknowledge(alert.alert_id, by=argument):
                    self.acknowledged.add(alert.alert_id)
        elif verb == "over":
            assert self.engine.submit(event(argument, over=True)) is None
        else:
            new = self.engine.submit(event(argument, severity), rule="alone")
            if new is not None:
                self.tell(new)
            elif severity is CRITICAL:
                # Never lost: an alert that is as severe stands for it, and people were or will
                # be told of it.
                covering = [
                    alert
                    for alert in map(self.engine.current, self.alerts)
                    if alert is not None and life.is_open(alert)
                ]
                assert any(alert.event.severity is CRITICAL for alert in covering)
        self.settle()


@settings(max_examples=150, deadline=None)
@given(OPERATIONS, st.sampled_from([0.0, 5.0]))
def test_no_critical_is_lost_nothing_is_told_twice_and_every_life_is_in_order(
    operations: list[tuple[str, str, Severity]], same_place_s: float
) -> None:
    model = Model(same_place_s=same_place_s)
    for operation in operations:
        model.run(*operation)
    assert len(model.told) == len(set(model.told))
    counters = model.engine.counters
    overs = sum(1 for verb, _, _ in operations if verb == "over")
    assert counters.events - overs == (
        counters.raised
        + counters.deduplicated
        + counters.cooled_down
        + counters.rate_limited
        + counters.reminded
        + counters.worsened
    )
    assert counters.raised == len(model.alerts)
    # Left alone, everything ends.
    for _ in range(3):
        model.clock.now_s += 31.0
        for alert in model.engine.check():
            model.tell(alert)
        for alert in model.engine.pending():
            model.engine.mark_sent(alert.alert_id, telling=alert.telling)
        model.settle()
    assert {alert.state for alert in model.alerts.values()} <= {CLEARED, EXPIRED}


def test_evidence_is_told_with_the_next_update() -> None:
    engine = make_engine(Clock())
    alert = raised(engine, event())
    assert engine.note_evidence(alert.alert_id, kinds=("snapshot",)) is True
    assert engine.note_evidence("unknown", kinds=("snapshot",)) is False
    (update,) = engine.take_updates()
    assert update == dataclasses.replace(alert, evidence=("snapshot",), state=UPDATED)
