"""Measure the way from an event to an MQTT subscriber, and what an outage or a kill -9 costs.

``python bench/channels.py [--outage-s 300] [--json bench/results/channels.json]``. The alert node
runs in a process of its own with its default waits, a real mosquitto beside it. Events come as a
node of the graph sends them; a subscriber with a lasting session hears the alerts. Exit code 1 when
a bar is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import rclpy
from edgeai_msgs.msg import Alert, ObjectEventArray
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from rclpy.executors import ExternalShutdownException
from rclpy.parameter import Parameter
from std_msgs.msg import Header

from device import device_name
from edgeai_alerts.alert_manager_node import AlertManagerNode
from edgeai_alerts.testing import Broker, wait_until
from edgeai_core.geometry import Box
from edgeai_core.object_events import EventKind, ObjectEvent, ObjectState
from edgeai_ros_common import qos
from edgeai_ros_common.convert import time_to_msg
from edgeai_ros_common.convert_events import events_to_msg

_COMMAND = "python bench/channels.py"
_CAMERA = "door"
_OBJECTS = f"/{_CAMERA}/objects"
_START_S = 60.0
# A graph that runs on this machine must neither hear the bench nor be heard.
_DOMAIN = "97"
_PUBLISH_BAR_MS, _MQTT_BAR_MS = 150.0, 250.0


class Phone:
    """A subscriber whose session outlives the broker's death.

    Attributes:
        heard: (alert id, telling, state, seconds of the monotonic clock) in the order of arrival.
    """

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, int, str, float]] = []
        ready = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="phone", protocol=paho.MQTTv5
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("edgeai/+/alerts", qos=1)
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_message = self._on_message
        lasting = Properties(PacketTypes.CONNECT)
        lasting.SessionExpiryInterval = 7200
        self._client.connect("127.0.0.1", port, clean_start=False, properties=lasting)
        self._client.loop_start()
        ready.wait(10.0)

    def ids(self) -> list[str]:
        """Return the alerts' ids in the order in which each was heard of first."""
        return list(dict.fromkeys(alert_id for alert_id, *_ in self.heard))

    def repeated(self) -> int:
        """Return how many messages came more than once: same alert, telling and state."""
        told = Counter((alert_id, telling, state) for alert_id, telling, state, _ in self.heard)
        return sum(count - 1 for count in told.values())

    def close(self) -> None:
        """Go away."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, client: paho.Client, data: object, message: paho.MQTTMessage) -> None:
        now_s = time.monotonic()
        record = json.loads(message.payload)
        self.heard.append((record["alert_id"], record["telling"], record["state"], now_s))


class Watcher:
    """A node that sends events of objects and hears `/alerts`, spun by a thread.

    Attributes:
        sent_s: when the event of an incident was sent. told: (incident, alert id, seconds) of
            every alert that was published, in that order; seconds of the monotonic clock.
    """

    def __init__(self) -> None:
        self._node = rclpy.create_node("bench_channels")
        self._events = self._node.create_publisher(
            ObjectEventArray, f"{_OBJECTS}/events", qos.RESULTS
        )
        self._node.create_subscription(Alert, "/alerts", self._on_alert, qos.ALERTS)
        self.sent_s: dict[int, float] = {}
        self.told: list[tuple[int, str, float]] = []
        self._known: set[str] = set()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def wait_for_node(self) -> None:
        """Wait until the alert node listens and publishes."""
        wait_until(
            lambda: (
                self._events.get_subscription_count() == 1
                and self._node.count_publishers("/alerts") == 1
            ),
            timeout_s=_START_S,
        )

    def wait_for_no_node(self) -> None:
        """Wait until nobody listens: who was killed is forgotten only after a while."""
        wait_until(lambda: self._events.get_subscription_count() == 0, timeout_s=_START_S)

    def close(self) -> None:
        """End ROS in this process."""
        rclpy.shutdown()
        self._thread.join(10.0)

    def ids(self) -> list[str]:
        """Return the published alerts' ids, oldest first."""
        return [alert_id for _, alert_id, _ in self.told]

    def see(self, incident: int) -> None:
        """Send the event that a weapon was seen, which is critical."""
        now_ns = self._node.get_clock().now().nanoseconds
        event = ObjectEvent(
            kind=EventKind.WEAPON,
            state=ObjectState.CONFIRMED,
            incident=incident,
            label="knife",
            track_id=incident,
            box=Box(1.0, 2.0, 30.0, 40.0),
            since_ns=now_ns,
            stamp_ns=now_ns,
            score=0.9,
            reason=f"incident {incident}",
        )
        message = events_to_msg([event], Header(stamp=time_to_msg(now_ns)))
        self.sent_s[incident] = time.monotonic()
        self._events.publish(message)

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            rclpy.spin(self._node)

    def _on_alert(self, alert: Alert) -> None:
        now_s = time.monotonic()
        if alert.category == "weapon" and alert.alert_id not in self._known:
            self._known.add(alert.alert_id)
            self.told.append((int(alert.reason.rpartition(" ")[2]), alert.alert_id, now_s))


