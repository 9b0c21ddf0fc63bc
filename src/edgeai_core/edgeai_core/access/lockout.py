"""A pause after faces that were refused, longer each time."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass

from edgeai_core.config import param
from edgeai_core.reasons.access import LOCKED_OUT, SECONDS_LEFT
from edgeai_core.reasons.wordbook import ITEM

# A face that was not judged for so long stands there anew.
_STEADY_GAP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LockoutConfig:
    """When refused faces make everybody wait."""

    failures: int = param(
        5,
        "So many refused faces in a row start a pause in which nobody unlocks, and every further "
        "one another; lower stops an attacker sooner and visitors more often; 0 never pauses",
        minimum=0,
        maximum=1000,
    )
    judged_after_s: float = param(
        2.0,
        "How long a face must stand there and be refused to count as one; lower counts people who "
        "only pass by",
        unit="s",
        minimum=0.1,
        maximum=60.0,
    )
    first_delay_s: float = param(
        30.0,
        "Length of the first pause; each following one is twice as long",
        unit="s",
        minimum=1.0,
        maximum=3600.0,
    )
    max_delay_s: float = param(
        900.0,
        "Longest pause; lower lets rightful people in sooner after an attack",
        unit="s",
        minimum=1.0,
        maximum=86400.0,
    )
    forget_after_s: float = param(
        1800.0,
        "After so long without a refused face all are forgotten, as after a successful unlock",
        unit="s",
        minimum=1.0,
        maximum=604800.0,
    )


@dataclass(slots=True)
class _Attempt:
    """A face in front of the camera: refused from when to when, and whether it was counted."""

    first_s: float
    last_s: float
    counted: bool = False


class Lockout:
    """Counts refused faces and says how long nobody unlocks. Owned by one thread.

    A face counts when it stood there long enough to be judged (`policy.was_refused`), and once;
    leaving and coming back is another attempt. Counts live in memory only: a restart forgets them,
    which costs whoever can cut the power about as long as the first pause.

    Args:
        config: when and how long. clock_s: monotonic seconds.
    """

    def __init__(self, config: LockoutConfig, *, clock_s: Callable[[], float]) -> None:
        self._config = config
        self._clock_s = clock_s
        self._attempts: dict[Hashable, _Attempt] = {}
        self._failures = 0
        self._last_failure_s = -math.inf
        self._ends_s = -math.inf

    @property
    def remaining_s(self) -> float:
        """Seconds until somebody can unlock; 0 when somebody can now."""
        return max(0.0, self._ends_s - self._clock_s())

    @property
    def reason(self) -> str:
        """Why nobody unlocks, for people, the same during one pause; empty outside of it."""
        if self.remaining_s == 0.0:
            return ""
        return LOCKED_OUT.say(delay_s=self._delay_s(), failures=self._failures)

    @property
    def refusal(self) -> str:
        """The same with the time that is left; empty outside of a pause."""
        if self.remaining_s == 0.0:
            return ""
        return ITEM.join([self.reason, SECONDS_LEFT.say(left_s=self.remaining_s)])

    def observe(self, *, refused: Collection[Hashable], accepted: Collection[Hashable]) -> None:
        """Take one frame in which nobody unlocked.

        Args:
            refused: tracks of the faces that were judged and refused in it, by camera and number.
            accepted: tracks of people who may unlock; a face that only looked away is no attempt.
        """
        now_s = self._clock_s()
        if now_s - self._last_failure_s >= self._config.forget_after_s:
            self._failures = 0
        for track_id, attempt in list(self._attempts.items()):
            if now_s - attempt.last_s > _STEADY_GAP_S:
                del self._attempts[track_id]
        for track_id in accepted:
            if track_id in self._attempts:
                self._attempts[track_id].first_s = self._attempts[track_id].last_s = now_s
        for track_id in refused:
            attempt = self._attempts.setdefault(track_id, _Attempt(now_s, now_s))
            attempt.last_s = now_s
            if not attempt.counted and now_s - attempt.first_s >= self._config.judged_after_s:
                attempt.counted = True
                self._count_failure(now_s)

    def succeeded(self) -> None:
        """Forget all failures: a rightful person unlocked."""
        self._attempts.clear()
        self._failures = 0
        self._ends_s = -math.inf

    def _count_failure(self, now_s: float) -> None:
        self._failures += 1
        self._last_failure_s = now_s
        if 0 < self._config.failures <= self._failures:
            self._ends_s = max(self._ends_s, now_s + self._delay_s())

    def _delay_s(self) -> float:
        config = self._config
        # The exponent is bounded: 2.0 to the number of a week's failures overflows.
        doublings = min(self._failures - config.failures, 32)
        return min(config.max_delay_s, config.first_delay_s * 2.0**doublings)
