"""How a stream of frames is doing, written by its thread and read by others."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

_RATE_WINDOW_FRAMES = 31


class StreamState(Enum):
    """What a stream does at the moment."""

    OPENING = "opening"
    STREAMING = "streaming"
    RECONNECTING = "reconnecting"
    ENDED = "ended"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamHealth:
    """A snapshot for diagnostics; counts run since the stream was started.

    Attributes:
        state: see :class:`StreamState`; FAILED is a file that cannot be read.
        frames: delivered. rejected_frames: unusable pictures. dropped_frames: passed over by the
            source, because a newer one came or the reader was late.
        callback_errors: frames at which the receiver raised. reconnects: successful reopenings.
        last_error: the latest trouble as one sentence; empty when there was none.
        fps: measured over the last 31 frames at most; falls while no frame comes.
        last_frame_age_s: seconds since the last frame was delivered; None before the first.
    """

    state: StreamState
    frames: int
    rejected_frames: int
    dropped_frames: int
    callback_errors: int
    reconnects: int
    last_error: str
    fps: float
    last_frame_age_s: float | None


class StreamRecord:
    """The counters behind :class:`StreamHealth`, safe to use from several threads.

    Args:
        monotonic_s: clock that never jumps, seconds.
    """

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._state = StreamState.STOPPED
        self._last_error = ""
        self._frames = 0
        self._rejected = 0
        self._callback_errors = 0
        self._opened = 0
        self._dropped_before = 0
        self._dropped = 0
        self._times_s: deque[float] = deque(maxlen=_RATE_WINDOW_FRAMES)

    def enter(self, state: StreamState, *, error: str = "") -> None:
        """Note a change of state and, if there was one, the trouble that caused it."""
        with self._lock:
            self._state = state
            self._last_error = error or self._last_error

    def opened(self) -> None:
        """Note that the source was opened and starts to count its drops from zero."""
        with self._lock:
            self._state = StreamState.STREAMING
            self._opened += 1
            self._dropped_before += self._dropped
            self._dropped = 0
            self._times_s.clear()

    def delivered(self, *, dropped_by_source: int) -> int:
        """Note a frame; return how many there were."""
        with self._lock:
            self._frames += 1
            self._dropped = dropped_by_source
            self._times_s.append(self._monotonic_s())
            return self._frames

    def rejected(self, error: str) -> int:
        """Note an unusable picture; return how many there were."""
        with self._lock:
            self._rejected += 1
            self._last_error = error
            return self._rejected

    def callback_failed(self, error: str) -> int:
        """Note that the receiver raised; return how often it did."""
        with self._lock:
            self._callback_errors += 1
            self._last_error = error
            return self._callback_errors

    def snapshot(self) -> StreamHealth:
        """Return the present figures."""
        with self._lock:
            now_s = self._monotonic_s()
            return StreamHealth(
                state=self._state,
                frames=self._frames,
                rejected_frames=self._rejected,
                dropped_frames=self._dropped_before + self._dropped,
                callback_errors=self._callback_errors,
                reconnects=max(self._opened - 1, 0),
                last_error=self._last_error,
                fps=self._fps(now_s),
                last_frame_age_s=now_s - self._times_s[-1] if self._times_s else None,
            )

    def _fps(self, now_s: float) -> float:
        intervals = len(self._times_s) - 1
        if intervals < 1:
            return 0.0
        span_s = self._times_s[-1] - self._times_s[0]
        if now_s - self._times_s[-1] > 2 * span_s / intervals:
            span_s = now_s - self._times_s[0]
        return intervals / span_s if span_s > 0 else 0.0
