"""Which events become alerts, and what becomes of these: deduplication, cooldown, rate, life.

The engine decides, it neither stores nor sends. All its time is monotonic, so a jump of the wall
clock changes nothing. It is not thread-safe: its owner holds a lock around every call.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from edgeai_core.alerting.engine_config import EngineConfig, EngineCounters, bounded
from edgeai_core.alerting.forgetting import Forgotten
from edgeai_core.alerting.life import (
    Happening,
    acknowledged,
    ended,
    is_open,
    merged,
    with_evidence,
    worsened,
)
from edgeai_core.alerting.memory import (
    AlertKey,
    AlertMemory,
    Changes,
    Entry,
    key_of,
    parse_camera_groups,
    place_of,
)
from edgeai_core.alerting.plan import NO_PLANS, Plan, channels_of
from edgeai_core.alerting.ratelimit import MonotonicClock, TokenBucket
from edgeai_core.alerting.timing import Timing
from edgeai_core.types import Alert, AlertEvent, Severity


class AlertEngine:
    """Turn events into alerts, each thing once.

    Events of one category, camera and subject are one alert for as long as it goes on, and so are
    those of another track or of a camera of the same group in the same place a moment later.
    People are told of it once; again when the cooldown after the last telling is over and nobody
    acknowledged it, when it gets more severe, and when its rule escalates it. A failed send starts
    no cooldown, the alert just stays pending. The alert ends when all its subjects are over or
    when no event came for long; an event within the cooldown opens it again.

    Args:
        config: limits.
        clock: monotonic seconds.
        new_id: returns 32 hex characters, a new one with every call.
        plans: how the alerts of a rule are told, by the rule's name.

    Raises:
        ConfigError: a group of cameras that is not written as expected.
    """

    def __init__(
        self,
        config: EngineConfig,
        *,
        clock: MonotonicClock,
        new_id: Callable[[], str],
        plans: Mapping[str, Plan] = NO_PLANS,
    ) -> None:
        self._config = config
        self._clock = clock
        self._new_id = new_id
        self._plans = plans
        self._group_of = parse_camera_groups(config.camera_groups)
        self._bucket = TokenBucket(per_minute=config.max_alerts_per_minute, clock=clock)
        self._timing = Timing(config, clock=clock, plans=plans)
        self._memory = AlertMemory()
        self._changes = Changes(capacity=config.max_keys)
        self._counts = dict.fromkeys((f.name for f in dataclasses.fields(EngineCounters)), 0)

        self.cooldown_s = config.cooldown_s

    @property
    def counters(self) -> EngineCounters:
        return EngineCounters(**self._counts)

    def channels_of(self, alert: Alert) -> tuple[str, ...]:
        """Return the channels that take an alert as it stands; empty for all."""
        return channels_of(alert, self._plans)

    def submit(self, event: AlertEvent, *, rule: str = "") -> Alert | None:
        """Return an alert that people must be told of, new or again; None for none.

        Texts longer than 200 characters (the reason: 1000) are cut, so that memory is bounded.
        `rule` is the name of the rule that let the event through; empty for none.
        """
        event = bounded(event)
        self._counts["events"] += 1
        key = key_of(event)
        if event.over:
            self._end(key)
            return None
        known = self._known(key, event)
        if known is None:
            return self._raise(event, rule)
        return self._merge(known, event, key, rule)

    def acknowledge(self, alert_id: str, *, by: str) -> bool:
        """Note who has seen an alert; False when it is not remembered or somebody had before."""
        entry = self._memory.by_id(alert_id)
        if entry is None or entry.alert.acknowledged_by:
            return False
        entry.alert = acknowledged(entry.alert, by=by)
        self._counts["acknowledged"] += 1
        self._changed(entry)
        return True

    def note_evidence(self, alert_id: str, *, kinds: tuple[str, ...]) -> bool:
        """Note which evidence is kept for an alert; False when it is not remembered."""
        entry = self._memory.by_id(alert_id)
        if entry is None:
            return False
        entry.alert = with_evidence(entry.alert, kinds)
        entry.merged = True
        return True

    def check(self) -> tuple[Alert, ...]:
        """Let time pass: expire and forget; return the alerts to be told again. Once a second."""
        escalated = []
        for entry in self._memory:
            if self._timing.must_escalate(entry):
                escalated.append(self._escalate(entry))
            elif self._timing.is_silent(entry):
                self._close(entry, Happening.SILENT)
            if not is_open(entry.alert) and self._timing.is_cooled_down(entry):
                self._memory.drop(entry)
        return tuple(escalated)

    def restore(
        self,
        alert: Alert,
        *,
        sent_age_s: float | None = None,
        age_s: float = 0.0,
        silent_s: float = 0.0,
    ) -> None:
        """Take back an alert of an earlier run.

        Args:
            alert: as it was stored.
            sent_age_s: seconds since it was sent, below 0 counts as 0; None for not yet sent.
            age_s: seconds since it was raised. silent_s: seconds since its latest event.
        """
        now_s = self._clock()
        entry = Entry(
            alert=alert,
            place=place_of(alert.event, self._group_of),
            raised_at_s=now_s - max(0.0, age_s),
            seen_at_s=now_s - max(0.0, silent_s),
            sent_at_s=None if sent_age_s is None else now_s - max(0.0, sent_age_s),
        )
        if is_open(alert) or not self._timing.is_cooled_down(entry):
            self._remember(entry)

    def mark_sent(self, alert_id: str, *, telling: int = 1) -> bool:
        """Start the cooldown after a telling; False when it had started or is not known."""
        entry = self._memory.by_id(alert_id)
        if entry is None or entry.sent_at_s is not None or entry.alert.telling != telling:
            return False
        entry.sent_at_s = self._clock()
        self._memory.refile(entry)
        self._counts["sent"] += 1
        return True

    def withdraw(self, alert_id: str, *, published: bool = True) -> None:
        """Forget an unsent alert that will not be sent; its next event is raised anew.

        One that was told before stays: only this telling is given up.

        Args:
            alert_id: which one. published: others know of it and must hear that it is no more.
        """
        entry = self._memory.by_id(alert_id)
        if entry is None or entry.sent_at_s is not None:
            return
        if entry.alert.telling > 1:
            entry.sent_at_s = self._clock()
            self._memory.refile(entry)
            return
        if published and is_open(entry.alert):
            self._close(entry, Happening.SILENT)
        elif not published:
            self._changes.forget(alert_id)
        self._memory.drop(entry)

    def forget_person(self, person: Forgotten) -> None:
        """Take a person out of every alert.

        Alerts that change are among the next :meth:`take_changes`, so that others hear of it.
        """
        for entry in tuple(self._memory):
            alert = person.out_of(entry.alert)
            if alert is entry.alert and not any(person.is_in(key[2]) for key in entry.subjects):
                continue
            place = place_of(alert.event, self._group_of)
            self._memory.rewrite(entry, alert=alert, place=place, subject_of=person.without_id)
            self._changed(entry)
        self._changes.rewrite(person.out_of)

    def remembered(self) -> tuple[Alert, ...]:
        """Return every alert as it stands now, oldest first."""
        return tuple(sorted((entry.alert for entry in self._memory), key=lambda a: a.raised_ns))

    def current(self, alert_id: str) -> Alert | None:
        """Return an alert with all that was merged into it; None when it is not remembered."""
        entry = self._memory.by_id(alert_id)
        return None if entry is None else entry.alert

    def pending(self) -> tuple[Alert, ...]:
        """Return the alerts that were not sent yet, oldest first."""
        return tuple(entry.alert for entry in self._memory.unsent())

    def take_changes(self) -> tuple[Alert, ...]:
        """Return the alerts that ended, were opened again or acknowledged since the last call."""
        return self._changes.take()

    def take_updates(self) -> tuple[Alert, ...]:
        """Return the alerts that events were merged into since the last call."""
        updated = []
        for entry in self._memory:
            if entry.merged:
                entry.merged = False
                updated.append(entry.alert)
        return tuple(updated)

    def _known(self, key: AlertKey, event: AlertEvent) -> Entry | None:
        """Return the entry that an event belongs to; forget one that is over and cooled down."""
        entry = self._memory.by_key(key)
        if entry is not None:
            if is_open(entry.alert) or not self._timing.is_cooled_down(entry):
                return entry
            self._memory.drop(entry)
        entry = self._memory.by_place(place_of(event, self._group_of))
        return entry if entry is not None and self._timing.is_near(entry) else None

    def _raise(self, event: AlertEvent, rule: str) -> Alert | None:
        # A critical alert takes a token too, so that milder ones do not pile on top of it.
        if not self._bucket.take() and event.severity < Severity.CRITICAL:
            self._counts["rate_limited"] += 1
            return None
        alert = Alert(alert_id=self._new_id(), event=event, raised_ns=event.stamp_ns, rule=rule)
        now_s = self._clock()
        place = place_of(event, self._group_of)
        self._remember(Entry(alert=alert, place=place, raised_at_s=now_s, seen_at_s=now_s))
        self._counts["raised"] += 1
        return alert

    def _merge(self, entry: Entry, event: AlertEvent, key: AlertKey, rule: str) -> Alert | None:
        was_open = is_open(entry.alert)
        worse = event.severity > entry.alert.event.severity
        entry.alert = merged(entry.alert, event)
        entry.seen_at_s = self._clock()
        entry.merged = True
        self._memory.add_subject(entry, key)
        if not was_open:
            self._changed(entry)
        if worse and (self._bucket.take() or event.severity >= Severity.CRITICAL):
            self._counts["worsened"] += 1
            return self._tell_again(entry, rule=rule or entry.alert.rule)
        if entry.sent_at_s is None:
            self._counts["deduplicated"] += 1
            return None
        if entry.alert.acknowledged_by or not self._timing.is_cooled_down(entry):
            self._counts["cooled_down"] += 1
            return None
        if not self._bucket.take() and entry.alert.event.severity < Severity.CRITICAL:
            self._counts["rate_limited"] += 1
            return None
        self._counts["reminded"] += 1
        return self._tell_again(entry, rule=entry.alert.rule)

    def _tell_again(self, entry: Entry, *, rule: str, escalated: bool = False) -> Alert:
        alert, escalated = entry.alert, escalated or entry.alert.escalated
        entry.alert = dataclasses.replace(
            alert, rule=rule, telling=alert.telling + 1, escalated=escalated
        )
        entry.sent_at_s = None
        self._memory.refile(entry)
        # The telling says it all; a change from before it would come after it.
        self._changes.forget(alert.alert_id)
        entry.merged = True
        return entry.alert

    def _escalate(self, entry: Entry) -> Alert:
        entry.alert = worsened(entry.alert, self._timing.plan(entry).escalate_severity)
        self._counts["escalated"] += 1
        return self._tell_again(entry, rule=entry.alert.rule, escalated=True)

    def _end(self, key: AlertKey) -> None:
        entry = self._memory.by_key(key)
        if entry is None or not is_open(entry.alert):
            return
        entry.subjects[key] = False
        entry.seen_at_s = self._clock()
        if not any(entry.subjects.values()):
            self._close(entry, Happening.OVER)

    def _close(self, entry: Entry, happening: Happening) -> None:
        entry.alert = ended(entry.alert, happening)
        self._counts["cleared" if happening is Happening.OVER else "expired"] += 1
        self._changed(entry)

    def _changed(self, entry: Entry) -> None:
        entry.merged = False
        self._counts["changes_dropped"] += self._changes.note(entry.alert)

    def _remember(self, entry: Entry) -> None:
        self._memory.add(entry)
        while len(self._memory) > self._config.max_keys:
            oldest = self._memory.oldest()
            if is_open(oldest.alert):
                self._close(oldest, Happening.SILENT)
            self._memory.drop(oldest)
            self._counts["forgotten_keys"] += 1
