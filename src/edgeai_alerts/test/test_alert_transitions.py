"""What becomes of alerts reaches store, callbacks and channels, also after a restart."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeai_alerts.channels.base import Channel
from edgeai_alerts.config import DispatchConfig, StoreConfig
from edgeai_alerts.dispatcher import Dispatcher
from edgeai_alerts.store import EventStore
from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.engine_config import EngineConfig
from edgeai_core.alerting.plan import Plan
from edgeai_core.errors import ChannelError
from edgeai_core.types import Alert, AlertEvent, AlertState, Severity

NOW_NS = 1_750_000_000 * 1_000_000_000
RAISED, UPDATED, CLEARED, ACKNOWLEDGED, EXPIRED = AlertState
PLANS = {
    "alone": Plan(
        channels=("log",),
        escalate_after_s=30.0,
        escalate_severity=Severity.CRITICAL,
        escalate_channels=("log", "sms"),
    )
}


class Recorder:
    def __init__(self, name: str, *, takes_changes: bool = False) -> None:
        self.name = name
        self.takes_changes = takes_changes
        self.taken: list[Alert] = []
        self.away = False

    def send(self, alert: Alert) -> None:
        if self.away:
            raise ChannelError("away")
        self.taken.append(alert)

    def close(self) -> None: ...

    def states(self) -> list[AlertState]:
        return [alert.state for alert in self.taken]


class Bench:
    """Dispatchers over one file; both clocks go together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now_s = 100.0
        self.published: list[tuple[AlertState, int, int]] = []
        self.numbers = count(1)
        self.stores: list[EventStore] = []

    def wall_ns(self) -> int:
        return NOW_NS + round(self.now_s * 1e9)

    def store(self) -> EventStore:
        opened = EventStore(
            self.folder / "alerts.db",
            StoreConfig(),
            wall_clock_ns=self.wall_ns,
            report=pytest.fail,
        )
        self.stores.append(opened)
        return opened

    def dispatcher(self, *channels: Channel, queue_size: int = 100) -> Dispatcher:
        engine = AlertEngine(
            EngineConfig(cooldown_s=60.0, expire_after_s=120.0),
            clock=lambda: self.now_s,
            new_id=lambda: f"{next(self.numbers):032x}",
            plans=PLANS,
        )

        def publish(alert: Alert) -> None:
            self.published.append((alert.state, alert.telling, alert.count))

        return Dispatcher(
            engine=engine,
            store=self.store(),
            channels=channels,
            config=DispatchConfig(queue_size=queue_size),
            clock=lambda: self.now_s,
            wall_clock_ns=self.wall_ns,
            on_alert=publish,
            on_update=publish,
            report=lambda sentence: None,
        )

    def stored(self) -> list[Alert]:
        return [stored.alert for stored in self.store().alerts()]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    for store in made.stores:
        store.close()


def event(*, severity: Severity = Severity.WARNING, over: bool = False) -> AlertEvent:
    return AlertEvent(
        category="fall",
        severity=severity,
        title="somebody fell",
        reason="why",
        source="action_recognizer",
        subject="incident 1",
        camera="hall",
        over=over,
    )


def run(dispatcher: Dispatcher, rounds: int = 5) -> None:
    for _ in range(rounds):
        dispatcher.step()


def test_every_transition_is_stored_and_published_in_order(bench: Bench) -> None:
    log = Recorder("log")
    dispatcher = bench.dispatcher(log)
    alert = dispatcher.submit(event())
    assert alert is not None
    run(dispatcher)
    dispatcher.submit(event())
    bench.now_s += 1.0
    run(dispatcher)
    assert dispatcher.acknowledge(alert.alert_id, by="Ada") is True
    run(dispatcher)
    dispatcher.submit(event(over=True))
    run(dispatcher)

    assert bench.published == [
        (RAISED, 1, 1),
        (UPDATED, 1, 2),
        (ACKNOWLEDGED, 1, 2),
        (CLEARED, 1, 2),
    ]
    (stored,) = bench.stored()
    assert (stored.state, stored.acknowledged_by) == (CLEARED, "Ada")
    assert log.states() == [RAISED]


def test_what_is_over_before_it_was_told_is_raised_before_it_is_cleared(bench: Bench) -> None:
    dispatcher = bench.dispatcher()
    dispatcher.submit(event())
    dispatcher.submit(event(over=True))
    run(dispatcher)
    assert bench.published == [(RAISED, 1, 1), (CLEARED, 1, 1)]


def test_a_telling_that_overtakes_an_earlier_one_in_the_queue_is_the_raising(bench: Bench) -> None:
    log = Recorder("log")
    dispatcher = bench.dispatcher(log)
    dispatcher.submit(event())
    dispatcher.submit(event(severity=Severity.CRITICAL))
    run(dispatcher)
    assert bench.published[0] == (RAISED, 2, 2)
    assert [(alert.telling, alert.event.severity) for alert in log.taken] == [
        (2, Severity.CRITICAL)
    ]


def test_nobody_acknowledges_so_others_are_told_and_the_first_again(bench: Bench) -> None:
    log, sms = Recorder("log"), Recorder("sms")
    dispatcher = bench.dispatcher(log, sms)
    dispatcher.submit(event(), rule="alone")
    run(dispatcher)
    assert (len(log.taken), len(sms.taken)) == (1, 0)
    bench.now_s += 31.0
    run(dispatcher)
    told = [(alert.telling, alert.event.severity) for alert in log.taken + sms.taken]
    assert told == [(1, Severity.WARNING), (2, Severity.CRITICAL), (2, Severity.CRITICAL)]
    bench.now_s += 31.0
    run(dispatcher)
    assert (len(log.taken), len(sms.taken)) == (2, 1)


