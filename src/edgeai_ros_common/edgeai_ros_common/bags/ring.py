"""The last seconds of all topics in memory, to be kept when something has happened."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from edgeai_ros_common.bags.definitions import Definitions
from edgeai_ros_common.bags.writing import BagWriter, Topic


class MessageRing:
    """Keep messages for a time, never more than so many bytes; the oldest go. One thread owns it.

    Args:
        duration_s: how far back it reaches. max_bytes: of serialised messages.
    """

    def __init__(self, *, duration_s: float, max_bytes: int) -> None:
        self._duration_ns = round(duration_s * 1e9)
        self._max_bytes = max_bytes
        self._kept: deque[tuple[Topic, int, bytes]] = deque()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def write(self, topic: Topic, *, stamp_ns: int, data: bytes) -> None:
        """Add a message; what is too old or too much is let go."""
        self._kept.append((topic, stamp_ns, data))
        self.bytes += len(data)
        while self._kept and (
            self.bytes > self._max_bytes or self._kept[0][1] < stamp_ns - self._duration_ns
        ):
            self.bytes -= len(self._kept.popleft()[2])

    def save(self, path: Path, *, definitions: Definitions) -> int:
        """Write what is kept into a new bag; return the number of messages.

        Raises:
            BagError: the bag cannot be written.
        """
        with BagWriter(path, definitions=definitions) as writer:
            for topic, stamp_ns, data in self._kept:
                writer.write(topic, stamp_ns=stamp_ns, data=data)
        return len(self._kept)
