"""For tests: a ROS context and a domain of their own, as pytest fixtures.

Imported by the conftest of every package that tests nodes; never by what runs.
"""

from __future__ import annotations

import fcntl
import gc
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

from edgeai_ros_common.domains import is_free

DEADLINE_S = 10.0


class Ros:
    """One context with its executor; destroys what was added."""

    def __init__(self, domain_id: int) -> None:
        self.context = Context()
        rclpy.init(
            args=[],
            context=self.context,
            domain_id=domain_id,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        self.executor = SingleThreadedExecutor(context=self.context)
        self._nodes: list[Node] = []

    def add(self, node: Node) -> Node:
        """Add a node to the executor; `close` destroys it."""
        self._nodes.append(node)
        self.executor.add_node(node)
        return node

    def listener(self) -> Node:
        """Return a plain node for the test's own publishers and subscriptions."""
        return self.add(Node("listener", context=self.context, enable_rosout=False))

    def until(self, condition: Callable[[], object], *, timeout_s: float = DEADLINE_S) -> None:
        """Run callbacks until `condition` holds; fail after the deadline."""
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() >= deadline_s:
                pytest.fail(f"the condition did not come true in time; {self._seen()}")
            self.executor.spin_once(timeout_sec=0.05)

    def _seen(self) -> str:
        """Return what of the graph the first node sees: the first question after a failure."""
        if not self._nodes:
            return "no node was added"
        nodes = sorted(self._nodes[0].get_node_names())
        topics = sorted(name for name, _ in self._nodes[0].get_topic_names_and_types())
        return f"nodes there: {', '.join(nodes)}; topics there: {', '.join(topics)}"

    def close(self) -> None:
        """Destroy every node and shut the context down."""
        for node in reversed(self._nodes):
            node.destroy_node()
        self.executor.shutdown()
        self.context.try_shutdown()
        self._nodes.clear()
        gc.collect()  # the middleware's participant lives as long as a node that is in a cycle


# Their ports lie above those that Linux gives to outgoing connections.
_DOMAINS = range(215, 232)
_domains = itertools.cycle(_DOMAINS)


@pytest.fixture
def domain_id() -> Iterator[int]:
    """Hold a ROS domain that no other test of this machine has.

    The next one for every test: what the last one destroyed may still be seen for a while.
    """
    for number in itertools.islice(_domains, len(_DOMAINS)):
        path = Path(tempfile.gettempdir()) / f"edgeai_test_domain_{number}.lock"
        with path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if not is_free(number):  # something that an earlier test left still speaks there
                continue
            yield number
            return
    pytest.fail(f"every ROS domain for tests is taken: {_DOMAINS.start}..{_DOMAINS.stop - 1}")


@pytest.fixture
def ros(domain_id: int) -> Iterator[Ros]:
    """Return an open context with its executor."""
    opened = Ros(domain_id)
    yield opened
    opened.close()


@pytest.fixture
def overrides() -> Callable[..., list[Parameter]]:
    """Return what makes parameter overrides of a mapping."""

    def made(values: dict[str, object]) -> list[Parameter]:
        return [Parameter(name, value=value) for name, value in values.items()]

    return made
