"""From events to people: decide, store, tell, in this order, on one worker thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from edgeai_alerts.channels.base import SNAPSHOT, Channel
from edgeai_alerts.config import DispatchConfig
from edgeai_alerts.deliveries import Deliveries
from edgeai_alerts.desk import Desk
from edgeai_alerts.health import DispatcherHealth
from edgeai_alerts.journal import Journal
from edgeai_alerts.quiet import Quiet
from edgeai_alerts.store import EventStore
from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.forgetting import Forgotten
from edgeai_core.alerting.ratelimit import Backoff, MonotonicClock
from edgeai_core.errors import StoreError
from edgeai_core.types import Alert, AlertEvent, Severity

_LOG = logging.getLogger(__name__)
_WORKER_ERROR_PAUSE_S = 1.0
# What closing may take beyond its time: writing to the store, good-byes of the channels.
_CLOSING_GRACE_S = 1.0
_NO_MINIMUMS: Mapping[str, Severity] = {}
# How often alerts expire and escalate.
_CHECK_S = 1.0
_FORGET_TIMEOUT_S = 10.0
AlertCallback = Callable[[Alert], None]


class Dispatcher:
    """Turn events into stored and delivered alerts.

    `submit` decides at once, in the caller's thread, and never waits for a disk or a channel. The
    worker stores an alert, calls `on_alert`, then gives it to the channels of its rule; one that
    fails is tried again with back-off and holds up no other. The first channel that takes an alert
    starts its cooldown: people were told. What a channel did not take is in the store and is sent
    after a restart; an alert may therefore come twice, always with the same id and telling.
    Alerts that go on are taken up again after a restart.

    Args:
        engine: decides; from now on it belongs to the dispatcher.
        store: open; the caller closes it after the dispatcher.
        channels: the dispatcher closes them.
        config: sizes and times.
        clock: monotonic seconds.
        wall_clock_ns: nanoseconds since 1970; only to compare with times in the store.
        on_alert: called on the worker thread for every alert that is told, after it was stored.
        on_update: called on the worker thread when an alert ends, is acknowledged or opened
            again, and at most once per `update_s` and alert when events were merged into it.
        report: is told one sentence when something fails and when it works again.
        minimums: the mildest severity that goes to a channel, by its name; INFO where none is.
        quiet: which channels are left alone when; None for none.
    """

    def __init__(
        self,
        *,
        engine: AlertEngine,
        store: EventStore,
        channels: Sequence[Channel],
        config: DispatchConfig,
        clock: MonotonicClock,
        wall_clock_ns: Callable[[], int],
        on_alert: AlertCallback,
        on_update: AlertCallback | None = None,
        report: Callable[[str], None],
        minimums: Mapping[str, Severity] = _NO_MINIMUMS,
        quiet: Quiet | None = None,
    ) -> None:
        self._quiet = quiet
        self._engine = engine
        self._config = config
        self._clock = clock
        self._on_alert = on_alert
        self._on_update = on_update
        self._report = report
        self._journal = Journal(
            store,
            channels=[channel.name for channel in channels],
            capacity=config.lane_size,
            backoff=Backoff(config.retry, clock=clock),
            report=report,
        )
        self._desk = Desk(engine, queue_size=config.queue_size)
        self._deliveries = Deliveries(
            channels,
            minimums=minimums,
            journal=self._journal,
            desk=self._desk,
            config=config,
            clock=clock,
            report=report,
            quiet=quiet,
        )
        self._deadline_s = 0.0
        self._thread: threading.Thread | None = None
        self._forgotten = threading.Event()
        # From here on: worker thread only, read by health().
        self._callback_errors = 0
        self._worker_errors = 0
        self._check_at_s = clock() + _CHECK_S
        self._update_at_s = clock() + config.update_s
        self._purge_at_s = clock()
        self._restore(wall_clock_ns())

    def start(self) -> None:
        """Start the worker thread and one for every channel."""
        self._deliveries.start()
        self._thread = threading.Thread(target=self._work, name="alert-dispatcher", daemon=True)
        self._thread.start()

    def submit(self, event: AlertEvent, *, rule: str = "") -> Alert | None:
        """Return the alert that an event makes people be told of, None when it is held back.

        May be called from any thread; events after `close` are counted and ignored.

        Args:
            event: what was seen, or that it is over. rule: that let it through; empty for none.
        """
        return self._desk.submit(event, rule=rule)

    def acknowledge(self, alert_id: str, *, by: str) -> bool:
        """Tell everybody who has seen an alert; False when it is over or somebody had before.

        May be called from any thread.
        """
        return self._desk.acknowledge(alert_id, by=by)

    def note_evidence(self, alert_id: str, *, kinds: tuple[str, ...]) -> bool:
        """Tell everybody which evidence is kept for an alert; False when it is forgotten.

        May be called from any thread.
        """
        return self._desk.note_evidence(alert_id, kinds=kinds)

    def forget_person(self, person: Forgotten) -> None:
        """Take a person out of every alert that is remembered or on its way.

        May be called from any thread; `wait_forgotten` returns when it is done.
        """
        self._forgotten.clear()
        self._desk.forget_person(person)

    def wait_forgotten(self, timeout_s: float = _FORGET_TIMEOUT_S) -> None:
        """Return when nothing on its way holds who was forgotten.

        Raises:
            StoreError: not in time; what was on its way may still tell of the person.
        """
        if not self._forgotten.wait(timeout_s):
            raise StoreError(
                f"forget: alerts on their way were not rewritten within {timeout_s:.0f} s; is the "
                "machine busy? Ask again"
            )

    def forget_shown(self, person: Forgotten) -> None:
        """Take a person out of what channels show; after the evidence is deleted."""
        self._deliveries.forget_shown(person)

    def remembered(self) -> tuple[Alert, ...]:
        """Return every alert that is remembered, as it stands now, oldest first."""
        return self._desk.remembered()

    def step(self) -> float:
        """Do one round of work; return the seconds until there is more.

        The worker thread calls it; without `start` the owner may, from one thread.
        """
        self._take_in()
        self._forget()
        wait_s = self._deliveries.work()
        now_s = self._clock()
        if now_s >= self._check_at_s:
            self._check_at_s = now_s + _CHECK_S
            self._desk.check()
            self._sum_up()
            self._take_in()
        if now_s >= self._update_at_s:
            self._update_at_s = now_s + self._config.update_s
            self._tell_updates()
        if now_s >= self._purge_at_s:
            self._purge_at_s = now_s + self._config.purge_s
            self._journal.purge()
        self._journal.flush()
        due_s = min(self._check_at_s, self._update_at_s, self._purge_at_s) - now_s
        return max(0.0, due_s if wait_s is None else min(due_s, wait_s))

    def close(self, timeout_s: float) -> bool:
        """Send what can be sent now, then stop; True when nothing was left unsent or unwritten.

        Args:
            timeout_s: a channel that takes longer keeps its thread until the process ends; what
                it did not take is stored and sent after the next start.
        """
        self._desk.close(lambda: setattr(self, "_deadline_s", self._clock() + timeout_s))
        if self._thread is None:
            self._drain()
        else:
            self._thread.join(timeout_s + _CLOSING_GRACE_S)
        if not self._deliveries.stop(until_s=self._deadline_s + _CLOSING_GRACE_S):
            self._report(
                f"dispatcher: a channel is still busy after {timeout_s:.1f} s; what it did "
                "not take is sent after the next start"
            )
            return False
        return not self._deliveries.left and self._journal.unwritten == 0

    def health(self) -> DispatcherHealth:
        """Return counters and states; may be called from any thread."""
        desk = self._desk.counters()
        return DispatcherHealth(
            engine=desk.engine,
            queued=desk.queued,
            queue_dropped=desk.dropped,
            late_events=desk.late_events,
            store_errors=self._journal.errors,
            store_failing=self._journal.failing,
            store_lost=self._journal.lost,
            store_error=self._journal.last_error,
            unwritten=self._journal.unwritten,
            callback_errors=self._callback_errors,
            worker_errors=self._worker_errors,
            channels=self._deliveries.health(),
        )

    def _restore(self, wall_ns: int) -> None:
        retired = self._journal.retire_channels()
        if retired:
            self._report(
                f"dispatcher: {retired} deliveries are given up because their channels are not "
                "in the parameter channels any more"
            )
        quiet_ns = round(self._engine.cooldown_s * 1e9)
        for stored in self._journal.lively(wall_ns - quiet_ns):
            # Without a channel that took it or has to, storing it was all there was to do.
            told_ns = None if stored.waiting else stored.created_wall_ns
            sent_ns = min((at_ns for _, at_ns in stored.sent), default=told_ns)
            self._engine.restore(
                stored.alert,
                sent_age_s=None if sent_ns is None else (wall_ns - sent_ns) / 1e9,
                age_s=(wall_ns - stored.created_wall_ns) / 1e9,
                silent_s=(wall_ns - stored.updated_wall_ns) / 1e9,
            )
        self._deliveries.restore()

    def _sum_up(self) -> None:
        """Tell channels whose quiet hours are over what they were not told."""
        if self._quiet is None or self._journal.failing:
            return
        try:
            due = self._quiet.due(self._deliveries.wants(self._engine.channels_of))
        except StoreError as exc:
            self._report(f"summary of quiet hours: {exc}")
            return
        for event, rule in due:
            # One that the rate limit holds back is due again at the next check.
            if self._desk.submit(event, rule=rule) is not None:
                self._quiet.note_told(event)

    def _forget(self) -> None:
        people = self._desk.take_forgotten()
        if not people:
            return
        for person in people:
            self._journal.forget_person(person)
            self._deliveries.forget_person(person)
        self._forgotten.set()

    def _take_in(self) -> None:
        waiting, changes = self._desk.take()
        # In portions that the journal can hold: one that it had to give up would be in no store
        # when a full lane relies on it.
        size = self._config.lane_size
        for begin in range(0, len(waiting), size):
            self._tell(waiting[begin : begin + size], callback=self._on_alert)
        for begin in range(0, len(changes), size):
            self._tell(changes[begin : begin + size], callback=self._on_update, change=True)

    def _tell(
        self, alerts: Sequence[Alert], *, callback: AlertCallback | None, change: bool = False
    ) -> None:
        """Store alerts, then publish them, then put them into the lines of their channels."""
        channels_of, takers_of = self._engine.channels_of, self._deliveries.takers
        takers = [takers_of(alert, names=channels_of(alert), change=change) for alert in alerts]
        for alert, names in zip(alerts, takers, strict=True):
            self._journal.add_telling(alert, names)
        stored = self._journal.flush()
        for alert, names in zip(alerts, takers, strict=True):
            if callback is not None:
                self._call(callback, alert)
            self._deliveries.add(alert, takers=names, stored=stored)
            if not names and not change:
                # Nobody else will be told: stored and handed over is all there is.
                self._desk.mark_sent(alert)

    def _tell_updates(self) -> None:
        for alert in self._desk.take_updates():
            self._journal.add_update(alert)
            if SNAPSHOT in alert.evidence:
                names = self._deliveries.takers(alert, names=self._engine.channels_of(alert))
                self._deliveries.show_picture(alert, takers=names)
            if self._on_update is not None:
                self._call(self._on_update, alert)

    def _call(self, callback: AlertCallback, alert: Alert) -> None:
        try:
            callback(alert)
        except Exception:  # whatever the owner's code does, the alert must still go out
            self._callback_errors += 1
            _LOG.exception("alert callback failed for %s", alert.alert_id)

    def _work(self) -> None:
        while True:
            try:
                wait_s = self.step()
            except Exception:  # a bug here must not silence every later alert
                self._worker_errors += 1
                _LOG.exception("alert dispatcher failed; it goes on")
                wait_s = _WORKER_ERROR_PAUSE_S
            if not self._desk.wait(wait_s):
                break
        self._drain()

    def _drain(self) -> None:
        while self._clock() < self._deadline_s:
            self.step()
            if not self._desk.counters().queued and self._deliveries.idle:
                break
            if self._deliveries.busy:
                self._desk.pause(self._deadline_s - self._clock())
        self._take_in()
        self._tell_updates()
        self._journal.flush_now()
