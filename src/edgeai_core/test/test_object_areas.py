"""Zones and lines: who is where for how long, and who crosses."""

from __future__ import annotations

from datetime import time

import pytest

from edgeai_core.analyzers.objects.area_rules import parse_line
from edgeai_core.analyzers.objects.areas import Areas, AreasConfig
from edgeai_core.analyzers.objects.tracked import TrackedObject
from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box

S = 1_000_000_000
DOOR = "door: 0.4,0.5 0.6,0.5 0.6,1 0.4,1"
NOON = time(12)


def at(x: float, y: float, label: str = "person", identity: int = 1) -> TrackedObject:
    """Something whose feet (persons) or middle (others) are at x, y of a 1000 x 500 picture."""
    height = 100.0
    bottom = y * 500 if label == "person" else y * 500 + height / 2
    box = Box(x * 1000 - 20, bottom - height, x * 1000 + 20, bottom)
    return TrackedObject(identity=identity, track_id=identity, label=label, score=0.8, box=box)


def areas(**values) -> Areas:
    return Areas(AreasConfig(**values))


def told(watch: Areas, places, *, period_s: float = 0.5, now: time = NOON) -> list[str]:
    """Play a frame per place (None for nobody); return "second state" of events."""
    events = []
    for index, place in enumerate(places):
        found = [] if place is None else [at(*place)]
        for event in watch.update(
            found,
            stamp_ns=round(index * period_s * S),
            width_px=1000,
            height_px=500,
            local_time=now,
        ):
            events.append(f"{index * period_s:.1f} {event.state.value}")
    return events


INSIDE, OUTSIDE = (0.5, 0.8), (0.2, 0.8)


def test_a_visit_is_told_when_it_begins_and_when_it_ends():
    watch = areas(zones=(DOOR,), absence_s=2.0)
    assert told(watch, [OUTSIDE, INSIDE, INSIDE, INSIDE, *[OUTSIDE] * 6]) == [
        "1.0 entered",
        "4.0 left",
    ]


def see(watch: Areas, second: float, *places) -> list[tuple[str, str, str]]:
    events = watch.update(
        [at(*place) for place in places],
        stamp_ns=round(second * S),
        width_px=1000,
        height_px=500,
        local_time=NOON,
    )
    return [(event.state.value, event.zone, event.reason) for event in events]


def test_a_zone_that_is_drawn_while_somebody_is_there_counts_from_then_on():
    watch = areas()
    assert see(watch, 0.0, INSIDE) == []
    watch.retune(AreasConfig(zones=(DOOR,), enter_after_s=0.5))
    assert see(watch, 1.0, INSIDE) == []
    assert [told[:2] for told in see(watch, 1.5, INSIDE)] == [("entered", "door")]


def test_who_is_in_a_zone_stays_there_when_others_are_drawn_and_leaves_one_that_goes():
    watch = areas(zones=(DOOR,), absence_s=2.0)
    see(watch, 0.0, INSIDE)
    assert [told[:2] for told in see(watch, 0.5, INSIDE)] == [("entered", "door")]
    watch.retune(AreasConfig(zones=(DOOR, "wall: 0,0 0.1,0 0.1,1"), absence_s=2.0))
    assert see(watch, 1.0, INSIDE) == []
    watch.retune(AreasConfig(zones=("wall: 0,0 0.1,0 0.1,1",), absence_s=2.0))
    assert see(watch, 1.5, INSIDE) == [("left", "door", "door is watched no longer")]
    assert see(watch, 2.0, INSIDE) == []


def test_who_is_outside_of_a_zone_that_moved_leaves_it_in_the_usual_time():
    watch = areas(zones=(DOOR,), absence_s=2.0)
    for second in (0.0, 0.5):
        see(watch, second, INSIDE)
    watch.retune(AreasConfig(zones=("door: 0,0.5 0.1,0.5 0.1,1 0,1",), absence_s=2.0))
    assert see(watch, 2.4, INSIDE) == []
    assert [told[:2] for told in see(watch, 2.6, INSIDE)] == [("left", "door")]


def test_a_line_that_stays_remembers_who_was_on_which_side_and_a_new_one_begins():
    across = "across: 0.3,0 0.3,1"
    watch = areas(lines=(across,))
    see(watch, 0.0, OUTSIDE)
    watch.retune(AreasConfig(lines=(across, "other: 0.35,0 0.35,1")))
    assert [told[1] for told in see(watch, 0.5, INSIDE)] == ["across"]
    watch.retune(AreasConfig(lines=("across: 0.4,0 0.4,1",)))
    assert see(watch, 1.0, OUTSIDE) == []


