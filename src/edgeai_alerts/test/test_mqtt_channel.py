"""The MQTT channel against a real broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edgeai_alerts.channel_config import MqttConfig
from edgeai_alerts.channels.base import EvidenceFiles, NoEvidence
from edgeai_alerts.channels.mqtt import MqttChannel
from edgeai_alerts.testing import (
    NO_BROKER,
    Broker,
    broker_program,
    free_port,
    self_signed,
    wait_until,
)
from edgeai_core.errors import ChannelError, ConfigError
from edgeai_core.secret import Secret
from edgeai_core.types import Alert, AlertEvent, AlertState, Severity

JPEG = b"\xff\xd8 a picture \xff\xd9"


class Listener:
    """Somebody at the broker who hears everything, also what came while it was away."""

    def __init__(self, port: int, *, name: str = "listener", topics: str = "#") -> None:
        self.messages: list[paho.MQTTMessage] = []
        self._ready = threading.Event()
        self._topics = topics
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv5)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = lambda client, data, message: self.messages.append(message)
        lasting = Properties(PacketTypes.CONNECT)
        lasting.SessionExpiryInterval = 3600
        self.client.connect("127.0.0.1", port, clean_start=False, properties=lasting)
        self.client.loop_start()
        assert self._ready.wait(10.0)

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        client.subscribe(self._topics, qos=1)

    def last(self, topic: str) -> paho.MQTTMessage | None:
        return next((m for m in reversed(self.messages) if m.topic == topic), None)

    def text(self, topic: str) -> str | None:
        message = self.last(topic)
        return None if message is None else message.payload.decode()

    def records(self, topic: str) -> list[dict[str, Any]]:
        return [json.loads(m.payload) for m in self.messages if m.topic == topic]

    def say(self, topic: str, payload: str, *, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10.0)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Office:
    """Makes channels and listeners at one broker and closes them."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.reports: list[str] = []
        self.acknowledged: list[tuple[str, str]] = []
        self.objection = ""
        self._closers: list[Callable[[], None]] = []

    def listen(self, **options: str) -> Listener:
        listener = Listener(self.broker.port, **options)
        self._closers.append(listener.close)
        return listener

    def channel(
        self,
        *,
        cameras: tuple[str, ...] = ("door",),
        evidence: EvidenceFiles | None = None,
        password: Secret | None = None,
        connected: bool = True,
        **parameters: Any,
    ) -> MqttChannel:
        values = {"port": self.broker.port, "timeout_s": 5.0, **parameters}
        made = MqttChannel(
            MqttConfig(**values),
            password=password,
            cameras=cameras,
            evidence=evidence or NoEvidence(),
            acknowledge=self._acknowledge,
            report=self.reports.append,
            wall_clock_ns=lambda: 1_750_000_000 * 1_000_000_000,
        )
        self._closers.append(made.close)
        if connected:
            wait_until(lambda: not made.trouble())
        return made

    def _acknowledge(self, alert_id: str, by: str) -> str:
        if not self.objection:
            self.acknowledged.append((alert_id, by))
        return self.objection

    def close(self) -> None:
        for close in reversed(self._closers):
            close()


@pytest.fixture
def office(broker: Broker) -> Iterator[Office]:
    made = Office(broker)
    yield made
    made.close()


def alert(
    number: int = 1,
    *,
    category: str = "fire",
    camera: str = "door",
    state: AlertState = AlertState.RAISED,
    telling: int = 1,
) -> Alert:
    event = AlertEvent(
        category=category,
        severity=Severity.CRITICAL,
        title="fire",
        reason="flames in 9 of 10 looks",
        source="fire_detector",
        camera=camera,
        score=0.9,
    )
    return Alert(alert_id=f"{number:032x}", event=event, raised_ns=1, state=state, telling=telling)


def test_an_alert_arrives_once_as_json_and_turns_its_sensor_on(office: Office) -> None:
    listener = office.listen()
    office.channel().send(alert())

    wait_until(lambda: listener.text("edgeai/door/fire/state") == "ON")
    (record,) = listener.records("edgeai/door/alerts")
    assert (record["event_type"], record["alert_id"], record["severity"], record["state"]) == (
        "fire",
        f"{1:032x}",
        "CRITICAL",
        "RAISED",
    )
    heard = listener.last("edgeai/door/alerts")
    assert heard is not None
    assert (heard.qos, heard.retain) == (1, False)
    assert listener.text("edgeai/door/fall/state") == "OFF"
    assert json.loads(listener.text("edgeai/door/fire/attributes") or "") == {
        **record,
        "acknowledged_by": "",
    }


