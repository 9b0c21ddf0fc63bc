"""Who carries alerts to a channel: the caller itself, or a thread that may wait for the channel."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from edgeai_alerts.channels.base import Channel, PictureChannel
from edgeai_core.types import Alert

_LOG = logging.getLogger(__name__)
# Beyond that pictures are left out: the channel is stuck.
_MAX_ORDERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One try.

    Attributes:
        order: the alert as it stood in the line. alert: as it was carried, the newest state.
        error: what the channel raised; None when it took the alert.
    """

    order: Alert
    alert: Alert
    error: Exception | None


class Courier:
    """Carry one alert at a time to a channel.

    Until `start` the alert is carried in the caller's thread. After it a thread of the courier's
    own does it, so that a channel that takes ten seconds to answer holds up nobody else.

    Args:
        channel: belongs to the courier's thread from `start` on; `stop` closes it.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        # At most one alert, the end and some pictures are in it: the owner asks `busy` first.
        self._orders: queue.SimpleQueue[tuple[Alert, Alert] | Alert | None] = queue.SimpleQueue()
        self._came_back: Trip | None = None
        self._thread: threading.Thread | None = None
        self._nudge: Callable[[], None] = lambda: None
        # The owner's thread only.
        self.busy = False

    def start(self, nudge: Callable[[], None]) -> None:
        """Carry in a thread from now on; `nudge` is called there when a trip is over."""
        self._nudge = nudge
        self._thread = threading.Thread(
            target=self._work, name=f"alert-channel-{self._channel.name}", daemon=True
        )
        self._thread.start()

    def carry(self, alert: Alert, *, order: Alert) -> None:
        """Set out with an alert; the courier is busy until `collect` returns the trip."""
        self.busy = True
        if self._thread is None:
            self._came_back = self._carried(alert, order)
        else:
            self._orders.put((alert, order))

    def collect(self) -> Trip | None:
        """Return the trip that is over, None when there is none; then the courier is free."""
        trip, self._came_back = self._came_back, None
        if trip is not None:
            self.busy = False
        return trip

    def show_picture(self, alert: Alert) -> None:
        """Let the channel show an alert's picture, where it can; what fails is not tried again."""
        if not isinstance(self._channel, PictureChannel) or self._orders.qsize() > _MAX_ORDERS:
            return
        if self._thread is None:
            self._show(alert)
        else:
            self._orders.put(alert)

    def stop(self) -> None:
        """Close the channel, after the trip under way if there is one; return at once."""
        if self._thread is None:
            self._channel.close()
        else:
            self._orders.put(None)

    def join(self, timeout_s: float) -> bool:
        """Wait for the end after `stop`; True when the channel is closed."""
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            while (errand := self._orders.get()) is not None:
                if isinstance(errand, Alert):
                    self._show(errand)
                    continue
                self._came_back = self._carried(*errand)
                self._nudge()
        finally:
            self._channel.close()

    def _show(self, alert: Alert) -> None:
        if not isinstance(self._channel, PictureChannel):
            return
        try:
            self._channel.show_picture(alert)
        except Exception as exc:  # a picture must not end the thread that carries alerts
            _LOG.warning("channel %s: no picture (%s)", self._channel.name, type(exc).__name__)

    def _carried(self, alert: Alert, order: Alert) -> Trip:
        try:
            self._channel.send(alert)
        except Exception as exc:  # the owner decides what it means
            return Trip(order=order, alert=alert, error=exc)
        return Trip(order=order, alert=alert, error=None)
