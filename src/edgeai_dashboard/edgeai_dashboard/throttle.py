"""Slowing down who guesses passwords."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_FREE_FAILURES = 2
_FIRST_DELAY_S = 1.0
_MAX_DELAY_S = 300.0
# A guesser with many addresses or names pushes out old entries only, each with a short delay.
_MAX_ENTRIES = 4096


@dataclass(slots=True, kw_only=True)
class _Failures:
    count: int
    until_s: float


class LoginThrottle:
    """Counts failed log-ins by key (an address, an account name). Owned by the server's thread.

    Two slips of the finger are free; then each failure doubles the time for which nothing is
    tried: 1, 2, 4 … 300 s. A success forgets the failures of its keys.

    Args:
        clock_s: monotonic seconds.
    """

    def __init__(self, *, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def wait_s(self, *keys: str) -> float:
        """Return for how long no log-in of any of these keys is tried; 0 when it may be."""
        now_s = self._clock_s()
        held = [self._failures[key].until_s for key in keys if key in self._failures]
        return max(0.0, *(until_s - now_s for until_s in held)) if held else 0.0

    def failed(self, *keys: str) -> None:
        """Note a failed log-in."""
        now_s = self._clock_s()
        for key in keys:
            entry = self._failures.pop(key, None) or _Failures(count=0, until_s=now_s)
            entry.count += 1
            doublings = entry.count - _FREE_FAILURES - 1
            if doublings >= 0:
                # 2**9 is over the limit; a larger power would overflow one day.
                delay_s = min(_MAX_DELAY_S, _FIRST_DELAY_S * 2.0 ** min(doublings, 9))
                entry.until_s = now_s + delay_s
            self._failures[key] = entry
        while len(self._failures) > _MAX_ENTRIES:
            self._failures.popitem(last=False)

    def succeeded(self, *keys: str) -> None:
        """Forget the failures of these keys."""
        for key in keys:
            self._failures.pop(key, None)