class AlertNode:
    """The alert node in a process of its own, over one state folder.

    Args:
        folder: state. port: of the broker.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._environ = {**os.environ, "EDGEAI_DATA_DIR": str(folder), "BENCH_PORT": str(port)}
        self._log = folder / "node.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__, "--node"], env=self._environ, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """Kill it with signal 9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it as a user would."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20.0)


def _run_node() -> int:
    # Nothing here is tuned but what keeps the bench's own events apart.
    values = {
        "channels": ["mqtt"],
        "mqtt.port": int(os.environ["BENCH_PORT"]),
        "topics.objects": [_OBJECTS],
        "access.enabled": False,
        "node_fault.enabled": False,
        "engine.same_place_s": 0.0,
    }

    rclpy.init()
    overrides = [Parameter(name, value=value) for name, value in values.items()]
    node = AlertManagerNode(node_name="alert_manager", parameter_overrides=overrides)
    node.trigger_configure()
    node.trigger_activate()
    try:
        rclpy.spin(node)
    except (ExternalShutdownException, KeyboardInterrupt):
        node.destroy_node()
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What takes part in a run."""

    broker: Broker
    node: AlertNode
    phone: Phone
    watcher: Watcher


def measure_latency(scene: Scene, *, alerts: int, per_s: float) -> dict[str, Any]:
    """Return the times from an event's publication to `/alerts` and to the subscriber."""
    first = len(scene.watcher.told)
    for incident in range(1, alerts + 1):
        scene.watcher.see(incident)
        time.sleep(1.0 / per_s)
    wait_until(lambda: len(scene.phone.ids()) >= alerts, timeout_s=60.0)
    sent_s = scene.watcher.sent_s
    told = scene.watcher.told[first:]
    incidents = {alert_id: incident for incident, alert_id, _ in told}
    arrived = {alert_id: at_s for alert_id, _, _, at_s in reversed(scene.phone.heard)}
    published_ms = [1e3 * (at_s - sent_s[incident]) for incident, _, at_s in told]
    mqtt_ms = [1e3 * (arrived[a] - sent_s[i]) for a, i in incidents.items() if a in arrived]
    return {
        "alerts": alerts,
        "per_s": per_s,
        "published_ms": _spread(published_ms),
        "mqtt_ms": _spread(mqtt_ms),
    }


def measure_outage(scene: Scene, *, outage_s: float, around_s: float) -> dict[str, Any]:
    """Return what became of the alerts of a run whose broker is killed in the middle."""
    before, repeated_before = len(scene.watcher.told), scene.phone.repeated()
    incident = 100_000

    def see_for(duration_s: float) -> None:
        nonlocal incident
        end_s = time.monotonic() + duration_s
        while time.monotonic() < end_s:
            incident += 1
            scene.watcher.see(incident)
            time.sleep(1.0)

    see_for(around_s)
    scene.broker.kill()
    killed_s = time.monotonic()
    see_for(outage_s)
    scene.broker.start()
    back_s = time.monotonic()
    see_for(around_s)
    count = incident - 100_000
    ended = _settled(lambda: len(scene.phone.ids()) >= before + count, timeout_s=180.0)
    told = scene.watcher.ids()[before:]
    heard = [alert_id for alert_id in scene.phone.ids() if alert_id in set(told)]
    first_s = {alert_id: at_s for alert_id, _, _, at_s in reversed(scene.phone.heard)}
    waited = [a for _, a, at_s in scene.watcher.told[before:] if killed_s <= at_s < back_s]
    return {
        "outage_s": round(back_s - killed_s, 1),
        "events": count,
        "published": len(told),
        "arrived": len(heard),
        "lost": len(set(told) - set(heard)),
        "repeated": scene.phone.repeated() - repeated_before,
        "in_order": heard == told[: len(heard)],
        "raised_while_away": len(waited),
        "first_after_back_s": round(min(first_s[a] for a in waited) - back_s, 1),
        "last_after_back_s": round(max(first_s[a] for a in waited) - back_s, 1),
        "complete": ended,
    }


