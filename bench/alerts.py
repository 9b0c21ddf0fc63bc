"""Measure the alert node: event to `/alerts`, a minute of 1,000 events/s, kill -9 before sending.

``python bench/alerts.py [--seconds 60] [--kills 20] [--json bench/results/alerts.json]``. The node
runs in a process of its own with its store and the log channel; events go to it as messages. The
latency is from just before an event is published to the arrival of its alert in this process, the
middleware both ways included. Exit code 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import rclpy
from edgeai_msgs.msg import Alert as AlertMsg
from edgeai_msgs.msg import ObjectEventArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from std_msgs.msg import Header

from device import device_name
from edgeai_alerts.alert_manager_node import AlertManagerNode
from edgeai_alerts.config import DispatchConfig, StoreConfig
from edgeai_alerts.dispatcher import Dispatcher
from edgeai_alerts.store import EventStore
from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.engine_config import EngineConfig
from edgeai_core.geometry import Box
from edgeai_core.object_events import EventKind, ObjectEvent, ObjectState
from edgeai_core.types import Alert, AlertEvent, Severity
from edgeai_ros_common import qos
from edgeai_ros_common.convert import time_to_msg
from edgeai_ros_common.convert_events import events_to_msg
from edgeai_ros_common.running import StopSignal, spin

_TOPIC = "/hall/objects"
_READY = "ready"
_MESSAGES_PER_S = 20
_EVENTS_PER_MESSAGE = 50
# One in a hundred events is a critical one of its own: 10/s.
_CRITICAL_PER_S = 10
_LATENCY_EVENTS = 200
_LATENCY_GAP_S = 0.2
_BARS = {
    "event to /alerts p95 ms": 150.0,
    "flood: memory growth MB": 50.0,
    "flood: critical alerts lost": 0.0,
    "flood: alerts told twice": 0.0,
    "kill -9: alerts lost": 0.0,
    "kill -9: alerts told twice": 0.0,
}


@dataclass(slots=True)
class Heard:
    """What arrived on /alerts: by zone of critical ones, and every raised id."""

    at_s: dict[str, float] = field(default_factory=dict)
    raised: Counter[str] = field(default_factory=Counter)
    raised_by_zone: Counter[str] = field(default_factory=Counter)

    def take(self, alert: AlertMsg) -> None:
        self.at_s.setdefault(alert.zone, time.monotonic())
        if alert.state == AlertMsg.RAISED:
            self.raised[alert.alert_id] += 1
            self.raised_by_zone[alert.zone] += 1


class Bench:
    """This process's end of the graph."""

    def __init__(self, context: Context) -> None:
        self._node = Node("bench", context=context, enable_rosout=False)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        self.heard = Heard()
        deep = QoSProfile(
            depth=100_000, reliability=qos.ALERTS.reliability, durability=qos.ALERTS.durability
        )
        self._node.create_subscription(AlertMsg, "/alerts", self.heard.take, deep)
        self._events = self._node.create_publisher(
            ObjectEventArray, f"{_TOPIC}/events", qos.RESULTS
        )
        self._incident = 0

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._node.destroy_node()

    def until(self, condition: Callable[[], bool], *, timeout_s: float) -> bool:
        """Run callbacks until a condition holds; False after the timeout."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline_s:
                return False
            self._executor.spin_once(timeout_sec=0.01)
        return True

    def connected(self) -> bool:
        """Return whether the alert node is there, both ways."""
        return (
            self._events.get_subscription_count() > 0 and self._node.count_publishers("/alerts") > 0
        )

    def publish(self, events: Sequence[ObjectEvent]) -> None:
        """Publish one frame's events."""
        header = Header(stamp=time_to_msg(time.time_ns()), frame_id="camera")
        self._events.publish(events_to_msg(events, header))

    def critical(self, zone: str) -> ObjectEvent:
        """Return somebody who stays in a zone of its own."""
        return self._event(EventKind.PRESENCE, ObjectState.LINGERING, zone)

    def noise(self, zone: str) -> ObjectEvent:
        """Return somebody who crosses a line."""
        return self._event(EventKind.LINE, ObjectState.CROSSED_LEFT, zone)

    def _event(self, kind: EventKind, state: ObjectState, zone: str) -> ObjectEvent:
        self._incident += 1
        now_ns = time.time_ns()
        return ObjectEvent(
            kind=kind,
            state=state,
            incident=self._incident,
            label="person",
            track_id=self._incident,
            zone=zone,
            box=Box(0.0, 0.0, 9.0, 9.0),
            since_ns=now_ns,
            stamp_ns=now_ns,
            score=0.9,
            reason="bench",
        )


