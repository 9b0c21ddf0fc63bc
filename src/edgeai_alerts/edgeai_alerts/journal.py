"""The dispatcher's side of the event store: writes wait for a disk that is full or away."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

from edgeai_alerts.rows import Outcome, StoredAlert
from edgeai_alerts.store import EventStore
from edgeai_core.alerting.forgetting import Forgotten
from edgeai_core.alerting.ratelimit import Backoff
from edgeai_core.errors import StoreError
from edgeai_core.types import Alert, Severity

ResultT = TypeVar("ResultT")


class Journal:
    """Store alerts and deliveries; never raise, but keep what could not be written.

    What waits is bounded: beyond the capacity the oldest record that is not critical is given up,
    else the oldest, counted in `lost`. The alert itself goes out all the same. One thread owns it.

    Args:
        store: where to write.
        channels: names of all channels.
        capacity: alerts, and deliveries per channel, that may wait to be written.
        backoff: waiting after an error, so that a dead disk does not hold up the alerts.
        report: is told one sentence when the store fails and when it works again.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        channels: Sequence[str],
        capacity: int,
        backoff: Backoff,
        report: Callable[[str], None],
    ) -> None:
        self._store = store
        self._channels = tuple(channels)
        self._capacity = capacity
        self._backoff = backoff
        self._report = report
        self._alerts: OrderedDict[str, tuple[Alert, tuple[str, ...]]] = OrderedDict()
        self._settled: OrderedDict[tuple[str, str], Outcome] = OrderedDict()
        self.errors = 0
        self.lost = 0
        self.last_error = ""

    @property
    def unwritten(self) -> int:
        return len(self._alerts) + len(self._settled)

    @property
    def failing(self) -> bool:
        return self._backoff.failures > 0

    def add_telling(self, alert: Alert, channels: Sequence[str]) -> None:
        """Note an alert that channels have to take, for the first time or again."""
        for channel in channels:
            # How an earlier telling ended does not count for this one.
            self._settled.pop((alert.alert_id, channel), None)
        _, before = self._alerts.get(alert.alert_id, (None, ()))
        self._note(alert, tuple(dict.fromkeys((*before, *channels))))

    def add_update(self, alert: Alert) -> None:
        """Note the later state of an alert."""
        known = self._alerts.get(alert.alert_id)
        self._note(alert, known[1] if known else ())

    def add_outcome(self, alert_id: str, *, channel: str, outcome: Outcome) -> None:
        """Note how a delivery ended."""
        self._settled[alert_id, channel] = outcome
        if len(self._settled) > self._capacity * max(1, len(self._channels)):
            self._settled.popitem(last=False)
            self.lost += 1

    def forget_person(self, person: Forgotten) -> None:
        """Take a person out of what still has to be written, after trying to write it."""
        self.flush_now()
        for alert_id, (alert, channels) in self._alerts.items():
            self._alerts[alert_id] = (person.out_of(alert), channels)

    def flush(self) -> bool:
        """Write what waits, unless the store failed just now; True when nothing waits any more."""
        return not self.unwritten or (self._backoff.wait_s() == 0.0 and self.flush_now())

    def flush_now(self) -> bool:
        """Write what waits in one transaction; True when nothing waits any more."""
        return self._tried("write", self._write) is not None

    def purge(self) -> None:
        """Delete what is over the store's limits."""
        if not self.failing:
            self._tried("purge", self._store.purge)

    def expire(self, max_age_s: float) -> list[tuple[str, str]]:
        """Give up deliveries that wait for longer; return (alert id, channel) of each."""
        if self.failing:
            return []
        return self._tried("expire", lambda: self._store.expire(max_age_s)) or []

    def retire_channels(self) -> int:
        """Stop waiting for channels that are not configured; return how many deliveries."""
        return self._tried("retire", lambda: self._store.retire_channels(self._channels)) or 0

    def pending(self, channel: str) -> list[Alert] | None:
        """Return what a channel still has to take; None when that cannot be known now.

        Deliveries that are not written yet would come back as pending, so they go first.
        """
        if not self.flush():
            return None
        return self._tried("read", lambda: self._store.pending(channel, limit=self._capacity))

    def lively(self, wall_ns: int) -> list[StoredAlert]:
        """Return what goes on, waits to be sent or was sent since a wall time, oldest first."""
        limit = self._capacity
        read = functools.partial(self._store.lively, sent_since_wall_ns=wall_ns, limit=limit)
        return self._tried("read", read) or []

    def _note(self, alert: Alert, channels: tuple[str, ...]) -> None:
        self._alerts[alert.alert_id] = (alert, channels)
        if len(self._alerts) > self._capacity:
            others = (
                alert_id
                for alert_id, (waiting, _) in self._alerts.items()
                if waiting.event.severity < Severity.CRITICAL
            )
            del self._alerts[next(others, next(iter(self._alerts)))]
            self.lost += 1

    def _write(self) -> int:
        with self._store.transaction():
            for alert, channels in self._alerts.values():
                self._store.save(alert, channels=channels)
            for (alert_id, channel), outcome in self._settled.items():
                self._store.settle(alert_id, channel=channel, outcome=outcome)
        written = self.unwritten
        self._alerts.clear()
        self._settled.clear()
        return written

    def _tried(self, verb: str, action: Callable[[], ResultT]) -> ResultT | None:
        try:
            result = action()
        except StoreError as exc:
            self.errors += 1
            self.last_error = str(exc)
            if not self.failing:
                self._report(f"cannot {verb} events, alerts go out all the same: {exc}")
            self._backoff.failed()
            return None
        if self.failing:
            self._report(f"event store works again; {self.lost} records were lost meanwhile")
            self._backoff.succeeded()
        return result
