"""Which events of tracked objects people are told, and how."""

from __future__ import annotations

import pytest

from edgeai_core.alerting.observers.object_events import ObjectEventConfig, ObjectEventObserver
from edgeai_core.config import build
from edgeai_core.geometry import Box
from edgeai_core.object_events import STATES, EventKind, ObjectEvent, ObjectState
from edgeai_core.types import Severity

WEAPON, BAG, PRESENCE, LINE = EventKind


def event(kind: EventKind, state: ObjectState, at_s: int = 1, *, incident: int = 1) -> ObjectEvent:
    return ObjectEvent(
        kind=kind,
        state=state,
        incident=incident,
        label={WEAPON: "gun", BAG: "suitcase"}.get(kind, "person"),
        track_id=4,
        zone="" if kind in (WEAPON, BAG) else "gate",
        box=Box(0.0, 0.0, 9.0, 9.0),
        since_ns=0,
        stamp_ns=at_s * 1_000_000_000,
        score=0.75,
        reason="5 of 6 frames",
    )


def observer(**values) -> ObjectEventObserver:
    return ObjectEventObserver(build(ObjectEventConfig, values), source="object_detector")


EVERYTHING = dict.fromkeys(
    ("unattended_bag", "entered_zone"),
    "INFO",
)


def told(watch: ObjectEventObserver, *events: ObjectEvent) -> list[tuple[str, str, str]]:
    found = watch.observe(events, camera="square")
    return [
        (f"end of {one.category}" if one.over else one.category, one.severity.name, one.title)
        for one in found
    ]


@pytest.mark.parametrize(
    ("kind", "state", "expected"),
    [
        (WEAPON, ObjectState.CONFIRMED, ("weapon", "CRITICAL", "gun in view")),
        (BAG, ObjectState.ABANDONED, ("abandoned_bag", "CRITICAL", "abandoned suitcase")),
        (BAG, ObjectState.TAKEN, ("taken_bag", "WARNING", "suitcase taken by another")),
        (PRESENCE, ObjectState.LINGERING, ("lingering", "WARNING", "person stays in gate")),
        (
            LINE,
            ObjectState.CROSSED_LEFT,
            ("line_crossed", "INFO", "person crossed gate to the left"),
        ),
    ],
)
def test_what_is_told_by_default(kind, state, expected):
    assert told(observer(), event(kind, state)) == [expected]


def test_what_is_not_told_by_default_can_be_switched_on():
    for kind, state in ((BAG, ObjectState.UNATTENDED), (PRESENCE, ObjectState.ENTERED)):
        assert told(observer(), event(kind, state)) == []
        assert len(told(observer(**EVERYTHING), event(kind, state))) == 1


def test_every_kind_can_be_switched_off():
    nothing = dict.fromkeys(
        ("weapon", "abandoned_bag", "taken_bag", "reclaimed_bag", "lingering", "crossed_line"),
        "NONE",
    )
    every = [event(kind, state) for kind, states in STATES.items() for state in states]
    assert told(observer(**nothing), *every) == []


def test_the_owner_who_is_back_is_told_only_after_an_alarm():
    watch = observer()
    assert told(watch, event(BAG, ObjectState.UNATTENDED), event(BAG, ObjectState.RECLAIMED)) == []
    both = told(watch, event(BAG, ObjectState.ABANDONED, 5), event(BAG, ObjectState.RECLAIMED, 9))
    assert [category for category, _, _ in both] == [
        "abandoned_bag",
        "end of abandoned_bag",
        "reclaimed_bag",
    ]


def test_a_bag_that_is_taken_is_alone_no_more_and_one_out_of_sight_may_still_be():
    watch = observer(**EVERYTHING)
    told(watch, event(BAG, ObjectState.UNATTENDED), event(BAG, ObjectState.ABANDONED))
    assert told(watch, event(BAG, ObjectState.GONE)) == []
    taken = [category for category, _, _ in told(watch, event(BAG, ObjectState.TAKEN))]
    assert taken == ["end of unattended_bag", "end of abandoned_bag", "taken_bag"]


def test_who_leaves_a_zone_lingers_no_more_and_a_weapon_out_of_sight_is_not_over():
    watch = observer()
    told(watch, event(PRESENCE, ObjectState.LINGERING), event(WEAPON, ObjectState.CONFIRMED))
    left = watch.observe([event(PRESENCE, ObjectState.LEFT)], camera="square")
    assert [(one.category, one.zone, one.over) for one in left] == [("lingering", "gate", True)]
    assert told(watch, event(WEAPON, ObjectState.GONE)) == []


def test_one_incident_is_one_alert_and_a_node_that_starts_anew_begins_another():
    watch = observer(**EVERYTHING)

    def subjects(*events: ObjectEvent) -> list[str]:
        return [alert.subject for alert in watch.observe(events, camera="square")]

    first = subjects(event(BAG, ObjectState.UNATTENDED, 1), event(BAG, ObjectState.ABANDONED, 7))
    assert first == ["bag 1 of 1000000000"] * 2
    other = subjects(event(BAG, ObjectState.UNATTENDED, 8, incident=2))
    assert other == ["bag 2 of 8000000000"]
    again = subjects(event(BAG, ObjectState.UNATTENDED, 9), event(BAG, ObjectState.ABANDONED, 12))
    assert again == ["bag 1 of 9000000000"] * 2


def test_the_alert_carries_the_figures():
    [alert] = observer().observe([event(WEAPON, ObjectState.CONFIRMED)], camera="square")
    assert (alert.reason, alert.score, alert.camera, alert.source, alert.stamp_ns) == (
        "5 of 6 frames",
        0.75,
        "square",
        "object_detector",
        1_000_000_000,
    )
    assert alert.severity is Severity.CRITICAL
