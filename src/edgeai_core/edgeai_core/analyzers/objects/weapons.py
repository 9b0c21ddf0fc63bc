"""Weapon in view: seen often enough within seconds, and who holds it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from edgeai_core.analyzers.objects.numbering import Numbering
from edgeai_core.analyzers.objects.proximity import PERSON, is_within_reach, scale_px
from edgeai_core.analyzers.objects.tracked import NS_PER_S, TrackedObject
from edgeai_core.analyzers.objects.weapon_rules import WeaponRule, parse_weapon_rules
from edgeai_core.config import param
from edgeai_core.geometry import Box
from edgeai_core.object_events import EventKind, ObjectEvent, ObjectState
from edgeai_core.reasons import weapons as reasons
from edgeai_core.types import Detection

_MAX_INCIDENTS = 32
# Somebody holds what is nearest to the own middle; beyond reach this many heights are still near.
_MAX_HOLDER_HEIGHTS = 1.0
# A weapon without a track and a holder is the same within this many of its longer sides: it is
# small, and an arm moves it by several of its lengths between two looks.
_SAME_PLACE_SIDES = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WeaponsConfig:
    """What counts as a weapon in view; group ``weapons``.

    Raises:
        ConfigError: a rule is not written as it should be.
    """

    rules: tuple[str, ...] = param(
        (),
        "What is a weapon and when it is confirmed, one text per label of the detector: "
        '"gun: 3 of 5 within 3 s from 0.5" is three of the last five frames, none older than 3 s, '
        "each with a score of at least 0.5. More frames are safer against false alarms and slower; "
        "empty watches for none",
    )
    keep_score: float = param(
        0.25,
        "Once confirmed, fainter detections down to this score keep the alarm up; lower keeps it "
        "steadier, and longer after the weapon is gone",
        minimum=0.0,
        maximum=1.0,
    )
    gone_after_s: float = param(
        5.0,
        "A confirmed weapon that was not seen for so long is gone; longer bridges more cover",
        unit="s",
        minimum=0.1,
        maximum=3600.0,
    )

    def __post_init__(self) -> None:
        parse_weapon_rules(self.rules)


@dataclass(slots=True)
class _Incident:
    number: int
    rule: WeaponRule
    begun_ns: int
    state: ObjectState
    since_ns: int
    box: Box
    score: float
    track_id: int | None
    holder: int | None
    holder_track_id: int | None
    last_ns: int
    looks: deque[tuple[int, bool]] = field(default_factory=deque)
    reason: str = ""


class Weapons:
    """The weapons in one camera's view; owned by one thread. Time is the frames' stamps.

    SUSPECTED with the first detection that counts, CONFIRMED as the label's rule says, GONE when a
    confirmed one was not seen for ``gone_after_s`` or a suspected one for its rule's window.
    Detections need no track: a weapon is known again by its track, by its holder or by its place.
    """

    def __init__(self, config: WeaponsConfig, *, numbering: Numbering | None = None) -> None:
        self._config = config
        self._rules = parse_weapon_rules(config.rules)
        self._numbering = numbering or Numbering()
        self._incidents: list[_Incident] = []

    @property
    def labels(self) -> frozenset[str]:
        """Labels of the detector that are weapons."""
        return frozenset(self._rules)

    def reset(self) -> None:
        """Forget what was seen."""
        self._incidents.clear()

    def update(
        self, detections: Sequence[Detection], people: Sequence[TrackedObject], *, stamp_ns: int
    ) -> tuple[ObjectEvent, ...]:
        """Return what changed with a frame.

        Args:
            detections: of one frame, any labels. people: its persons.
            stamp_ns: the frame's stamp, later than the one before.
        """
        people = [person for person in people if person.label == PERSON]
        found: set[int] = set()
        events: list[ObjectEvent] = []
        for detection in sorted(detections, key=lambda d: -d.score):
            rule = self._rules.get(detection.label)
            if rule is None:
                continue
            holder = _holder(detection.box, people)
            incident = self._incident_of(detection, holder, found)
            if incident is not None:
                self._continue(incident, detection, holder, stamp_ns)
                found.add(incident.number)
            elif detection.score >= rule.min_score and len(self._incidents) < _MAX_INCIDENTS:
                incident = self._begin(detection, rule, holder, stamp_ns)
                found.add(incident.number)
                if rule.needed > 1:
                    events.append(_event(incident, stamp_ns))
        for incident in list(self._incidents):
            events += self._judge(incident, incident.number in found, stamp_ns)
        return tuple(events)

    def current(self, *, stamp_ns: int) -> tuple[ObjectEvent, ...]:
        """Return the weapons that are suspected or confirmed."""
        return tuple(_event(incident, stamp_ns) for incident in self._incidents)

    def _incident_of(
        self, detection: Detection, holder: TrackedObject | None, found: set[int]
    ) -> _Incident | None:
        """Return the incident that a detection continues: same track, same holder, same place."""
        same = [i for i in self._incidents if i.rule.label == detection.label]
        for incident in same:
            if detection.track_id is not None and incident.track_id == detection.track_id:
                return incident
        for incident in same:
            if holder is not None and incident.holder == holder.identity:
                return incident
        for incident in same:
            reach_px = _SAME_PLACE_SIDES * max(
                scale_px(detection.label, incident.box), scale_px(detection.label, detection.box)
            )
            # A second one beside the first in the same frame is a second one.
            if incident.number in found:
                continue
            if math.dist(incident.box.center_px, detection.box.center_px) <= reach_px:
                return incident
        return None

    def _begin(
        self, detection: Detection, rule: WeaponRule, holder: TrackedObject | None, stamp_ns: int
    ) -> _Incident:
        incident = _Incident(
            number=self._numbering.next(),
            rule=rule,
            begun_ns=stamp_ns,
            state=ObjectState.SUSPECTED,
            since_ns=stamp_ns,
            box=detection.box,
            score=detection.score,
            track_id=detection.track_id,
            holder=None,
            holder_track_id=None,
            last_ns=stamp_ns,
            looks=deque(maxlen=rule.looks),
        )
        _hold(incident, holder)
        incident.reason = reasons.SUSPECTED.say(
            label=rule.label,
            score=detection.score,
            min_score=rule.min_score,
            holder=_told_holder(incident),
            needed=rule.needed,
            looks=rule.looks,
        )
        self._incidents.append(incident)
        return incident

    def _continue(
        self, incident: _Incident, detection: Detection, holder: TrackedObject | None, stamp_ns: int
    ) -> None:
        confirmed = incident.state is ObjectState.CONFIRMED
        needed = min(self._config.keep_score, incident.rule.min_score) if confirmed else None
        if detection.score < (incident.rule.min_score if needed is None else needed):
            return
        if incident.last_ns == stamp_ns and detection.score <= incident.score:
            return
        incident.box, incident.score = detection.box, detection.score
        incident.last_ns = stamp_ns
        if detection.track_id is not None:
            incident.track_id = detection.track_id
        _hold(incident, holder)

    def _judge(self, incident: _Incident, found: bool, stamp_ns: int) -> list[ObjectEvent]:
        rule = incident.rule
        incident.looks.append((stamp_ns, found and incident.last_ns == stamp_ns))
        if incident.state is ObjectState.SUSPECTED:
            oldest_ns = stamp_ns - round(rule.window_s * NS_PER_S)
            hits = sum(hit for at_ns, hit in incident.looks if at_ns >= oldest_ns)
            if hits >= rule.needed:
                incident.state, incident.since_ns = ObjectState.CONFIRMED, incident.begun_ns
                incident.reason = reasons.CONFIRMED.say(
                    label=rule.label,
                    hits=hits,
                    looks=len(incident.looks),
                    window_s=rule.window_s,
                    needed=rule.needed,
                    score=incident.score,
                    holder=_told_holder(incident),
                )
                return [_event(incident, stamp_ns)]
        unseen_s = (stamp_ns - incident.last_ns) / NS_PER_S
        confirmed = incident.state is ObjectState.CONFIRMED
        limit_s = self._config.gone_after_s if confirmed else rule.window_s
        if unseen_s < limit_s:
            return []
        self._incidents.remove(incident)
        was = reasons.WAS_CONFIRMED if confirmed else reasons.WAS_NEVER_CONFIRMED
        incident.state, incident.since_ns = ObjectState.GONE, incident.last_ns
        incident.reason = reasons.GONE.say(
            label=rule.label, unseen_s=unseen_s, limit_s=limit_s, was=was.say()
        )
        return [_event(incident, stamp_ns)]


def _holder(box: Box, people: Sequence[TrackedObject]) -> TrackedObject | None:
    """Return who holds a thing: whose reach it is in, else who is near; the nearest of them."""

    def rank(person: TrackedObject) -> tuple[bool, float]:
        distance = math.dist(box.center_px, person.box.center_px)
        return not is_within_reach(box, person.box), distance / max(person.box.height_px, 1.0)

    best = min(people, key=rank, default=None)
    return best if best is not None and rank(best)[1] <= _MAX_HOLDER_HEIGHTS else None


def _hold(incident: _Incident, holder: TrackedObject | None) -> None:
    # Nobody found near it in one frame does not take it out of a hand.
    if holder is not None:
        incident.holder, incident.holder_track_id = holder.identity, holder.track_id


def _told_holder(incident: _Incident) -> str:
    if incident.holder_track_id is None:
        return reasons.NOBODY_NEAR.say()
    return reasons.WITH_PERSON.say(track=incident.holder_track_id)


def _event(incident: _Incident, stamp_ns: int) -> ObjectEvent:
    return ObjectEvent(
        kind=EventKind.WEAPON,
        state=incident.state,
        incident=incident.number,
        label=incident.rule.label,
        track_id=incident.track_id,
        owner_track_id=incident.holder_track_id,
        box=incident.box,
        since_ns=incident.since_ns,
        stamp_ns=stamp_ns,
        score=incident.score,
        reason=incident.reason,
    )
