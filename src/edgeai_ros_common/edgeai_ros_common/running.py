"""Run nodes until a signal, and end without leaving anything behind."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from edgeai_core.errors import EdgeAiError

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2


class StopSignal:
    """Turn SIGINT and SIGTERM into a flag; the second one ends the process at once."""

    def __init__(self) -> None:
        self._event = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def request(self) -> None:
        """Ask to stop, as a signal does."""
        self._event.set()

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._event.is_set():
            raise KeyboardInterrupt
        self._event.set()


def spin(executor: SingleThreadedExecutor, *, until: Callable[[], bool]) -> None:
    """Run callbacks until `until()` is true or the context is shut down.

    A callback that raises is logged and the graph goes on: one bad message or one illegal
    transition request must not end every node of the process (rclpy raises out of spin).
    """
    while not until():
        try:
            executor.spin_once(timeout_sec=0.2)
        except ExternalShutdownException:
            return
        except KeyboardInterrupt:
            raise
        except Exception as exc:
            get_logger("executor").error(f"callback failed: {exc!r}\n{traceback.format_exc()}")


def run_node(
    node_class: Callable[..., Node], *, node_name: str, argv: Sequence[str] | None = None
) -> int:
    """Run one node in this process until SIGINT or SIGTERM; return the exit code.

    The node waits for the supervisor: it neither configures nor activates itself.
    """
    context = Context()
    stop = StopSignal()
    rclpy.init(
        args=list(sys.argv if argv is None else argv),
        context=context,
        signal_handler_options=SignalHandlerOptions.NO,
    )
    executor: SingleThreadedExecutor | None = None
    node: Any = None
    try:
        node = node_class(node_name=node_name, context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        spin(executor, until=lambda: stop.requested)
    except EdgeAiError as exc:
        print(f"{node_name}: {exc}", file=sys.stderr)
        return EXIT_USAGE
    finally:
        if node is not None:
            node.destroy_node()
        if executor is not None:
            executor.shutdown()
        context.try_shutdown()
    return EXIT_OK
