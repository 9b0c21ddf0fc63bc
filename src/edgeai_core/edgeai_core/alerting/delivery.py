"""One channel's waiting line: in order, with back-off, bounded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from edgeai_core.alerting.ratelimit import Backoff, BackoffConfig, MonotonicClock
from edgeai_core.types import Alert, Severity

# How soon an empty line asks the store for what was left there.
_REFILL_S = 0.05


class DeliveryLane:
    """Alerts that one channel still has to take, oldest first.

    The waiting after a failure belongs to the channel and not to the alert: a broker that is
    away gets one try per wait, however many alerts stand in line, and they keep their order.

    A full lane leaves an alert that is stored where it is and remembers that (`more_in_store`);
    for one that is not stored the oldest alert that is not critical gives way and is counted.
    Critical alerts never give way: with a dead store and a dead channel they are kept beyond the
    capacity.

    Args:
        config: waiting after a failure.
        capacity: alerts kept in memory.
        clock: monotonic seconds.
    """

    def __init__(self, config: BackoffConfig, *, capacity: int, clock: MonotonicClock) -> None:
        self._backoff = Backoff(config, clock=clock)
        self._capacity = capacity
        self._line: OrderedDict[str, Alert] = OrderedDict()
        self.more_in_store = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._line)

    @property
    def failures(self) -> int:
        """Failures in a row."""
        return self._backoff.failures

    def __contains__(self, alert_id: object) -> bool:
        return alert_id in self._line

    def add(self, alert: Alert, *, stored: bool) -> Alert | None:
        """Put an alert at the end of the line; a later telling takes the place of an earlier one.

        Args:
            alert: to be delivered.
            stored: the event store has it, so a full lane may leave it there.

        Returns:
            The alert that gave way and is lost to this channel; None for none.
        """
        if alert.alert_id in self._line:
            self._line[alert.alert_id] = alert
            return None
        if stored and (self.more_in_store or len(self._line) >= self._capacity):
            self.more_in_store = True
            return None
        self._line[alert.alert_id] = alert
        return self._drop_surplus()

    def refill(self, stored: Sequence[Alert]) -> None:
        """Take the oldest alerts that the store has for this channel into an empty line."""
        self._line.update((alert.alert_id, alert) for alert in stored[: self._capacity])
        # A full load may not have been all of it; asking once too often is harmless.
        self.more_in_store = len(stored) >= self._capacity

    def rewrite(self, rewritten: Callable[[Alert], Alert]) -> None:
        """Replace every alert by what `rewritten` makes of it, in its place of the line.

        One that changes while it is under way is delivered once more.
        """
        for alert_id, alert in self._line.items():
            self._line[alert_id] = rewritten(alert)

    def next_due(self) -> Alert | None:
        """Return the alert whose turn it is; None when the line is empty or waits."""
        if not self._line or self._backoff.wait_s() > 0.0:
            return None
        return next(iter(self._line.values()))

    def wait_s(self) -> float | None:
        """Return the seconds until an alert is due; None when neither line nor store has one."""
        if self._line:
            return self._backoff.wait_s()
        return _REFILL_S if self.more_in_store else None

    def taken(self, alert: Alert) -> bool:
        """The channel took an alert of the line: it leaves the line, failures are forgotten.

        Returns:
            False when a later telling has taken its place meanwhile, which stays.
        """
        self._backoff.succeeded()
        return self.refused(alert)

    def refused(self, alert: Alert) -> bool:
        """The channel will never take this alert: it leaves the line, the next one is due.

        Returns:
            As `taken`.
        """
        if self._line.get(alert.alert_id, alert) is not alert:
            return False
        self.leave_out(alert.alert_id)
        return True

    def leave_out(self, alert_id: str) -> None:
        """Take an alert out of the line, whatever became of it."""
        self._line.pop(alert_id, None)

    def failed(self) -> float:
        """The channel took nothing; return the seconds until the next try."""
        return self._backoff.failed()

    def hurry(self) -> None:
        """The channel says that it is back: the next try may be now."""
        self._backoff.hurry()

    def step_aside(self, alert_id: str) -> None:
        """Let the others go first, because this alert itself may be the trouble."""
        if alert_id in self._line:
            self._line.move_to_end(alert_id)

    def _drop_surplus(self) -> Alert | None:
        if len(self._line) <= self._capacity:
            return None
        for alert_id, alert in self._line.items():
            if alert.event.severity < Severity.CRITICAL:
                del self._line[alert_id]
                self.dropped += 1
                return alert
        return None