def serve() -> int:
    """Be the alert node until a signal."""
    context = Context()
    rclpy.init(args=["--ros-args", "--log-level", "error"], context=context)
    stop = StopSignal()
    parameters = {"topics.objects": [_TOPIC], "object_event.lingering": "CRITICAL"}
    node = AlertManagerNode(
        node_name="alert_manager",
        context=context,
        parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()],
    )
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    node.trigger_configure()
    node.trigger_activate()
    print(_READY, flush=True)
    spin(executor, until=lambda: stop.requested)
    node.trigger_deactivate()
    node.trigger_cleanup()
    node.destroy_node()
    context.try_shutdown()
    return 0


@contextmanager
def alert_node(folder: Path) -> Iterator[psutil.Process]:
    """Run the alert node in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve"],
        env={**os.environ, "EDGEAI_DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline().strip() != _READY:
        raise RuntimeError("the alert node did not start; its error is above")
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30.0)


def measure_latency(bench: Bench) -> dict[str, Any]:
    """Return the figures of single events, one after the other."""
    sent: dict[str, float] = {}
    for number in range(_LATENCY_EVENTS):
        zone = f"latency {number}"
        event = bench.critical(zone)
        sent[zone] = time.monotonic()
        bench.publish([event])
        begun_s = sent[zone]
        bench.until(
            lambda begun_s=begun_s: time.monotonic() - begun_s > _LATENCY_GAP_S, timeout_s=9
        )
    heard = bench.heard.at_s
    bench.until(lambda: all(zone in heard for zone in sent), timeout_s=10)
    latencies_ms = sorted(1e3 * (heard[z] - at_s) for z, at_s in sent.items() if z in heard)
    return {
        "events": len(sent),
        "arrived": len(latencies_ms),
        "p50_ms": round(statistics.median(latencies_ms), 1),
        "p95_ms": round(latencies_ms[int(0.95 * (len(latencies_ms) - 1))], 1),
        "max_ms": round(latencies_ms[-1], 1),
    }


def measure_flood(bench: Bench, node: psutil.Process, seconds: int) -> dict[str, Any]:
    """Return what a flood of events did to the node and to the critical ones among them."""
    before_mb, most_mb = _rss_mb(node), 0.0
    published, zones = 0, list[str]()
    begun_s = time.monotonic()
    for number in range(seconds * _MESSAGES_PER_S):
        events = [bench.noise(f"line {k % 20}") for k in range(_EVENTS_PER_MESSAGE)]
        while len(zones) * _MESSAGES_PER_S < (number + 1) * _CRITICAL_PER_S:
            zones.append(f"flood {len(zones)}")
            events[len(zones) % _EVENTS_PER_MESSAGE] = bench.critical(zones[-1])
        bench.publish(events)
        published += len(events)
        due_s = begun_s + (number + 1) / _MESSAGES_PER_S
        bench.until(lambda due_s=due_s: time.monotonic() >= due_s, timeout_s=9.0)
        most_mb = max(most_mb, _rss_mb(node))
    took_s = time.monotonic() - begun_s
    heard = bench.heard
    bench.until(lambda: all(zone in heard.at_s for zone in zones), timeout_s=30.0)
    return {
        "events": published,
        "events_per_s": round(published / took_s, 1),
        "critical": len(zones),
        "critical_lost": sum(zone not in heard.at_s for zone in zones),
        "raised_twice": sum(count > 1 for count in heard.raised.values())
        + sum(count > 1 for zone, count in heard.raised_by_zone.items() if zone in zones),
        "rss_before_mb": round(before_mb, 1),
        "rss_most_mb": round(most_mb, 1),
        "rss_after_mb": round(_rss_mb(node), 1),
    }


def told_by_log(folder: Path) -> Counter[str]:
    """Return how often the log channel took each alert."""
    lines = [
        line
        for file in folder.glob("alerts.jsonl*")
        for line in file.read_text(encoding="ascii").splitlines()
    ]
    return Counter(json.loads(line)["alert_id"] for line in lines)


class _Taker:
    """A channel that counts."""

    name = "recorder"

    def __init__(self) -> None:
        self.taken: list[str] = []

    def send(self, alert: Alert) -> None:
        self.taken.append(alert.alert_id)

    def close(self) -> None: ...


class _Hanging(_Taker):
    """A channel that says what it got and never takes it."""

    def send(self, alert: Alert) -> None:
        print(alert.alert_id, flush=True)
        sys.stdin.read()


def _dispatcher(path: Path, channel: _Taker) -> tuple[EventStore, Dispatcher]:
    store = EventStore(path, StoreConfig(), wall_clock_ns=time.time_ns, report=print)
    dispatcher = Dispatcher(
        engine=AlertEngine(
            EngineConfig(), clock=time.monotonic, new_id=lambda: os.urandom(16).hex()
        ),
        store=store,
        channels=[channel],
        config=DispatchConfig(),
        clock=time.monotonic,
        wall_clock_ns=time.time_ns,
        on_alert=lambda alert: None,
        report=lambda sentence: None,
    )
    return store, dispatcher


def store_and_hang(path: Path, number: int) -> None:
    """Store one alert and hang in its channel; whoever started this kills it."""
    _, dispatcher = _dispatcher(path, _Hanging())
    dispatcher.submit(
        AlertEvent(
            category="node_fault",
            severity=Severity.CRITICAL,
            title="bench",
            reason="bench",
            source="bench",
            subject=f"node {number}",
        )
    )
    for _ in range(10):
        dispatcher.step()


def measure_kills(folder: Path, kills: int) -> dict[str, Any]:
    """Return what becomes of alerts whose process is killed between store and send."""
    path = folder / "kills.db"
    taken: Counter[str] = Counter()
    stored: list[str] = []
    for number in range(kills):
        process = subprocess.Popen(
            [sys.executable, __file__, "--hang", str(path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout is not None
            stored.append(process.stdout.readline().strip())
            process.kill()
        channel = _Taker()
        store, dispatcher = _dispatcher(path, channel)
        for _ in range(5):
            dispatcher.step()
        dispatcher.close(1.0)
        store.close()
        taken.update(channel.taken)
    return {
        "kills": kills,
        "lost": sum(taken[alert_id] == 0 for alert_id in stored),
        "told_twice": sum(count > 1 for count in taken.values()),
    }


def _rss_mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


def main() -> int:
    """Measure, print, write; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure the alert node.")
    parser.add_argument("--seconds", type=int, default=60, help="of the flood")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results/alerts.json")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--hang", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return serve()
    if arguments.hang:
        store_and_hang(Path(arguments.hang[0]), int(arguments.hang[1]))
        return 0
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        kills = measure_kills(folder, arguments.kills)
        context = Context()
        rclpy.init(args=[], context=context)
        stack.callback(context.try_shutdown)
        bench = Bench(context)
        stack.callback(bench.close)
        with alert_node(folder) as node:
            if not bench.until(bench.connected, timeout_s=30.0):
                raise RuntimeError("the alert node was not found on the graph")
            latency = measure_latency(bench)
            flood = measure_flood(bench, node, arguments.seconds)
            load = os.getloadavg()[0]
        told = told_by_log(folder)
    values = {
        "event to /alerts p95 ms": latency["p95_ms"],
        "flood: memory growth MB": round(flood["rss_most_mb"] - flood["rss_before_mb"], 1),
        "flood: critical alerts lost": flood["critical_lost"],
        "flood: alerts told twice": flood["raised_twice"] + sum(n > 1 for n in told.values()),
        "kill -9: alerts lost": kills["lost"],
        "kill -9: alerts told twice": kills["told_twice"],
    }
    rows = [
        {"figure": name, "value": values[name], "bar": f"<= {bar:g}", "met": values[name] <= bar}
        for name, bar in _BARS.items()
    ]
    for row in rows:
        verdict = "met" if row["met"] else "MISSED"
        print(f"{row['figure']:<28} {row['value']!s:>8}  {row['bar']:<8} {verdict}")
    content = {
        "device": device_name(),
        "command": "python bench/alerts.py",
        "load_average_1_min": round(load, 1),
        "figures": rows,
        "latency": latency,
        "flood": {**flood, "taken_by_the_log": sum(told.values())},
        "kills": kills,
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"written: {arguments.json.name} ({content['device']})")
    return 0 if all(row["met"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
