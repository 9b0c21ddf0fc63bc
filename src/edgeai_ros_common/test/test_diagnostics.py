"""The heartbeat and the REP-107 report of a node."""

from __future__ import annotations

import math

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from edgeai_msgs.msg import AnalyzerStatus
from rclpy.node import Node

from edgeai_core.metering import ThroughputMeter
from edgeai_ros_common import qos
from edgeai_ros_common.convert import time_from_msg
from edgeai_ros_common.diagnostics import Health, HealthReporter, Level, diagnostic_array


class Clock:
    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def meter():
    clock = Clock()
    meter = ThroughputMeter(monotonic_s=clock)
    meter.activated()
    for latency_ms in (10.0, 20.0, 30.0):
        clock.now_s += 1.0
        meter.frame_received(dropped=latency_ms == 30.0)
        meter.result_published(latency_ms=latency_ms)
    meter.frame_rejected()
    return meter


def test_the_report_has_the_fields_of_rep_107(meter):
    array = diagnostic_array(
        node_name="/camera/probe",
        hardware_id="model_x",
        health=Health(level=Level.WARN, message="slow", details=(("fps", "3"),)),
        throughput=meter.read(),
        stamp_ns=5_000_000_007,
    )
    (status,) = array.status
    assert time_from_msg(array.header.stamp) == 5_000_000_007
    assert status.level == b"\x01"
    assert (status.name, status.message) == ("camera/probe: pipeline", "slow")
    assert status.hardware_id == "model_x"
    assert {entry.key: entry.value for entry in status.values} == {
        "results_per_s": "1.00",
        "window_results_per_s": "1.00",
        "latency_p50_ms": "20.0",
        "latency_p95_ms": "29.0",
        "frames": "3",
        "results": "3",
        "dropped": "1",
        "rejected": "1",
        "failures": "0",
        "active_s": "3.0",
        "output_age_s": "0.00",
        "fps": "3",
    }


def test_both_are_published_with_the_same_judgement(ros, meter):
    node = ros.add(Node("probe", namespace="/camera", context=ros.context, enable_rosout=False))
    listener = ros.listener()
    statuses: list[AnalyzerStatus] = []
    arrays: list[DiagnosticArray] = []
    listener.create_subscription(
        AnalyzerStatus, "/camera/probe/status", statuses.append, qos.DIAGNOSTICS
    )
    listener.create_subscription(DiagnosticArray, "/diagnostics", arrays.append, qos.DIAGNOSTICS)
    reporter = HealthReporter(node, meter)
    ros.until(lambda: node.count_subscribers("/camera/probe/status"))

    def heard() -> bool:
        reporter.publish(
            Health(level=Level.ERROR, message="broken"),
            lifecycle_state=3,
            model="m",
            runtime="r",
        )
        return bool(statuses and arrays)

    ros.until(heard)
    status = statuses[0]
    assert (status.node_name, status.lifecycle_state) == ("/camera/probe", 3)
    assert (status.level, status.message) == (AnalyzerStatus.ERROR, "broken")
    assert (status.frames, status.results, status.dropped, status.rejected) == (3, 3, 1, 1)
    assert status.results_per_s == pytest.approx(1.0)
    assert status.latency_p95_ms == pytest.approx(29.0)
    assert (status.model, status.runtime) == ("m", "r")
    assert arrays[0].status[0].level == b"\x02"
    assert arrays[0].status[0].hardware_id == "m"


def test_a_node_without_results_says_nan_and_infinity(ros):
    node = ros.add(Node("probe", context=ros.context, enable_rosout=False))
    listener = ros.listener()
    statuses: list[AnalyzerStatus] = []
    listener.create_subscription(AnalyzerStatus, "/probe/status", statuses.append, qos.DIAGNOSTICS)
    reporter = HealthReporter(node, ThroughputMeter(monotonic_s=lambda: 1.0))

    def heard() -> bool:
        reporter.publish(Health(), lifecycle_state=1)
        return bool(statuses)

    ros.until(heard)
    assert math.isnan(statuses[0].latency_p50_ms)
    assert statuses[0].output_age_s == math.inf
    assert statuses[0].message == "running"


def test_levels_are_those_of_both_messages():
    assert [int(level) for level in Level] == [0, 1, 2, 3]
    assert (AnalyzerStatus.OK, AnalyzerStatus.WARN, AnalyzerStatus.ERROR) == (0, 1, 2)
