"""The alert engine and the queue of what it decided, behind one lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.engine_config import EngineCounters
from edgeai_core.alerting.forgetting import Forgotten
from edgeai_core.alerting.queue import AlertQueue
from edgeai_core.types import Alert, AlertEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCounters:
    """What went over the desk.

    Attributes:
        engine: what happened to events. queued: alerts that wait. dropped: gave way in a full
            queue. late_events: submitted after it was closed.
    """

    engine: EngineCounters
    queued: int
    dropped: int
    late_events: int


class Desk:
    """Decides at once in the caller's thread; the lock is held for microseconds only.

    Args:
        engine: from now on it belongs to the desk.
        queue_size: alerts that wait to be taken.
    """

    def __init__(self, engine: AlertEngine, *, queue_size: int) -> None:
        self._engine = engine
        self._queue = AlertQueue(capacity=queue_size)
        self._wake = threading.Condition()
        self._late_events = 0
        self._stirred = False
        self._forgetting: list[Forgotten] = []
        self.closed = False

    def submit(self, event: AlertEvent, *, rule: str) -> Alert | None:
        """Return the alert that an event makes people be told of; after `close` it is ignored."""
        with self._wake:
            if self.closed:
                self._late_events += 1
                return None
            alert = self._engine.submit(event, rule=rule)
            if alert is not None:
                self._put(alert)
            if alert is not None or event.over:
                self._stir()
        return alert

    def acknowledge(self, alert_id: str, *, by: str) -> bool:
        """Note who has seen an alert; False when it is forgotten or somebody had before."""
        with self._wake:
            noted = self._engine.acknowledge(alert_id, by=by)
            self._stir()
        return noted

    def note_evidence(self, alert_id: str, *, kinds: tuple[str, ...]) -> bool:
        """Note which evidence is kept for an alert; False when it is forgotten."""
        with self._wake:
            return self._engine.note_evidence(alert_id, kinds=kinds)

    def forget_person(self, person: Forgotten) -> None:
        """Take a person out of every alert here; `take_forgotten` tells who carries alerts."""
        with self._wake:
            self._engine.forget_person(person)
            self._queue.rewrite(person.out_of)
            self._forgetting.append(person)
            self._stir()

    def take_forgotten(self) -> list[Forgotten]:
        """Return who was forgotten since the last call."""
        with self._wake:
            taken, self._forgetting = self._forgetting, []
        return taken

    def remembered(self) -> tuple[Alert, ...]:
        """Return every alert that is remembered, as it stands now, oldest first."""
        with self._wake:
            return self._engine.remembered()

    def check(self) -> None:
        """Let time pass: expire, escalate, forget."""
        with self._wake:
            for alert in self._engine.check():
                self._put(alert)

    def take(self) -> tuple[list[Alert], tuple[Alert, ...]]:
        """Return what has to be told, and what has changed beyond that and comes after it."""
        with self._wake:
            self._stirred = False
            return self._queue.take_all(), self._engine.take_changes()

    def take_updates(self) -> tuple[Alert, ...]:
        """Return the alerts that events were merged into since the last call."""
        with self._wake:
            return self._engine.take_updates()

    def latest(self, alert: Alert) -> Alert:
        """Return this telling of an alert with all that was merged into it meanwhile."""
        with self._wake:
            current = self._engine.current(alert.alert_id)
        return current if current is not None and current.telling == alert.telling else alert

    def mark_sent(self, alert: Alert) -> None:
        """Start the cooldown after a telling."""
        with self._wake:
            self._engine.mark_sent(alert.alert_id, telling=alert.telling)

    def withdraw(self, alert_id: str) -> None:
        """Give up a telling that no channel takes."""
        with self._wake:
            self._engine.withdraw(alert_id)

    def close(self, then: Callable[[], None]) -> None:
        """Take nothing any more, call `then` and wake who waits."""
        with self._wake:
            self.closed = True
            then()
            self._stir()

    def wait(self, timeout_s: float) -> bool:
        """Wait until there is something to take, at most so long; False when it is closed."""
        with self._wake:
            if not self.closed and not self._stirred and timeout_s > 0.0:
                self._wake.wait(timeout_s)
            return not self.closed

    def stir(self) -> None:
        """Wake who waits: there is something to do."""
        with self._wake:
            self._stir()

    def pause(self, timeout_s: float) -> None:
        """Wait until somebody stirs after the last `take`, at most so long; closed or not."""
        with self._wake:
            if not self._stirred and timeout_s > 0.0:
                self._wake.wait(timeout_s)

    def counters(self) -> DeskCounters:
        """Return what went over the desk so far."""
        with self._wake:
            return DeskCounters(
                engine=self._engine.counters,
                queued=len(self._queue),
                dropped=self._queue.dropped,
                late_events=self._late_events,
            )

    def _stir(self) -> None:
        self._stirred = True
        self._wake.notify()

    def _put(self, alert: Alert) -> None:
        dropped = self._queue.put(alert)
        if dropped is not None:
            self._engine.withdraw(dropped.alert_id, published=False)
