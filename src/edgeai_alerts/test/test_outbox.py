"""The outbox: each channel gets every alert once, in order, whatever fails in between."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import paho.mqtt.client as paho
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgeai_alerts.channel_config import MqttConfig
from edgeai_alerts.channels.base import Channel, NoEvidence
from edgeai_alerts.channels.mqtt import MqttChannel
from edgeai_alerts.config import DispatchConfig, StoreConfig
from edgeai_alerts.dispatcher import Dispatcher
from edgeai_alerts.store import EventStore
from edgeai_alerts.testing import Broker, wait_until
from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.engine_config import EngineConfig
from edgeai_core.alerting.ratelimit import BackoffConfig
from edgeai_core.errors import AlertRefusedError, ChannelError
from edgeai_core.types import Alert, AlertEvent, Severity

NOW_NS = 1_750_000_000 * 1_000_000_000
HOUR_NS = 3600 * 1_000_000_000
INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL


class Recorder:
    """A channel that keeps what it took and raises what it is told to."""

    def __init__(self, name: str = "recorder") -> None:
        self.name = name
        self.error: Exception | None = None
        self.taken: list[Alert] = []
        self.closed = 0

    def send(self, alert: Alert) -> None:
        if self.error is not None:
            raise self.error
        self.taken.append(alert)

    def close(self) -> None:
        self.closed += 1


class Slow(Recorder):
    """A channel that takes an alert only when it is let."""

    def __init__(self, name: str = "slow") -> None:
        super().__init__(name)
        self.begun = threading.Semaphore(0)
        self.let = threading.Semaphore(0)

    def send(self, alert: Alert) -> None:
        self.begun.release()
        self.let.acquire()
        super().send(alert)


class House:
    """Dispatchers over one store, one after the other, with the clocks in hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now_s = 100.0
        self.wall_ns = NOW_NS
        self.told: list[str] = []
        self.reports: list[str] = []
        self._numbers = count(1)
        self._stores: list[EventStore] = []

    def open_store(self) -> EventStore:
        store = EventStore(
            self.folder / "alerts.db",
            StoreConfig(),
            wall_clock_ns=lambda: self.wall_ns,
            report=self.reports.append,
        )
        self._stores.append(store)
        return store

    def dispatcher(
        self,
        *channels: Channel,
        clock: Callable[[], float] | None = None,
        minimums: dict[str, Severity] | None = None,
        lane_size: int = 1000,
        retry: BackoffConfig | None = None,
    ) -> Dispatcher:
        clock = clock or (lambda: self.now_s)
        return Dispatcher(
            engine=AlertEngine(
                EngineConfig(max_alerts_per_minute=6000, same_place_s=0.0),
                clock=clock,
                new_id=lambda: f"{next(self._numbers):032x}",
            ),
            store=self.open_store(),
            channels=channels,
            config=DispatchConfig(
                lane_size=lane_size, retry=retry or BackoffConfig(initial_s=1.0, maximum_s=8.0)
            ),
            clock=clock,
            wall_clock_ns=lambda: self.wall_ns,
            on_alert=lambda alert: self.told.append(alert.alert_id),
            report=self.reports.append,
            minimums=minimums or {},
        )

    def close(self) -> None:
        for store in self._stores:
            store.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


def event(number: int, severity: Severity = WARNING) -> AlertEvent:
    return AlertEvent(
        category="unknown_face",
        severity=severity,
        title="unknown face",
        reason="why",
        source="face_authenticator",
        subject=f"track {number}",
        camera="door",
    )


def ids(alerts: list[Alert]) -> list[str]:
    return [alert.alert_id for alert in alerts]


def run(dispatcher: Dispatcher, rounds: int = 5) -> None:
    for _ in range(rounds):
        dispatcher.step()


# What is too old, what is too mild.


