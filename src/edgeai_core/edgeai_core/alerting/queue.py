"""The bounded queue between who raises alerts and who stores and sends them."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable

from edgeai_core.types import Alert, Severity


class AlertQueue:
    """First in, first out, critical ones before all others.

    Drop policy "oldest not critical": when full, the oldest alert that is not critical gives way,
    which may be the new one; critical alerts are never dropped, even beyond the capacity.

    Not thread-safe: its owner holds a lock around every call.

    Args:
        capacity: alerts in the queue.
    """

    def __init__(self, *, capacity: int) -> None:
        self._capacity = capacity
        self._critical: deque[Alert] = deque()
        self._others: deque[Alert] = deque()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._critical) + len(self._others)

    def put(self, alert: Alert) -> Alert | None:
        """Add an alert; return the one that was dropped for it, None for none."""
        alert = self._with_earlier_telling(alert)
        critical = alert.event.severity >= Severity.CRITICAL
        (self._critical if critical else self._others).append(alert)
        if len(self) <= self._capacity or not self._others:
            return None
        self.dropped += 1
        return self._others.popleft()

    def _with_earlier_telling(self, alert: Alert) -> Alert:
        """Take an earlier telling of the alert out of the line; nobody has heard of it yet."""
        if alert.telling == 1:
            return alert
        for line in (self._critical, self._others):
            for earlier in line:
                if earlier.alert_id == alert.alert_id:
                    line.remove(earlier)
                    return dataclasses.replace(alert, state=earlier.state)
        return alert

    def rewrite(self, rewritten: Callable[[Alert], Alert]) -> None:
        """Replace every alert by what `rewritten` makes of it; it stays as severe."""
        self._critical = deque(rewritten(alert) for alert in self._critical)
        self._others = deque(rewritten(alert) for alert in self._others)

    def take_all(self) -> list[Alert]:
        """Empty the queue."""
        taken = [*self._critical, *self._others]
        self._critical.clear()
        self._others.clear()
        return taken
