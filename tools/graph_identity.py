"""Compare a running graph with the graph table: nodes, topics, types, QoS, services, parameters.

The table side is made of edgeai_bringup.graph and of what the nodes themselves create
(graph_interfaces); the other side is what any ROS program sees over the network. Both sides are
the same whoever started the graph: `up`, `up --separate`, or `ros2 launch` in either way.

``tools/workspace.py run -- python tools/graph_identity.py home --params-file FILE [--composed]``
compares the graph that runs on this ROS_DOMAIN_ID; all its analyzers must be active.
"""

from __future__ import annotations

import argparse
import array
import importlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rclpy
from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python

from edgeai_bringup.graph import NodePlan
from edgeai_bringup.parameter_files import parameters_of
from edgeai_bringup.preparation import prepare
from edgeai_core.config import specs
from edgeai_core.errors import EdgeAiError
from edgeai_ros_common import qos
from graph_interfaces import STANDARD, Interface, Kind, introspect

# Who watches a graph for `up` is not part of it.
_WATCHERS = ("graph_monitor", "graph_identity")
# Parameters that every ROS node has.
_EVERY_NODE = ("use_sim_time", "start_type_description_service")
_PERIOD_S = 0.25
_CALL_TIMEOUT_S = 20.0

# What goes from hand to hand within a process: pictures, not what is published beside them.
_BY_REFERENCE = ("sensor_msgs/msg/Image", "image_wanted")

# Node, what it does, topic or service, type, reliability, durability.
Endpoint = tuple[str, str, str, str, str, str]


@dataclass(slots=True)
class Graph:
    """What a graph shows to others.

    Attributes:
        nodes: full names. endpoints: topics and services of the product's own; those that every
            ROS node has are left out. parameters: full node name -> parameter -> value.
    """

    nodes: set[str] = field(default_factory=set)
    endpoints: set[Endpoint] = field(default_factory=set)
    parameters: dict[str, dict[str, object]] = field(default_factory=dict)


def expected(
    plans: Sequence[NodePlan], interfaces: Iterable[Interface], *, composed: bool
) -> Graph:
    """Return what a graph of these plans must show while all of it is active.

    Args:
        plans: of a home or city profile whose camera has the name that `interfaces` has.
        interfaces: of each node, from `graph_interfaces.introspect`.
        composed: one process, in which frames go from hand to hand and nobody listens to images.
    """
    by_name = {p.entry.name: p for p in plans}
    graph = Graph(nodes={p.full_name for p in plans})
    for one in interfaces:
        takes = one.kind is Kind.SUBSCRIBES and by_name[one.node].entry.takes_frames
        if composed and takes and (one.type_name, one.quality) == _BY_REFERENCE:
            continue
        profile = qos.BY_NAME.get(one.quality)
        quality = (profile.reliability.name, profile.durability.name) if profile else ("", "")
        graph.endpoints.add(
            (by_name[one.node].full_name, one.kind.value, one.name, one.type_name, *quality)
        )
    for p in plans:
        module = importlib.import_module(p.entry.module)
        config_class: type[Any] = getattr(module, p.entry.class_name).config_class
        given = parameters_of(p)
        graph.parameters[p.full_name] = {
            spec.name: spec.checked(given.get(spec.name, spec.default))
            for spec in specs(config_class)
        }
    return graph


def observe(probe: Node) -> Graph:
    """Return what is known of the running graph now, without the parameters' values."""
    graph = Graph()
    for name, namespace in probe.get_node_names_and_namespaces():
        if name in _WATCHERS or name.startswith("_"):
            continue
        full_name = f"{namespace.rstrip('/')}/{name}"
        graph.nodes.add(full_name)
        graph.endpoints.update(_services_of(probe, name, namespace, full_name))
    for topic, _ in probe.get_topic_names_and_types():
        for kind, infos in (
            (Kind.PUBLISHES, probe.get_publishers_info_by_topic(topic)),
            (Kind.SUBSCRIBES, probe.get_subscriptions_info_by_topic(topic)),
        ):
            for info in infos:
                full_name = f"{info.node_namespace.rstrip('/')}/{info.node_name}"
                if full_name in graph.nodes and not _is_standard(info.topic_type):
                    profile = info.qos_profile
                    quality = (profile.reliability.name, profile.durability.name)
                    graph.endpoints.add((full_name, kind.value, topic, info.topic_type, *quality))
    return graph


def _services_of(probe: Node, name: str, namespace: str, full_name: str) -> Iterator[Endpoint]:
    try:
        offered = probe.get_service_names_and_types_by_node(name, namespace)
        called = probe.get_client_names_and_types_by_node(name, namespace)
    except RuntimeError:
        return  # the node went away, or is not fully known yet
    for service, types in offered:
        yield from (
            (full_name, Kind.OFFERS.value, service, type_name, "", "")
            for type_name in types
            if not _is_standard(type_name)
        )
    for service, types in called:
        yield from ((full_name, Kind.CALLS.value, service, t, "", "") for t in types)


