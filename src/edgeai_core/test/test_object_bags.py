"""The isolated bag: whose it is, when it is alone, who takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import time

import pytest

from edgeai_core.analyzers.objects.bag_config import BagsConfig
from edgeai_core.analyzers.objects.watch import ObjectWatch, ObjectWatchConfig
from edgeai_core.config import build
from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box
from edgeai_core.object_events import EventKind
from edgeai_core.types import Detection

S = 1_000_000_000
PERIOD_S = 0.2
Place = Callable[[float], Sequence[Detection]]


def person(x: float, track_id: int) -> Detection:
    box = Box(x - 33, 200, x + 33, 400)
    return Detection(label="person", score=0.9, box=box, track_id=track_id)


def bag(x: float, track_id: int = 50, *, lift: float = 0, label: str = "suitcase") -> Detection:
    box = Box(x - 25, 340 - lift, x + 25, 400 - lift)
    return Detection(label=label, score=0.7, box=box, track_id=track_id)


def told(place: Place, end: float, **values: object) -> list[tuple[int, str]]:
    """Play five frames a second; return whole second and state of what was told of bags."""
    settings = {
        "labels": ("suitcase", "backpack"),
        "settle_s": 1.0,
        "unattended_after_s": 5.0,
        "abandoned_after_s": 15.0,
        "ownerless_after_s": 30.0,
        **values,
    }
    config = build(ObjectWatchConfig, {f"bags.{name}": value for name, value in settings.items()})
    watch = ObjectWatch(config)
    events = []
    for frame in range(round(end / PERIOD_S)):
        second = frame * PERIOD_S
        for event in watch.update(
            place(second),
            stamp_ns=round(second * S),
            width_px=1200,
            height_px=600,
            local_time=time(12),
        ):
            assert event.kind is EventKind.BAG
            events.append((int(second), event.state.value))
    return events


def carried_in(second: float, owner: int = 1) -> list[Detection]:
    """Four seconds of walking to 500 with a bag in the hand."""
    x = 100 + 100 * second
    return [person(x, owner), bag(x + 30, lift=40)]


def walk(begin: float, speed: float, second: float, since: float) -> float:
    return begin + speed * (second - since)


def alone_from_8(second: float) -> list[Detection]:
    """Put down at 540, the owner walks off after 8 s and is out of the picture at 15 s."""
    if second < 4:
        return carried_in(second)
    x = 500 if second < 8 else walk(500, 100, second, 8)
    return [bag(540), *([person(x, 1)] if x < 1150 else [])]


def test_an_owner_who_stays_is_no_news():
    def place(second):
        return carried_in(second) if second < 4 else [person(500, 1), bag(540)]

    assert told(place, 60) == []


def test_an_owner_who_leaves_is_and_the_times_count_from_the_leaving():
    # 1.8 heights beyond the edges of bag and person are left behind at 12.6 s.
    assert told(alone_from_8, 40) == [(17, "unattended"), (27, "abandoned")]


def test_an_owner_who_comes_back_reclaims():
    def place(second):
        if second < 8:
            return alone_from_8(second)
        x = walk(500, 100, second, 8) if second < 14 else 1100.0
        if second >= 30:
            x = max(500, walk(1100, -100, second, 30))
        return [bag(540), person(x, 1)]

    assert told(place, 60) == [(17, "unattended"), (27, "abandoned"), (33, "reclaimed")]


def test_the_owner_who_takes_it_reclaims_too_and_nothing_follows():
    def place(second):
        if second < 13:
            return alone_from_8(second)
        x = 1000 if second < 30 else walk(1000, -400, second, 30)
        if x > 540:
            return [bag(540), person(x, 1)]
        return [person(x, 1), bag(x + 30, lift=40)] if x > 40 else []

    assert told(place, 60, return_s=2.0) == [
        (17, "unattended"),
        (27, "abandoned"),
        (32, "reclaimed"),
    ]


def test_somebody_else_who_carries_it_off_takes_it():
    def place(second):
        if second < 20:
            return alone_from_8(second)
        x = walk(900, -100, second, 20)
        if x > 540:
            return [bag(540), person(x, 2)]
        return [person(x, 2), bag(x + 30, lift=40)]

    assert told(place, 28) == [(17, "unattended"), (25, "taken")]


def test_a_bag_that_vanishes_with_somebody_is_taken_though_it_is_not_seen_carried():
    def place(second):
        if second < 20:
            return alone_from_8(second)
        x = walk(900, -100, second, 20)
        return [person(x, 2), *([bag(540)] if x > 540 else [])]

    events = told(place, 40, missing_s=4.0, abandoned_after_s=25.0)
    assert events == [(17, "unattended"), (28, "taken")]


def test_handing_over_with_the_owner_near_is_no_theft_and_changes_the_owner():
    def place(second):
        if second < 4:
            return [*carried_in(second), person(700, 2)]
        if second < 8:
            return [person(500, 1), bag(540), person(600, 2)]
        # The second one walks off with it; the first one stays behind and leaves later.
        x = walk(600, 100, second, 8)
        first = [person(500, 1)] if second < 20 else []
        return [*first, *([person(x, 2), bag(x + 30, lift=40)] if x < 1100 else [])]

    assert told(place, 60) == []


def test_a_bag_that_changes_hands_on_the_way_is_not_taken():
    def place(second):
        x = 100 + 100 * second
        holder = 1 if second < 4 else 2
        return [person(x, holder), bag(x + 30, lift=40)] if x < 1100 else []

    assert told(place, 30) == []


def test_a_companion_attends_the_bag_until_leaving_too():
    def place(second):
        if second < 4:
            return [*carried_in(second), person(640, 2)]
        x = 500 if second < 14 else walk(500, -100, second, 14)
        y = 640 if second < 40 else walk(640, 100, second, 40)
        people = [person(x, 1)] if x > 50 else []
        people += [person(y, 2)] if y < 1150 else []
        return [bag(540), *people]

    assert told(place, 70) == [(48, "unattended"), (58, "abandoned")]


def test_passers_by_neither_own_nor_attend():
    def place(second):
        x = 50 + 160 * (second % 7)
        return [*alone_from_8(second), person(x, 100 + int(second // 7))]

    assert told(place, 40) == [(17, "unattended"), (27, "abandoned")]


def test_broken_tracks_and_wavering_labels_of_the_bag_change_nothing():
    def place(second):
        label = "suitcase" if int(second) % 3 else "backpack"
        found = alone_from_8(second)
        number = 50 + int(second // 2)
        return [
            bag(540, number, label=label) if d.label != "person" and second >= 4 else d
            for d in found
        ]

    assert told(place, 40) == [(17, "unattended"), (27, "abandoned")]


def test_an_owner_whose_track_breaks_beside_the_bag_is_the_owner_still():
    def place(second):
        if second < 4:
            return carried_in(second)
        if 8 < second < 11:
            return [bag(540)]
        return [bag(540), person(500, 1 if second < 8 else 2)]

    assert told(place, 60) == []


def test_who_covers_the_bag_for_a_while_does_not_attend_it():
    def place(second):
        if not 16 <= second < 22:
            return alone_from_8(second)
        return [person(540, 9)]

    assert told(place, 40) == [(17, "unattended"), (27, "abandoned")]


def test_what_was_there_from_the_beginning_is_furniture():
    def place(second):
        return [bag(540), person(50 + 160 * (second % 7), 100 + int(second // 7))]

    assert told(place, 120) == []


def test_furniture_that_is_moved_belongs_to_who_moved_it():
    def place(second):
        if second < 10:
            x = 100 + 44 * second
            return [bag(540), person(x, 1)]
        if second < 13:
            x = walk(540, 100, second, 10)
            return [person(x, 1), bag(x + 30, lift=40)]
        x = walk(840, -100, second, 15) if second > 15 else 840
        return [bag(870), *([person(x, 1)] if x > 50 else [])]

    assert [state for _, state in told(place, 50)] == ["unattended", "abandoned"]


def test_who_stands_by_a_bag_from_the_beginning_is_its_owner():
    def place(second):
        x = 500 if second < 10 else walk(500, -100, second, 10)
        return [bag(540), *([person(x, 1)] if x > 50 else [])]

    assert told(place, 40) == [(18, "unattended"), (28, "abandoned")]


def test_a_bag_that_appears_with_nobody_near_takes_longer():
    def place(second):
        return [bag(540)] if second >= 10 else []

    assert told(place, 60) == [(21, "unattended"), (41, "abandoned")]


def test_in_an_exempt_zone_bags_may_stand_alone_in_its_hours():
    rack = "rack: 0.3,0.5 0.6,0.5 0.6,0.8 0.3,0.8"
    assert told(alone_from_8, 60, exempt_zones=(rack,)) == []
    night = told(alone_from_8, 60, exempt_zones=(f"{rack} @ 22:00-06:00",))
    assert night == [(17, "unattended"), (27, "abandoned")]


def test_what_is_taken_for_a_bag_now_and_then_is_none():
    def place(second):
        found = alone_from_8(second)
        seen = second < 13 or int(second / PERIOD_S) % 10 == 0
        return [d for d in found if d.label == "person" or seen]

    assert told(place, 60, min_seen_share=0.3) == []


def test_a_bag_that_is_never_found_again_is_gone_and_was_taken_by_nobody():
    def place(second):
        return [d for d in alone_from_8(second) if d.label == "person" or second < 18.5]

    assert told(place, 90, forget_s=30.0) == [(17, "unattended"), (48, "gone")]


def test_memory_of_bags_is_bounded():
    watch = ObjectWatch(build(ObjectWatchConfig, {"bags.labels": ("suitcase",)}))
    most = 0
    for frame in range(300):
        found = [bag(30 + 60 * i, 1000 * frame + i) for i in range(19)]
        found += [bag(30 + 60 * i, 1000 * frame + 100 + i, lift=100) for i in range(19)]
        found += [bag(30 + 60 * i, 1000 * frame + 200 + i, lift=200) for i in range(19)]
        found += [bag(30 + 60 * i, 1000 * frame + 300 + i, lift=300) for i in range(19)]
        watch.update(found, stamp_ns=frame * S, width_px=1200, height_px=600, local_time=time(12))
        most = max(most, len(watch._bags._records))
    assert most == 64


def test_abandoned_cannot_come_before_unattended():
    with pytest.raises(ConfigError, match="unattended_after_s 90 s is longer than"):
        BagsConfig(unattended_after_s=90.0, abandoned_after_s=60.0)
