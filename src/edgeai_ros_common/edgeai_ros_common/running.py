"""Run nodes until a signal, and end without leaving anything behind."""

from __future__ import annotations

import atexit
import signal
import sys
import threading
import time
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

from edgeai_core.errors import ConfigError, EdgeAiError
from edgeai_core.heap import bound_heap

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
TURN_S = 0.2


_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# A SIGINT that follows sooner is the same one: Ctrl-C and systemd reach every process of a launch,
# and `ros2 launch` without a terminal passes it on. People press again later than that.
_SAME_INTERRUPT_S = 1.0


def _ignore_stop_signals() -> None:
    # A Python that ends gives the signals their default action back, and one that comes then kills
    # it before Fast DDS has removed its shared memory: children get SIGTERM after Ctrl-C.
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


class StopSignal:
    """Turn SIGINT and SIGTERM into a flag; a later second SIGINT ends the process at once.

    A second SIGTERM does not: Ctrl-C reaches every process of a terminal, and whoever started
    this one may ask it to end on top of that.

    Args:
        monotonic_s: clock that never jumps, seconds.
    """

    def __init__(self, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._event = threading.Event()
        self._monotonic_s = monotonic_s
        self._interrupted_s: float | None = None
        for number in _STOP_SIGNALS:
            signal.signal(number, self._on_signal)
        atexit.register(_ignore_stop_signals)

    def request(self) -> None:
        """Ask to stop, as a signal does."""
        self._event.set()

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._event.set()
        if number != signal.SIGINT:
            return
        now_s = self._monotonic_s()
        if self._interrupted_s is None:
            self._interrupted_s = now_s
        elif now_s - self._interrupted_s >= _SAME_INTERRUPT_S:
            raise KeyboardInterrupt


def spin(
    executor: SingleThreadedExecutor, *, until: Callable[[], bool], turn_s: float = TURN_S
) -> None:
    """Run callbacks until `until()` is true or the context is shut down.

    Where nothing happens `until` is asked every `turn_s` seconds.

    A callback that raises is logged and the graph goes on: one bad message or one illegal
    transition request must not end every node of the process (rclpy raises out of spin).
    """
    while not until():
        try:
            executor.spin_once(timeout_sec=turn_s)
        except ExternalShutdownException:
            return
        except KeyboardInterrupt:
            raise
        except Exception as exc:
            if not executor.context.ok():
                # Shut down between two turns: every further turn would raise, without a pause.
                return
            get_logger("executor").error(f"callback failed: {exc!r}\n{traceback.format_exc()}")


def start_context(arguments: Sequence[str]) -> Context:
    """Return a context of its own, initialised; signals stay with the caller.

    Args:
        arguments: ROS arguments such as ``--ros-args --params-file FILE``.

    Raises:
        ConfigError: rcl cannot read an argument or a parameter file.
    """
    context = Context()
    try:
        rclpy.init(
            args=list(arguments),
            context=context,
            signal_handler_options=SignalHandlerOptions.NO,
        )
    except (RuntimeError, ValueError) as exc:  # rclpy's own errors are RuntimeErrors
        sentence = " ".join(str(exc).partition(", at /")[0].split())
        raise ConfigError(f"ROS arguments: {sentence}; correct the file or the argument") from exc
    return context


def run_node(
    node_class: Callable[..., Node], *, node_name: str, argv: Sequence[str] | None = None
) -> int:
    """Run one node in this process until SIGINT or SIGTERM; return the exit code.

    The node waits for the supervisor: it neither configures nor activates itself.
    """
    bound_heap()
    stop = StopSignal()
    context: Context | None = None
    executor: SingleThreadedExecutor | None = None
    node: Any = None
    try:
        context = start_context(sys.argv if argv is None else argv)
        node = node_class(node_name=node_name, context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        spin(executor, until=lambda: stop.requested)
    except EdgeAiError as exc:
        print(f"{node_name}: {exc}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return EXIT_FAILED
    finally:
        if node is not None:
            node.destroy_node()
        if executor is not None:
            executor.shutdown()
        if context is not None:
            context.try_shutdown()
    return EXIT_OK