def test_the_end_of_an_alert_turns_its_sensor_off_but_not_while_another_goes_on(
    office: Office,
) -> None:
    listener, channel = office.listen(), office.channel()
    channel.send(alert(1))
    channel.send(alert(2))
    channel.send(alert(1, state=AlertState.CLEARED))
    assert len(listener.records("edgeai/door/alerts")) <= 3
    wait_until(lambda: len(listener.records("edgeai/door/alerts")) == 3)
    assert listener.text("edgeai/door/fire/state") == "ON"

    channel.send(alert(2, state=AlertState.EXPIRED))
    wait_until(lambda: listener.text("edgeai/door/fire/state") == "OFF")


def test_what_the_broker_keeps_expires_unless_it_is_off(office: Office) -> None:
    early = office.listen()
    office.channel(hold_s=120.0).send(alert())
    wait_until(lambda: early.text("edgeai/door/fire/state") == "ON")
    late = office.listen(name="late")
    wait_until(lambda: late.text("edgeai/door/fire/state") == "ON")
    wait_until(lambda: late.last("edgeai/door/fall/state"))

    on, off = late.last("edgeai/door/fire/state"), late.last("edgeai/door/fall/state")
    assert on is not None
    assert off is not None
    assert on.retain
    assert 100 <= on.properties.MessageExpiryInterval <= 120
    assert off.properties is None or not hasattr(off.properties, "MessageExpiryInterval")
    assert late.records("edgeai/door/alerts") == []


def test_home_assistant_is_told_what_there_is(office: Office) -> None:
    office.channel(accepts_acknowledge=True, hold_s=90.0)
    listener = office.listen()
    base = "homeassistant/binary_sensor/edgeai_door"
    wait_until(lambda: listener.last(f"{base}/weapon/config"))
    wait_until(lambda: listener.last("homeassistant/binary_sensor/edgeai_graph/node_fault/config"))

    assert json.loads(listener.text(f"{base}/fall/config") or "") == {
        "name": "Fall",
        "state_topic": "edgeai/door/fall/state",
        "json_attributes_topic": "edgeai/door/fall/attributes",
        "off_delay": 90,
        "device_class": "safety",
        "unique_id": "edgeai_door_binary_sensor_fall",
        "availability_topic": "edgeai/status",
        "device": {
            "identifiers": ["edgeai_door"],
            "name": "edgeai door",
            "manufacturer": "edgeai",
            "model": "camera",
            "via_device": "edgeai_graph",
        },
        "origin": {"name": "edgeai"},
    }
    late = office.listen(name="late")
    wait_until(lambda: len(late.messages) >= len({m.topic for m in listener.messages}))
    entities = {
        m.topic.removeprefix("homeassistant/").removesuffix("/config")
        for m in late.messages
        if m.topic.startswith("homeassistant/") and m.retain
    }
    assert entities == {
        "binary_sensor/edgeai_door/fire",
        "binary_sensor/edgeai_door/start_fire",
        "binary_sensor/edgeai_door/unknown_face",
        "binary_sensor/edgeai_door/unauthorised_person",
        "binary_sensor/edgeai_door/spoofed_face",
        "binary_sensor/edgeai_door/fall",
        "binary_sensor/edgeai_door/fight",
        "binary_sensor/edgeai_door/weapon",
        "binary_sensor/edgeai_door/abandoned_bag",
        "event/edgeai_door/alert",
        "image/edgeai_door/snapshot",
        "button/edgeai_door/acknowledge",
        "binary_sensor/edgeai_graph/node_fault",
        "event/edgeai_graph/alert",
        "button/edgeai_graph/acknowledge",
    }


def test_a_new_category_or_camera_is_announced_before_its_first_alert(office: Office) -> None:
    listener, channel = office.listen(), office.channel()
    channel.send(alert(category="crossed_line", camera="Yard/Gate 2"))

    topics = [message.topic for message in listener.messages]
    wait_until(lambda: listener.records("edgeai/yard_gate_2/alerts"))
    topics = [message.topic for message in listener.messages]
    event = "homeassistant/event/edgeai_yard_gate_2/alert/config"
    assert topics.index(event) < topics.index("edgeai/yard_gate_2/alerts")
    assert json.loads(listener.text(event) or "")["event_types"] == ["crossed_line"]
    sensor = "homeassistant/binary_sensor/edgeai_yard_gate_2/crossed_line/config"
    assert json.loads(listener.text(sensor) or "")["name"] == "Crossed line"


