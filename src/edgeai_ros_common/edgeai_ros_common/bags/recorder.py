"""Record the topics of a running graph, message by message as they are on the wire."""

from __future__ import annotations

import importlib
import queue
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from rclpy.clock import Clock, ROSClock
from rclpy.clock_type import ClockType
from rclpy.context import Context
from rclpy.node import Node
from rclpy.subscription import Subscription

from edgeai_core.errors import BagError
from edgeai_ros_common.bags import profiles
from edgeai_ros_common.bags.writing import Topic
from edgeai_ros_common.event_watch import Never

_DISCOVERY_PERIOD_S = 0.25
# Messages are fetched so often, all at once: to be woken for each of them costs the executor more
# than to write it (bench/recording.py). They carry the time at which they came.
_FETCH_PERIOD_S = 0.04
# Camera frames that may wait for the disk, about two seconds of VGA; then the newest are dropped.
_QUEUE_MESSAGES = 1000
_QUEUE_BYTES = 64_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicChoice:
    """Which topics are recorded, by regular expressions that must match the whole name."""

    include: str = ".*"
    exclude: str = ""

    def __contains__(self, name: object) -> bool:
        text = str(name)
        left_out = bool(self.exclude) and re.fullmatch(self.exclude, text) is not None
        return re.fullmatch(self.include, text) is not None and not left_out


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    topic: Topic
    subscription: Subscription


class Sink(Protocol):
    """Takes messages; one thread calls it."""

    def write(self, topic: Topic, *, stamp_ns: int, data: bytes) -> None:
        """Take one serialised message that was heard at `stamp_ns`."""
        ...


class RecorderNode(Node):
    """Subscribe to every chosen topic and hand its messages to a sink, on a thread of its own.

    Topics that appear later are taken too. A topic whose type is not installed here is told once
    and left out. Messages are in the order of their times, except for what comes late by more than
    the period in which they are fetched. Call `close` before the sink is closed.

    Args:
        sink: where messages go. choice: which topics. context: of rclpy.
    """

    def __init__(self, sink: Sink, *, choice: TopicChoice, context: Context | None = None) -> None:
        super().__init__(
            "edgeai_recorder", context=context, enable_rosout=False, start_parameter_services=False
        )
        self._sink = sink
        self._choice = choice
        self._fetched_here = Never()
        self._heard: dict[str, _Heard | None] = {}
        self._queue: queue.SimpleQueue[tuple[Topic, int, bytes] | Callable[[], None] | None]
        self._queue = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self.dropped = 0
        self.failure: BagError | None = None
        self._worker = threading.Thread(target=self._work, name="bag-writer", daemon=True)
        self._worker.start()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_DISCOVERY_PERIOD_S, self._discover, clock=steady)
        self.create_timer(_FETCH_PERIOD_S, self._fetch, clock=steady)

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of the topics that are recorded, sorted."""
        return tuple(sorted(name for name, heard in self._heard.items() if heard is not None))

    def run_on_sink(self, action: Callable[[], None]) -> None:
        """Call `action` on the sink's thread, after the messages heard so far."""
        self._queue.put(action)

    def close(self) -> None:
        """Stop to listen and wait until everything heard is with the sink; harmless twice.

        Raises:
            BagError: the sink refused something; what came after it is lost.
        """
        self._fetch()
        for heard in self._heard.values():
            if heard is not None:
                self.destroy_subscription(heard.subscription)
        self._heard.clear()
        self._queue.put(None)
        self._worker.join()
        if self.failure is not None:
            raise self.failure

    def _discover(self) -> None:
        for name, type_names in self.get_topic_names_and_types():
            if name in self._heard or name not in self._choice or not type_names:
                continue
            publishers = self.get_publishers_info_by_topic(name)
            if publishers:
                self._heard[name] = self._subscribe(name, type_names[0], publishers)

    def _subscribe(self, name: str, type_name: str, publishers: list[Any]) -> _Heard | None:
        try:
            message = message_class(type_name)
        except BagError as exc:
            self.get_logger().warning(f"{name} is not recorded: {exc}")
            return None
        offered = [publisher.qos_profile for publisher in publishers]
        topic = Topic(
            name=name,
            type_name=type_name,
            # Each once: nodes share profiles, and every part of a bag writes them out as YAML.
            offered=tuple(dict.fromkeys(profiles.offered(profile) for profile in offered)),
        )
        # What is wanted is made of what is offered: nothing is incompatible, no event missed.
        subscription = self.create_subscription(
            message,
            name,
            _nobody,
            profiles.wanted(offered),
            raw=True,
            callback_group=self._fetched_here,
        )
        return _Heard(topic=topic, subscription=subscription)

    def _fetch(self) -> None:
        came: list[tuple[int, Topic, bytes]] = []
        for heard in self._heard.values():
            if heard is None:
                continue
            subscription = heard.subscription
            with subscription.handle:
                # One topic that is faster than this loop must not keep the others waiting.
                for _ in range(profiles.DEPTH):
                    taken = subscription.handle.take_message(subscription.msg_type, True)
                    if taken is None:
                        break
                    data, info = taken
                    came.append((self._stamp_ns(info), heard.topic, data))
        came.sort(key=lambda one: one[0])
        for stamp_ns, topic, data in came:
            self._put(topic, stamp_ns, data)

    def _stamp_ns(self, info: dict[str, Any]) -> int:
        clock = self.get_clock()
        is_simulated = isinstance(clock, ROSClock) and clock.ros_time_is_active
        # Not every middleware tells when it came, and none knows of a simulated time.
        came_ns = 0 if is_simulated else int(info["received_timestamp"])
        return came_ns or int(clock.now().nanoseconds)

    def _put(self, topic: Topic, stamp_ns: int, data: bytes) -> None:
        with self._lock:
            full = self._waiting_bytes + len(data) > _QUEUE_BYTES
            if not full and self._queue.qsize() < _QUEUE_MESSAGES:
                self._waiting_bytes += len(data)
                self._queue.put((topic, stamp_ns, data))
                return
            self.dropped += 1

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            if callable(item):
                item()
                continue
            topic, stamp_ns, data = item
            with self._lock:
                self._waiting_bytes -= len(data)
            if self.failure is not None:
                continue
            try:
                self._sink.write(topic, stamp_ns=stamp_ns, data=data)
            except BagError as exc:
                self.failure = exc


def _nobody(data: bytes) -> None:
    """Take a message that the executor would bring: it is kept from the subscriptions."""


def message_class(type_name: str) -> type[Any]:
    """Return the Python class of a message type such as ``sensor_msgs/msg/Image``.

    Raises:
        BagError: its package is not installed for Python, or it is no message.
    """
    package, kind, name = type_name.split("/")
    try:
        found = getattr(importlib.import_module(f"{package}.{kind}"), name)
    except (ImportError, AttributeError) as exc:
        raise BagError(f"type {type_name} is not installed here") from exc
    return found  # type: ignore[no-any-return]  # modules have no types
