"""Rates, latencies and drop counts of a node, from bounded memory."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_WINDOW_S = 5.0
# An hour at 30 results/s would be 108,000 samples; the last 20,000 (11 minutes) say as much
# about the 95th percentile and cost 160 KB.
_LATENCY_SAMPLES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """A reading of a meter; counts and times over all the time that the node was active.

    Attributes:
        frames, results, dropped, rejected, failures: frames received, results published, frames
            replaced by a newer one, malformed frames, analyses that raised.
        active_s: seconds active. active_since_s: seconds since the last activation, 0 at rest.
        results_per_s: over all active time.
        window_results_per_s: over the last 5 s.
        latency_p50_ms, latency_p95_ms: image stamp to published result over the whole time (at
            most the last 20,000 results); NaN without results.
        window_latency_p50_ms, window_latency_p95_ms: the same over the last 5 s.
        output_age_s: seconds since the last result; inf before the first.
        busy_s: seconds the present analysis has taken so far; 0 when idle.
    """

    frames: int
    results: int
    dropped: int
    rejected: int
    failures: int
    active_s: float
    active_since_s: float
    results_per_s: float
    window_results_per_s: float
    latency_p50_ms: float
    latency_p95_ms: float
    window_latency_p50_ms: float
    window_latency_p95_ms: float
    output_age_s: float
    busy_s: float


def _percentiles(values: list[float]) -> tuple[float, float]:
    if not values:
        return math.nan, math.nan
    p50, p95 = np.percentile(values, (50, 95))
    return float(p50), float(p95)


class ThroughputMeter:
    """Count what a node does; written by its worker, read by its diagnostics (any thread)."""

    def __init__(self, *, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._frames = self._results = self._dropped = self._rejected = self._failures = 0
        self._active_s = 0.0
        self._active_since_s: float | None = None
        self._last_result_s = -math.inf
        self._busy_since_s: float | None = None
        self._latencies_ms: deque[float] = deque(maxlen=_LATENCY_SAMPLES)
        self._window: deque[tuple[float, float]] = deque()

    def activated(self) -> None:
        """Note that the node works from now on; ages and windows begin anew, counts go on."""
        with self._lock:
            self._active_since_s = self._monotonic_s()
            self._last_result_s = -math.inf
            self._busy_since_s = None
            self._window.clear()

    def deactivated(self) -> None:
        """Note that the node rests: rates are over the time that it was active."""
        with self._lock:
            if self._active_since_s is not None:
                self._active_s += self._monotonic_s() - self._active_since_s
            self._active_since_s = None
            self._busy_since_s = None

    def frame_received(self, *, dropped: bool) -> None:
        """Count a frame; `dropped` says that it replaced one nobody had looked at."""
        with self._lock:
            self._frames += 1
            self._dropped += dropped

    def frame_skipped(self) -> None:
        """Count a received frame that was let go without a look (rate limit)."""
        with self._lock:
            self._dropped += 1

    def frame_rejected(self) -> None:
        """Count a malformed frame."""
        with self._lock:
            self._rejected += 1
            self._busy_since_s = None

    def analysis_started(self) -> None:
        """Note that the worker is busy from now on."""
        with self._lock:
            self._busy_since_s = self._monotonic_s()

    def analysis_failed(self) -> None:
        """Count an analysis that raised."""
        with self._lock:
            self._failures += 1
            self._busy_since_s = None

    def result_published(self, *, latency_ms: float) -> None:
        """Count a result; `latency_ms` runs from the image's stamp."""
        with self._lock:
            now_s = self._monotonic_s()
            self._results += 1
            self._last_result_s = now_s
            self._busy_since_s = None
            self._latencies_ms.append(latency_ms)
            self._window.append((now_s, latency_ms))
            self._forget_old(now_s)

    def read(self) -> Throughput:
        """Return the present figures."""
        with self._lock:
            now_s = self._monotonic_s()
            self._forget_old(now_s)
            since_s = 0.0 if self._active_since_s is None else now_s - self._active_since_s
            active_s = self._active_s + since_s
            p50, p95 = _percentiles(list(self._latencies_ms))
            window_p50, window_p95 = _percentiles([latency for _, latency in self._window])
            return Throughput(
                frames=self._frames,
                results=self._results,
                dropped=self._dropped,
                rejected=self._rejected,
                failures=self._failures,
                active_s=active_s,
                active_since_s=since_s,
                results_per_s=self._results / active_s if active_s > 0 else 0.0,
                window_results_per_s=len(self._window) / min(_WINDOW_S, max(since_s, 1e-3)),
                latency_p50_ms=p50,
                latency_p95_ms=p95,
                window_latency_p50_ms=window_p50,
                window_latency_p95_ms=window_p95,
                output_age_s=now_s - self._last_result_s,
                busy_s=now_s - self._busy_since_s if self._busy_since_s is not None else 0.0,
            )

    def _forget_old(self, now_s: float) -> None:
        while self._window and self._window[0][0] < now_s - _WINDOW_S:
            self._window.popleft()
