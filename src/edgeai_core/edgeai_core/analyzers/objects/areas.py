"""Zones and lines: who is where for how long, and who crosses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time

from edgeai_core.analyzers.objects.area_rules import (
    ANY_LABEL,
    StayRule,
    parse_lines,
    parse_stays,
)
from edgeai_core.analyzers.objects.lines import Crossing, Lines
from edgeai_core.analyzers.objects.numbering import Numbering
from edgeai_core.analyzers.objects.proximity import PERSON, feet
from edgeai_core.analyzers.objects.tracked import NS_PER_S, TrackedObject
from edgeai_core.config import param
from edgeai_core.object_events import EventKind, ObjectEvent, ObjectState
from edgeai_core.reasons import areas as reasons
from edgeai_core.zones import Point, Zone, parse_zones

_MAX_VISITS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class AreasConfig:
    """The zones and lines of one camera; group ``areas``.

    Raises:
        ConfigError: a zone, line or stay is not written as it should be.
    """

    zones: tuple[str, ...] = param(
        (),
        "Places that are watched, in 0..1 of the picture, with hours of the day if not always: "
        '"entrance: 0.1,0.5 0.3,0.5 0.3,0.9 0.1,0.9 @ 22:00-06:00"',
        live=True,
    )
    visit_labels: tuple[str, ...] = param(
        ("person",),
        f'Labels whose coming and going in the zones is told; "{ANY_LABEL}" is every one',
        live=True,
    )
    stays: tuple[str, ...] = param(
        (),
        'What may not stay in a zone for longer: "entrance: person for 60 s", '
        f'"gate: car, truck for 300 s", "exit: {ANY_LABEL} for 120 s"',
        live=True,
    )
    lines: tuple[str, ...] = param(
        (),
        'Lines whose crossing is told, from one point to another: "gate: 0.1,0.5 0.9,0.5". Left '
        "and right are those of somebody who walks along it",
        live=True,
    )
    line_labels: tuple[str, ...] = param(
        ("person",), f'Labels that cross lines; "{ANY_LABEL}" is every one', live=True
    )
    enter_after_s: float = param(
        0.5,
        "A visit begins after so long in the zone; longer leaves out who brushes its edge",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
        live=True,
    )
    absence_s: float = param(
        5.0,
        "Who is away or not seen for shorter is still there; longer bridges more cover and tells "
        "later that somebody left",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
        live=True,
    )
    line_margin: float = param(
        0.01,
        "A side of a line begins so far from it, in shares of the picture's height; wider counts "
        "fewer who dance on the line, and later",
        minimum=0.0,
        maximum=0.5,
        live=True,
    )

    def __post_init__(self) -> None:
        zones = [zone.name for zone in parse_zones(self.zones)]
        parse_stays(self.stays, zones=zones)
        parse_lines(self.lines)


@dataclass(slots=True)
class _Visit:
    zone: Zone
    sighting: TrackedObject
    first_ns: int
    last_ns: int
    number: int = 0  # 0: too short to be told yet
    state: ObjectState = ObjectState.ENTERED
    reason: str = ""
    told: set[StayRule] = field(default_factory=set)


class Areas:
    """Who is in the zones of one camera and crosses its lines; owned by one thread.

    Persons are where their feet are, other things where the middle of their box is. Time is the
    frames' stamps.
    """

    def __init__(self, config: AreasConfig, *, numbering: Numbering | None = None) -> None:
        self._config = config
        self._numbering = numbering or Numbering()
        self._zones = parse_zones(config.zones)
        self._stays = parse_stays(config.stays, zones=[zone.name for zone in self._zones])
        self._all_lines = parse_lines(config.lines)
        self._lines = Lines(self._all_lines, margin=config.line_margin)
        self._visits: dict[tuple[str, int], _Visit] = {}
        self._given_up: list[_Visit] = []

    def retune(self, config: AreasConfig) -> None:
        """Watch other zones and lines from the next frame on; who is where is kept as it fits.

        Raises:
            ConfigError: as for the configuration.
        """
        self._config = config
        self._zones = parse_zones(config.zones)
        self._stays = parse_stays(config.stays, zones=[zone.name for zone in self._zones])
        self._all_lines = parse_lines(config.lines)
        self._lines.retune(self._all_lines, margin=config.line_margin)
        zones = {zone.name: zone for zone in self._zones}
        for key, visit in list(self._visits.items()):
            if visit.zone.name in zones:
                # It may have moved: whoever is outside of it now leaves it in the usual time.
                visit.zone = zones[visit.zone.name]
            else:
                del self._visits[key]
                if visit.number:
                    self._given_up.append(visit)

    def reset(self) -> None:
        """Forget who was where."""
        self._lines.reset()
        self._visits.clear()
        self._given_up.clear()

    def update(
        self,
        sightings: Sequence[TrackedObject],
        *,
        stamp_ns: int,
        width_px: int,
        height_px: int,
        local_time: time,
    ) -> tuple[ObjectEvent, ...]:
        """Return what changed with a frame.

        Args:
            sightings: of one frame, in pixels of a picture of `width_px` x `height_px`.
            stamp_ns: the frame's stamp, later than the one before.
            local_time: time of day, for zones and lines that count for some hours.
        """
        points = [
            (sighting, (x / width_px, y / height_px))
            for sighting in sightings
            for x, y in (_place_px(sighting),)
        ]
        active = [zone for zone in self._zones if zone.active_at(local_time)]
        for zone in active:
            for sighting, point in points:
                if self._is_visitor(zone, sighting.label) and zone.contains(point):
                    self._see(zone, sighting, stamp_ns)
        # What was told of a zone that is watched no longer must not go on for ever.
        events = [self._ended(visit, stamp_ns) for visit in self._given_up]
        self._given_up.clear()
        for key, visit in list(self._visits.items()):
            if visit.zone not in active:
                # Out of its hours nobody is in it and nobody left it.
                del self._visits[key]
                continue
            events += self._judge(key, visit, stamp_ns)
        lines = [line for line in self._all_lines if line.active_at(local_time)]
        crossers = [pair for pair in points if _named(pair[0].label, self._config.line_labels)]
        crossings = self._lines.update(
            crossers, lines=lines, stamp_ns=stamp_ns, aspect=width_px / height_px
        )
        return (*events, *(self._crossed(crossing, stamp_ns) for crossing in crossings))

    def current(self, *, stamp_ns: int) -> tuple[ObjectEvent, ...]:
        """Return who is in the zones."""
        return tuple(_event(visit, stamp_ns) for visit in self._visits.values() if visit.number)

    def _is_visitor(self, zone: Zone, label: str) -> bool:
        return _named(label, self._config.visit_labels) or any(
            stay.zone == zone.name and stay.concerns(label) for stay in self._stays
        )

    def _see(self, zone: Zone, sighting: TrackedObject, stamp_ns: int) -> None:
        key = (zone.name, sighting.identity)
        visit = self._visits.get(key)
        if visit is None:
            if len(self._visits) >= _MAX_VISITS:
                return
            visit = self._visits[key] = _Visit(zone, sighting, stamp_ns, stamp_ns)
        visit.sighting, visit.last_ns = sighting, stamp_ns

    def _judge(self, key: tuple[str, int], visit: _Visit, stamp_ns: int) -> list[ObjectEvent]:
        events = []
        config, label, zone = self._config, visit.sighting.label, visit.zone.name
        stay_s = (visit.last_ns - visit.first_ns) / NS_PER_S
        told = _named(label, config.visit_labels)
        if not visit.number and stay_s >= config.enter_after_s:
            visit.number = self._numbering.next()
            visit.reason = reasons.ENTERED.say(label=label, zone=zone, stay_s=stay_s)
            if told:
                events.append(_event(visit, stamp_ns))
        for stay in self._stays:
            due = stay.zone == visit.zone.name and stay.concerns(label) and stay not in visit.told
            if due and visit.number and stay_s > stay.limit_s:
                visit.told.add(stay)
                visit.state = ObjectState.LINGERING
                visit.reason = reasons.STAYS.say(
                    label=label, zone=zone, stay_s=stay_s, limit_s=stay.limit_s
                )
                events.append(_event(visit, stamp_ns))
        away_s = (stamp_ns - visit.last_ns) / NS_PER_S
        if away_s > config.absence_s:
            del self._visits[key]
            if visit.number and (told or visit.told):
                visit.state = ObjectState.LEFT
                visit.reason = reasons.LEFT_ZONE.say(
                    label=label,
                    zone=zone,
                    stay_s=stay_s,
                    away_s=away_s,
                    limit_s=config.absence_s,
                )
                events.append(_event(visit, stamp_ns))
        return events

    def _ended(self, visit: _Visit, stamp_ns: int) -> ObjectEvent:
        visit.state = ObjectState.LEFT
        visit.reason = reasons.WATCHED_NO_LONGER.say(zone=visit.zone.name)
        return _event(visit, stamp_ns)

    def _crossed(self, crossing: Crossing, stamp_ns: int) -> ObjectEvent:
        sighting, line = crossing.sighting, crossing.line
        side = reasons.LEFT if crossing.state is ObjectState.CROSSED_LEFT else reasons.RIGHT
        took_s = (stamp_ns - crossing.since_ns) / NS_PER_S
        return ObjectEvent(
            kind=EventKind.LINE,
            state=crossing.state,
            incident=self._numbering.next(),
            label=sighting.label,
            track_id=sighting.track_id,
            zone=line.name,
            box=sighting.box,
            since_ns=crossing.since_ns,
            stamp_ns=stamp_ns,
            score=sighting.score,
            reason=reasons.CROSSED.say(
                label=sighting.label, line=line.name, side=side.say(), took_s=took_s
            ),
        )


def _place_px(sighting: TrackedObject) -> Point:
    return feet(sighting.box) if sighting.label == PERSON else sighting.box.center_px


def _named(label: str, labels: Sequence[str]) -> bool:
    return label in labels or ANY_LABEL in labels


def _event(visit: _Visit, stamp_ns: int) -> ObjectEvent:
    # A visit begins with its first sight, what comes later with what was decided about it.
    left = visit.state is ObjectState.LEFT
    return ObjectEvent(
        kind=EventKind.PRESENCE,
        state=visit.state,
        incident=visit.number,
        label=visit.sighting.label,
        track_id=visit.sighting.track_id,
        zone=visit.zone.name,
        box=visit.sighting.box,
        since_ns=visit.last_ns if left else visit.first_ns,
        stamp_ns=stamp_ns,
        score=visit.sighting.score,
        reason=visit.reason,
    )
