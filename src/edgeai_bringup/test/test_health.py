"""What `edgeai health` says of a graph: nodes that speak, are silent, or say they are broken."""

from __future__ import annotations

import pytest
from edgeai_msgs.msg import AnalyzerStatus

from edgeai_bringup import health
from edgeai_bringup.cli import build_parser
from edgeai_ros_common import qos
from edgeai_ros_common.diagnostics import Level
from edgeai_ros_common.testing import domain_id, ros

__all__ = ["domain_id", "ros"]


def status(name: str, level: Level = Level.OK, message: str = "running") -> AnalyzerStatus:
    return AnalyzerStatus(node_name=name, level=int(level), message=message)


def test_without_a_supervisor_there_is_no_graph():
    assert health.faults_of({}, timeout_s=3.0) == [
        "/supervisor: not heard within 3 s; no graph runs here, or it hangs (same ROS_DOMAIN_ID?)"
    ]


def test_silent_and_broken_nodes_are_faults_and_a_warning_is_none():
    heard = {
        "/supervisor": status("/supervisor"),
        "/camera/usb_cam": status("/camera/usb_cam", Level.WARN, "reconnecting"),
        "/alert_manager": None,
        "/camera/fire_detector": status("/camera/fire_detector", Level.ERROR, "hangs for 9 s"),
    }
    assert health.faults_of(heard, timeout_s=10.0) == [
        "/alert_manager: silent for 10 s",
        "/camera/fire_detector: ERROR: hangs for 9 s",
    ]


def test_the_line_of_a_healthy_graph_has_its_warnings():
    heard = {
        "/supervisor": status("/supervisor"),
        "/camera/usb_cam": status("/camera/usb_cam", Level.WARN, "reconnecting"),
    }
    assert health.summary(heard) == "healthy: 2 nodes; /camera/usb_cam: reconnecting"


@pytest.mark.parametrize(
    ("speaking", "faults"),
    [
        (("/supervisor", "/dashboard"), []),
        (("/supervisor",), ["/dashboard: silent for 2 s"]),
    ],
)
def test_every_node_that_has_a_heartbeat_is_listened_to(ros, speaking, faults):
    listener = health.StatusListener(context=ros.context)
    ros.add(listener)
    speaker = ros.listener()
    publishers = {
        name: speaker.create_publisher(AnalyzerStatus, f"{name}/status", qos.DIAGNOSTICS)
        for name in ("/supervisor", "/dashboard")
    }

    def speak() -> None:
        for name in speaking:
            publishers[name].publish(status(name))

    speaker.create_timer(0.05, speak)
    found = listener.examine(
        spin=lambda: ros.executor.spin_once(timeout_sec=0.05), timeout_s=2.0 if faults else 30.0
    )
    assert found == faults


def test_the_command_waits_ten_seconds_unless_told_otherwise():
    parser = build_parser()
    assert parser.parse_args(["health"]).timeout_s == 10.0
    assert parser.parse_args(["health", "--timeout-s", "2"]).timeout_s == 2.0
