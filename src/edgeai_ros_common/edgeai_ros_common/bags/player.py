"""Replay a bag into a graph, at any speed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection, ConnectionExtRosbag2
from rosgraph_msgs.msg import Clock as ClockMsg

from edgeai_core.errors import BagError
from edgeai_ros_common.bags import profiles
from edgeai_ros_common.bags.lock_step import IMAGE_TYPE, LockStep, stamp_of
from edgeai_ros_common.bags.recorder import TopicChoice, message_class

_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a bag is replayed.

    Attributes:
        rate: seconds of the bag per second; 0 is as fast as messages can be published.
        clock_hz: how often /clock is published while nothing else happens; 0 publishes none.
    """

    rate: float = 1.0
    clock_hz: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of a bag.

    Attributes:
        messages: published. left_out: topics that were not, with the reason; sorted.
    """

    messages: int
    left_out: tuple[str, ...]


class Player:
    """Publish the messages of a bag as they were recorded: same bytes, same quality of service.

    Args:
        path: a bag's folder (MCAP or SQLite). node: publishes; its owner destroys it.
        choice: which topics. pace: how fast. monotonic_s: seconds.
        wait: sleeps for seconds, ends early when asked to.
        lock_step: who must be done with a picture before the next message; None waits for nobody.

    Raises:
        BagError: there is no readable bag at `path`, or it has none of the chosen topics.
    """

    def __init__(
        self,
        path: Path,
        *,
        node: Node,
        choice: TopicChoice,
        pace: Pace,
        monotonic_s: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
        lock_step: LockStep | None = None,
    ) -> None:
        self._node = node
        self._lock_step = lock_step
        self._pace = pace
        self._monotonic_s = monotonic_s
        self._wait = wait or threading.Event().wait
        self._reader = open_bag(path)
        self._open = True
        self._left_out: list[str] = []
        self._publishers: dict[int, Any] = {}
        for connection in self._reader.connections:
            if connection.topic in choice and not self._is_own_clock(connection):
                self._prepare(connection)
        if not self._publishers:
            heard = ", ".join(sorted({c.topic for c in self._reader.connections})) or "nothing"
            self.close()
            raise BagError(f"bag {path}: none of the chosen topics can be replayed; it has {heard}")
        self._clock = node.create_publisher(ClockMsg, "/clock", 10) if pace.clock_hz else None

    def close(self) -> None:
        """Close the bag; harmless twice."""
        if self._open:
            self._open = False
            self._reader.close()

    def wait_for_listeners(self, timeout_s: float) -> bool:
        """Wait until every topic has a subscription, so that the first message is not lost.

        In lock step, until every analyzer that is waited for has one.
        """
        deadline_s = self._monotonic_s() + timeout_s
        while any(
            publisher.get_subscription_count() < self._listeners(publisher.topic_name)
            for publisher in self._publishers.values()
        ):
            if self._monotonic_s() >= deadline_s:
                return False
            self._wait(0.02)
        return True

    def play(self, *, stop: Callable[[], bool]) -> Replayed:
        """Publish everything in order; end early when `stop()` says so."""
        chosen = [c for c in self._reader.connections if c.id in self._publishers]
        begun_s = self._monotonic_s()
        first_ns: int | None = None
        published = 0
        for connection, stamp_ns, data in self._reader.messages(connections=chosen):
            first_ns = stamp_ns if first_ns is None else first_ns
            if not self._wait_until(begun_s, stamp_ns - first_ns, first_ns, stop):
                break
            self._tell_time(stamp_ns)
            self._publish(connection, bytes(data), stop)
            published += 1
        return Replayed(messages=published, left_out=tuple(sorted(self._left_out)))

    def _listeners(self, topic: str) -> int:
        return 1 if self._lock_step is None else max(1, len(self._lock_step.analyzers_of(topic)))

    def _publish(self, connection: Connection, data: bytes, stop: Callable[[], bool]) -> None:
        publisher, step = self._publishers[connection.id], self._lock_step
        if step is None or connection.msgtype != IMAGE_TYPE:
            publisher.publish(data)
            return
        step.sending(connection.topic, stamp_of(data))
        publisher.publish(data)
        step.wait(stop=stop)

    def _is_own_clock(self, connection: Connection) -> bool:
        # Two clocks would contradict each other.
        return self._pace.clock_hz > 0 and connection.topic == "/clock"

    def _prepare(self, connection: Connection) -> None:
        try:
            message = message_class(connection.msgtype)
        except BagError as exc:
            self._left_out.append(f"{connection.topic}: {exc}")
            return
        extension = connection.ext
        assert isinstance(extension, ConnectionExtRosbag2)  # ROS 1 bags are refused before
        profile = profiles.replayed(extension.offered_qos_profiles)
        if self._lock_step is not None:
            # Whatever was offered: in lock step nothing may be lost.
            profile.reliability = ReliabilityPolicy.RELIABLE
        self._publishers[connection.id] = self._node.create_publisher(
            message, connection.topic, profile
        )

    def _wait_until(
        self, begun_s: float, offset_ns: int, first_ns: int, stop: Callable[[], bool]
    ) -> bool:
        """Wait for a message's time, telling the clock meanwhile; False when asked to stop."""
        if self._pace.rate <= 0:
            return not stop()
        due_s = begun_s + offset_ns / 1e9 / self._pace.rate
        step_s = 1.0 / self._pace.clock_hz if self._clock is not None else 0.2
        while not stop():
            left_s = due_s - self._monotonic_s()
            if left_s <= 0:
                return True
            self._wait(min(left_s, step_s))
            passed_s = (self._monotonic_s() - begun_s) * self._pace.rate
            self._tell_time(first_ns + min(round(passed_s * 1e9), offset_ns))
        return False

    def _tell_time(self, stamp_ns: int) -> None:
        if self._clock is not None:
            sec, nanosec = divmod(stamp_ns, _NS_PER_S)
            self._clock.publish(ClockMsg(clock=Time(sec=sec, nanosec=nanosec)))


def open_bag(path: Path) -> AnyReader:
    """Return an open reader of a ROS 2 bag.

    Raises:
        BagError: there is no bag, or it was not closed and has no index.
    """
    if not path.exists():
        raise BagError(f"bag {path}: there is no such folder; check the name")
    try:
        reader = AnyReader([path])
        reader.open()
    except (AnyReaderError, OSError, ValueError, KeyError) as exc:
        parts = sorted(path.glob("part_*/metadata.yaml"))
        hint = (
            f"replay one of its parts, for instance {parts[0].parent}"
            if parts
            else ("expected the folder that a recording made, with metadata.yaml in it")
        )
        raise BagError(f"bag {path}: cannot be read ({exc}); {hint}") from exc
    if not reader.is2:
        reader.close()
        raise BagError(f"bag {path}: a bag of ROS 1; convert it with rosbags-convert")
    return reader
