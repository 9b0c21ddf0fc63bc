"""`edgeai health`: ask the running graph whether all of it lives; what a container engine asks."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import rclpy
from edgeai_msgs.msg import AnalyzerStatus
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from edgeai_ros_common import qos
from edgeai_ros_common.diagnostics import Level
from edgeai_ros_common.running import EXIT_FAILED, EXIT_OK

SUPERVISOR = "/supervisor"
_STATUS_TYPE = "edgeai_msgs/msg/AnalyzerStatus"
_STATUS_TOPIC = "/status"
_SPIN_S = 0.1
# Discovery is not at once: a node that is found late must still be waited for.
_SETTLED_S = 1.0


def run_health(arguments: argparse.Namespace) -> int:
    """Print what is wrong, or one line when nothing is; return 0 for a healthy graph, else 1."""
    with ExitStack() as stack:
        context = Context()
        rclpy.init(args=[], context=context, signal_handler_options=SignalHandlerOptions.NO)
        stack.callback(context.try_shutdown)
        listener = StatusListener(context=context)
        stack.callback(listener.destroy_node)
        executor = SingleThreadedExecutor(context=context)
        stack.callback(executor.shutdown)
        executor.add_node(listener)
        faults = listener.examine(
            spin=lambda: executor.spin_once(timeout_sec=_SPIN_S), timeout_s=arguments.timeout_s
        )
        for sentence in faults:
            print(sentence, file=sys.stderr)
        if faults:
            return EXIT_FAILED
        print(summary(listener.heard))
        return EXIT_OK


class StatusListener(Node):
    """Hears the heartbeat of every node that has one.

    Args:
        context: where it lives. monotonic_s: seconds.
    """

    def __init__(
        self, *, context: Context, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__("edgeai_health", context=context, enable_rosout=False)
        self.heard: dict[str, AnalyzerStatus | None] = {}
        self._monotonic_s = monotonic_s

    def examine(self, *, spin: Callable[[], object], timeout_s: float) -> list[str]:
        """Listen until every node spoke or the time is over; return what is wrong.

        Args:
            spin: runs callbacks for a moment. timeout_s: how long to wait at most.
        """
        started_s = found_s = self._monotonic_s()
        while (now_s := self._monotonic_s()) - started_s < timeout_s:
            if self._find():
                found_s = now_s
            complete = SUPERVISOR in self.heard and None not in self.heard.values()
            if complete and now_s - found_s >= _SETTLED_S:
                break
            spin()
        return faults_of(self.heard, timeout_s=timeout_s)

    def _find(self) -> bool:
        """Subscribe to what is new in the graph; return whether anything was."""
        found = False
        for topic, types in self.get_topic_names_and_types():
            name = topic.removesuffix(_STATUS_TOPIC)
            if _STATUS_TYPE in types and name != topic and name not in self.heard:
                self.heard[name] = None
                self.create_subscription(AnalyzerStatus, topic, self._on_status, qos.DIAGNOSTICS)
                found = True
        return found

    def _on_status(self, message: Any) -> None:
        self.heard[message.node_name] = message


def faults_of(heard: Mapping[str, AnalyzerStatus | None], *, timeout_s: float) -> list[str]:
    """Return one sentence for every node that is silent or says that it is broken.

    A warning is none: a camera that comes back by itself, an engine that is being built.

    Args:
        heard: by node name; None for a node that is there and said nothing.
        timeout_s: how long it was listened to.
    """
    if heard.get(SUPERVISOR) is None:
        return [
            f"{SUPERVISOR}: not heard within {timeout_s:.0f} s; no graph runs here, or it hangs "
            "(same ROS_DOMAIN_ID?)"
        ]
    faults = []
    for name, status in sorted(heard.items()):
        if status is None:
            faults.append(f"{name}: silent for {timeout_s:.0f} s")
        elif int(status.level) >= Level.ERROR:
            faults.append(f"{name}: {Level(int(status.level)).name}: {status.message}")
    return faults


def summary(heard: Mapping[str, AnalyzerStatus | None]) -> str:
    """Return the line about a healthy graph, with what its nodes warn of."""
    warnings = [
        f"{name}: {status.message}"
        for name, status in sorted(heard.items())
        if status is not None and int(status.level) == Level.WARN
    ]
    told = f"; {'; '.join(warnings)}" if warnings else ""
    return f"healthy: {len(heard)} nodes{told}"