def test_after_a_restart_an_open_alert_still_escalates_and_still_ends(bench: Bench) -> None:
    first = bench.dispatcher(Recorder("log"), Recorder("sms"))
    raised = first.submit(event(), rule="alone")
    assert raised is not None
    run(first)
    first.close(1.0)
    bench.now_s += 20.0

    log, sms = Recorder("log"), Recorder("sms")
    second = bench.dispatcher(log, sms)
    run(second)
    assert (log.taken, sms.taken) == ([], [])
    bench.now_s += 11.0
    run(second)
    assert [alert.alert_id for alert in log.taken + sms.taken] == [raised.alert_id] * 2
    second.submit(event(over=True))
    run(second)
    assert bench.published[-1][0] is CLEARED
    assert bench.stored()[0].state is CLEARED


def test_an_open_alert_expires_after_a_restart_and_is_told_as_such(bench: Bench) -> None:
    first = bench.dispatcher()
    first.submit(event())
    run(first)
    first.close(1.0)
    bench.now_s += 121.0
    second = bench.dispatcher()
    bench.now_s += 1.0
    run(second)
    assert [state for state, _, _ in bench.published] == [RAISED, EXPIRED]
    assert bench.stored()[0].state is EXPIRED


@pytest.mark.parametrize("end", ["over", "acknowledge"])
def test_a_channel_that_shows_states_takes_changes_even_when_it_was_away(
    bench: Bench, end: str
) -> None:
    panel = Recorder("panel", takes_changes=True)
    dispatcher = bench.dispatcher(panel)
    alert = dispatcher.submit(event())
    assert alert is not None
    run(dispatcher)
    panel.away = True
    ends: dict[str, tuple[Callable[[], object], AlertState]] = {
        "over": (lambda: dispatcher.submit(event(over=True)), CLEARED),
        "acknowledge": (lambda: dispatcher.acknowledge(alert.alert_id, by="Ada"), ACKNOWLEDGED),
    }
    happen, expected = ends[end]
    happen()
    run(dispatcher)
    dispatcher.close(0.1)

    back = Recorder("panel", takes_changes=True)
    run(bench.dispatcher(back))
    assert panel.states() == [RAISED]
    assert back.states() == [expected]


def test_an_end_that_comes_before_the_channel_is_back_starts_no_cooldown(bench: Bench) -> None:
    log = Recorder("log")
    log.away = True
    dispatcher = bench.dispatcher(log)
    dispatcher.submit(event())
    run(dispatcher)
    dispatcher.submit(event(over=True))
    run(dispatcher)
    assert dispatcher.health().engine.sent == 0
    log.away = False
    bench.now_s += 60.0
    run(dispatcher)
    assert log.states() == [CLEARED]
    assert dispatcher.health().engine.sent == 1


def test_evidence_is_published_with_the_next_updates(bench: Bench) -> None:
    dispatcher = bench.dispatcher()
    alert = dispatcher.submit(event())
    assert alert is not None
    run(dispatcher)
    assert dispatcher.note_evidence(alert.alert_id, kinds=("snapshot",)) is True
    bench.now_s += 1.0
    run(dispatcher)
    assert bench.published == [(RAISED, 1, 1), (UPDATED, 1, 1)]


STEPS = st.lists(
    st.sampled_from(["fall", "worse", "over", "seen", "work", "away", "back", "wait", "crash"]),
    max_size=25,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_whatever_happens_and_crashes_every_telling_arrives_once_and_every_life_ends(
    tmp_path: Path, steps: list[str]
) -> None:
    folder = tmp_path / uuid.uuid4().hex
    bench = Bench(folder)
    log = Recorder("log")
    dispatcher = bench.dispatcher(log)
    expected: set[tuple[str, int]] = set()
    last_id = ""
    for step in [*steps, "back", "work"]:
        alert = None
        if step == "fall":
            alert = dispatcher.submit(event())
        elif step == "worse":
            alert = dispatcher.submit(event(severity=Severity.CRITICAL))
        elif step == "over":
            dispatcher.submit(event(over=True))
        elif step == "seen" and last_id:
            dispatcher.acknowledge(last_id, by="Ada")
        elif step in ("away", "back"):
            log.away = step == "away"
        elif step == "wait":
            bench.now_s += 61.0
        elif step == "crash":
            # What was stored is all that is left: nobody closes anything.
            dispatcher.step()
            dispatcher = bench.dispatcher(log)
        if alert is not None:
            last_id = alert.alert_id
            expected.add((alert.alert_id, alert.telling))
        if step in ("work", "crash"):
            bench.now_s += 61.0 if step == "work" else 0.0
            run(dispatcher)
    told = [(alert.alert_id, alert.telling) for alert in log.taken]
    assert len(told) == len(set(told))
    # A telling that a later one of the same alert overtook is told by that one.
    newest = {
        alert_id: max(t for one, t in expected if one == alert_id) for alert_id, _ in expected
    }
    assert set(told) <= expected
    assert set(newest.items()) <= set(told)
    for _ in range(2):
        bench.now_s += 121.0
        run(dispatcher)
    assert {alert.state for alert in bench.stored()} <= {CLEARED, EXPIRED}
    for store in bench.stores:
        store.close()
