"""The pictures of the last seconds of one camera, compressed, in bounded memory."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.errors import EvidenceError


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFrame:
    """A picture in memory.

    Attributes:
        jpeg: the picture with its masks. stamp_ns: of the frame.
        width_px, height_px: of the picture. scale: pixels of the picture per pixel of the frame.
    """

    jpeg: bytes
    stamp_ns: int
    width_px: int
    height_px: int
    scale: float = 1.0

    def image(self) -> npt.NDArray[np.uint8]:
        """Return the picture, (height_px, width_px, 3) uint8 BGR.

        Raises:
            EvidenceError: it cannot be decoded.
        """
        image = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise EvidenceError(f"picture of {len(self.jpeg)} bytes in memory is no JPEG")
        return np.asarray(image, np.uint8)


class FrameRing:
    """Hold the newest pictures; every method may be called from any thread.

    A picture older than the newest by more than `length_s` goes, and the oldest go while all of
    them take more than `max_bytes`. A stamp that goes back empties the ring: the clock or the
    footage began anew, and what was before belongs to no alert to come.
    """

    def __init__(self, *, length_s: float, max_bytes: int) -> None:
        self._length_ns = round(length_s * 1e9)
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._frames: deque[KeptFrame] = deque()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """Bytes of all pictures."""
        with self._lock:
            return self._bytes

    @property
    def newest_ns(self) -> int | None:
        """Stamp of the newest picture; None while there is none."""
        with self._lock:
            return self._frames[-1].stamp_ns if self._frames else None

    @property
    def oldest_ns(self) -> int | None:
        """Stamp of the oldest picture; None while there is none."""
        with self._lock:
            return self._frames[0].stamp_ns if self._frames else None

    def add(self, frame: KeptFrame) -> None:
        """Take a picture in and let go of what is too old or too much."""
        with self._lock:
            if self._frames and frame.stamp_ns <= self._frames[-1].stamp_ns:
                self._frames.clear()
                self._bytes = 0
            self._frames.append(frame)
            self._bytes += len(frame.jpeg)
            oldest_ns = frame.stamp_ns - self._length_ns
            while self._frames and (
                self._frames[0].stamp_ns < oldest_ns or self._bytes > self._max_bytes
            ):
                self._bytes -= len(self._frames.popleft().jpeg)

    def between(self, begin_ns: int, end_ns: int) -> tuple[KeptFrame, ...]:
        """Return the pictures with begin_ns <= stamp <= end_ns, oldest first."""
        with self._lock:
            return tuple(f for f in self._frames if begin_ns <= f.stamp_ns <= end_ns)

    def nearest(self, stamp_ns: int, *, within_ns: int) -> KeptFrame | None:
        """Return the picture nearest to a stamp; None when none is so near."""
        with self._lock:
            if not self._frames:
                return None
            found = min(self._frames, key=lambda frame: abs(frame.stamp_ns - stamp_ns))
        return found if abs(found.stamp_ns - stamp_ns) <= within_ns else None
