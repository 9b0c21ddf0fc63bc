"""What a node says about itself: the heartbeat message and REP-107 diagnostics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from edgeai_msgs.msg import AnalyzerStatus
from rclpy.node import Node
from std_msgs.msg import Header

from edgeai_core.metering import Throughput, ThroughputMeter
from edgeai_ros_common import qos
from edgeai_ros_common.convert import time_to_msg


class Level(IntEnum):
    """How serious a report is; the values are those of DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """A node's own judgement.

    Attributes:
        level: how serious. message: one sentence for people.
        details: further figures for diagnostics, already as text.
    """

    level: Level = Level.OK
    message: str = "running"
    details: tuple[tuple[str, str], ...] = ()


def with_mismatches(health: Health, mismatches: Mapping[str, str]) -> Health:
    """Return a node's health together with endpoints elsewhere that do not fit its own.

    Args:
        health: without them. mismatches: topic -> policy of the quality of service.
    """
    if not mismatches:
        return health
    told = ", ".join(f"{topic} ({policy})" for topic, policy in sorted(mismatches.items()))
    sentence = f"somebody is not connected, quality of service differs: {told}"
    return Health(
        level=max(health.level, Level.WARN),
        message=sentence if health.level is Level.OK else f"{health.message}; {sentence}",
        details=(*health.details, ("qos_mismatches", told)),
    )


def diagnostic_array(
    *,
    node_name: str,
    hardware_id: str,
    health: Health,
    throughput: Throughput,
    stamp_ns: int,
) -> DiagnosticArray:
    """Return one REP-107 report; rates and latencies are over the time since activation."""
    figures = {
        "results_per_s": f"{throughput.results_per_s:.2f}",
        "window_results_per_s": f"{throughput.window_results_per_s:.2f}",
        "latency_p50_ms": f"{throughput.latency_p50_ms:.1f}",
        "latency_p95_ms": f"{throughput.latency_p95_ms:.1f}",
        "frames": str(throughput.frames),
        "results": str(throughput.results),
        "dropped": str(throughput.dropped),
        "rejected": str(throughput.rejected),
        "failures": str(throughput.failures),
        "active_s": f"{throughput.active_s:.1f}",
        "output_age_s": f"{throughput.output_age_s:.2f}",
    }
    values = [KeyValue(key=key, value=value) for key, value in figures.items()]
    values += [KeyValue(key=key, value=value) for key, value in health.details]
    status = DiagnosticStatus(
        level=bytes([health.level]),
        name=f"{node_name.lstrip('/')}: pipeline",
        message=health.message,
        hardware_id=hardware_id,
        values=values,
    )
    return DiagnosticArray(header=Header(stamp=time_to_msg(stamp_ns)), status=[status])


class HealthReporter:
    """Publish a node's heartbeat (`~/status`) and REP-107 diagnostics (`/diagnostics`).

    Plain publishers: they speak in every lifecycle state.

    Args:
        node: whose. meter: its figures.
    """

    def __init__(self, node: Node, meter: ThroughputMeter) -> None:
        self._node = node
        self._meter = meter
        self._diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        self._status = node.create_publisher(AnalyzerStatus, "~/status", qos.DIAGNOSTICS)

    def publish(
        self, health: Health, *, lifecycle_state: int, model: str = "", runtime: str = ""
    ) -> None:
        """Publish both now; rates in the heartbeat are over 5 s, in diagnostics over the run."""
        throughput = self._meter.read()
        stamp_ns = int(self._node.get_clock().now().nanoseconds)
        name = str(self._node.get_fully_qualified_name())
        self._diagnostics.publish(
            diagnostic_array(
                node_name=name,
                hardware_id=model or name,
                health=health,
                throughput=throughput,
                stamp_ns=stamp_ns,
            )
        )
        self._status.publish(
            AnalyzerStatus(
                header=Header(stamp=time_to_msg(stamp_ns)),
                node_name=name,
                lifecycle_state=lifecycle_state,
                level=int(health.level),
                message=health.message,
                frames=throughput.frames,
                results=throughput.results,
                dropped=throughput.dropped,
                rejected=throughput.rejected,
                results_per_s=float(throughput.window_results_per_s),
                latency_p50_ms=float(throughput.window_latency_p50_ms),
                latency_p95_ms=float(throughput.window_latency_p95_ms),
                output_age_s=float(throughput.output_age_s),
                model=model,
                runtime=runtime,
            )
        )
