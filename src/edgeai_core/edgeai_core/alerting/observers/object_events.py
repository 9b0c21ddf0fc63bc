"""Weapons, lone bags, people who stay too long and lines that are crossed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.config import param
from edgeai_core.object_events import EventKind, ObjectEvent, ObjectState
from edgeai_core.types import AlertEvent, Severity

_NOT_TOLD = "NONE"
_CHOICES = (_NOT_TOLD, *(severity.name for severity in Severity))
_HOW = f"How urgent; {_NOT_TOLD} tells nobody"
# Incidents of all cameras whose beginning is remembered; far more than go on at once.
_MAX_INCIDENTS = 1024
# With these an incident begins, maybe one of a node that was started anew and counts from 1 again.
_BEGINNINGS = (ObjectState.SUSPECTED, ObjectState.UNATTENDED, ObjectState.ENTERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectEventConfig:
    """Which events of tracked objects people are told about."""

    weapon: str = param("CRITICAL", f"A weapon is in view. {_HOW}.", choices=_CHOICES)
    unattended_bag: str = param("NONE", f"A bag's owner has gone away. {_HOW}.", choices=_CHOICES)
    abandoned_bag: str = param("CRITICAL", f"A bag is alone for long. {_HOW}.", choices=_CHOICES)
    taken_bag: str = param("WARNING", f"Somebody else takes a bag away. {_HOW}.", choices=_CHOICES)
    reclaimed_bag: str = param(
        "INFO",
        f"The owner of a bag that was told as abandoned is back. {_HOW}.",
        choices=_CHOICES,
    )
    entered_zone: str = param("NONE", f"Something comes into a zone. {_HOW}.", choices=_CHOICES)
    lingering: str = param(
        "WARNING",
        f"Something stays in a zone for longer than a rule allows. {_HOW}.",
        choices=_CHOICES,
    )
    crossed_line: str = param("INFO", f"Something crosses a line. {_HOW}.", choices=_CHOICES)


# (kind, state) -> (category, field of the configuration, title)
_TOLD: dict[tuple[EventKind, ObjectState], tuple[str, str, Phrase]] = {
    (EventKind.WEAPON, ObjectState.CONFIRMED): ("weapon", "weapon", Phrase.WEAPON),
    (EventKind.BAG, ObjectState.UNATTENDED): (
        "unattended_bag",
        "unattended_bag",
        Phrase.UNATTENDED_BAG,
    ),
    (EventKind.BAG, ObjectState.ABANDONED): (
        "abandoned_bag",
        "abandoned_bag",
        Phrase.ABANDONED_BAG,
    ),
    (EventKind.BAG, ObjectState.TAKEN): ("taken_bag", "taken_bag", Phrase.TAKEN_BAG),
    (EventKind.BAG, ObjectState.RECLAIMED): (
        "reclaimed_bag",
        "reclaimed_bag",
        Phrase.RECLAIMED_BAG,
    ),
    (EventKind.PRESENCE, ObjectState.ENTERED): (
        "zone_entered",
        "entered_zone",
        Phrase.ZONE_ENTERED,
    ),
    (EventKind.PRESENCE, ObjectState.LINGERING): ("lingering", "lingering", Phrase.LINGERING),
    (EventKind.LINE, ObjectState.CROSSED_LEFT): (
        "line_crossed",
        "crossed_line",
        Phrase.CROSSED_LEFT,
    ),
    (EventKind.LINE, ObjectState.CROSSED_RIGHT): (
        "line_crossed",
        "crossed_line",
        Phrase.CROSSED_RIGHT,
    ),
}
# What ends with a state. A weapon or a bag that is not seen any more (GONE) is no end: nobody
# knows where it is now.
_ENDS: dict[tuple[EventKind, ObjectState], tuple[str, ...]] = {
    (EventKind.BAG, ObjectState.RECLAIMED): ("unattended_bag", "abandoned_bag"),
    (EventKind.BAG, ObjectState.TAKEN): ("unattended_bag", "abandoned_bag"),
    (EventKind.PRESENCE, ObjectState.LEFT): ("zone_entered", "lingering"),
}


@dataclass(slots=True)
class _Incident:
    """What is remembered of one: `begun_ns` tells it from another of the same number."""

    begun_ns: int
    abandoned: bool = False
    told: dict[str, AlertEvent] = field(default_factory=dict)


class ObjectEventObserver:
    """Turn events of tracked objects into events of alerts; one incident is one alert.

    Args:
        config: which ones, and how urgent. source: name of the node that sees for us.
        texts: language of what people are told.
    """

    def __init__(self, config: ObjectEventConfig, *, source: str, texts: Texts = ENGLISH) -> None:
        self._config = config
        self._texts = texts
        self._source = source
        self._incidents: OrderedDict[tuple[str, EventKind, int], _Incident] = OrderedDict()

    def observe(self, events: Sequence[ObjectEvent], *, camera: str) -> list[AlertEvent]:
        """Return what people are told of a frame's events, ends before beginnings."""
        told: list[AlertEvent] = []
        for event in events:
            incident = self._incident(event, camera)
            was_abandoned, incident.abandoned = (
                incident.abandoned,
                event.state is ObjectState.ABANDONED,
            )
            for ended in _ENDS.get((event.kind, event.state), ()):
                earlier = incident.told.pop(ended, None)
                if earlier is not None:
                    told.append(replace(earlier, over=True, stamp_ns=event.stamp_ns))
            known = _TOLD.get((event.kind, event.state))
            if known is None or getattr(self._config, known[1]) == _NOT_TOLD:
                continue
            category, setting, title = known
            if event.state is ObjectState.RECLAIMED and not was_abandoned:
                # Nobody was worried.
                continue
            label = self._texts.label(event.label)
            incident.told[category] = AlertEvent(
                category=category,
                severity=Severity[getattr(self._config, setting)],
                title=self._texts.say(title, label=label, zone=event.zone),
                reason=self._texts.reason(event.reason),
                source=self._source,
                subject=f"{event.kind.value} {event.incident} of {incident.begun_ns}",
                camera=camera,
                stamp_ns=event.stamp_ns,
                score=event.score,
                zone=event.zone,
            )
            told.append(incident.told[category])
        return told

    def _incident(self, event: ObjectEvent, camera: str) -> _Incident:
        key = (camera, event.kind, event.incident)
        known = self._incidents.get(key)
        if known is None or event.state in _BEGINNINGS or event.stamp_ns < known.begun_ns:
            known = self._incidents[key] = _Incident(event.stamp_ns)
        self._incidents.move_to_end(key)
        if len(self._incidents) > _MAX_INCIDENTS:
            self._incidents.popitem(last=False)
        return known
