"""How often: a token bucket for what is raised, a back-off for what failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgeai_core.config import param

MonotonicClock = Callable[[], float]


class TokenBucket:
    """Let through a burst, then a steady rate.

    Args:
        per_minute: tokens of a full bucket and tokens that come back in 60 s.
        clock: monotonic seconds.
    """

    def __init__(self, *, per_minute: int, clock: MonotonicClock) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60.0
        self._clock = clock
        self._tokens = self._capacity
        self._filled_at_s = clock()

    def take(self) -> bool:
        """Take one token if there is one."""
        now_s = self._clock()
        gained = max(0.0, now_s - self._filled_at_s) * self._per_second
        self._tokens = min(self._capacity, self._tokens + gained)
        self._filled_at_s = now_s
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffConfig:
    """How long to wait after a failure."""

    initial_s: float = param(
        1.0,
        "Wait after the first failure; doubles with every further one.",
        unit="s",
        minimum=0.01,
        maximum=60.0,
    )
    maximum_s: float = param(
        60.0,
        "Longest wait between two tries; shorter finds a mended channel sooner.",
        unit="s",
        minimum=0.01,
        maximum=3600.0,
    )


class Backoff:
    """Exponential waiting: initial, twice that, four times … up to the maximum."""

    def __init__(self, config: BackoffConfig, *, clock: MonotonicClock) -> None:
        self._config = config
        self._clock = clock
        self._ready_at_s = clock()
        self.failures = 0

    def failed(self) -> float:
        """Count a failure; return the seconds until the next try."""
        # 2**30 s is beyond every maximum and still a harmless float.
        doublings = min(self.failures, 30)
        wait_s = min(self._config.initial_s * 2.0**doublings, self._config.maximum_s)
        self.failures += 1
        self._ready_at_s = self._clock() + wait_s
        return wait_s

    def succeeded(self) -> None:
        """Forget the failures: the next try may be now."""
        self.failures = 0
        self._ready_at_s = self._clock()

    def hurry(self) -> None:
        """Let the next try be now, without forgetting the failures."""
        self._ready_at_s = self._clock()

    def wait_s(self) -> float:
        """Return the seconds until the next try; 0 when it may be now."""
        return max(0.0, self._ready_at_s - self._clock()) if self.failures else 0.0
