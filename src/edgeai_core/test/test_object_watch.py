"""The watch as a whole: which events come, when, and what it remembers."""

from __future__ import annotations

from datetime import time

import pytest

from edgeai_core.analyzers.objects.watch import ObjectWatch, ObjectWatchConfig
from edgeai_core.config import build
from edgeai_core.geometry import Box
from edgeai_core.object_events import EventKind, ObjectEvent, ObjectState
from edgeai_core.types import Detection

S = 1_000_000_000
NOON = time(12)
BAGS = {
    "bags.labels": ("suitcase",),
    "bags.settle_s": 1.0,
    "bags.unattended_after_s": 5.0,
    "bags.abandoned_after_s": 15.0,
}


def person(x: float, track_id: int = 1, foot: float = 400.0, height: float = 200.0) -> Detection:
    box = Box(x - height / 6, foot - height, x + height / 6, foot)
    return Detection(label="person", score=0.9, box=box, track_id=track_id)


def bag(x: float, track_id: int = 50, foot: float = 400.0) -> Detection:
    return Detection(
        label="suitcase", score=0.7, box=Box(x - 25, foot - 60, x + 25, foot), track_id=track_id
    )


def watch(**values: object) -> ObjectWatch:
    return ObjectWatch(build(ObjectWatchConfig, values))


def see(
    watcher: ObjectWatch, second: float, *detections: Detection, at: time = NOON
) -> tuple[ObjectEvent, ...]:
    return watcher.update(
        detections,
        stamp_ns=round(second * S),
        width_px=1200,
        height_px=600,
        local_time=at,
    )


def told(watcher: ObjectWatch, begin: float, end: float, place) -> list[tuple[float, str]]:
    """Play five frames a second and return seconds and states of what was told."""
    events = []
    for frame in range(round(begin * 5), round(end * 5)):
        second = frame / 5
        for event in see(watcher, second, *place(second)):
            events.append((second, event.state.value))
    return events


def leaves(second: float) -> list[Detection]:
    """Somebody walks in with a suitcase, stands for 4 s and walks out without it."""
    if second < 4:
        return [person(100 + 100 * second), bag(140 + 100 * second)]
    if second < 8:
        return [person(500), bag(540)]
    if second < 14:
        return [person(500 + 100 * (second - 8)), bag(540)]
    return [bag(540)]


def test_nothing_is_watched_for_without_a_word():
    assert told(watch(), 0, 40, leaves) == []
    assert watch().current() == ()


def test_a_bag_whose_owner_walks_away_is_unattended_and_then_abandoned():
    events = told(watch(**BAGS), 0, 40, leaves)
    assert [state for _, state in events] == ["unattended", "abandoned"]
    # Near until 1.5 * 1.2 heights of 200 px beside the bag's and the person's edges.
    left_s = 8 + (360 + 25 + 200 / 6 + 40) / 100
    assert events[0][0] == pytest.approx(left_s + 5, abs=0.41)
    assert events[1][0] == pytest.approx(left_s + 15, abs=0.41)


def test_what_goes_on_names_bag_and_owner():
    watcher = watch(**BAGS)
    told(watcher, 0, 30, leaves)
    (event,) = watcher.current()
    assert (event.kind, event.state) == (EventKind.BAG, ObjectState.ABANDONED)
    assert (event.label, event.track_id, event.owner_track_id) == ("suitcase", 50, 1)
    assert "its owner, person 1, was not within 1.5 body heights for" in event.reason


def test_a_repeated_stamp_adds_nothing_and_one_that_goes_back_starts_anew():
    watcher = watch(**BAGS)
    told(watcher, 0, 30, leaves)
    assert see(watcher, 29.8, bag(540)) == ()
    assert len(watcher.current()) == 1
    see(watcher, 3.0, bag(540))
    assert watcher.current() == ()


def test_the_same_recording_gives_the_same_events():
    assert told(watch(**BAGS), 0, 40, leaves) == told(watch(**BAGS), 0, 40, leaves)


def test_a_picture_without_size_is_refused():
    with pytest.raises(ValueError, match="size in pixels, got 0 x 600"):
        watch().update((), stamp_ns=0, width_px=0, height_px=600, local_time=NOON)


def test_an_event_cannot_have_a_state_of_another_kind():
    with pytest.raises(ValueError, match="weapon cannot be abandoned; expected suspected"):
        ObjectEvent(
            kind=EventKind.WEAPON,
            state=ObjectState.ABANDONED,
            incident=1,
            label="gun",
            track_id=None,
            box=Box(0, 0, 1, 1),
            since_ns=0,
            stamp_ns=0,
            score=0.5,
            reason="",
        )
