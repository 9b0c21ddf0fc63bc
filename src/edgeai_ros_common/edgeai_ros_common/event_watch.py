"""What the middleware says about publishers and subscriptions, heard seldom.

rclpy watches two events of every publisher and subscription, and its executor looks at each of
them at every wake-up, in Python, with a search through all of them inside: in a home graph in one
process they are 188 of 373 things, and cost four fifths of each turn (bench/executor.py).
They stay set until they are taken, so it is enough to look once in a while.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import qos_policy_name_from_kind
from rclpy.waitable import Waitable

try:
    from rclpy.event_handler import (
        EventHandler,
        PublisherEventCallbacks,
        SubscriptionEventCallbacks,
    )
except ImportError:  # Humble
    from rclpy.qos_event import (
        PublisherEventCallbacks,
        SubscriptionEventCallbacks,
    )
    from rclpy.qos_event import (
        QoSEventHandler as EventHandler,
    )

_PERIOD_S = 2.0
# Longer than from the begin of a wait to its end when something is set already.
_OPEN_S = 0.05


class Seldom(CallbackGroup):
    """Lets the executor look at what is in it for a moment, then for a while not at all.

    Args:
        monotonic_s: clock that never jumps, seconds. period_s: between two moments.
    """

    def __init__(
        self,
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
        period_s: float = _PERIOD_S,
    ) -> None:
        super().__init__()
        self._monotonic_s = monotonic_s
        self._period_s = period_s
        self._due_s = 0.0
        self._shut_s = 0.0

    def can_execute(self, entity: object) -> bool:
        """Return whether now is such a moment; the first question after a while begins it."""
        now_s = self._monotonic_s()
        if now_s >= self._due_s:
            self._due_s = now_s + self._period_s
            self._shut_s = now_s + _OPEN_S
        return now_s < self._shut_s

    def beginning_execution(self, entity: object) -> bool:
        """Let it run: one executor with one thread asks."""
        return True

    def ending_execution(self, entity: object) -> None:
        """Nothing to give back."""


class Never(CallbackGroup):
    """Keeps what is in it from the executor: somebody else takes the messages."""

    def can_execute(self, entity: object) -> bool:
        """Return that it must not."""
        return False

    def beginning_execution(self, entity: object) -> bool:
        """Refuse: nothing of this group is ever ready."""
        return False

    def ending_execution(self, entity: object) -> None:
        """Nothing to give back."""


class SeldomEvents(Node):
    """A node whose executor looks at events of the middleware seldom. A mix-in, first of the bases.

    Attributes:
        mismatches: topic -> policy in which an endpoint elsewhere does not fit ours.
    """

    @functools.cached_property
    def mismatches(self) -> dict[str, str]:
        return {}

    @functools.cached_property
    def _seldom(self) -> Seldom:
        return Seldom()

    def add_waitable(self, waitable: Waitable) -> None:
        """Take a waitable of a publisher, subscription or action; rclpy calls it."""
        if isinstance(waitable, EventHandler):
            waitable.callback_group = self._seldom
        super().add_waitable(waitable)

    def subscription_events(self, topic: str) -> SubscriptionEventCallbacks:
        """Return what notes publishers of `topic` whose quality of service does not fit."""
        return SubscriptionEventCallbacks(incompatible_qos=self._noting(topic, "publisher"))

    def publisher_events(self, topic: str) -> PublisherEventCallbacks:
        """Return what notes subscriptions to `topic` whose quality of service does not fit."""
        return PublisherEventCallbacks(incompatible_qos=self._noting(topic, "subscription"))

    def _noting(self, topic: str, other: str) -> Callable[[Any], None]:
        def note(event: Any) -> None:
            policy = str(qos_policy_name_from_kind(event.last_policy_kind))
            resolved = self.resolve_topic_name(topic)
            self.mismatches[resolved] = policy
            self.get_logger().warning(
                f"{resolved}: a {other} elsewhere has another {policy} and is not connected; "
                "docs/topics.md has the quality of service of each topic"
            )

        return note
