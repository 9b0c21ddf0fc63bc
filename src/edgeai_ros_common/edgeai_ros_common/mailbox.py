"""One slot between a producer that never waits and a worker that wants the newest."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")


class Mailbox(Generic[ItemT]):
    """Hold the newest item; putting replaces what was not taken (drop policy: oldest goes)."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: ItemT | None = None
        self._closed = False

    def put(self, item: ItemT) -> bool:
        """Put an item; return True if it replaced one that nobody had taken."""
        with self._condition:
            if self._closed:
                return False
            replaced = self._item is not None
            self._item = item
            self._condition.notify()
            return replaced

    def take(self) -> ItemT | None:
        """Wait for an item and take it; None once the mailbox is closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._item is not None or self._closed)
            item, self._item = self._item, None
            return None if self._closed else item

    def pause(self, duration_s: float) -> bool:
        """Wait, then let go of what came meanwhile; return whether there was something.

        What comes next is then fresh: a rate-limited worker looks at a new frame, not at one
        that waited for it. Closing ends the pause at once.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._closed, timeout=duration_s)
            had_item, self._item = self._item is not None, None
            return had_item

    @property
    def closed(self) -> bool:
        """Whether the mailbox was closed; it never opens again."""
        with self._condition:
            return self._closed

    def close(self) -> None:
        """Wake the taker for good; what was not taken is let go."""
        with self._condition:
            self._closed = True
            self._item = None
            self._condition.notify_all()
