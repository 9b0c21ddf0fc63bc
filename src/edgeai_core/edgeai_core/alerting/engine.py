"""Which events become alerts: deduplication, cooldown, rate.

The engine decides, it neither stores nor sends. All its time is monotonic, so a jump of the wall
clock changes nothing. It is not thread-safe: its owner holds a lock around every call.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from edgeai_core.alerting.ratelimit import MonotonicClock, TokenBucket
from edgeai_core.config import param
from edgeai_core.types import Alert, AlertEvent, AlertState, Severity

MAX_NAME_CHARS = 200
MAX_REASON_CHARS = 1000

AlertKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Limits of what people are told."""

    cooldown_s: float = param(
        60.0,
        "Quiet time of a category, camera and subject after one of its alerts was sent; "
        "longer means fewer reminders of something that goes on.",
        unit="s",
        minimum=0.0,
        maximum=86_400.0,
    )
    max_alerts_per_minute: int = param(
        30,
        "Alerts raised per minute, all categories together; critical ones are never held back.",
        unit="1/min",
        minimum=1,
        maximum=6000,
    )
    max_keys: int = param(
        2048,
        "Categories, cameras and subjects remembered at once; the oldest is forgotten first "
        "and may then be told again.",
        minimum=1,
        maximum=100_000,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCounters:
    """What happened since the engine was made.

    Attributes:
        events: submitted. raised: became an alert. sent: alerts marked as sent.
        deduplicated: merged into an alert that waits to be sent.
        cooled_down: merged into an alert that was sent less than the cooldown ago.
        rate_limited: refused by the token bucket; never a critical one.
        forgotten_keys: dropped because more than `max_keys` were remembered.
    """

    events: int = 0
    raised: int = 0
    sent: int = 0
    deduplicated: int = 0
    cooled_down: int = 0
    rate_limited: int = 0
    forgotten_keys: int = 0


@dataclass(slots=True)
class _Entry:
    """The youngest alert of a key; `sent_at_s` stays None while nobody was told."""

    alert: Alert
    sent_at_s: float | None = None
    merged_since_taken: bool = False


class AlertEngine:
    """Turn events into alerts, each thing once.

    Events of one category, camera and subject are one alert until it was sent and the cooldown
    after that is over. A more severe event is never swallowed by a milder alert of its key: it
    is raised as an alert of its own. A failed send starts no cooldown, the alert just stays
    pending.

    Args:
        config: limits.
        clock: monotonic seconds.
        new_id: returns 32 hex characters, a new one with every call.
    """

    def __init__(
        self, config: EngineConfig, *, clock: MonotonicClock, new_id: Callable[[], str]
    ) -> None:
        self._config = config
        self._clock = clock
        self._new_id = new_id
        self._bucket = TokenBucket(per_minute=config.max_alerts_per_minute, clock=clock)
        # Both in the order of age: raised first, sent first. A key is in at most one of them.
        self._unsent: OrderedDict[AlertKey, _Entry] = OrderedDict()
        self._sent: OrderedDict[AlertKey, _Entry] = OrderedDict()
        self._key_of: dict[str, AlertKey] = {}
        self._counts = dict.fromkeys((f.name for f in dataclasses.fields(EngineCounters)), 0)

    @property
    def counters(self) -> EngineCounters:
        return EngineCounters(**self._counts)

    @property
    def cooldown_s(self) -> float:
        return self._config.cooldown_s

    def submit(self, event: AlertEvent) -> Alert | None:
        """Return a new alert, or None when the event was merged or held back.

        Texts longer than 200 characters (the reason: 1000) are cut, so that memory is bounded.
        """
        event = bounded(event)
        self._counts["events"] += 1
        self._forget_cooled_down()
        key = (event.category, event.camera, event.subject)
        known = self._unsent.get(key) or self._sent.get(key)
        if known is not None and event.severity <= known.alert.event.severity:
            _merge(known, event)
            cause = "deduplicated" if known.sent_at_s is None else "cooled_down"
            self._counts[cause] += 1
            return None
        # A critical alert takes a token too, so that milder ones do not pile on top of it.
        if not self._bucket.take() and event.severity < Severity.CRITICAL:
            self._counts["rate_limited"] += 1
            return None
        alert = Alert(alert_id=self._new_id(), event=event, raised_ns=event.stamp_ns)
        self._remember(alert, sent_at_s=None)
        self._counts["raised"] += 1
        return alert

    def restore(self, alert: Alert, *, sent_age_s: float | None = None) -> None:
        """Take back an alert of an earlier run.

        Args:
            alert: as it was stored.
            sent_age_s: seconds since it was sent, below 0 counts as 0; None for not yet sent.
        """
        if sent_age_s is None:
            self._remember(alert, sent_at_s=None)
        elif sent_age_s < self._config.cooldown_s:
            self._remember(alert, sent_at_s=self._clock() - max(0.0, sent_age_s))

    def mark_sent(self, alert_id: str) -> bool:
        """Start the cooldown of an alert's key; False when it had started or is not known."""
        key = self._key_of.get(alert_id)
        entry = self._unsent.pop(key, None) if key is not None else None
        if entry is None or key is None:
            return False
        entry.sent_at_s = self._clock()
        self._sent[key] = entry
        self._counts["sent"] += 1
        return True

    def withdraw(self, alert_id: str) -> None:
        """Forget an unsent alert that will not be sent; its next event is raised anew."""
        key = self._key_of.get(alert_id)
        if key is not None and self._unsent.pop(key, None) is not None:
            del self._key_of[alert_id]

    def note_evidence(self, alert_id: str, *, kinds: tuple[str, ...]) -> bool:
        """Note which evidence is kept for an alert; False when it is not remembered."""
        key = self._key_of.get(alert_id)
        entry = None if key is None else self._unsent.get(key) or self._sent[key]
        if entry is None:
            return False
        state = entry.alert.state
        entry.alert = dataclasses.replace(
            entry.alert,
            evidence=kinds,
            state=AlertState.UPDATED if state is AlertState.RAISED else state,
        )
        entry.merged_since_taken = True
        return True

    def current(self, alert_id: str) -> Alert | None:
        """Return an alert with all that was merged into it; None when it is not remembered."""
        key = self._key_of.get(alert_id)
        if key is None:
            return None
        return (self._unsent.get(key) or self._sent[key]).alert

    def pending(self) -> tuple[Alert, ...]:
        """Return the alerts that were not sent yet, oldest first."""
        return tuple(entry.alert for entry in self._unsent.values())

    def take_updates(self) -> tuple[Alert, ...]:
        """Return the alerts that events were merged into since the last call."""
        updated = []
        for entry in (*self._unsent.values(), *self._sent.values()):
            if entry.merged_since_taken:
                entry.merged_since_taken = False
                updated.append(entry.alert)
        return tuple(updated)

    def _remember(self, alert: Alert, *, sent_at_s: float | None) -> None:
        key = (alert.event.category, alert.event.camera, alert.event.subject)
        replaced = self._unsent.pop(key, None) or self._sent.pop(key, None)
        if replaced is not None:
            del self._key_of[replaced.alert.alert_id]
        entries = self._unsent if sent_at_s is None else self._sent
        entries[key] = _Entry(alert=alert, sent_at_s=sent_at_s)
        self._key_of[alert.alert_id] = key
        while len(self._key_of) > self._config.max_keys:
            # What was sent is the smaller loss: at worst people are reminded early.
            self._drop_oldest(self._sent or self._unsent)
            self._counts["forgotten_keys"] += 1

    def _forget_cooled_down(self) -> None:
        sent_before_s = self._clock() - self._config.cooldown_s
        while self._sent:
            oldest = next(iter(self._sent.values()))
            if oldest.sent_at_s is None or oldest.sent_at_s > sent_before_s:
                return
            self._drop_oldest(self._sent)

    def _drop_oldest(self, entries: OrderedDict[AlertKey, _Entry]) -> None:
        _, entry = entries.popitem(last=False)
        del self._key_of[entry.alert.alert_id]


def bounded(event: AlertEvent) -> AlertEvent:
    """Return the event with its texts cut to a length that memory and people can bear."""
    return dataclasses.replace(
        event,
        category=_cut(event.category, MAX_NAME_CHARS),
        title=_cut(event.title, MAX_NAME_CHARS),
        reason=_cut(event.reason, MAX_REASON_CHARS),
        source=_cut(event.source, MAX_NAME_CHARS),
        subject=_cut(event.subject, MAX_NAME_CHARS),
        camera=_cut(event.camera, MAX_NAME_CHARS),
    )


def _cut(text: str, max_chars: int) -> str:
    return text if len(text) <= max_chars else text[: max_chars - 1] + "…"


def _merge(entry: _Entry, event: AlertEvent) -> None:
    alert = entry.alert
    latest = dataclasses.replace(event, severity=max(event.severity, alert.event.severity))
    entry.alert = dataclasses.replace(alert, event=latest, count=alert.count + 1)
    entry.merged_since_taken = True
