"""What each node of the graph publishes, takes and offers, asked from the nodes themselves.

Every node is made in this process, configured and activated without a supervisor, and what it
creates on the way is noted: nothing is discovered over the network, so nothing can be missed.
"""

from __future__ import annotations

import enum
import importlib
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

from edgeai_bringup import graph
from edgeai_bringup.locations import config_directory
from edgeai_core.errors import EdgeAiError
from edgeai_ros_common import qos

CAMERA = "camera"
_PROFILE = "home"  # it has every node of the table
# Packages whose interfaces every ROS node has: parameters, life cycle, type descriptions.
STANDARD = ("rcl_interfaces", "lifecycle_msgs", "type_description_interfaces")


class Kind(enum.Enum):
    """What a node does with an interface."""

    PUBLISHES = "publishes"
    SUBSCRIBES = "subscribes"
    OFFERS = "offers"
    CALLS = "calls"


class Phase(enum.Enum):
    """Since when an interface exists."""

    ALIVE = "always"
    CONFIGURED = "configured"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One topic or service of one node.

    Attributes:
        node: its row in the graph table, by name. kind, phase: what it does with it, since when.
        name: resolved, for a camera called `camera`. type_name: as ``package/msg/Type``.
        quality: the profile's name in edgeai_ros_common.qos, empty for services.
    """

    node: str
    kind: Kind
    phase: Phase
    name: str
    type_name: str
    quality: str


def introspect(only: Collection[str] = ()) -> tuple[Interface, ...]:
    """Return the interfaces of every node of the graph table, in the table's order.

    Args:
        only: nodes of the table, by name; empty for all.

    Raises:
        EdgeAiError: a node cannot be configured or activated; its log says why.
    """
    found: list[Interface] = []
    with tempfile.TemporaryDirectory() as folder, _private_data(Path(folder)):
        plans = graph.plan(
            _PROFILE,
            config_directory=config_directory(),
            camera=CAMERA,
            overrides={
                "usb_cam": {"stream.source": "synthetic"},
                # Who is near is asked only where flame is normal somewhere.
                "fire_detector": {"fire.normal_flames.zones": ["stove: 0,0 1,0 1,1"]},
                # It listens only while somebody looks.
                "visualizer": {"lazy": False},
            },
        )
        for node_plan in plans:
            if not only or node_plan.entry.name in only:
                found += _interfaces_of(node_plan)
    return tuple(found)


@contextmanager
def _private_data(folder: Path) -> Iterator[None]:
    # The alert node opens its store: not that of the user of this machine.
    before = os.environ.get("EDGEAI_DATA_DIR")
    os.environ["EDGEAI_DATA_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["EDGEAI_DATA_DIR"]
        else:
            os.environ["EDGEAI_DATA_DIR"] = before


def _interfaces_of(node_plan: graph.NodePlan) -> list[Interface]:
    entry = node_plan.entry
    node_class = getattr(importlib.import_module(entry.module), entry.class_name)
    with ExitStack() as stack:
        context = Context()
        rclpy.init(
            args=[
                *("--ros-args", "--params-file", str(node_plan.params_file)),
                *("--log-level", "error"),
            ],
            context=context,
            # Away from a graph that runs on this machine, and from the tests' domains 1..100.
            domain_id=os.getpid() % 100 + 101,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        stack.callback(context.try_shutdown)
        record = stack.enter_context(_Recorder(entry.name))
        node = node_class(
            node_name=entry.name,
            namespace=f"/{node_plan.namespace}",
            context=context,
            parameter_overrides=[
                Parameter(name, value=value) for name, value in node_plan.overrides.items()
            ],
        )
        stack.callback(node.destroy_node)
        if isinstance(node, LifecycleNode):
            record.phase = Phase.CONFIGURED
            _require(node.trigger_configure(), entry.name, "configured")
            record.phase = Phase.ACTIVE
            _require(node.trigger_activate(), entry.name, "activated")
    return record.interfaces


def _require(result: TransitionCallbackReturn, name: str, what: str) -> None:
    if result != TransitionCallbackReturn.SUCCESS:
        raise EdgeAiError(
            f"{name} could not be {what}, so its topics are unknown; its log above says why, and "
            "./edgeai setup brings missing models"
        )


class _Recorder:
    """Note what nodes create while it is entered."""

    def __init__(self, node: str) -> None:
        self.phase = Phase.ALIVE
        self.interfaces: list[Interface] = []
        self._node = node
        self._restore = ExitStack()

    def __enter__(self) -> _Recorder:
        self._watch("create_publisher", Kind.PUBLISHES, quality_at=2)
        self._watch("create_subscription", Kind.SUBSCRIBES, quality_at=3)
        self._watch("create_service", Kind.OFFERS)
        self._watch("create_client", Kind.CALLS)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._restore.close()

    def _watch(self, method: str, kind: Kind, *, quality_at: int | None = None) -> None:
        original: Callable[..., Any] = getattr(Node, method)

        def create(node: Node, *arguments: Any, **options: Any) -> Any:
            self._note(node, kind, arguments, options, quality_at)
            return original(node, *arguments, **options)

        setattr(Node, method, create)
        self._restore.callback(setattr, Node, method, original)

    def _note(
        self,
        node: Node,
        kind: Kind,
        arguments: Sequence[Any],
        options: dict[str, Any],
        quality_at: int | None,
    ) -> None:
        interface_type, name = arguments[:2]
        package, group = interface_type.__module__.split(".")[:2]
        # Calls of standard services are the graph's own doing; offering them is not.
        if package in STANDARD and kind is not Kind.CALLS:
            return
        quality = ""
        if quality_at is None:
            resolved = node.resolve_service_name(name)
        else:
            resolved = node.resolve_topic_name(name)
            profile = options["qos_profile"] if "qos_profile" in options else arguments[quality_at]
            # By identity: two profiles may hold the same values for different reasons.
            quality = next((key for key, known in qos.BY_NAME.items() if known is profile), "")
            if not quality:
                raise EdgeAiError(f"{self._node}: {resolved}: the QoS is not one of qos.BY_NAME")
        self.interfaces.append(
            Interface(
                node=self._node,
                kind=kind,
                phase=self.phase,
                name=resolved,
                type_name=f"{package}/{group}/{interface_type.__name__}",
                quality=quality,
            )
        )
