"""Whose a bag is, and whether somebody who may is with it."""

from __future__ import annotations

from edgeai_core.analyzers.objects.bag_config import BagsConfig
from edgeai_core.analyzers.objects.bag_record import BagRecord
from edgeai_core.analyzers.objects.people import People, PersonPlace, Stay
from edgeai_core.analyzers.objects.proximity import (
    heights_between,
    is_within_reach,
)
from edgeai_core.analyzers.objects.tracked import NS_PER_S

# Who put a bag down stood there around the moment it was first seen to rest.
_CLAIM_BEFORE_S = 3.0
_CLAIM_AFTER_S = 1.5
_MIN_CLAIM_S = 0.6
_MIN_STOOD_S = 1.0
# A bag that was there before the watch is found so soon, if it is not overlooked.
_OVERLOOKED_S = 1.5
_CLAIM_HEIGHTS = 1.0
# Of the settling time, who was near for this share has a bag that was there from the beginning.
_SETTLED_SHARE = 0.8
_LEAVE_FACTOR = 1.2
# People who belong together stand this near; on vtest.avi strangers stand 1.1 to 1.5 apart.
_COMPANY_HEIGHTS = 1.0
# Who met an owner so lately may be the owner, under a swapped track. Staying by the bag for longer
# than it takes to walk past it (3 heights at 0.8 a second) tells.
_MEETING_S = 60.0
_STAY_S = 5.0
# Who carries a bag is a guess where people walk close together: whoever stays by it in its first
# seconds at a place may be the owner.
_FRESH_S = 12.0
# Between two sights of somebody, what counts at most as having stayed.
_MAX_STEP_S = 2.0
_MAX_OWNERS = 4
_BODY_RATE = 0.05


def claim(record: BagRecord, people: People, config: BagsConfig, *, begun_ns: int) -> None:
    """Find whose a bag is that came to rest without having been seen carried.

    Args:
        record: the bag; its owners are set, or that it is furniture. people: where they were.
        config: times. begun_ns: when the watch began.
    """
    settle_end_ns = begun_ns + round(config.settle_s * NS_PER_S)
    if record.travelled or record.first_ns > settle_end_ns:
        stays = _stays_at_arrival(record, people)
        longest = max(stays, key=lambda who: (stays[who].stood_s, stays[who].near_s), default=None)
        if longest is not None and stays[longest].near_s >= _MIN_CLAIM_S:
            record.owners = [longest]
        return
    assert record.place is not None
    stays = people.stays_near(
        record.place, begin_ns=begun_ns, end_ns=settle_end_ns, limit_heights=_CLAIM_HEIGHTS
    )
    needed_s = _SETTLED_SHARE * config.settle_s
    record.owners = [who for who in sorted(stays) if stays[who].near_s >= needed_s][:_MAX_OWNERS]
    record.fresh = record.first_ns - begun_ns > _OVERLOOKED_S * NS_PER_S
    if not record.owners and record.fresh:
        # It was not there at first, or overlooked: who came and stopped there put it down.
        stays = _stays_at_arrival(record, people)
        longest = max(stays, key=lambda who: stays[who].stood_s, default=None)
        if longest is not None and stays[longest].stood_s >= _MIN_STOOD_S:
            record.owners = [longest]
    record.furniture = not record.owners


def _stays_at_arrival(record: BagRecord, people: People) -> dict[int, Stay]:
    assert record.place is not None
    arrived_ns = record.rested_ns if record.travelled else record.first_ns
    return people.stays_near(
        record.place,
        begin_ns=arrived_ns - round(_CLAIM_BEFORE_S * NS_PER_S),
        end_ns=arrived_ns + round(_CLAIM_AFTER_S * NS_PER_S),
        limit_heights=_CLAIM_HEIGHTS,
    )


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
    stamp_ns: int,
) -> None:
    """Let those attend a bag who keep its owner company, or who may be its owner.

    People keep company who are near the bag for long while an owner is, carried or not. Somebody
    may be the owner whose box met the owner's, because trackers swap people there.
    """
    owners = [place for who in record.owners if (place := people.find(who)) is not None]
    owners = [p for p in owners if _is_near(record, p, config.near_heights, config, stamp_ns)]
    fresh = record.fresh and stamp_ns - record.rested_ns <= _FRESH_S * NS_PER_S
    for other in people.present():
        who = other.identity
        if who in record.owners:
            continue
        if not _is_near(record, other, _COMPANY_HEIGHTS, config, stamp_ns):
            record.beside.pop(who, None)
            continue
        if not owners and not fresh and not _may_be_owner(record, people, who, stamp_ns):
            continue
        before_s, last_ns = record.beside.get(who, (0.0, stamp_ns))
        stay_s = before_s + min((stamp_ns - last_ns) / NS_PER_S, _MAX_STEP_S)
        record.beside[who] = (stay_s, stamp_ns)
        # Who has it within reach beside its owner needs half the time of who just stands near.
        touching = is_within_reach(record.place or record.box, other.box)
        company_s = config.companion_s * (0.5 if touching else 1.0)
        if stay_s >= (company_s if owners else _STAY_S):
            record.furniture = False
            record.owners.append(who)
            # The owner stays, of the others the one who came first goes.
            del record.owners[1 : len(record.owners) - _MAX_OWNERS + 1]


def _may_be_owner(record: BagRecord, people: People, who: int, stamp_ns: int) -> bool:
    for owner in record.owners:
        place = people.find(owner)
        if place is not None and who in place.met:
            return stamp_ns - place.met[who] <= _MEETING_S * NS_PER_S
    return False


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
    gap_ns = stamp_ns - person.last_ns
    if gap_ns and (person.at_border or gap_ns > config.owner_gap_s * NS_PER_S):
        return False
    height_px = max(record.body_px or 0.0, person.box.height_px)
    box = record.place or record.box
    return heights_between(box, person.box, height_px=height_px) <= limit
