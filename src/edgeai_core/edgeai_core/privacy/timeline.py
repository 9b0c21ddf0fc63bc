"""Results of the last seconds, by the stamp of the frame that they are about."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
# A result belongs to a picture when their stamps are this near.
NEAR_NS = 300_000_000
# Twenty results a second for the two minutes that the longest clip may span, and some.
_MAX_RESULTS = 3000


class Timeline(Generic[ItemT]):
    """Results by stamp, the newest few; every method may be called from any thread.

    Args:
        length_s: results older than the newest by more than this go.
    """

    def __init__(self, *, length_s: float) -> None:
        self._length_ns = round(length_s * 1e9)
        self._lock = threading.Lock()
        self._items: deque[tuple[int, ItemT]] = deque(maxlen=_MAX_RESULTS)

    def add(self, stamp_ns: int, item: ItemT) -> None:
        """Take a result in; one with an earlier stamp than the newest empties the line."""
        with self._lock:
            if self._items and stamp_ns < self._items[-1][0] - self._length_ns:
                self._items.clear()
            self._items.append((stamp_ns, item))
            while self._items[0][0] < stamp_ns - self._length_ns:
                self._items.popleft()

    def nearest(self, stamp_ns: int, *, within_ns: int) -> ItemT | None:
        """Return the result nearest to a stamp; None when none is so near."""
        with self._lock:
            found = min(self._items, key=lambda entry: abs(entry[0] - stamp_ns), default=None)
        if found is None or abs(found[0] - stamp_ns) > within_ns:
            return None
        return found[1]

    def between(self, begin_ns: int, end_ns: int) -> tuple[ItemT, ...]:
        """Return the results with begin_ns <= stamp <= end_ns, in the order they came."""
        with self._lock:
            return tuple(item for stamp, item in self._items if begin_ns <= stamp <= end_ns)
