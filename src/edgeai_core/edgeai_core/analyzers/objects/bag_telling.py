"""What is told of a bag, and who may have taken one that is missed."""

from __future__ import annotations

from collections.abc import Sequence

from edgeai_core.analyzers.objects.bag_config import BagsConfig
from edgeai_core.analyzers.objects.bag_record import BagRecord
from edgeai_core.analyzers.objects.people import People
from edgeai_core.analyzers.objects.tracked import NS_PER_S
from edgeai_core.object_events import EventKind, ObjectEvent, ObjectState
from edgeai_core.reasons import bags as reasons
from edgeai_core.reasons.wordbook import CLAUSE

# Who had a bag within reach at most so long before it was missed may have taken it.
_TOUCH_BEFORE_S = 1.5


def touchers(record: BagRecord) -> list[int]:
    """Return who had a bag within reach when it was missed or since."""
    begin_ns = record.last_ns - round(_TOUCH_BEFORE_S * NS_PER_S)
    return [identity for identity, at_ns in record.touched.items() if at_ns >= begin_ns]


def carried_since(record: BagRecord, others: Sequence[BagRecord]) -> BagRecord | None:
    """Return a bag that came up when this one was missed, with somebody who had it in reach."""
    takers = touchers(record)
    for other in others:
        moved = other.place is None and other.carrier in takers
        if moved and other.first_ns > record.last_ns:
            return other
    return None


def told_alone(
    record: BagRecord, config: BagsConfig, owner: int | None, *, away_s: float, limit_s: float
) -> str:
    """Return why a bag is alone; `owner` is the track of its owner, None when forgotten."""
    if record.owners:
        known = owner is not None
        told = reasons.OWNER_AWAY.say(
            label=record.label,
            owner=(
                reasons.KNOWN_OWNER.say(track=owner) if known else reasons.FORGOTTEN_OWNER.say()
            ),
            near=config.near_heights,
            away_s=away_s,
            limit_s=limit_s,
        )
    else:
        told = reasons.OWNERLESS.say(label=record.label, away_s=away_s, limit_s=limit_s)
    return CLAUSE.join([told, reasons.SEEN_SINCE.say(seen=record.seen, looks=record.looks)])


def told_taken(
    record: BagRecord, how: str, who: str, *, owned: bool, was: ObjectState | None, away_s: float
) -> str:
    """Return how somebody took a bag that is not known to be theirs."""
    reason = reasons.TAKEN_BY_ANOTHER if owned else reasons.TAKEN_WITHOUT_OWNER
    told = reason.say(label=record.label, how=how, who=who)
    if was is None:
        return told
    return CLAUSE.join([told, reasons.WAS_ALONE.say(state=was.value, away_s=away_s)])


def likely_taker(record: BagRecord) -> int | None:
    """Return who had a bag within reach when it was missed: an owner, else who was there last."""
    who = touchers(record)
    owners = [identity for identity in record.owners if identity in who]
    if owners:
        return owners[0]
    return min(who, key=lambda identity: (record.touched[identity], identity), default=None)


def owner_track(record: BagRecord, people: People) -> int | None:
    """Return the newest track of the first owner who is remembered, None for nobody."""
    for who in record.owners:
        place = people.find(who)
        if place is not None:
            return place.track_id
    return None


def event_of(
    record: BagRecord, state: ObjectState, owner_track_id: int | None, stamp_ns: int
) -> ObjectEvent:
    """Return what is told of a bag that is in a state."""
    return ObjectEvent(
        kind=EventKind.BAG,
        state=state,
        incident=record.number,
        label=record.label,
        track_id=record.track_id,
        owner_track_id=owner_track_id,
        box=record.box,
        since_ns=record.since_ns,
        stamp_ns=stamp_ns,
        score=record.score,
        reason=record.reason,
    )