def test_what_waited_too_long_is_not_sent_any_more_unless_it_is_critical(house: House) -> None:
    away, there = Recorder("away"), Recorder("there")
    away.error = ChannelError("away")
    dispatcher = house.dispatcher(away, there)
    dispatcher.submit(event(1))
    dispatcher.submit(event(2, CRITICAL))
    run(dispatcher)
    house.wall_ns += 24 * HOUR_NS + 1
    house.now_s += 61.0
    dispatcher.submit(event(3))
    run(dispatcher)
    away.error = None
    house.now_s += 61.0
    run(dispatcher)

    # The queue takes a critical alert before the others.
    assert [a.event.subject for a in away.taken] == ["track 2", "track 3"]
    assert [a.event.subject for a in there.taken] == ["track 2", "track 1", "track 3"]
    health = dispatcher.health().channels[0]
    assert (health.sent, health.expired, health.waiting) == (2, 1, 0)
    stored = {s.alert.event.subject: s for s in house.open_store().alerts(limit=10)}
    assert stored["track 1"].waiting == ()
    assert [name for name, _ in stored["track 1"].sent] == ["there"]


def test_what_grew_too_old_while_we_were_off_is_not_sent_after_the_start(house: House) -> None:
    away = Recorder()
    away.error = ChannelError("away")
    dispatcher = house.dispatcher(away)
    dispatcher.submit(event(1))
    run(dispatcher)
    dispatcher.close(0.0)
    house.wall_ns += 25 * HOUR_NS

    back = Recorder()
    second = house.dispatcher(back)
    run(second)

    assert (back.taken, second.health().channels[0].expired) == ([], 1)
    # Nobody was told, so the next event is.
    assert second.submit(event(1)) is not None


def test_what_a_board_without_a_clock_stored_does_not_expire_when_it_learns_the_time(
    house: House,
) -> None:
    channel = Recorder()
    channel.error = ChannelError("away")
    house.wall_ns = 1_000_000_000
    dispatcher = house.dispatcher(channel)
    dispatcher.submit(event(1))
    run(dispatcher)
    house.wall_ns = NOW_NS
    house.now_s += 61.0
    channel.error = None
    run(dispatcher)
    assert len(channel.taken) == 1


def test_a_milder_alert_than_a_channel_wants_does_not_wait_for_it(house: House) -> None:
    picky, other = Recorder("picky"), Recorder("other")
    dispatcher = house.dispatcher(picky, other, minimums={"picky": WARNING})
    for number, severity in enumerate((INFO, WARNING, CRITICAL), start=1):
        dispatcher.submit(event(number, severity))
        run(dispatcher)
    assert [a.event.severity for a in picky.taken] == [WARNING, CRITICAL]
    assert len(other.taken) == 3
    assert house.open_store().pending("picky", limit=10) == []


def test_where_no_channel_wants_it_an_alert_is_stored_and_cools_down(house: House) -> None:
    picky = Recorder("picky")
    dispatcher = house.dispatcher(picky, minimums={"picky": CRITICAL})
    dispatcher.submit(event(1))
    run(dispatcher)
    assert (picky.taken, dispatcher.health().engine.sent) == ([], 1)


# A thread for every channel.


def test_a_slow_channel_holds_up_no_other(house: House) -> None:
    slow, quick = Slow(), Recorder("quick")
    dispatcher = house.dispatcher(slow, quick)
    dispatcher.start()
    for number in range(5):
        dispatcher.submit(event(number))
    wait_until(lambda: len(quick.taken) == 5)
    assert (slow.taken, len(house.told)) == ([], 5)
    for _ in range(5):
        slow.let.release()
    wait_until(lambda: len(slow.taken) == 5)
    assert ids(slow.taken) == ids(quick.taken) == house.told
    assert dispatcher.close(5.0) is True
    assert (slow.closed, quick.closed) == (1, 1)


def test_a_channel_that_is_busy_at_the_end_is_closed_when_it_comes_back(house: House) -> None:
    slow = Slow()
    dispatcher = house.dispatcher(slow, clock=time.monotonic)
    dispatcher.start()
    dispatcher.submit(event(1))
    assert slow.begun.acquire(timeout=5.0)
    assert dispatcher.close(0.05) is False
    assert slow.closed == 0
    slow.let.release()
    wait_until(lambda: slow.closed)


def test_what_is_told_anew_while_it_is_under_way_is_sent_too(house: House) -> None:
    slow = Slow()
    dispatcher = house.dispatcher(slow)
    dispatcher.start()
    dispatcher.submit(event(1))
    assert slow.begun.acquire(timeout=5.0)
    dispatcher.submit(event(1, CRITICAL))
    wait_until(lambda: len(house.told) == 2)
    slow.let.release()
    slow.let.release()
    wait_until(lambda: len(slow.taken) == 2)
    assert [alert.telling for alert in slow.taken] == [1, 2]
    assert ids(slow.taken) == [house.told[0]] * 2
    assert dispatcher.close(5.0) is True
    assert house.open_store().pending("slow", limit=10) == []


