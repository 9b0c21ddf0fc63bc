"""Quiet hours of channels: what is held, and what is told of it when they are over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from edgeai_alerts.rows import StoredAlert
from edgeai_alerts.store import MAX_LISTED, EventStore
from edgeai_core.alerting.categories import PERSON_CATEGORIES, QUIET_SUMMARY
from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.plan import Plan
from edgeai_core.alerting.quiet import (
    SUMMARY,
    QuietHours,
    holding,
    local_datetime,
    wall_ns_of,
)
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.types import Alert, AlertEvent

# Kinds of alerts that a summary names; the others are counted.
_MOST_KINDS = 10
_RULE = "summary of quiet hours for "
_SOURCE = "alert_manager"
# What would have gone to a channel, were it not quiet.
Wants = Callable[[Alert], bool]


class Quiet:
    """Hold alerts for channels that are quiet, and sum them up afterwards.

    What was held is read from the store, so that a restart in the night loses none of it.

    Args:
        quiet: as in the rule file. store: of the alerts. wall_clock_ns: nanoseconds since 1970.
        texts: language of the summary.
    """

    def __init__(
        self,
        quiet: Sequence[QuietHours],
        *,
        store: EventStore,
        wall_clock_ns: Callable[[], int],
        texts: Texts = ENGLISH,
    ) -> None:
        self._quiet = tuple(quiet)
        self._store = store
        self._wall_clock_ns = wall_clock_ns
        self._say = texts.say
        self._texts = texts
        self._summed_up: set[str] = set()

    def plans(self, channels: Iterable[str]) -> Mapping[str, Plan]:
        """Return how the summaries of channels are told, by the name that stands for a rule."""
        return {f"{_RULE}{name}": Plan(channels=(name,)) for name in channels if self._quiet}

    def holds(self, alert: Alert, *, channel: str, change: bool) -> bool:
        """Return whether a channel is not told of an alert now.

        Args:
            alert: which one. channel: name. change: it has ended or was acknowledged. A change is
                held only where the telling was: else a lamp would stay on all night.
        """
        if alert.event.category == QUIET_SUMMARY:
            return False
        now_ns = self._wall_clock_ns()
        hours = holding(self._quiet, channel, alert.event.severity, wall_ns=now_ns)
        if hours is None or not change:
            return hours is not None
        begin, _ = hours.latest(local_datetime(now_ns))
        return alert.raised_ns >= wall_ns_of(begin)

    def due(self, channels: Mapping[str, Wants]) -> list[tuple[AlertEvent, str]]:
        """Return summaries that are to be told now, each with the name that stands for its rule.

        Args:
            channels: what each channel would be told, by name.

        Raises:
            StoreError: what was held cannot be read; ask again later.
        """
        now = local_datetime(self._wall_clock_ns())
        found = []
        for hours in self._quiet:
            begin, end = hours.latest(now)
            if hours.then != SUMMARY or now < end:
                continue
            for name, wants in channels.items():
                subject = f"{hours.name}, {name}, {end:%Y-%m-%d %H:%M}"
                if subject in self._summed_up:
                    continue
                held = self._held(hours, name, wants, begin, end, subject)
                if held:
                    event = self._summary(held, begin=begin, end=end, subject=subject)
                    found.append((event, f"{_RULE}{name}"))
                else:
                    self._summed_up.add(subject)
        return found

    def note_told(self, event: AlertEvent) -> None:
        """Note that a summary became an alert, which is told until the channel took it."""
        self._summed_up.add(event.subject)

    def _held(
        self,
        hours: QuietHours,
        channel: str,
        wants: Wants,
        begin: datetime,
        end: datetime,
        subject: str,
    ) -> list[StoredAlert]:
        """Return what a channel was not told, oldest first; nothing when it was summed up."""
        since_ns, until_ns = wall_ns_of(begin), wall_ns_of(end)
        told = self._store.alerts(since_wall_ns=until_ns, category=QUIET_SUMMARY, limit=MAX_LISTED)
        if any(stored.alert.event.subject == subject for stored in told):
            return []
        stored_then = self._store.alerts(since_wall_ns=since_ns, limit=MAX_LISTED)
        return [
            stored
            for stored in reversed(stored_then)
            if stored.created_wall_ns < until_ns
            and stored.alert.event.category != QUIET_SUMMARY
            and hours.holds(channel, stored.alert.event.severity, at=begin)
            and channel not in (*stored.waiting, *(name for name, _ in stored.sent))
            and wants(stored.alert)
        ]

    def _summary(
        self, held: Sequence[StoredAlert], *, begin: datetime, end: datetime, subject: str
    ) -> AlertEvent:
        kinds = Counter(self._kind(stored.alert) for stored in held)
        times: dict[str, list[datetime]] = {}
        for stored in held:
            at = local_datetime(stored.created_wall_ns)
            times.setdefault(self._kind(stored.alert), []).append(at)
        parts = [
            self._say(
                Phrase.QUIET_SUMMARY_KIND,
                what=kind,
                count=count,
                first=f"{times[kind][0]:%H:%M}",
                last=f"{times[kind][-1]:%H:%M}",
            )
            for kind, count in kinds.most_common(_MOST_KINDS)
        ]
        others = len(held) - sum(count for _, count in kinds.most_common(_MOST_KINDS))
        if others:
            parts.append(self._say(Phrase.QUIET_SUMMARY_OTHERS, count=others))
        return AlertEvent(
            category=QUIET_SUMMARY,
            severity=max(stored.alert.event.severity for stored in held),
            title=self._say(
                Phrase.QUIET_SUMMARY,
                count=len(held),
                begin=f"{begin:%H:%M}",
                end=f"{end:%H:%M}",
            ),
            reason="; ".join(parts),
            source=_SOURCE,
            subject=subject,
            stamp_ns=self._wall_clock_ns(),
        )

    def _kind(self, alert: Alert) -> str:
        event = alert.event
        # A summary is about nobody, so that it needs not be searched for who is forgotten.
        named = event.category in PERSON_CATEGORIES
        what = event.category.replace("_", " ") if named else event.title
        return f"{what} ({event.camera})" if event.camera else what
