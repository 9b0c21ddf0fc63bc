"""The dispatcher: stores first, sends once, retries, and nothing stops it."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from edgeai_alerts.channels.base import Channel
from edgeai_alerts.config import DispatchConfig, StoreConfig
from edgeai_alerts.dispatcher import Dispatcher
from edgeai_alerts.store import EventStore
from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.engine_config import EngineConfig
from edgeai_core.alerting.ratelimit import BackoffConfig
from edgeai_core.errors import AlertRefusedError, ChannelError
from edgeai_core.types import Alert, AlertEvent, Severity

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
NOW_NS = 1_750_000_000 * 1_000_000_000
RETRY = BackoffConfig(initial_s=1.0, maximum_s=8.0)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Recorder:
    """A channel that keeps what it took and raises what it is told to."""

    def __init__(self, name: str = "recorder") -> None:
        self.name = name
        self.error: Exception | None = None
        self.taken: list[Alert] = []
        self.tries = 0
        self.closed = 0
        self.arrived = threading.Event()

    def send(self, alert: Alert) -> None:
        self.tries += 1
        if self.error is not None:
            raise self.error
        self.taken.append(alert)
        self.arrived.set()

    def close(self) -> None:
        self.closed += 1


class Bench:
    """Dispatchers over one file, with clocks in hand."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "alerts.db"
        self.clock = Clock()
        self.wall_ns = NOW_NS
        self.reports: list[str] = []
        self.published: list[Alert] = []
        self.updates: list[Alert] = []
        self.numbers = count(1)
        self.stores: list[EventStore] = []

    def open_store(self) -> EventStore:
        store = EventStore(
            self.path,
            StoreConfig(busy_timeout_s=0.0),
            wall_clock_ns=lambda: self.wall_ns,
            report=self.reports.append,
        )
        self.stores.append(store)
        return store

    def dispatcher(
        self,
        *channels: Channel,
        store: EventStore | None = None,
        queue_size: int = 1000,
        lane_size: int = 1000,
        cooldown_s: float = 60.0,
        per_minute: int = 6000,
    ) -> Dispatcher:
        engine = AlertEngine(
            EngineConfig(cooldown_s=cooldown_s, max_alerts_per_minute=per_minute, same_place_s=0.0),
            clock=self.clock,
            new_id=lambda: f"{next(self.numbers):032x}",
        )
        return Dispatcher(
            engine=engine,
            store=store or self.open_store(),
            channels=channels,
            config=DispatchConfig(queue_size=queue_size, lane_size=lane_size, retry=RETRY),
            clock=self.clock,
            wall_clock_ns=lambda: self.wall_ns,
            on_alert=self.published.append,
            on_update=self.updates.append,
            report=self.reports.append,
        )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    for store in made.stores:
        store.close()


def event(
    subject: str = "track 1", severity: Severity = WARNING, *, reason: str = "why"
) -> AlertEvent:
    return AlertEvent(
        category="unknown_face",
        severity=severity,
        title="unknown face",
        reason=reason,
        source="face_authenticator",
        subject=subject,
    )


def subjects(alerts: list[Alert]) -> list[str]:
    return [alert.event.subject for alert in alerts]


def run(dispatcher: Dispatcher, rounds: int = 20) -> None:
    for _ in range(rounds):
        dispatcher.step()


def test_an_alert_is_stored_then_published_then_sent_everywhere(bench: Bench) -> None:
    store = bench.open_store()
    order: list[str] = []

    class Witness(Recorder):
        def send(self, alert: Alert) -> None:
            order.append(f"{self.name}: {len(store.alerts())} stored")
            super().send(alert)

    dispatcher = bench.dispatcher(Witness("a"), Witness("b"), store=store)
    dispatcher._on_alert = lambda alert: order.append(f"published: {len(store.alerts())} stored")

    alert = dispatcher.submit(event())
    assert alert is not None
    assert (order, store.alerts()) == ([], [])  # submit itself touches neither disk nor channel
    dispatcher.step()

    assert order == ["published: 1 stored", "a: 1 stored", "b: 1 stored"]
    (stored,) = store.alerts()
    assert (stored.sent, stored.waiting) == ((("a", NOW_NS), ("b", NOW_NS)), ())
    assert dispatcher.health().problems() == ()


