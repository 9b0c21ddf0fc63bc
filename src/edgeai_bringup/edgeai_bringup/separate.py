"""A process per node, started again when it dies; for machines where `launch` is not installed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import rclpy
import yaml
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.logging import get_logger
from rclpy.signals import SignalHandlerOptions

from edgeai_bringup.graph import RESPAWN_DELAY_S, STOP_TIMEOUT_S, NodePlan
from edgeai_bringup.shared_memory import remove_dead_segments
from edgeai_ros_common.running import TURN_S, spin

_MAX_RESPAWNS = 5
_RESPAWN_WINDOW_S = 120.0
_CHECK_PERIOD_S = 0.5


def node_arguments(node_plan: NodePlan) -> list[str]:
    """Return the arguments that a node's executable takes, as `ros2 launch` would give them."""
    arguments = ["--ros-args", "-r", f"__node:={node_plan.entry.name}"]
    arguments += ["-r", f"__ns:=/{node_plan.namespace}", *node_plan.remap_arguments]
    arguments += ["--params-file", str(node_plan.params_file)]
    for name, value in node_plan.overrides.items():
        arguments += ["-p", f"{name}:={_yaml(value)}"]
    return arguments


def _yaml(value: object) -> str:
    # One line whatever its length: a folded value would arrive with line breaks in it.
    text = yaml.safe_dump(value, default_flow_style=True, width=sys.maxsize, allow_unicode=True)
    return str(text).removesuffix("\n...\n").strip()


class NodeProcess:
    """One node's process with capped respawn.

    Args:
        command: what to run. name: for messages. monotonic_s: clock that never jumps, seconds.
        spawn: starts a process (subprocess.Popen).
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        name: str,
        monotonic_s: Callable[[], float] = time.monotonic,
        spawn: Callable[[Sequence[str]], subprocess.Popen[bytes]] = subprocess.Popen,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._monotonic_s = monotonic_s
        self._spawn = spawn
        self._starts_s: list[float] = []
        self._died_s: float | None = None
        self.given_up = False
        self._process = self._start()

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return the code of the process that ended last, negative for a signal; None: it runs."""
        return self._process.poll()

    def keep_alive(self) -> str:
        """Start the process again if it died; return one sentence if something happened."""
        code = self._process.poll()
        if code is None or self.given_up:
            return ""
        now_s = self._monotonic_s()
        if self._died_s is None:
            self._died_s = now_s
            recent = [s for s in self._starts_s if s > now_s - _RESPAWN_WINDOW_S]
            if len(recent) > _MAX_RESPAWNS:
                self.given_up = True
                return (
                    f"{self.name} ended with code {code}, the {len(recent)}th time within "
                    f"{_RESPAWN_WINDOW_S:.0f} s: given up; read its log and start the graph again"
                )
            return f"{self.name} ended with code {code}: started again in {RESPAWN_DELAY_S:.0f} s"
        if now_s - self._died_s >= RESPAWN_DELAY_S:
            self._died_s = None
            self._process = self._start()
            return f"{self.name} started again"
        return ""

    def terminate(self) -> None:
        """Ask the process to end."""
        if self._process.poll() is None:
            self._process.terminate()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; kill the process when it takes too long; return whether it obeyed."""
        try:
            self._process.wait(max(timeout_s, 0.1))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True

    def _start(self) -> subprocess.Popen[bytes]:
        self._starts_s.append(self._monotonic_s())
        return self._spawn(self._command)


class SeparateGraph:
    """The nodes of a profile as processes; use as a context manager."""

    def __init__(self, plans: Sequence[NodePlan]) -> None:
        self._stack = ExitStack()
        self.context = Context()
        rclpy.init(args=[], context=self.context, signal_handler_options=SignalHandlerOptions.NO)
        self._stack.callback(self.context.try_shutdown)
        self.executor = SingleThreadedExecutor(context=self.context)
        self._stack.callback(self.executor.shutdown)
        self._processes: list[NodeProcess] = []
        self._stack.callback(self._stop_all)
        self._checked_s = 0.0
        try:
            for node_plan in plans:
                command = [sys.executable, "-m", node_plan.entry.module, *node_arguments(node_plan)]
                self._processes.append(NodeProcess(command, name=node_plan.full_name))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> SeparateGraph:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process and shut the context down."""
        self._stack.close()

    @property
    def process_ids(self) -> dict[str, int]:
        """Return full node name -> process id."""
        return {p.name: p.process_id for p in self._processes}

    def add(self, node: Any) -> None:
        """Add a node of this process; the graph destroys it at the end."""
        self._stack.callback(node.destroy_node)
        self.executor.add_node(node)

    def spin(self, until: Callable[[], bool], *, turn_s: float = TURN_S) -> None:
        """Run callbacks and keep the processes alive until `until()` is true.

        It is asked at least every `turn_s`.
        """

        def check() -> bool:
            now_s = time.monotonic()
            if now_s - self._checked_s >= _CHECK_PERIOD_S:
                self._checked_s = now_s
                for process in self._processes:
                    if sentence := process.keep_alive():
                        get_logger("graph").error(sentence)
                        if process.exit_code is not None:
                            _clean_up()
            return until()

        spin(self.executor, until=check, turn_s=turn_s)

    def _stop_all(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        deadline_s = time.monotonic() + STOP_TIMEOUT_S
        for process in self._processes:
            if not process.wait(deadline_s - time.monotonic()):
                get_logger("graph").error(f"{process.name} did not end in time and was killed")
            elif process.exit_code != 0:
                get_logger("graph").error(f"{process.name} ended with code {process.exit_code}")
        if any(process.exit_code != 0 for process in self._processes):
            _clean_up()


def _clean_up() -> None:
    if fault := remove_dead_segments():
        get_logger("graph").warning(f"the shared memory of dead nodes stays: {fault}")