def test_a_channel_that_breaks_in_its_thread_is_tried_again(house: House) -> None:
    broken = Recorder()
    broken.error = RuntimeError("hunter2")
    retry = BackoffConfig(initial_s=0.01, maximum_s=0.02)
    dispatcher = house.dispatcher(broken, clock=time.monotonic, retry=retry)
    dispatcher.start()
    dispatcher.submit(event(1))
    wait_until(lambda: dispatcher.health().channels[0].failed >= 2)
    broken.error = None
    wait_until(lambda: broken.taken)
    assert len(broken.taken) == 1
    assert "hunter2" not in " ".join(house.reports)
    assert dispatcher.close(5.0) is True


class Watched(Recorder):
    away = True

    def trouble(self) -> str:
        return "not connected to the broker" if self.away else ""


def test_a_channel_that_says_it_is_back_is_tried_at_once(house: House) -> None:
    channel = Watched("mqtt")
    channel.error = ChannelError("mqtt: away")
    dispatcher = house.dispatcher(channel)
    dispatcher.submit(event(1))
    run(dispatcher)
    assert dispatcher.health().channels[0].failures_in_row == 1
    channel.error = None
    run(dispatcher)
    assert channel.taken == []
    channel.away = False
    run(dispatcher)
    assert len(channel.taken) == 1


class Gallery(Recorder):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.shown: list[str] = []

    def show_picture(self, alert: Alert) -> None:
        self.shown.append(alert.alert_id)
        raise OSError("hunter2")


@pytest.mark.parametrize("threads", [True, False])
def test_a_picture_that_is_made_later_is_shown_where_the_alert_went(
    house: House, threads: bool
) -> None:
    gallery, picky, other = Gallery("gallery"), Gallery("picky"), Recorder()
    dispatcher = house.dispatcher(gallery, picky, other, minimums={"picky": CRITICAL})
    if threads:
        dispatcher.start()
    told = dispatcher.submit(event(1))
    assert told is not None
    dispatcher.note_evidence(told.alert_id, kinds=("snapshot",))
    house.now_s += 2.0
    if not threads:
        run(dispatcher)
    wait_until(lambda: gallery.shown)
    dispatcher.submit(event(2))
    if not threads:
        run(dispatcher)
    wait_until(lambda: len(gallery.taken) == 2)
    assert (gallery.shown, picky.shown) == ([told.alert_id], [])
    assert dispatcher.close(5.0) is True


def test_a_channel_that_is_away_shows_before_an_alert_waits_for_it(house: House) -> None:
    channel = Watched("mqtt")
    dispatcher = house.dispatcher(channel)
    assert dispatcher.health().problems() == ("channel mqtt is not connected to the broker",)
    channel.error = ChannelError("mqtt: away")
    dispatcher.submit(event(1))
    run(dispatcher)
    assert dispatcher.health().problems() == (
        "channel mqtt failed 1 times in a row, 1 alerts wait: mqtt: away",
    )


# Properties. Each step of a story: an alert, a channel that fails or works, time, a crash.

_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("alert"), st.integers(0, 2)),
        st.tuples(st.just("fails"), st.integers(0, 1)),
        st.tuples(st.just("works"), st.integers(0, 1)),
        st.tuples(st.just("works through"), st.integers(1, 3)),
        st.tuples(st.just("waits"), st.integers(1, 20)),
        st.tuples(st.just("crashes"), st.just(0)),
        st.tuples(st.just("ends"), st.just(0)),
    ),
    max_size=25,
)


# Two alerts wait while a try fails; a crash while one waits.
_AWAY = [("fails", 0), ("alert", 1), ("alert", 1), ("waits", 3), ("works through", 2)]


