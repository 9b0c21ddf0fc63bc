"""Frames by reference between nodes of one process.

rclpy has no intra-process transport: through the middleware a VGA frame costs two copies and
about 2.6 ms, which is more than a small model takes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from edgeai_core.types import Frame

FrameCallback = Callable[[Frame], None]


class FrameHub:
    """Hand frames from a camera to its analyzers, by fully resolved topic name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offered: set[str] = set()
        self._subscribers: dict[str, tuple[FrameCallback, ...]] = {}

    def offer(self, topic: str) -> None:
        """Say that a camera of this process publishes `topic`."""
        with self._lock:
            self._offered.add(topic)

    def offers(self, topic: str) -> bool:
        """Return whether a camera of this process publishes `topic`."""
        with self._lock:
            return topic in self._offered

    def subscribe(self, topic: str, callback: FrameCallback) -> Callable[[], None]:
        """Call `callback` with each frame, on the camera's thread; return what unsubscribes."""
        with self._lock:
            self._subscribers[topic] = (*self._subscribers.get(topic, ()), callback)

        def unsubscribe() -> None:
            with self._lock:
                remaining = tuple(c for c in self._subscribers[topic] if c is not callback)
                self._subscribers[topic] = remaining

        return unsubscribe

    def publish(self, topic: str, frame: Frame) -> None:
        """Hand a frame to every subscriber; they must only put it into their mailbox."""
        for callback in self._subscribers.get(topic, ()):
            callback(frame)