def test_a_zone_that_is_none_changes_nothing():
    with pytest.raises(ConfigError):
        AreasConfig(zones=("door: 0,0",))


def test_who_stays_too_long_lingers_and_short_absences_are_bridged():
    watch = areas(zones=(DOOR,), stays=("door: person for 4 s",), absence_s=2.0)
    places = [INSIDE] * 4 + [None] * 3 + [INSIDE] * 4
    assert told(watch, places) == ["0.5 entered", "4.5 lingering"]
    (event,) = watch.current(stamp_ns=5 * S)
    assert (event.zone, event.since_ns) == ("door", 0)
    assert event.reason == "person in door for 4.5 s (limit 4 s)"


def test_a_longer_absence_begins_a_new_visit():
    watch = areas(zones=(DOOR,), stays=("door: person for 4 s",), absence_s=2.0)
    places = [INSIDE] * 4 + [None] * 6 + [INSIDE] * 4
    assert told(watch, places) == ["0.5 entered", "4.0 left", "5.5 entered"]


def test_feet_count_for_people_and_the_middle_for_things():
    # The upper body of somebody behind the zone is not in it.
    watch = areas(zones=("low: 0,0.9 1,0.9 1,1 0,1",), visit_labels=("person", "dog"))
    assert told(watch, [(0.5, 0.95)] * 2) == ["0.5 entered"]
    watch = areas(zones=("low: 0,0.9 1,0.9 1,1 0,1",), visit_labels=("person", "dog"))
    assert told(watch, [(0.5, 0.85, "dog")] * 2) == []


def test_a_stay_can_be_for_any_label_without_telling_visits():
    watch = areas(zones=(DOOR,), stays=("door: any for 1 s",), absence_s=1.0)
    places = [(0.5, 0.7, "dog")] * 4 + [None] * 4
    assert told(watch, places) == ["1.5 lingering", "3.0 left"]


def test_out_of_its_hours_a_zone_counts_nobody():
    watch = areas(zones=(f"{DOOR} @ 22:00-06:00",))
    assert told(watch, [INSIDE] * 4) == []
    assert told(watch, [INSIDE] * 4, now=time(23)) == ["0.5 entered"]


LINE = "gate: 0.1,0.5 0.9,0.5"


def test_a_line_is_crossed_to_the_left_and_to_the_right_of_who_walks_along_it():
    watch = areas(lines=(LINE,))
    down_and_up = [(0.5, 0.4), (0.5, 0.6), (0.5, 0.4)]
    assert told(watch, down_and_up) == ["0.5 crossed_right", "1.0 crossed_left"]


def test_who_dances_on_the_line_crosses_once():
    watch = areas(lines=(LINE,), line_margin=0.02)
    places = [(0.5, y) for y in (0.45, 0.495, 0.505, 0.495, 0.515, 0.505, 0.53, 0.51, 0.6)]
    assert told(watch, places) == ["3.0 crossed_right"]


def test_who_passes_beside_the_line_does_not_cross_it():
    assert told(areas(lines=(LINE,)), [(0.05, 0.4), (0.05, 0.6)]) == []


def test_only_the_named_labels_cross():
    watch = areas(lines=(LINE,), line_labels=("car",))
    assert told(watch, [(0.5, 0.4), (0.5, 0.6)]) == []


def test_a_line_has_hours_like_a_zone():
    line = parse_line(f"{LINE} @ 22:00-06:00")
    assert line.active_at(time(23))
    assert not line.active_at(NOON)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stays": ("door: person for 5 s",)}, "there is no zone 'door'; zones: none"),
        ({"zones": (DOOR,), "stays": ("door person 5",)}, "expected it as in 'entrance"),
        ({"zones": (DOOR,), "stays": ("door: person for 0 s",)}, "got 0 s"),
        ({"zones": (DOOR,), "stays": ("door: person,, dog for 9 s",)}, "a label is empty"),
        ({"lines": ("gate: 0.1,0.5",)}, "two points, as in 'gate:"),
        ({"lines": ("gate: 0.1,0.5 x,0.5",)}, "two times two numbers"),
        ({"lines": ("gate: 0.1,0.5 1.5,0.5",)}, "outside of the picture"),
        ({"lines": ("gate: 0.1,0.5 0.1,0.5",)}, "its two points are the same"),
        ({"lines": (LINE, LINE)}, "there are 2 of that name"),
    ],
)
def test_what_cannot_be_is_refused_with_the_configuration(values, message):
    with pytest.raises(ConfigError, match=message):
        AreasConfig(**values)
