"""A channel with its waiting line and its counters."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeai_alerts.channels.base import Channel, ConnectedChannel
from edgeai_alerts.courier import Courier
from edgeai_alerts.health import ChannelHealth
from edgeai_alerts.rows import Outcome
from edgeai_core.alerting.delivery import DeliveryLane
from edgeai_core.alerting.plan import is_named
from edgeai_core.alerting.ratelimit import BackoffConfig, MonotonicClock
from edgeai_core.errors import AlertRefusedError, ChannelError
from edgeai_core.types import Alert, Severity

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A delivery that has ended.

    Attributes:
        alert: as it was carried. outcome: how it ended.
        final: no later telling of the same alert waits for the same channel.
    """

    alert: Alert
    outcome: Outcome
    final: bool


class Outlet:
    """One channel; whatever it raises stays here. Its owner's thread calls every method.

    Args:
        channel: where alerts go; the outlet closes it.
        retry: waiting after a failure.
        capacity: alerts kept in memory.
        clock: monotonic seconds.
        minimum: milder alerts do not go there.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        retry: BackoffConfig,
        capacity: int,
        clock: MonotonicClock,
        minimum: Severity = Severity.INFO,
    ) -> None:
        self.channel = channel
        self.courier = Courier(channel)
        # A channel that shows states instead of telling once also takes ends and acknowledgements;
        # it says so with this attribute.
        self.takes_changes = bool(getattr(channel, "takes_changes", False))
        self.lane = DeliveryLane(retry, capacity=capacity, clock=clock)
        self._minimum = minimum
        self._sent = 0
        self._failed = 0
        self._refused = 0
        self._expired = 0
        self._last_error = ""
        self._away = False

    def wants(self, alert: Alert, *, names: Sequence[str]) -> bool:
        """Tell whether an alert goes there.

        Args:
            alert: which one. names: channels of its rule, as for `is_named`.
        """
        return is_named(self.channel.name, names) and alert.event.severity >= self._minimum

    def due(self) -> Alert | None:
        """Return the alert whose turn it is; None when there is none or one is under way."""
        away = bool(self._trouble())
        if self._away and not away:
            self.lane.hurry()
        self._away = away
        return None if self.courier.busy else self.lane.next_due()

    def wait_s(self) -> float | None:
        """Return the seconds until there is something to do; None when nothing is foreseen."""
        return None if self.courier.busy else self.lane.wait_s()

    def settle(self, *, report: Callable[[str], None]) -> Settled | None:
        """Return the delivery that has ended since; None when there is none or it failed.

        Args:
            report: is told when the channel begins to fail, when it works again and what it
                refuses.
        """
        trip = self.courier.collect()
        if trip is None:
            return None
        alert, order, error = trip.alert, trip.order, trip.error
        if error is None:
            self._sent += 1
            if self.lane.failures:
                report(
                    f"channel {self.channel.name}: works again after {self.lane.failures} failures"
                )
            final = self.lane.taken(order)
            return Settled(alert=alert, outcome=Outcome.SENT, final=final)
        if isinstance(error, AlertRefusedError):
            self._refused += 1
            self._last_error = str(error)
            final = self.lane.refused(order)
            report(f"channel {self.channel.name}: alert {alert.alert_id} is given up: {error}")
            return Settled(alert=alert, outcome=Outcome.REFUSED, final=final)
        if isinstance(error, ChannelError):
            self._note_failure(str(error), report)
            return None
        # A channel's bug must not stop the other channels.
        if not self.lane.failures:
            _LOG.error(
                "channel %s failed in a way it should not: %s", self.channel.name, _trace(error)
            )
        # The text of a foreign exception may hold an address with a password in it.
        self._note_failure(f"unexpected {type(error).__name__}", report)
        self.lane.step_aside(alert.alert_id)
        return None

    def expire(self, alert_id: str) -> None:
        """Leave out an alert that is too old to be told; one that is under way goes on."""
        self._expired += 1
        self.lane.leave_out(alert_id)

    def health(self) -> ChannelHealth:
        """Return counters and state."""
        return ChannelHealth(
            name=self.channel.name,
            sent=self._sent,
            failed=self._failed,
            refused=self._refused,
            expired=self._expired,
            dropped=self.lane.dropped,
            waiting=len(self.lane),
            more_in_store=self.lane.more_in_store,
            failures_in_row=self.lane.failures,
            last_error=self._last_error,
            trouble=self._trouble(),
        )

    def _trouble(self) -> str:
        return self.channel.trouble() if isinstance(self.channel, ConnectedChannel) else ""

    def _note_failure(self, error: str, report: Callable[[str], None]) -> None:
        self._failed += 1
        self._last_error = error
        begins = not self.lane.failures
        wait_s = self.lane.failed()
        if begins:
            report(
                f"channel {self.channel.name}: {error}; {len(self.lane)} alerts wait, "
                f"next try in {wait_s:.1f} s"
            )


def _trace(error: BaseException) -> str:
    """Return where an exception comes from, without its text, which may hold a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    places = (f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    return f"{type(error).__name__} at {' <- '.join(reversed(list(places)))}"
