"""All nodes of a profile in one process, on one executor."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

from edgeai_bringup.graph import NodePlan
from edgeai_bringup.graph_names import joined
from edgeai_ros_common.frame_hub import FrameHub
from edgeai_ros_common.running import EXIT_USAGE, TURN_S, spin, start_context

_NAMESPACE_RULE = "__ns:="


class ComposedGraph:
    """Nodes of one process; use as a context manager.

    Args:
        plans: what to start. ros_arguments: further arguments for rcl (log options).

    Raises:
        ConfigError: a parameter of a profile or setting does not exist or does not fit.
    """

    def __init__(self, plans: Sequence[NodePlan], *, ros_arguments: Sequence[str] = ()) -> None:
        self._stack = ExitStack()
        self.frame_hub = FrameHub()
        self.context = start_context(
            ["--ros-args", "--params-file", str(plans[0].params_file), *ros_arguments]
        )
        self._stack.callback(self.context.try_shutdown)
        try:
            self.executor = SingleThreadedExecutor(context=self.context)
            self._stack.callback(self.executor.shutdown)
            for node_plan in plans:
                self._add_planned(node_plan)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> ComposedGraph:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Destroy every node, the last started first, and shut the context down."""
        self._stack.close()

    @property
    def process_ids(self) -> None:
        """There is one process, this one."""
        return None

    def add(self, node: Any) -> None:
        """Add a node; the graph destroys it at the end."""
        self._stack.callback(node.destroy_node)
        self.executor.add_node(node)

    def spin(self, until: Callable[[], bool], *, turn_s: float = TURN_S) -> None:
        """Run callbacks until `until()` is true, which is asked at least every `turn_s`."""
        spin(self.executor, until=until, turn_s=turn_s)

    def _add_planned(self, node_plan: NodePlan) -> None:
        entry = node_plan.entry
        node_class = getattr(importlib.import_module(entry.module), entry.class_name)
        arguments: dict[str, Any] = {"frame_hub": self.frame_hub} if entry.takes_frames else {}
        # Looked up by name in the table: a node added there needs no change here.
        self.add(
            node_class(
                node_name=entry.name,
                namespace=f"/{node_plan.namespace}",
                context=self.context,
                parameter_overrides=[
                    Parameter(name, value=value) for name, value in node_plan.overrides.items()
                ],
                cli_args=["--ros-args", *node_plan.remap_arguments],
                **arguments,
            )
        )


def main() -> int:
    """Run a profile as one process, as the launch files do; return the exit code."""
    from edgeai_bringup.cli import main as cli_main

    own_arguments = sys.argv[1:]
    if "--ros-args" in own_arguments:
        split = own_arguments.index("--ros-args")
        # launch_ros always adds a bare --ros-args, and the namespace where the launch file is
        # included under one. What a user adds would reach no node: say so.
        ros_arguments, pushed = _without_namespace(own_arguments[split + 1 :])
        if ros_arguments:
            print(
                f"graph: got ROS arguments {' '.join(ros_arguments)}; set parameters with --set "
                "NODE.PARAMETER=VALUE or --params-file, names with --camera and --namespace",
                file=sys.stderr,
            )
            return EXIT_USAGE
        own_arguments = _below(pushed, own_arguments[:split])
    return cli_main(["up", *own_arguments, "--plain"])


def _without_namespace(ros_arguments: Sequence[str]) -> tuple[list[str], str]:
    """Return the arguments without ``-r __ns:=NAME``, and that name; empty without one."""
    for at in range(len(ros_arguments) - 1):
        if ros_arguments[at] == "-r" and ros_arguments[at + 1].startswith(_NAMESPACE_RULE):
            name = ros_arguments[at + 1].removeprefix(_NAMESPACE_RULE)
            return [*ros_arguments[:at], *ros_arguments[at + 2 :]], name
    return list(ros_arguments), ""


def _below(pushed: str, arguments: Sequence[str]) -> list[str]:
    """Return the arguments of `up` for a graph whose namespace is inside `pushed`."""
    if not pushed.strip("/"):
        return list(arguments)
    given = list(arguments)
    own = ""
    if "--namespace" in given[:-1]:
        at = given.index("--namespace")
        own = given[at + 1].strip("/")
        del given[at : at + 2]
    return [*given, "--namespace", joined(pushed.strip("/"), own)]


if __name__ == "__main__":
    sys.exit(main())