def test_without_a_discovery_prefix_nothing_is_announced(office: Office) -> None:
    listener = office.listen()
    office.channel(discovery="").send(alert(category="new"))
    wait_until(lambda: listener.text("edgeai/door/new/state") == "ON")
    assert {m.topic.split("/")[0] for m in listener.messages} == {"edgeai"}


def test_all_is_said_again_when_home_assistant_starts(office: Office) -> None:
    channel = office.channel()
    channel.send(alert())
    listener = office.listen()
    again = "homeassistant/binary_sensor/edgeai_door/fire/config"
    # What the broker kept comes in any order.
    wait_until(lambda: again in [m.topic for m in listener.messages])
    wait_until(lambda: listener.text("edgeai/door/fire/state") == "ON")
    heard = len(listener.messages)

    listener.say("homeassistant/status", "online")

    def states_after_the_announcement() -> list[bytes]:
        said = listener.messages[heard:]
        announced = next((i for i, m in enumerate(said) if m.topic == again), len(said))
        return [m.payload for m in said[announced:] if m.topic.endswith("/fire/state")]

    wait_until(states_after_the_announcement)
    assert states_after_the_announcement() == [b"ON"]


class Pictures:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, alert_id: str, kind: str) -> Path | None:
        path = self._folder / f"{alert_id}.{kind}.jpg"
        return path if path.exists() else None


def test_the_picture_of_the_last_alert_is_shown_and_expires(office: Office, tmp_path: Path) -> None:
    channel = office.channel(evidence=Pictures(tmp_path))
    (tmp_path / f"{1:032x}.snapshot.jpg").write_bytes(JPEG)
    channel.send(alert(1))
    channel.send(alert(2))

    late = office.listen()
    wait_until(lambda: late.last("edgeai/door/snapshot"))
    picture = late.last("edgeai/door/snapshot")
    assert picture is not None
    assert (picture.payload, picture.retain) == (JPEG, True)
    assert picture.properties.MessageExpiryInterval <= 300


def test_a_picture_that_is_made_later_is_shown_unless_another_alert_came(
    office: Office, tmp_path: Path
) -> None:
    listener = office.listen()
    channel = office.channel(evidence=Pictures(tmp_path))
    channel.send(alert(1))
    channel.send(alert(2))
    for number in (1, 2):
        (tmp_path / f"{number:032x}.snapshot.jpg").write_bytes(JPEG + bytes([number]))
        channel.show_picture(alert(number))
        channel.show_picture(alert(number))
    channel.send(alert(3, camera="hall"))
    wait_until(lambda: listener.records("edgeai/hall/alerts"))
    pictures = [m.payload for m in listener.messages if m.topic == "edgeai/door/snapshot"]
    assert pictures == [JPEG + b"\x02"]


def test_no_picture_where_none_is_wanted_and_none_that_is_too_large(
    office: Office, tmp_path: Path
) -> None:
    listener = office.listen()
    (tmp_path / f"{1:032x}.snapshot.jpg").write_bytes(JPEG)
    (tmp_path / f"{2:032x}.snapshot.jpg").write_bytes(b"x" * 4_000_001)
    office.channel(evidence=Pictures(tmp_path), snapshots=False).send(alert(1))
    office.channel(evidence=Pictures(tmp_path), prefix="other").send(alert(2))
    wait_until(lambda: listener.text("other/door/fire/state") == "ON")
    assert [m.topic for m in listener.messages if m.topic.endswith("/snapshot")] == []