def test_a_channel_that_fails_is_tried_again_with_back_off_and_starts_no_cooldown(
    bench: Bench,
) -> None:
    channel = Recorder()
    channel.error = ChannelError("broker away")
    dispatcher = bench.dispatcher(channel, cooldown_s=10.0)
    dispatcher.submit(event())
    tried_at = []
    for _ in range(240):
        before = channel.tries
        dispatcher.step()
        if channel.tries > before:
            tried_at.append(bench.clock.now_s - 100.0)
        bench.clock.now_s += 0.125
        dispatcher.submit(event(reason="still there"))

    assert tried_at == [0.0, 1.0, 3.0, 7.0, 15.0, 23.0]
    health = dispatcher.health()
    assert (health.engine.raised, health.engine.sent, health.engine.cooled_down) == (1, 0, 0)
    assert (health.channels[0].failed, health.channels[0].waiting) == (6, 1)
    assert health.problems() == (
        "channel recorder failed 6 times in a row, 1 alerts wait: broker away",
    )

    channel.error = None
    bench.clock.now_s += 8.0
    dispatcher.step()

    (alert,) = channel.taken
    assert (alert.count, alert.event.reason) == (241, "still there")
    assert dispatcher.health().engine.sent == 1
    assert dispatcher.submit(event()) is None
    assert dispatcher.health().engine.cooled_down == 1
    assert bench.reports == [
        "channel recorder: broker away; 1 alerts wait, next try in 1.0 s",
        "channel recorder: works again after 6 failures",
    ]


def test_one_dead_channel_holds_up_no_other_and_gets_all_in_order_when_it_is_back(
    bench: Bench,
) -> None:
    dead, alive = Recorder("dead"), Recorder("alive")
    dead.error = ChannelError("away")
    dispatcher = bench.dispatcher(dead, alive, lane_size=5)
    names = [f"track {number}" for number in range(23)]
    for name in names:
        dispatcher.submit(event(name))
        dispatcher.step()
        bench.clock.now_s += 13.0  # five minutes in all
    run(dispatcher)
    assert subjects(alive.taken) == names
    assert dead.taken == []
    assert dead.tries <= 41  # one try per wait of 8 s at most, however many alerts wait
    waiting = dispatcher.health().channels[0]
    assert (waiting.waiting, waiting.more_in_store) == (5, True)

    dead.error = None
    bench.clock.now_s += 8.0
    run(dispatcher, 60)

    assert subjects(dead.taken) == names
    assert dispatcher.health().channels[0].sent == 23


