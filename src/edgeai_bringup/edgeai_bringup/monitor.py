"""A node that only listens: what runs, how fast, who is authorised, what was alerted."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from edgeai_msgs.msg import Alert, AnalyzerStatus, AuthState
from rcl_interfaces.msg import Log
from rclpy.context import Context
from rclpy.qos import DurabilityPolicy, QoSProfile

from edgeai_ros_common import qos
from edgeai_ros_common.event_watch import SeldomEvents

STATE_NAMES = {0: "unknown", 1: "unconfigured", 2: "inactive", 3: "active", 4: "finalized"}
LEVEL_NAMES = ("OK", "WARN", "ERROR", "STALE")
SESSION_NAMES = ("LOCKED", "ACTIVE", "MONITORING")
SEVERITY_NAMES = ("INFO", "WARNING", "CRITICAL")
_KEPT_ROWS = 10_000
_LOG_WARN = 30


@dataclass(slots=True)
class NodeView:
    """What the graph last said about a node."""

    state: str = "unknown"
    level: str = "STALE"
    message: str = "not heard yet"
    results: int = 0
    results_per_s: float = 0.0
    window_results_per_s: float = 0.0
    latency_p50_ms: float = math.nan
    latency_p95_ms: float = math.nan
    dropped: int = 0
    model: str = ""
    runtime: str = ""
    details: dict[str, str] = field(default_factory=dict)


class GraphMonitor(SeldomEvents):
    """Collect statuses, diagnostics, access states, alerts and warnings of the graph.

    Args:
        node_names: fully qualified names of the nodes to listen to.
        namespace: of the graph, without the leading slash.
        on_event: called with one line for people on every change worth telling.
    """

    def __init__(
        self,
        *,
        node_names: tuple[str, ...],
        context: Context,
        on_event: Callable[[str], None],
        namespace: str = "",
    ) -> None:
        super().__init__(
            "graph_monitor", context=context, enable_rosout=False, namespace=f"/{namespace}"
        )
        self.nodes: dict[str, NodeView] = {name: NodeView() for name in node_names}
        self.auth: deque[dict[str, Any]] = deque(maxlen=_KEPT_ROWS)
        self.alerts: dict[str, dict[str, Any]] = {}
        self.errors: deque[dict[str, Any]] = deque(maxlen=_KEPT_ROWS)
        self.session = "LOCKED"
        self.session_reason = ""
        self._told_errors: set[tuple[str, str]] = set()
        self._started_s = time.monotonic()
        self._on_event = on_event
        for name in node_names:
            self.create_subscription(
                AnalyzerStatus, f"{name}/status", self._on_status, qos.DIAGNOSTICS
            )
        self.create_subscription(
            DiagnosticArray, "diagnostics", self._on_diagnostics, qos.DIAGNOSTICS
        )
        self.create_subscription(AuthState, "auth_state", self._on_auth_state, qos.STATE)
        self.create_subscription(Alert, "alerts", self._on_alert, qos.ALERTS)
        # /rosout is everybody's: of it only what comes from this graph's loggers is told.
        self._loggers = namespace.replace("/", ".") + "." if namespace else ""
        rosout = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(Log, "/rosout", self._on_log, rosout)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the monitor began to listen."""
        return time.monotonic() - self._started_s

    def forget(self, name: str) -> None:
        """Wait to hear a node anew: its process was replaced (`name` in full)."""
        view = self.nodes[name]
        view.state, view.level, view.message = "unknown", "STALE", "started again"

    def _on_status(self, message: AnalyzerStatus) -> None:
        view = self.nodes.get(message.node_name)
        if view is None:
            return
        state = STATE_NAMES.get(int(message.lifecycle_state), "in transition")
        level = LEVEL_NAMES[min(int(message.level), 3)]
        if state != view.state:
            self._on_event(f"{message.node_name}: {state}")
        if level == "ERROR" and (view.level, view.message) != (level, message.message):
            self._note_error(message.node_name, message.message)
        view.state, view.level, view.message = state, level, message.message
        view.window_results_per_s = float(message.results_per_s)
        view.model, view.runtime = message.model, message.runtime

    def _note_error(self, node_name: str, message: str) -> None:
        # Sentences with a running figure ("silent for 7 s") are one error, not one a second.
        key = (node_name, "".join(c for c in message if not c.isdigit()))
        if key in self._told_errors or len(self._told_errors) >= _KEPT_ROWS:
            return
        self._told_errors.add(key)
        self.errors.append({"t_s": round(self.elapsed_s, 3), "node": node_name, "message": message})
        self._on_event(f"ERROR {node_name}: {message}")

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            view = self.nodes.get("/" + status.name.partition(":")[0])
            if view is None:
                continue
            values = {entry.key: entry.value for entry in status.values}
            view.details = values
            view.results = int(values.get("results", "0"))
            view.results_per_s = float(values.get("results_per_s", "0"))
            view.latency_p50_ms = float(values.get("latency_p50_ms", "nan"))
            view.latency_p95_ms = float(values.get("latency_p95_ms", "nan"))
            view.dropped = int(values.get("dropped", "0"))

    def _on_auth_state(self, message: AuthState) -> None:
        session = SESSION_NAMES[min(int(message.state), 2)]
        self.session_reason = message.reason
        last = (self.auth[-1]["state"], self.auth[-1]["person"]) if self.auth else None
        if last == (session, message.person_name):
            return
        self.session = session
        self.auth.append(
            {"t_s": round(self.elapsed_s, 3), "state": session, "person": message.person_name}
        )
        who = f" by {message.person_name}" if message.person_name else ""
        self._on_event(f"session {session}{who}: {message.reason}")

    def _on_alert(self, message: Alert) -> None:
        severity = SEVERITY_NAMES[min(int(message.severity), 2)]
        if message.alert_id not in self.alerts:
            if len(self.alerts) >= _KEPT_ROWS:
                self.alerts.pop(next(iter(self.alerts)))
            self._on_event(f"ALERT {severity} {message.title}: {message.reason}")
        self.alerts[message.alert_id] = {
            "t_s": round(self.elapsed_s, 3),
            "alert_id": message.alert_id,
            "category": message.category,
            "severity": severity,
            "title": message.title,
            "reason": message.reason,
            "source": message.source,
            "count": int(message.count),
        }

    def _on_log(self, message: Log) -> None:
        if int(message.level) >= _LOG_WARN and message.name.startswith(self._loggers):
            self._on_event(f"[{message.name}] {message.msg}")
