"""A channel with its waiting line and its counters."""

from __future__ import annotations

import logging
from collections.abc import Callable

from edgeai_alerts.channels.base import Channel
from edgeai_alerts.health import ChannelHealth
from edgeai_alerts.rows import Outcome
from edgeai_core.alerting.delivery import DeliveryLane
from edgeai_core.alerting.ratelimit import BackoffConfig, MonotonicClock
from edgeai_core.errors import AlertRefusedError, ChannelError
from edgeai_core.types import Alert

_LOG = logging.getLogger(__name__)


class Outlet:
    """One channel; whatever it raises stays here.

    Args:
        channel: where alerts go.
        retry: waiting after a failure.
        capacity: alerts kept in memory.
        clock: monotonic seconds.
    """

    def __init__(
        self, channel: Channel, *, retry: BackoffConfig, capacity: int, clock: MonotonicClock
    ) -> None:
        self.channel = channel
        # A channel that shows states instead of telling once also takes ends and acknowledgements;
        # it says so with this attribute.
        self.takes_changes = bool(getattr(channel, "takes_changes", False))
        self.lane = DeliveryLane(retry, capacity=capacity, clock=clock)
        self._sent = 0
        self._failed = 0
        self._refused = 0
        self._last_error = ""

    def try_send(self, alert: Alert, *, report: Callable[[str], None]) -> Outcome | None:
        """Try once; return how it ended, None when the alert has to be tried again.

        Args:
            alert: the one whose turn it is.
            report: is told when the channel begins to fail, when it works again and what it
                refuses.
        """
        try:
            self.channel.send(alert)
        except AlertRefusedError as exc:
            self._refused += 1
            self._last_error = str(exc)
            self.lane.refused(alert.alert_id)
            report(f"channel {self.channel.name}: alert {alert.alert_id} is given up: {exc}")
            return Outcome.REFUSED
        except ChannelError as exc:
            self._note_failure(str(exc), report)
            return None
        except Exception as exc:  # a channel's bug must not stop the other channels
            if not self.lane.failures:
                _LOG.exception("channel %s failed in a way it should not", self.channel.name)
            # The text of a foreign exception may hold an address with a password in it.
            self._note_failure(f"unexpected {type(exc).__name__}", report)
            self.lane.step_aside(alert.alert_id)
            return None
        self._sent += 1
        if self.lane.failures:
            report(f"channel {self.channel.name}: works again after {self.lane.failures} failures")
        self.lane.taken(alert.alert_id)
        return Outcome.SENT

    def health(self) -> ChannelHealth:
        """Return counters and state."""
        return ChannelHealth(
            name=self.channel.name,
            sent=self._sent,
            failed=self._failed,
            refused=self._refused,
            dropped=self.lane.dropped,
            waiting=len(self.lane),
            more_in_store=self.lane.more_in_store,
            failures_in_row=self.lane.failures,
            last_error=self._last_error,
        )

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