def test_a_bug_in_a_channel_stops_nobody_and_its_text_is_not_told(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = Recorder("bad"), Recorder("good")
    bad.error = RuntimeError("smtp://user:secret@host")
    dispatcher = bench.dispatcher(bad, good)
    dispatcher.submit(event("a"))
    dispatcher.submit(event("b"))
    run(dispatcher)

    assert subjects(good.taken) == ["a", "b"]
    (problem,) = dispatcher.health().problems()
    assert problem == "channel bad failed 1 times in a row, 2 alerts wait: unexpected RuntimeError"
    assert "secret" not in " ".join(bench.reports)
    assert len(caplog.records) == 1
    bad.error = None
    bench.clock.now_s += 1.0
    run(dispatcher)
    assert sorted(subjects(bad.taken)) == ["a", "b"]


def test_an_alert_that_trips_a_bug_lets_the_others_go_first(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    class Choosy(Recorder):
        def send(self, alert: Alert) -> None:
            self.error = KeyError("a") if alert.event.subject == "a" else None
            super().send(alert)

    channel = Choosy()
    dispatcher = bench.dispatcher(channel)
    for name in ("a", "b", "c"):
        dispatcher.submit(event(name))
    run(dispatcher)
    bench.clock.now_s += 1.0
    run(dispatcher)

    assert subjects(channel.taken) == ["b", "c"]
    assert dispatcher.health().channels[0].waiting == 1
    assert caplog.records


def test_a_refused_alert_is_not_tried_again_and_its_next_event_is_raised_anew(
    bench: Bench,
) -> None:
    channel = Recorder()
    channel.error = AlertRefusedError("too long for a text message")
    dispatcher = bench.dispatcher(channel)
    dispatcher.submit(event())
    run(dispatcher)

    assert channel.tries == 1
    assert dispatcher.health().channels[0].refused == 1
    assert "given up: too long" in bench.reports[0]
    assert dispatcher.submit(event()) is not None


def test_a_callback_that_raises_does_not_stop_the_alert(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    channel = Recorder()
    dispatcher = bench.dispatcher(channel)

    def broken(alert: Alert) -> None:
        raise RuntimeError("publisher is gone")

    dispatcher._on_alert = broken
    dispatcher.submit(event())
    run(dispatcher)

    assert len(channel.taken) == 1
    assert dispatcher.health().callback_errors == 1
    assert "publisher is gone" in caplog.text


def test_with_a_dead_store_alerts_go_out_and_are_stored_when_it_is_back(bench: Bench) -> None:
    store = bench.open_store()
    channel = Recorder()
    dispatcher = bench.dispatcher(channel, store=store)
    with store._database.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    names = [f"track {number}" for number in range(100)]
    for name in names:
        dispatcher.submit(event(name, reason="x" * 900))
        dispatcher.step()

    assert subjects(channel.taken) == subjects(bench.published) == names
    health = dispatcher.health()
    assert health.store_failing
    assert health.store_errors == 1  # then it waits: a dead disk must not slow the alerts down
    assert "database or disk is full" in health.problems()[0]
    assert len(store.alerts()) < 100

    with store._database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 100000")
    bench.clock.now_s += 1.0
    dispatcher.step()

    assert len(store.alerts()) == 100
    assert store.pending("recorder", limit=9) == []
    assert dispatcher.health().problems() == ()
    assert (dispatcher.health().unwritten, dispatcher.health().store_lost) == (0, 0)
    assert bench.reports[-1] == "event store works again; 0 records were lost meanwhile"


def test_an_alert_updated_before_it_could_be_stored_still_waits_for_its_channels(
    bench: Bench,
) -> None:
    store = bench.open_store()
    channel = Recorder()
    channel.error = ChannelError("away")
    dispatcher = bench.dispatcher(channel, store=store)
    other = sqlite3.connect(bench.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    dispatcher.submit(event())
    dispatcher.step()
    dispatcher.submit(event(reason="again"))
    dispatcher._tell_updates()
    other.execute("ROLLBACK")
    other.close()
    bench.clock.now_s += 1.0

    dispatcher.step()

    (waiting,) = store.pending("recorder", limit=9)
    assert (waiting.count, waiting.event.reason) == (2, "again")


def test_a_delivery_that_is_not_written_yet_does_not_come_back_as_pending(bench: Bench) -> None:
    store = bench.open_store()
    channel = Recorder()
    dispatcher = bench.dispatcher(channel, store=store, lane_size=1)
    dispatcher.submit(event("a"))
    dispatcher.submit(event("b"))
    dispatcher._take_in()
    assert dispatcher.health().channels[0].more_in_store
    other = sqlite3.connect(bench.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    run(dispatcher)
    assert subjects(channel.taken) == ["a"]
    other.execute("ROLLBACK")
    other.close()
    bench.clock.now_s += 1.0
    run(dispatcher)

    assert subjects(channel.taken) == ["a", "b"]


def test_what_waits_for_a_dead_store_is_bounded_and_critical_records_are_kept(
    bench: Bench,
) -> None:
    store = bench.open_store()
    channel = Recorder()
    dispatcher = bench.dispatcher(channel, store=store, lane_size=10)
    store.close()
    dispatcher.submit(event("fire", CRITICAL))
    for number in range(50):
        dispatcher.submit(event(f"track {number}"))
        run(dispatcher, 2)

    assert len(channel.taken) == 51
    health = dispatcher.health()
    assert health.unwritten == 20  # ten alerts, ten deliveries
    assert health.store_lost == 82
    assert f"{1:032x}" in dispatcher._journal._alerts


def test_a_full_queue_drops_the_oldest_that_is_not_critical(bench: Bench) -> None:
    channel = Recorder()
    dispatcher = bench.dispatcher(channel, queue_size=2)
    dispatcher.submit(event("fire", CRITICAL))
    for name in ("a", "b", "c"):
        dispatcher.submit(event(name))
    dispatcher.submit(event("fire 2", CRITICAL))
    dispatcher.submit(event("fire 3", CRITICAL))
    run(dispatcher)

    assert subjects(channel.taken) == ["fire", "fire 2", "fire 3"]
    assert dispatcher.health().queue_dropped == 3
    assert dispatcher.submit(event("a")) is not None  # dropped, not silenced


def test_counts_are_stored_and_told_once_a_second(bench: Bench) -> None:
    store = bench.open_store()
    dispatcher = bench.dispatcher(Recorder(), store=store)
    dispatcher.submit(event())
    run(dispatcher)
    for _ in range(1000):
        dispatcher.submit(event(reason="again"))
        dispatcher.step()
    assert store.alerts()[0].alert.count == 1

    bench.clock.now_s += 1.0
    dispatcher.step()

    assert store.alerts()[0].alert.count == 1001
    assert [alert.count for alert in bench.updates] == [1001]
    assert len(bench.published) == 1


def test_without_channels_alerts_are_stored_and_cool_down(bench: Bench) -> None:
    dispatcher = bench.dispatcher(cooldown_s=10.0)
    dispatcher.submit(event())
    dispatcher.step()
    assert dispatcher.submit(event()) is None
    bench.clock.now_s += 10.0
    assert dispatcher.submit(event()) is not None


def test_a_restart_sends_what_was_not_sent_once_and_keeps_the_cooldown(bench: Bench) -> None:
    slow, fast = Recorder("slow"), Recorder("fast")
    slow.error = ChannelError("away")
    first = bench.dispatcher(slow, fast)
    first.submit(event("a"))
    run(first)
    fast.error = ChannelError("away")
    first.submit(event("b"))
    run(first)
    assert first.close(1.0) is False
    bench.stores[0].close()

    bench.wall_ns += 20 * 1_000_000_000
    slow2, fast2 = Recorder("slow"), Recorder("fast")
    second = bench.dispatcher(slow2, fast2)
    assert second.submit(event("a")) is None  # sent 20 s ago
    assert second.submit(event("b")) is None  # still waits to be sent
    run(second)

    assert subjects(slow2.taken) == ["a", "b"]
    assert subjects(fast2.taken) == ["b"]
    bench.clock.now_s += 40.0
    assert second.submit(event("a")) is not None
    assert second.close(1.0) is True


def test_a_restart_without_a_channel_gives_its_deliveries_up_and_says_so(bench: Bench) -> None:
    mqtt = Recorder("mqtt")
    mqtt.error = ChannelError("away")
    first = bench.dispatcher(mqtt)
    first.submit(event())
    run(first)
    first.close(1.0)

    bench.dispatcher(Recorder("log"))

    assert bench.reports[-1].startswith("dispatcher: 1 deliveries are given up")


def test_the_thread_delivers_and_close_drains_and_closes(bench: Bench) -> None:
    channel = Recorder()
    dispatcher = bench.dispatcher(channel)
    dispatcher.start()
    dispatcher.submit(event("first"))
    assert channel.arrived.wait(5.0)
    for number in range(200):
        dispatcher.submit(event(f"track {number}"))

    assert dispatcher.close(10.0) is True

    assert len(channel.taken) == 201
    assert channel.closed == 1
    assert dispatcher.submit(event("late")) is None
    assert dispatcher.health().late_events == 1


def test_closing_also_sends_what_a_full_lane_had_left_in_the_store(bench: Bench) -> None:
    channel = Recorder()
    dispatcher = bench.dispatcher(channel, lane_size=3)
    for number in range(10):
        dispatcher.submit(event(f"track {number}", CRITICAL))

    assert dispatcher.close(10.0) is True

    assert len(channel.taken) == 10


def test_many_threads_submit_and_every_alert_arrives_once(bench: Bench) -> None:
    channel = Recorder()
    dispatcher = bench.dispatcher(channel)
    dispatcher.start()

    def submit(worker: int) -> None:
        for number in range(250):
            dispatcher.submit(event(f"{worker} {number}", CRITICAL))
            dispatcher.submit(event("shared", CRITICAL))

    threads = [threading.Thread(target=submit, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dispatcher.close(20.0) is True

    ids = [alert.alert_id for alert in channel.taken]
    assert len(ids) == len(set(ids)) == 1001
    assert dispatcher.health().engine.events == 2000


def test_a_channel_that_hangs_does_not_hang_the_end(bench: Bench) -> None:
    begun, release = threading.Event(), threading.Event()

    class Hanging(Recorder):
        def send(self, alert: Alert) -> None:
            begun.set()
            release.wait(10.0)

    dispatcher = bench.dispatcher(Hanging())
    dispatcher.start()
    dispatcher.submit(event())
    assert begun.wait(5.0)

    assert dispatcher.close(0.05) is False

    assert "still busy after" in bench.reports[-1]
    release.set()
    assert dispatcher._thread is not None
    dispatcher._thread.join(5.0)
    assert not dispatcher._thread.is_alive()


def test_a_bug_in_a_round_does_not_end_the_worker(
    bench: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Recorder()
    dispatcher = bench.dispatcher(channel)
    monkeypatch.setattr("edgeai_alerts.dispatcher._WORKER_ERROR_PAUSE_S", 0.01)
    bugs = count()
    real = dispatcher._journal.flush

    def flush() -> bool:
        if next(bugs) == 0:
            raise RuntimeError("bug")
        return real()

    monkeypatch.setattr(dispatcher._journal, "flush", flush)
    dispatcher.start()
    dispatcher.submit(event("a"))
    dispatcher.submit(event("b"))
    assert channel.arrived.wait(5.0) or dispatcher.submit(event("c")) is not None

    assert dispatcher.close(5.0)
    assert dispatcher.health().worker_errors == 1
    assert "bug" in caplog.text


_STORE_AND_HANG = """
import sys, time, uuid
from pathlib import Path
from edgeai_alerts.config import DispatchConfig, StoreConfig
from edgeai_alerts.dispatcher import Dispatcher
from edgeai_alerts.store import EventStore
from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.engine_config import EngineConfig
from edgeai_core.types import AlertEvent, Severity

class Hanging:
    name = "recorder"
    def send(self, alert):
        print(alert.alert_id, flush=True)
        sys.stdin.read()
    def close(self): ...

store = EventStore(Path(sys.argv[1]), StoreConfig(), wall_clock_ns=time.time_ns, report=print)
dispatcher = Dispatcher(
    engine=AlertEngine(EngineConfig(), clock=time.monotonic, new_id=lambda: uuid.uuid4().hex),
    store=store, channels=[Hanging()], config=DispatchConfig(), clock=time.monotonic,
    wall_clock_ns=time.time_ns, on_alert=lambda alert: None, report=print)
dispatcher.submit(AlertEvent(category="node_fault", severity=Severity.CRITICAL, title="t",
                             reason="r", source="s", subject="usb_cam"))
dispatcher.step()
"""


def test_kill_9_between_store_and_send_loses_nothing_and_repeats_nothing(bench: Bench) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _STORE_AND_HANG, str(bench.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        alert_id = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
        assert process.wait(10.0) == -signal.SIGKILL

    for expected in ([alert_id], []):
        channel = Recorder()
        dispatcher = bench.dispatcher(channel)
        run(dispatcher)
        assert [alert.alert_id for alert in channel.taken] == expected
        dispatcher.close(1.0)


def test_in_a_flood_of_events_no_critical_one_is_lost_or_told_twice_and_memory_is_bounded(
    bench: Bench,
) -> None:
    channel = Recorder()
    dispatcher = bench.dispatcher(channel, queue_size=50, lane_size=20, per_minute=30)
    critical = []
    for number in range(1000):
        bench.clock.now_s += 0.001
        dispatcher.submit(event(f"line {number}", INFO))
        if number % 100 == 0:
            critical.append(f"fire {number}")
        # An alert that is known is told no second time, however often its event comes.
        dispatcher.submit(event(critical[-1], CRITICAL))
        if number % 10 == 0:
            dispatcher.step()
        assert dispatcher.health().channels[0].waiting <= 20
    run(dispatcher, 200)

    told = subjects(channel.taken)
    assert [subject for subject in told if subject.startswith("fire")] == critical
    # Thirty tokens: the first critical alert took one, those after it needed none.
    assert len(told) == len(set(told)) == 29 + len(critical)
    assert dispatcher.health().engine.rate_limited == 1000 - 29