def measure_kills(scene: Scene, *, kills: int, broker_away: bool) -> dict[str, Any]:
    """Return what became of alerts whose node was killed with signal 9.

    Args:
        kills: how often. broker_away: the broker is killed before the alert and comes back after
            the node is: then the node dies surely between storing and sending. Otherwise it dies at
            a random moment of a stream of ten alerts a second.
    """
    before, repeated_before = len(scene.watcher.told), scene.phone.repeated()
    incident = 1_000_000 if broker_away else 2_000_000
    moment = random.Random(7)
    for _ in range(kills):
        if broker_away:
            scene.broker.kill()
            time.sleep(1.0)
        seen = len(scene.watcher.told)
        for _ in range(1 if broker_away else 10):
            incident += 1
            scene.watcher.see(incident)
            time.sleep(0.1)
        if broker_away:
            wait_until(lambda seen=seen: len(scene.watcher.told) > seen)
        else:
            time.sleep(moment.uniform(0.0, 0.1))
        scene.node.kill()
        if broker_away:
            scene.broker.start()
        scene.watcher.wait_for_no_node()
        scene.node.start()
        scene.watcher.wait_for_node()
    told = scene.watcher.ids()[before:]
    ended = _settled(lambda: set(told) <= set(scene.phone.ids()), timeout_s=120.0)
    heard = [alert_id for alert_id in scene.phone.ids() if alert_id in set(told)]
    return {
        "kills": kills,
        "published": len(told),
        "arrived": len(heard),
        "lost": len(set(told) - set(heard)),
        "repeated": scene.phone.repeated() - repeated_before,
        "in_order": heard == told,
        "complete": ended,
    }


def _settled(condition: Callable[[], bool], *, timeout_s: float) -> bool:
    try:
        wait_until(condition, timeout_s=timeout_s)
    except TimeoutError:
        return False
    return True


def _spread(values_ms: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values_ms)
    at = {name: ordered[round(share * (len(ordered) - 1))] for name, share in _SHARES}
    return {name: round(value, 1) for name, value in at.items()}


_SHARES = (("p50", 0.5), ("p95", 0.95), ("max", 1.0))


def main() -> int:
    """Measure, print, write; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure the channels of the alert node.")
    parser.add_argument("--node", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--alerts", type=int, default=300)
    parser.add_argument("--outage-s", type=float, default=300.0)
    parser.add_argument("--around-s", type=float, default=30.0)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument(
        "--json", type=Path, default=Path(__file__).parent / "results/channels.json"
    )
    arguments = parser.parse_args()
    if arguments.node:
        return _run_node()
    os.environ["ROS_DOMAIN_ID"] = _DOMAIN
    rclpy.init()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        broker = Broker(folder)
        broker.start()
        node = AlertNode(folder, broker.port)
        scene = Scene(broker=broker, node=node, phone=Phone(broker.port), watcher=Watcher())
        try:
            node.start()
            scene.watcher.wait_for_node()
            print("latency …", flush=True)
            latency = measure_latency(scene, alerts=arguments.alerts, per_s=5.0)
            print(f"{latency}\nkill -9, broker away …", flush=True)
            stored = measure_kills(scene, kills=arguments.kills, broker_away=True)
            print(f"{stored}\nkill -9, any time …", flush=True)
            any_time = measure_kills(scene, kills=arguments.kills, broker_away=False)
            print(f"{any_time}\noutage …", flush=True)
            outage = measure_outage(scene, outage_s=arguments.outage_s, around_s=arguments.around_s)
            print(outage, flush=True)
            node.stop()
        finally:
            node.kill()
            scene.phone.close()
            scene.watcher.close()
            broker.kill()
    met = {
        "event to /alerts, p95 ms": latency["published_ms"]["p95"] <= _PUBLISH_BAR_MS,
        "event to MQTT, p95 ms": latency["mqtt_ms"]["p95"] <= _MQTT_BAR_MS,
        "outage: each once, in order": outage["complete"]
        and outage["in_order"]
        and outage["lost"] == outage["repeated"] == 0,
        "kill -9: nothing lost": stored["lost"] == any_time["lost"] == 0,
    }
    content = {
        "device": device_name(),
        "command": _COMMAND,
        "load_average": round(os.getloadavg()[1], 1),
        "latency": latency,
        "outage": outage,
        "killed_between_store_and_send": stored,
        "killed_any_time": any_time,
        "met": met,
    }
    arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(met, indent=1))
    return 0 if all(met.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