def test_the_button_acknowledges_what_goes_on_at_that_camera(office: Office) -> None:
    channel = office.channel(cameras=("door", "hall"), accepts_acknowledge=True)
    listener = office.listen()
    channel.send(alert(4, state=AlertState.CLEARED))
    for number, camera in enumerate(("door", "hall", "door"), start=1):
        channel.send(alert(number, camera=camera))

    listener.say("edgeai/door/acknowledge", "PRESS")

    wait_until(lambda: len(office.acknowledged) == 2)
    assert office.acknowledged == [(f"{1:032x}", "mqtt"), (f"{3:032x}", "mqtt")]
    wait_until(
        lambda: (
            json.loads(listener.text("edgeai/door/fire/attributes") or "{}").get("state")
            == "ACKNOWLEDGED"
        )
    )
    listener.say("edgeai/hall/acknowledge", f"{2:032x}")
    wait_until(lambda: len(office.acknowledged) == 3)
    # Once is enough: what was acknowledged is not acknowledged again.
    listener.say("edgeai/door/acknowledge", "PRESS")
    listener.say("edgeai/hall/acknowledge", f"{7:032x}")
    wait_until(lambda: len(office.acknowledged) == 4)
    assert office.acknowledged[2:] == [(f"{2:032x}", "mqtt"), (f"{7:032x}", "mqtt")]
    assert office.reports == []


def test_nonsense_is_told_once_a_minute_and_what_is_refused_changes_nothing(
    office: Office,
) -> None:
    channel = office.channel(accepts_acknowledge=True)
    listener = office.listen()
    channel.send(alert(1))
    office.objection = "no such alert"
    listener.say("edgeai/door/acknowledge", "PRESS")
    wait_until(lambda: office.reports)
    for nonsense in ("", "press", "g" * 32, "f" * 5000, "\x1b[2J"):
        listener.say("edgeai/door/acknowledge", nonsense)
    office.objection = ""
    listener.say("edgeai/door/acknowledge", "PRESS")
    wait_until(lambda: office.acknowledged)
    assert office.acknowledged == [(f"{1:032x}", "mqtt")]
    assert office.reports == ["mqtt: a command was not carried out: no such alert"]


def test_a_command_that_was_left_at_the_broker_is_not_carried_out(office: Office) -> None:
    listener = office.listen()
    listener.say("edgeai/door/acknowledge", f"{1:032x}", retain=True)
    office.channel(accepts_acknowledge=True)

    def say_another() -> bool:
        # The first may come before the channel listens.
        listener.say("edgeai/door/acknowledge", f"{2:032x}")
        return bool(office.acknowledged)

    wait_until(say_another)
    assert set(office.acknowledged) == {(f"{2:032x}", "mqtt")}


def test_unless_allowed_nobody_acknowledges_from_the_broker(office: Office) -> None:
    channel, listener = office.channel(), office.listen()
    listener.say("edgeai/door/acknowledge", f"{1:032x}")
    channel.send(alert(1))
    wait_until(lambda: listener.records("edgeai/door/alerts"))
    assert office.acknowledged == []
    assert not any("/button/" in message.topic for message in listener.messages)


def test_a_reminder_is_told_again_and_a_second_try_is_not(office: Office) -> None:
    listener, channel = office.listen(), office.channel()
    channel.send(alert(1))
    channel.send(alert(1, telling=2))
    wait_until(lambda: len(listener.records("edgeai/door/alerts")) == 2)
    assert [r["telling"] for r in listener.records("edgeai/door/alerts")] == [1, 2]


def test_a_broker_that_is_away_is_told_at_once_and_found_again(office: Office) -> None:
    channel = office.channel()
    where = f"127.0.0.1:{office.broker.port}"
    office.broker.kill()
    wait_until(channel.trouble)
    with pytest.raises(ChannelError, match=r"^mqtt: not connected to the broker at localhost:"):
        channel.send(alert(1))
    assert where.split(":")[1] in channel.trouble()

    office.broker.start()
    wait_until(lambda: not channel.trouble())
    listener = office.listen()
    channel.send(alert(1))
    wait_until(lambda: listener.records("edgeai/door/alerts"))
    assert len(listener.records("edgeai/door/alerts")) == 1


def test_a_message_that_the_broker_took_but_did_not_confirm_is_not_sent_twice_by_us(
    office: Office,
) -> None:
    channel = office.channel(timeout_s=0.3)
    listener = office.listen()
    pid = office.broker._process.pid  # type: ignore[union-attr]
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(ChannelError, match=r"did not confirm within 0\.3 s"):
        channel.send(alert(1))
    with pytest.raises(ChannelError, match=r"did not confirm within 0\.3 s"):
        channel.send(alert(1))
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: listener.records("edgeai/door/alerts"))
    channel.send(alert(1))
    channel.send(alert(2))
    wait_until(lambda: len(listener.records("edgeai/door/alerts")) >= 2)
    ids = [int(record["alert_id"], 16) for record in listener.records("edgeai/door/alerts")]
    assert ids == [1, 2]


