"""Alerts over MQTT, with discovery for Home Assistant."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from edgeai_alerts.channel_config import MqttConfig
from edgeai_alerts.channels.base import SNAPSHOT, EvidenceFiles
from edgeai_alerts.channels.log import as_record
from edgeai_alerts.channels.mqtt_board import SensorBoard, SensorKey
from edgeai_alerts.channels.mqtt_link import BrokerLink, LinkEvents
from edgeai_alerts.channels.mqtt_topics import (
    CAMERA_CATEGORIES,
    GRAPH_CATEGORIES,
    OFF,
    OFFLINE,
    ON,
    ONLINE,
    PRESS,
    Topics,
    camera_entities,
    level_of,
    sensor_entity,
)
from edgeai_core.alerting.categories import PERSON_CATEGORIES
from edgeai_core.alerting.forgetting import Forgotten
from edgeai_core.alerting.ratelimit import MonotonicClock
from edgeai_core.errors import ConfigError
from edgeai_core.secret import Secret
from edgeai_core.types import Alert, AlertState

NAME = "mqtt"
MAX_PICTURE_BYTES = 4_000_000
MAX_SENSORS = 500
_ID_CHARS = 32
_REPORT_EVERY_S = 60.0


class MqttChannel:
    """Publish each alert once as JSON, and show on retained topics what goes on now.

    ``PREFIX/CAMERA/alerts`` gets every alert, its end and its acknowledgement (QoS 1); `send`
    returns when the broker has confirmed. After an outage the alerts come in their order; one may
    come twice only where the broker died between taking and confirming it, with the same id.

    Beside that, at best effort: a sensor per camera and category (ON while an alert of it goes
    on), its newest alert as attributes, the picture of the camera's last alert, and whether we
    are there (last will). All of it is said again when the broker or Home Assistant comes back; a
    state that is ON and a picture expire at the broker after `hold_s`.

    Args:
        config: limits. password: of `config.user`, None for none.
        cameras: namespaces of the cameras to announce. evidence: where the alerts' pictures lie.
        acknowledge: (alert id, who) → why not, empty when it is done.
        report: is told about commands that are nonsense, at most once a minute.
        wall_clock_ns: nanoseconds since 1970. clock: monotonic seconds.

    Raises:
        ConfigError: a prefix that is not one level of a topic, certificates that cannot be loaded.
    """

    name = NAME
    # Ends and acknowledgements come to `send` too: the sensors show them.
    takes_changes = True

    def __init__(
        self,
        config: MqttConfig,
        *,
        password: Secret | None = None,
        cameras: Sequence[str] = (),
        evidence: EvidenceFiles,
        acknowledge: Callable[[str, str], str],
        report: Callable[[str], None],
        wall_clock_ns: Callable[[], int],
        clock: MonotonicClock = time.monotonic,
    ) -> None:
        if level_of(config.prefix) != config.prefix:
            raise ConfigError(
                f"parameter mqtt.prefix: got {config.prefix!r}, expected one level of a topic in "
                f"a-z, 0-9, _ and -, such as {level_of(config.prefix)!r}"
            )
        self._config = config
        self._topics = Topics(prefix=config.prefix)
        self._evidence = evidence
        self._acknowledge = acknowledge
        self._report = report
        self._wall_clock_ns = wall_clock_ns
        self._clock = clock
        self._quiet_until_s = clock()
        # The sender's, the dispatcher's and the link's threads meet here. It is never held while
        # somebody waits for the broker.
        self._lock = threading.RLock()
        self._board = SensorBoard(hold_s=config.hold_s, clock=clock)
        # By camera: the alert that was told last, and the one whose picture is shown.
        self._newest: dict[str, str] = {}
        self._pictured: dict[str, Alert] = {}
        # Somebody was forgotten: what an earlier run left at the broker must not stay either.
        self._blanks = False
        for camera in cameras:
            for category in CAMERA_CATEGORIES:
                self._board.add(SensorKey(camera, category))
        for category in GRAPH_CATEGORIES:
            self._board.add(SensorKey("", category))
        commands = [f"{config.prefix}/+/acknowledge"] if config.accepts_acknowledge else []
        births = [self._birth] if config.discovery else []
        self._link = BrokerLink(
            config,
            password=password,
            client_id=f"edgeai-{config.prefix}",
            status=(self._topics.status, ONLINE, OFFLINE),
            topics=commands + births,
            events=LinkEvents(up=self._show_everything, received=self._on_message),
        )
        self._link.start()

    @property
    def _birth(self) -> str:
        return f"{self._config.discovery}/status"

    def send(self, alert: Alert) -> None:
        event = alert.event
        key = SensorKey(event.camera, event.category)
        with self._lock:
            # Home Assistant takes no event of a type that it was not told of before.
            self._add_sensor(key)
        # What goes on is one alert that is told several times; each of these must arrive.
        telling = f"{alert.alert_id}/{alert.telling}/{alert.state.name}"
        self._link.deliver(telling, self._topics.alerts(event.camera), self._record(alert))
        with self._lock:
            if self._board.note(alert):
                self._show_sensor(key)
            if alert.state in (AlertState.RAISED, AlertState.UPDATED):
                self._newest[event.camera] = alert.alert_id
                self._show_picture(alert)

    def show_picture(self, alert: Alert) -> None:
        with self._lock:
            camera = alert.event.camera
            shown = self._pictured.get(camera)
            if self._newest.get(camera) == alert.alert_id and (
                shown is None or shown.alert_id != alert.alert_id
            ):
                self._show_picture(alert)

    def forget_person(self, person: Forgotten) -> None:
        with self._lock:
            self._board.rewrite(person.out_of)
            for camera, alert in tuple(self._pictured.items()):
                if self._evidence.path(alert.alert_id, SNAPSHOT) is None:
                    del self._pictured[camera]
            self._blanks = True
            self._show_everything()

    def trouble(self) -> str:
        return self._link.trouble()

    def close(self) -> None:
        self._link.close()

    # Showing; whoever calls holds the lock.

    def _add_sensor(self, key: SensorKey) -> None:
        # Categories and cameras come from our own graph; the bound is against a bug there.
        if len(self._board) < MAX_SENSORS and self._board.add(key) and self._config.discovery:
            self._announce_camera(key.camera)
            self._announce_sensor(key)

    def _show_everything(self) -> None:
        with self._lock:
            keys = self._board.sensors()
            for camera in dict.fromkeys(key.camera for key in keys):
                if self._config.discovery:
                    self._announce_camera(camera)
            for key in keys:
                if self._config.discovery:
                    self._announce_sensor(key)
                self._show_sensor(key)
            for alert in tuple(self._pictured.values()):
                self._show_picture(alert)
            if self._blanks:
                self._blank_what_is_not_known({key.camera for key in keys})

    def _blank_what_is_not_known(self, cameras: Iterable[str]) -> None:
        """Take away what may name or show somebody and is not of this run."""
        known = {key for key in self._board.sensors() if self._board.latest(key) is not None}
        for camera in cameras:
            for category in PERSON_CATEGORIES:
                if SensorKey(camera, category) not in known:
                    # An empty message is how a retained one is taken away (MQTT 5, 3.3.1.3).
                    self._link.show(self._topics.attributes(camera, category), "")
            if camera and camera not in self._pictured:
                self._link.show(self._topics.snapshot(camera), "")

    def _announce_camera(self, camera: str) -> None:
        categories = {key.category for key in self._board.sensors() if key.camera == camera}
        for topic, content in camera_entities(
            self._config, camera=camera, categories=tuple(sorted(categories))
        ):
            self._link.show(topic, json.dumps(content))

    def _announce_sensor(self, key: SensorKey) -> None:
        topic, content = sensor_entity(self._config, camera=key.camera, category=key.category)
        self._link.show(topic, json.dumps(content))

    def _show_sensor(self, key: SensorKey) -> None:
        left_s = self._board.left_s(key)
        latest = self._board.latest(key)
        if latest is not None:
            topic = self._topics.attributes(key.camera, key.category)
            self._link.show(topic, self._record(latest), expiry_s=self._config.hold_s)
        topic = self._topics.state(key.camera, key.category)
        if left_s > 0.0:
            self._link.show(topic, ON, expiry_s=left_s)
        else:
            self._link.show(topic, OFF)

    def _show_picture(self, alert: Alert) -> None:
        if not self._config.snapshots or not alert.event.camera:
            return
        path = self._evidence.path(alert.alert_id, SNAPSHOT)
        picture = _read(path) if path is not None else None
        if picture:
            self._pictured[alert.event.camera] = alert
            topic = self._topics.snapshot(alert.event.camera)
            self._link.show(topic, picture, expiry_s=self._config.hold_s)

    def _record(self, alert: Alert) -> str:
        record = as_record(alert, wall_ns=self._wall_clock_ns())
        seen_by = alert.acknowledged_by
        return json.dumps(
            {"event_type": alert.event.category, **record, "acknowledged_by": seen_by}
        )

    # Commands.

    def _on_message(self, topic: str, payload: bytes) -> None:
        if topic == self._birth:
            if payload == ONLINE.encode():
                self._show_everything()
            return
        said = payload[: 2 * _ID_CHARS].decode("ascii", "replace").strip()
        place = topic.split("/")[1]
        if said == PRESS:
            with self._lock:
                cameras = {
                    key.camera for key in self._board.sensors() if level_of(key.camera) == place
                }
                wanted = [alert.alert_id for c in cameras for alert in self._board.open(c)]
        elif len(said) == _ID_CHARS and all(char in "0123456789abcdef" for char in said):
            wanted = [said]
        else:
            self._complain(f"{topic}: expected {PRESS} or an alert's id of {_ID_CHARS} hex digits")
            return
        for alert_id in wanted:
            objection = self._acknowledge(alert_id, NAME)
            if objection:
                self._complain(objection)
                continue
            with self._lock:
                key = self._board.acknowledge(alert_id, by=NAME)
                if key is not None:
                    self._show_sensor(key)

    def _complain(self, why: str) -> None:
        # Whoever may publish could fill the log otherwise.
        if self._clock() >= self._quiet_until_s:
            self._quiet_until_s = self._clock() + _REPORT_EVERY_S
            self._report(f"mqtt: a command was not carried out: {why}")


def _read(path: Path) -> bytes | None:
    try:
        if path.stat().st_size > MAX_PICTURE_BYTES:
            return None
        return path.read_bytes()
    except OSError:  # purged between the question and now
        return None
