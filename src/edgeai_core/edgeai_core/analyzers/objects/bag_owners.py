"""Whose a bag is, and whether somebody who may is with it."""

from __future__ import annotations

from edgeai_core.analyzers.objects.bag_config import BagsConfig
from edgeai_core.analyzers.objects.bag_record import BagRecord
from edgeai_core.analyzers.objects.identities import NS_PER_S
from edgeai_core.analyzers.objects.people import People, PersonPlace
from edgeai_core.analyzers.objects.proximity import (
    heights_between,
    is_within_reach,
    overlap,
)

# Who put a bag down stood there around the moment it was first seen to rest.
_CLAIM_BEFORE_S = 3.0
_CLAIM_AFTER_S = 1.5
_MIN_CLAIM_S = 0.6
_CLAIM_HEIGHTS = 1.0
# Of the settling time, who was near for this share has a bag that was there from the beginning.
_SETTLED_SHARE = 0.6
_LEAVE_FACTOR = 1.2
# Two boxes that overlap more may have swapped their tracks, for as long as this afterwards.
_MIXING_IOU = 0.3
_MIXING_S = 3.0
_MAX_OWNERS = 4
_BODY_RATE = 0.05


def claim(record: BagRecord, people: People, config: BagsConfig, *, settle_end_ns: int) -> None:
    """Find whose a bag is that came to rest without having been seen carried."""
    assert record.place is not None
    if record.first_ns <= settle_end_ns:
        begin_ns = settle_end_ns - round(config.settle_s * NS_PER_S)
        near = people.seconds_near(
            record.place,
            begin_ns=begin_ns,
            end_ns=settle_end_ns,
            limit_heights=config.near_heights,
        )
        record.owners = [
            who for who, s in sorted(near.items()) if s >= _SETTLED_SHARE * config.settle_s
        ][:_MAX_OWNERS]
        record.furniture = not record.owners
        return
    near = people.seconds_near(
        record.place,
        begin_ns=record.first_ns - round(_CLAIM_BEFORE_S * NS_PER_S),
        end_ns=record.first_ns + round(_CLAIM_AFTER_S * NS_PER_S),
        limit_heights=_CLAIM_HEIGHTS,
    )
    longest = max(near, key=lambda who: (near[who], -who), default=None)
    if longest is not None and near[longest] >= _MIN_CLAIM_S:
        record.owners = [longest]


def is_attended(record: BagRecord, people: People, config: BagsConfig, *, stamp_ns: int) -> bool:
    """Return whether somebody who may is with a resting bag, and learn who else may be."""
    assert record.place is not None
    # Who is at the edge of the neighbourhood neither leaves nor returns with every step.
    limit = config.near_heights * (_LEAVE_FACTOR if record.state is None else 1.0)
    near = [place for who in record.owners if (place := people.find(who)) is not None]
    near = [place for place in near if _is_near(record, place, limit, config, stamp_ns)]
    seen = [place for place in near if place.last_ns == stamp_ns]
    for owner in seen:
        body_px = record.body_px or owner.box.height_px
        record.body_px = (1 - _BODY_RATE) * body_px + _BODY_RATE * owner.box.height_px
    return bool(near)


def learn_companions(
    record: BagRecord,
    people: People,
    config: BagsConfig,
    *,
    elapsed_s: float,
    stamp_ns: int,
) -> None:
    """Let who stands by the bag with its owner, or may have swapped tracks with them, attend it."""
    assert record.place is not None
    present = people.present()
    owners = [person for person in present if person.identity in record.owners]
    owners = [p for p in owners if _is_near(record, p, config.near_heights, config, stamp_ns)]
    for other in present:
        if other.identity in record.owners:
            continue
        if not _is_near(record, other, config.near_heights, config, stamp_ns):
            record.beside_s.pop(other.identity, None)
            continue
        mixed_ns = record.mixed.get(other.identity)
        if any(overlap(owner.box, other.box) > _MIXING_IOU for owner in owners):
            record.mixed[other.identity] = stamp_ns
        elif not owners and mixed_ns is not None and stamp_ns - mixed_ns <= _MIXING_S * NS_PER_S:
            _add_owner(record, other.identity)
        if owners:
            beside_s = record.beside_s.get(other.identity, 0.0) + elapsed_s
            record.beside_s[other.identity] = beside_s
            if beside_s >= config.companion_s:
                _add_owner(record, other.identity)


def hand_to(record: BagRecord, carrier: int, *, keep: list[int]) -> None:
    """Make somebody the owner; those of `keep` may attend it too."""
    record.owners = [carrier, *(who for who in keep if who != carrier)][:_MAX_OWNERS]
    record.furniture = False


def owners_beside(
    record: BagRecord, people: People, config: BagsConfig, *, stamp_ns: int
) -> list[int]:
    """Return which owners are near a bag wherever it is now."""
    found = []
    for who in record.owners:
        place = people.find(who)
        if place is None or stamp_ns - place.last_ns > config.owner_gap_s * NS_PER_S:
            continue
        if place.at_border and place.last_ns != stamp_ns:
            continue
        if heights_between(record.box, place.box) <= config.near_heights:
            found.append(who)
    return found


def note_touches(record: BagRecord, people: People, *, stamp_ns: int) -> None:
    """Remember who has a resting bag within reach."""
    assert record.place is not None
    for person in people.present():
        if is_within_reach(record.place, person.box):
            record.touched[person.identity] = stamp_ns
    while len(record.touched) > 64:
        oldest = min(record.touched, key=lambda who: record.touched[who])
        del record.touched[oldest]


def _is_near(
    record: BagRecord, person: PersonPlace, limit: float, config: BagsConfig, stamp_ns: int
) -> bool:
    assert record.place is not None
    gap_ns = stamp_ns - person.last_ns
    if gap_ns and (person.at_border or gap_ns > config.owner_gap_s * NS_PER_S):
        return False
    height_px = max(record.body_px or 0.0, person.box.height_px)
    return heights_between(record.place, person.box, height_px=height_px) <= limit


def _add_owner(record: BagRecord, who: int) -> None:
    record.owners.append(who)
    # The owner stays, of the others the one who came first goes.
    del record.owners[1 : len(record.owners) - _MAX_OWNERS + 1]
