"""The isolated bag: whose it is, whether they are with it, and who takes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from edgeai_core.analyzers.objects.bag_config import BagsConfig
from edgeai_core.analyzers.objects.bag_matching import match, without_doubles
from edgeai_core.analyzers.objects.bag_owners import (
    claim,
    hand_to,
    is_attended,
    learn_companions,
    note_touches,
    owners_beside,
)
from edgeai_core.analyzers.objects.bag_record import BagRecord
from edgeai_core.analyzers.objects.bag_telling import (
    carried_since,
    event_of,
    likely_taker,
    owner_track,
    told_alone,
    told_taken,
)
from edgeai_core.analyzers.objects.numbering import Numbering
from edgeai_core.analyzers.objects.people import People
from edgeai_core.analyzers.objects.proximity import covered_share, feet
from edgeai_core.analyzers.objects.tracked import NS_PER_S
from edgeai_core.object_events import ObjectEvent, ObjectState
from edgeai_core.reasons import bags as reasons
from edgeai_core.types import Detection
from edgeai_core.zones import parse_zones

_MAX_BAGS = 64
_COVERED_SHARE = 0.3
_ALONE = (ObjectState.UNATTENDED, ObjectState.ABANDONED)
# A bag that begins to move often gets another track: a moving bag that comes up with somebody who
# had a missing one within reach is that one, after so long.
_SWITCH_S = 2.0
# Nobody is asked whose a bag is before those who put it down have stepped back.
_CLAIM_AFTER_S = 2.0


class Bags:
    """The bags of one camera; owned by one thread. Time is the frames' stamps.

    The owner is who carried the bag, else who stood where it was first seen, else who was there
    with it from the beginning. A resting bag whose owners are away is UNATTENDED and then
    ABANDONED; RECLAIMED when an owner is back or takes it; TAKEN when somebody else carries it off
    while no owner is near. With an owner near it is handed over: the carrier owns it from then on.
    """

    def __init__(self, config: BagsConfig, *, numbering: Numbering | None = None) -> None:
        self._config = config
        self._numbering = numbering or Numbering()
        self._exempt = parse_zones(config.exempt_zones)
        self._records: list[BagRecord] = []
        self._begun_ns: int | None = None

    def retune(self, config: BagsConfig) -> None:
        """Judge bags with other limits and zones from the next frame on; what is known is kept.

        Raises:
            ConfigError: as for the configuration.
        """
        self._exempt = parse_zones(config.exempt_zones)
        self._config = config

    @property
    def labels(self) -> frozenset[str]:
        """Labels of the detector that are bags."""
        return frozenset(self._config.labels)

    def reset(self) -> None:
        """Forget every bag; what is there next was there from the beginning."""
        self._records.clear()
        self._begun_ns = None

    def update(
        self,
        detections: Sequence[Detection],
        people: People,
        *,
        stamp_ns: int,
        width_px: int,
        height_px: int,
        local_time: time,
    ) -> tuple[ObjectEvent, ...]:
        """Return what changed with a frame.

        Args:
            detections: of one frame, any labels; those without a track are left out.
            people: where persons are, up to date with the frame.
            stamp_ns: the frame's stamp, later than the one before.
            width_px, height_px: size of the picture. local_time: for exempt zones with hours.
        """
        if self._begun_ns is None:
            self._begun_ns = stamp_ns
        bags = [d for d in detections if d.label in self._config.labels and d.track_id is not None]
        present = people.present()
        found, new = match(self._records, without_doubles(bags), present, stamp_ns=stamp_ns)
        for detection in new:
            if len(self._records) < _MAX_BAGS:
                record = BagRecord.begin(self._numbering.next(), detection, stamp_ns)
                self._records.append(record)
        events: list[ObjectEvent] = []
        for record in list(self._records):
            seen = found.get(record.number)
            if seen is not None:
                record.see(seen, stamp_ns, present)
                events += self._follow(record, people, stamp_ns)
            if record.place is not None or seen is not None:
                learn_companions(record, people, self._config, stamp_ns=stamp_ns)
            if record.place is None:
                self._drop_if_lost(record, stamp_ns)
            elif self._is_exempt(record, width_px, height_px, local_time):
                record.attended_ns, record.state, record.returned_ns = stamp_ns, None, None
            else:
                events += self._watch(record, people, stamp_ns)
        return tuple(events)

    def current(self, people: People, *, stamp_ns: int) -> tuple[ObjectEvent, ...]:
        """Return the bags that are unattended or abandoned."""
        return tuple(
            event_of(record, record.state, owner_track(record, people), stamp_ns)
            for record in self._records
            if record.state in _ALONE and record.state is not None
        )

    def owners(self, people: People) -> dict[int, int]:
        """Return the newest track of a bag to that of its owner, for the bags that have one."""
        return {
            record.track_id: track
            for record in self._records
            if (track := owner_track(record, people)) is not None
        }

    def _follow(self, record: BagRecord, people: People, stamp_ns: int) -> list[ObjectEvent]:
        """Decide who carries a bag that is moved."""
        if record.place is not None or not record.reach_s:
            return []
        carrier = max(record.reach_s, key=lambda who: record.reach_s[who])
        before_s = record.reach_s.get(record.carrier, 0.0) if record.carrier is not None else 0.0
        reach_s = record.reach_s[carrier]
        if carrier == record.carrier or reach_s < max(self._config.carry_s, 2 * before_s):
            return []
        before, record.carrier = record.carrier, carrier
        if before is not None:
            # Within one move it is handed over, or people who walk together were mixed up.
            hand_to(record, carrier, keep=record.owners)
            return []
        return self._taken_by(record, carrier, people, stamp_ns, reasons.CARRIED_OFF.say())

    def _taken_by(
        self, record: BagRecord, carrier: int, people: People, stamp_ns: int, how: str
    ) -> list[ObjectEvent]:
        place = people.find(carrier)
        who = reasons.SOMEBODY.say() if place is None else reasons.PERSON.say(track=place.track_id)
        alone, was = record.state in _ALONE, record.state
        record.state, record.returned_ns = None, None
        owned, is_owner = bool(record.owners), carrier in record.owners
        beside = owners_beside(record, people, self._config, stamp_ns=stamp_ns)
        away_s = (stamp_ns - record.attended_ns) / NS_PER_S
        if is_owner:
            hand_to(record, carrier, keep=beside)
            if not alone:
                return []
            told = reasons.TAKEN_BY_OWNER.say(label=record.label, how=how, who=who, away_s=away_s)
            return [self._told(record, ObjectState.RECLAIMED, told, people, stamp_ns)]
        if beside and not alone:
            hand_to(record, carrier, keep=beside)
            return []
        if not owned and not alone:
            hand_to(record, carrier, keep=[])
            return []
        told = told_taken(record, how, who, owned=owned, was=was, away_s=away_s)
        hand_to(record, carrier, keep=[])
        return [self._told(record, ObjectState.TAKEN, told, people, stamp_ns)]

    def _drop_if_lost(self, record: BagRecord, stamp_ns: int) -> None:
        if stamp_ns - record.last_ns > self._config.missing_s * NS_PER_S:
            self._records.remove(record)

    def _is_exempt(
        self, record: BagRecord, width_px: int, height_px: int, local_time: time
    ) -> bool:
        x, y = feet(record.box)
        point = (x / width_px, min(y / height_px, 1.0 - 1e-9))
        return any(zone.active_at(local_time) and zone.contains(point) for zone in self._exempt)

    def _watch(self, record: BagRecord, people: People, stamp_ns: int) -> list[ObjectEvent]:
        """Decide about a resting bag."""
        config = self._config
        if record.unclaimed and not self._claimed(record, people, stamp_ns):
            return []
        events = self._missed(record, people, stamp_ns)
        if record.place is None or record not in self._records:
            return events
        note_touches(record, people, stamp_ns=stamp_ns)
        if record.furniture:
            return events
        if is_attended(record, people, config, stamp_ns=stamp_ns):
            return [*events, *self._attended(record, people, stamp_ns)]
        record.returned_ns = None
        record.looks += record.absent_ns is not None or record.last_ns == stamp_ns
        record.seen += record.last_ns == stamp_ns
        return [*events, *self._alone(record, people, stamp_ns)]

    def _claimed(self, record: BagRecord, people: People, stamp_ns: int) -> bool:
        """Return whether it is known whose the bag is, as far as that can be known."""
        assert self._begun_ns is not None
        settle_end_ns = self._begun_ns + round(self._config.settle_s * NS_PER_S)
        after_ns = record.first_ns + round(_CLAIM_AFTER_S * NS_PER_S)
        if not record.owners and stamp_ns < max(after_ns, settle_end_ns):
            return False
        record.unclaimed = False
        if not record.owners:
            claim(record, people, self._config, begun_ns=self._begun_ns)
        return True

    def _attended(self, record: BagRecord, people: People, stamp_ns: int) -> list[ObjectEvent]:
        if record.state not in _ALONE:
            record.attended_ns, record.seen, record.looks = stamp_ns, 0, 0
            return []
        if record.returned_ns is None:
            record.returned_ns = stamp_ns
        if stamp_ns - record.returned_ns < self._config.return_s * NS_PER_S:
            return []
        away_s = (record.returned_ns - record.attended_ns) / NS_PER_S
        told = reasons.OWNER_BACK.say(label=record.label, away_s=away_s)
        record.attended_ns, record.seen, record.looks = stamp_ns, 0, 0
        record.state, record.returned_ns = None, None
        return [self._told(record, ObjectState.RECLAIMED, told, people, stamp_ns)]

    def _alone(self, record: BagRecord, people: People, stamp_ns: int) -> list[ObjectEvent]:
        config = self._config
        if record.removed or record.seen < config.min_seen_share * record.looks:
            return []
        abandoned_s = config.abandoned_after_s if record.owners else config.ownerless_after_s
        unattended_s = config.unattended_after_s * abandoned_s / config.abandoned_after_s
        away_s = (stamp_ns - record.attended_ns) / NS_PER_S
        for state, limit_s, earlier in (
            (ObjectState.ABANDONED, abandoned_s, (None, ObjectState.UNATTENDED)),
            (ObjectState.UNATTENDED, unattended_s, (None,)),
        ):
            if away_s < limit_s or record.state not in earlier or not record.seen:
                continue
            track = owner_track(record, people)
            told = told_alone(record, config, track, away_s=away_s, limit_s=limit_s)
            record.state, record.since_ns = state, record.attended_ns
            return [self._told(record, state, told, people, stamp_ns)]
        return []

    def _missed(self, record: BagRecord, people: People, stamp_ns: int) -> list[ObjectEvent]:
        """Decide about a bag that is not found at its place."""
        config = self._config
        if record.last_ns == stamp_ns:
            record.absent_ns, record.removed = None, False
            return []
        assert record.place is not None
        place = record.place
        if any(covered_share(place, p.box) > _COVERED_SHARE for p in people.present()):
            record.absent_ns = None
            return []
        if record.absent_ns is None:
            record.absent_ns = stamp_ns
        missing_s = (stamp_ns - record.absent_ns) / NS_PER_S
        events: list[ObjectEvent] = []
        carried = carried_since(record, self._records)
        if carried is not None and missing_s >= _SWITCH_S:
            self._records.remove(carried)
            record.continue_as(carried)
            assert record.carrier is not None
            return self._taken_by(
                record, record.carrier, people, stamp_ns, reasons.CARRIED_OFF.say()
            )
        if not record.removed and missing_s >= config.missing_s:
            record.removed = True
            by = likely_taker(record)
            if by is not None and not record.furniture:
                how = reasons.MISSED.say(missing_s=missing_s)
                events = self._taken_by(record, by, people, stamp_ns, how)
        if (stamp_ns - record.last_ns) / NS_PER_S >= config.forget_s:
            self._records.remove(record)
            if record.state in _ALONE:
                told = reasons.NOT_FOUND.say(label=record.label, forget_s=config.forget_s)
                events.append(self._told(record, ObjectState.GONE, told, people, stamp_ns))
        return events

    def _told(
        self, record: BagRecord, state: ObjectState, told: str, people: People, stamp_ns: int
    ) -> ObjectEvent:
        record.reason = told
        record.since_ns = record.since_ns if state in _ALONE else stamp_ns
        return event_of(record, state, owner_track(record, people), stamp_ns)