def _is_standard(type_name: str) -> bool:
    return type_name.partition("/")[0] in STANDARD


def read_parameters(
    probe: Node, nodes: Iterable[str], *, spin: Callable[[Callable[[], bool], float], None]
) -> dict[str, dict[str, object]]:
    """Ask each node for its parameters.

    Args:
        probe: asks. nodes: full names. spin: runs `probe` until a condition holds, at most so
            many seconds.

    Raises:
        EdgeAiError: a node does not answer.
    """
    return {name: _parameters_of(probe, name, spin) for name in sorted(nodes)}


def _parameters_of(
    probe: Node, full_name: str, spin: Callable[[Callable[[], bool], float], None]
) -> dict[str, object]:
    def call(service: Any, name: str, request: Any) -> Any:
        client = probe.create_client(service, f"{full_name}/{name}")
        try:
            spin(client.service_is_ready, _CALL_TIMEOUT_S)
            future = client.call_async(request)
            spin(future.done, _CALL_TIMEOUT_S)
        finally:
            probe.destroy_client(client)
        if not future.done():
            raise EdgeAiError(f"{full_name} did not answer {name} within {_CALL_TIMEOUT_S:.0f} s")
        return future.result()

    listed = call(ListParameters, "list_parameters", ListParameters.Request())
    names = sorted(name for name in listed.result.names if name not in _EVERY_NODE)
    got = call(GetParameters, "get_parameters", GetParameters.Request(names=names))
    values = (parameter_value_to_python(value) for value in got.values)
    return dict(zip(names, map(_plain, values), strict=True))


def _plain(value: object) -> object:
    # Lists arrive as lists or array.array; None is an empty list without a type.
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, array.array)) else value


def differences(wanted: Graph, found: Graph) -> list[str]:
    """Return one line for each thing in which two graphs differ; best none."""
    lines = [f"node missing: {name}" for name in sorted(wanted.nodes - found.nodes)]
    lines += [f"node unexpected: {name}" for name in sorted(found.nodes - wanted.nodes)]
    lines += [f"missing: {' '.join(e)}" for e in sorted(wanted.endpoints - found.endpoints)]
    lines += [f"unexpected: {' '.join(e)}" for e in sorted(found.endpoints - wanted.endpoints)]
    for node in sorted(set(wanted.parameters) | set(found.parameters)):
        want, got = wanted.parameters.get(node, {}), found.parameters.get(node, {})
        lines += [
            f"parameter {node} {name}: expected {want.get(name, 'none')!r}, "
            f"got {got.get(name, 'none')!r}"
            for name in sorted(set(want) | set(got))
            if want.get(name) != got.get(name) or (name in want) != (name in got)
        ]
    return lines


def compare(wanted: Graph, *, timeout_s: float) -> list[str]:
    """Wait until the graph on this domain is as wanted; return what differs at the end."""
    context = Context()
    rclpy.init(context=context)
    executor = SingleThreadedExecutor(context=context)
    probe = Node(
        "graph_identity", context=context, enable_rosout=False, start_parameter_services=False
    )
    executor.add_node(probe)

    def spin(until: Callable[[], bool], timeout_s: float) -> None:
        end_s = time.monotonic() + timeout_s
        while not until() and time.monotonic() < end_s:
            executor.spin_once(timeout_sec=0.05)

    try:
        end_s = time.monotonic() + timeout_s
        found = observe(probe)
        while (
            found.nodes != wanted.nodes or found.endpoints != wanted.endpoints
        ) and time.monotonic() < end_s:
            spin(lambda: False, _PERIOD_S)
            found = observe(probe)
        if found.nodes >= wanted.nodes:
            found.parameters = read_parameters(probe, wanted.nodes, spin=spin)
        return differences(wanted, found)
    finally:
        executor.shutdown()
        probe.destroy_node()
        context.try_shutdown()


def main() -> int:
    """Compare and tell; return the exit code."""
    parser = argparse.ArgumentParser(description="Compare the running graph with the graph table.")
    parser.add_argument("profile", choices=("home", "city"))
    parser.add_argument("--source", default="synthetic")
    parser.add_argument("--params-file", type=Path)
    parser.add_argument("--composed", action="store_true")
    parser.add_argument("--timeout-s", type=float, default=60.0)
    arguments = parser.parse_args()
    plans = prepare(
        arguments.profile,
        source=arguments.source,
        camera="camera",
        params_file=arguments.params_file,
    ).plans
    wanted = expected(plans, introspect(), composed=arguments.composed)
    lines = compare(wanted, timeout_s=arguments.timeout_s)
    for line in lines:
        print(line)
    parameters = sum(len(values) for values in wanted.parameters.values())
    print(
        f"{len(wanted.nodes)} nodes, {len(wanted.endpoints)} topics and services, {parameters} "
        f"parameters: {len(lines) or 'no'} differences"
    )
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