KILLED = """
import sys, time
from edgeai_alerts.channel_config import MqttConfig
from edgeai_alerts.channels.base import NoEvidence
from edgeai_alerts.channels.mqtt import MqttChannel

channel = MqttChannel(
    MqttConfig(port=int(sys.argv[1])),
    evidence=NoEvidence(),
    acknowledge=lambda alert_id, by: "",
    report=print,
    wall_clock_ns=time.time_ns,
)
time.sleep(60)
"""


def test_the_broker_says_when_we_are_there_and_when_we_died(office: Office) -> None:
    listener = office.listen(topics="edgeai/status")
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(office.broker.port)])
    try:
        wait_until(lambda: listener.text("edgeai/status") == "online")
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: listener.text("edgeai/status") == "offline")

    office.channel().close()
    wait_until(lambda: [m.payload for m in listener.messages][-2:] == [b"online", b"offline"])


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Office]:
    if broker_program() is None:
        pytest.skip(NO_BROKER)
    folder = tmp_path / "guarded"
    folder.mkdir()
    broker = Broker(folder, user="edgeai", password="hunter2")
    broker.start()
    made = Office(broker)
    yield made
    made.close()
    broker.kill()


def test_the_password_lets_us_in_and_a_wrong_one_is_told_but_not_shown(guarded: Office) -> None:
    guarded.channel(user="edgeai", password=Secret("hunter2")).send(alert())

    wrong = guarded.channel(
        user="edgeai", password=Secret("hunter3"), prefix="other", connected=False
    )
    wait_until(lambda: "refuses us" in wrong.trouble())
    assert wrong.trouble() == (
        f"not connected to the broker at localhost:{guarded.broker.port}: it refuses us "
        "(Not authorized)"
    )
    with pytest.raises(ChannelError, match="Not authorized"):
        wrong.send(alert())


# paho leaves the socket of a failed handshake to Python, which closes it and complains.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_over_tls_we_speak_to_a_broker_that_we_trust_and_to_no_other(tmp_path: Path) -> None:
    if broker_program() is None:
        pytest.skip(NO_BROKER)
    try:
        certificate, key = self_signed(tmp_path)
    except FileNotFoundError:
        pytest.skip("openssl is not installed, which makes the test's certificate")
    broker = Broker(tmp_path, certificate=(certificate, key))
    broker.start()
    office = Office(broker)
    try:
        office.channel(tls=True, ca_file=str(certificate)).send(alert())
        strangers = {
            "not vouched for": {"tls": True},
            "another name": {"tls": True, "ca_file": str(certificate), "host": "127.0.0.1"},
        }
        for parameters in strangers.values():
            channel = office.channel(connected=False, prefix="other", **parameters)
            wait_until(lambda channel=channel: "certificate that we trust" in channel.trouble())
            with pytest.raises(ChannelError, match="certificate that we trust"):
                channel.send(alert())
    finally:
        office.close()
        broker.kill()


def test_nobody_at_the_port_is_no_error_at_the_start(tmp_path: Path) -> None:
    channel = MqttChannel(
        MqttConfig(port=free_port()),
        evidence=NoEvidence(),
        acknowledge=lambda alert_id, by: "",
        report=pytest.fail,
        wall_clock_ns=lambda: 1,
    )
    with pytest.raises(ChannelError, match="not connected to the broker"):
        channel.send(alert())
    wait_until(lambda: channel.trouble().endswith(": nobody answers there"))
    channel.close()
    channel.close()


def test_a_prefix_with_more_than_one_level_or_a_wildcard_is_refused() -> None:
    for prefix, better in (("a/b", "a_b"), ("#", "graph"), ("Home", "home")):
        with pytest.raises(ConfigError, match=f"mqtt.prefix: got '{prefix}'.*such as '{better}'"):
            MqttChannel(
                MqttConfig(prefix=prefix),
                evidence=NoEvidence(),
                acknowledge=lambda alert_id, by: "",
                report=pytest.fail,
                wall_clock_ns=lambda: 1,
            )


def test_certificates_that_cannot_be_loaded_are_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"parameter mqtt\.ca_file: .*expected PEM"):
        MqttChannel(
            MqttConfig(tls=True, ca_file=str(tmp_path / "none.pem")),
            evidence=NoEvidence(),
            acknowledge=lambda alert_id, by: "",
            report=pytest.fail,
            wall_clock_ns=lambda: 1,
        )