@settings(max_examples=30, deadline=None)
@example(steps=[*_AWAY, ("works", 0)], lane_size=4)
@example(steps=[*_AWAY, ("crashes", 0), ("alert", 2), ("ends", 0)], lane_size=1)
@given(steps=_STEPS, lane_size=st.integers(1, 4))
def test_whatever_fails_every_channel_gets_all_alerts_once_and_in_order(
    steps: list[tuple[str, int]], lane_size: int
) -> None:
    with TemporaryDirectory() as folder:
        house = House(Path(folder))
        channels = [Recorder("first"), Recorder("second")]
        dispatcher = house.dispatcher(*channels, lane_size=lane_size)
        numbers = count()
        for what, amount in steps:
            if what == "alert":
                dispatcher.submit(event(next(numbers), Severity(amount)))
                # Its round stores and publishes it; a crash before would be one before it was.
                dispatcher.step()
            elif what == "fails":
                channels[amount].error = ChannelError("away")
            elif what == "works":
                channels[amount].error = None
            elif what == "works through":
                run(dispatcher, amount)
            elif what == "waits":
                house.now_s += amount
                house.wall_ns += amount * 1_000_000_000
            else:
                if what == "ends":
                    dispatcher.close(0.0)
                dispatcher = house.dispatcher(*channels, lane_size=lane_size)
        for channel in channels:
            channel.error = None
        house.now_s += 10.0
        for _ in range(3 * len(house.told) + 3):
            dispatcher.step()
        for channel in channels:
            assert ids(channel.taken) == house.told
        assert not any(health.waiting for health in dispatcher.health().channels)
        house.close()


@settings(max_examples=25, deadline=None)
@given(
    answers=st.lists(st.sampled_from(["taken", "later", "never"]), max_size=30),
    alerts=st.integers(1, 8),
)
def test_every_alert_ends_as_sent_or_refused_exactly_once(answers: list[str], alerts: int) -> None:
    class Moody(Recorder):
        def send(self, alert: Alert) -> None:
            answer = answers.pop(0) if answers else "taken"
            if answer == "later":
                raise ChannelError("later")
            if answer == "never":
                raise AlertRefusedError("never")
            super().send(alert)

    with TemporaryDirectory() as folder:
        house, channel = House(Path(folder)), Moody()
        dispatcher = house.dispatcher(channel)
        for number in range(alerts):
            dispatcher.submit(event(number))
        for _ in range(alerts + len(answers) + 1):
            dispatcher.step()
            house.now_s += 8.0
        health = dispatcher.health().channels[0]
        assert (health.sent + health.refused, health.waiting) == (alerts, 0)
        assert len(channel.taken) == len(set(ids(channel.taken))) == health.sent
        house.close()


# A real broker that dies in the middle.


class Subscriber:
    """Hears every alert, also those that came while it was cut off."""

    def __init__(self, port: int) -> None:
        self.ids: list[str] = []
        ready = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="phone", protocol=paho.MQTTv5
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("edgeai/+/alerts", qos=1)
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_message = lambda client, data, message: self.ids.append(
            json.loads(message.payload)["alert_id"]
        )
        lasting = Properties(PacketTypes.CONNECT)
        lasting.SessionExpiryInterval = 3600
        self._client.connect("127.0.0.1", port, clean_start=False, properties=lasting)
        self._client.loop_start()
        assert ready.wait(10.0)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_a_broker_that_is_killed_in_the_middle_gets_every_alert_once_and_in_order(
    house: House, broker: Broker
) -> None:
    channel = MqttChannel(
        MqttConfig(port=broker.port),
        cameras=("door",),
        evidence=NoEvidence(),
        acknowledge=lambda alert_id, by: "",
        report=house.reports.append,
        wall_clock_ns=time.time_ns,
    )
    retry = BackoffConfig(initial_s=0.05, maximum_s=0.2)
    dispatcher = house.dispatcher(channel, clock=time.monotonic, retry=retry, lane_size=5)
    dispatcher.start()
    phone = Subscriber(broker.port)
    try:
        for number in range(10):
            dispatcher.submit(event(number))
        wait_until(lambda: len(phone.ids) == 10)
        broker.kill()
        wait_until(channel.trouble)
        for number in range(10, 40):
            dispatcher.submit(event(number))
        wait_until(lambda: dispatcher.health().channels[0].failures_in_row >= 2)
        (problem,) = dispatcher.health().problems()
        assert "alerts wait: mqtt: not connected to the broker at localhost:" in problem
        broker.start()
        wait_until(lambda: len(phone.ids) == 40)
        for number in range(40, 50):
            dispatcher.submit(event(number))
        wait_until(lambda: len(phone.ids) >= 50)
        assert dispatcher.close(5.0) is True
        assert phone.ids == house.told == [f"{number:032x}" for number in range(1, 51)]
    finally:
        phone.close()
