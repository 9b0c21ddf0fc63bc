"""Accidents from scripted tracks: each rule, and the traffic that is none."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.analyzers.actions.accident_rules import AccidentsConfig
from edgeai_core.analyzers.actions.accidents import Accidents
from edgeai_core.geometry import Box
from edgeai_core.types import Detection

AREA = Box(0, 0, 1920, 1080)
# A car seen from the side: 1.5 m are 50 px, so a length of 4.5 m is 150 px.
LENGTH_PX, WIDTH_PX, HEIGHT_PX = 150.0, 150.0, 50.0
S = 1_000_000_000

Place = Callable[[float], "tuple[float, float] | None"]


@dataclass(slots=True, kw_only=True)
class Street:
    """Plays vehicles to the watch at a rate; places are of their middles in car lengths."""

    fps: float = 10.0
    scale: float = 1.0
    jitter: float = 0.01
    label: str = "car"
    config: AccidentsConfig = field(default_factory=AccidentsConfig)
    told: list[ActionEvent] = field(default_factory=list)
    watch: Accidents = field(init=False)

    def __post_init__(self) -> None:
        numbers = iter(range(1, 100))
        self.watch = Accidents(self.config, next_incident=lambda: next(numbers))

    def play(
        self,
        places: Mapping[int, Place],
        *,
        seconds: float = 4.0,
        begin_s: float = 0.0,
        falls: Callable[[float], list[ActionEvent]] = lambda t: [],
        size: Callable[[float], tuple[float, float]] = lambda t: (WIDTH_PX, HEIGHT_PX),
    ) -> list[ActionEvent]:
        rng = np.random.default_rng(7)
        for number in range(round(seconds * self.fps)):
            t = number / self.fps
            found = []
            for track_id, place_at in places.items():
                place = place_at(t)
                if place is None:
                    continue
                noise = rng.normal(0, self.jitter * LENGTH_PX, 2)
                x, y = (np.array(place) * LENGTH_PX + noise) * self.scale
                half_x, half_y = (side * self.scale / 2 for side in size(t))
                box = Box(x - half_x, y - half_y, x + half_x, y + half_y)
                found.append(Detection(label=self.label, score=0.9, box=box, track_id=track_id))
            self.told += self.watch.update(
                found, falls(t), stamp_ns=round((begin_s + t) * S), area=AREA
            )
        return self.told


def until(t: float, moment: float) -> float:
    return min(t, moment)


def driving(x: float, y: float, speed: float, *, stops_at: float = math.inf) -> Place:
    """Return a car on a straight way that stands from a moment on."""
    return lambda t: (x + speed * until(t, stops_at), y)


def head_on(t_crash: float = 2.0) -> dict[int, Place]:
    return {
        1: driving(1.0, 3.0, 2.0, stops_at=t_crash),
        2: driving(10.05, 3.05, -2.0, stops_at=t_crash),
    }


@pytest.mark.parametrize("scale", [0.5, 1.0])
@pytest.mark.parametrize("fps", [8.0, 10.0, 15.0, 30.0])
def test_two_cars_that_stop_each_other_are_told_at_any_rate_and_distance(
    fps: float, scale: float
) -> None:
    told = Street(fps=fps, scale=scale).play(head_on())
    assert [event.action for event in told] == [Action.ACCIDENT]
    assert told[0].probability == 0.9
    assert told[0].track_ids == (1, 2)
    assert abs(told[0].start_ns - 2 * S) <= 0.25 * S
    assert told[0].stamp_ns - 2 * S <= 1.5 * S
    for words in ("from 2.", "stands since", "touched car", "whose velocity changed by"):
        assert words in told[0].reason


def test_a_car_that_runs_into_a_standing_one_is_told_with_both() -> None:
    def pushed(t: float) -> tuple[float, float]:
        since = min(max(t - 2.0, 0.0), 0.5)
        return (6.05 + 1.5 * since, 3.0)

    told = Street().play({1: driving(1.0, 3.0, 2.0, stops_at=2.0), 2: pushed})
    assert [event.track_ids for event in told] == [(1, 2)]
    assert told[0].probability >= 0.85


def test_a_car_that_a_pole_stops_is_told_less_surely() -> None:
    told = Street().play({1: driving(1.0, 3.0, 2.5, stops_at=2.0)})
    assert [(event.probability, event.track_ids) for event in told] == [(0.55, (1,))]
    assert "car 1 changed its velocity by 2." in told[0].reason


def test_a_car_that_is_knocked_aside_is_told_with_its_turn() -> None:
    def knocked(t: float) -> tuple[float, float]:
        return (1.0 + 2.0 * until(t, 2.0), 3.0 + 1.2 * max(0.0, t - 2.0))

    told = Street().play({1: knocked})
    assert [event.probability for event in told] == [0.55]
    assert re.search(r"turned by (6|7|8|9)\d degrees", told[0].reason)


def test_a_car_touched_at_the_side_that_drives_on_is_told() -> None:
    def deflected(t: float) -> tuple[float, float]:
        return (1.0 + 2.0 * t, 3.0 - 1.4 * max(0.0, t - 2.0))

    told = Street().play({1: deflected, 2: driving(5.0, 3.15, 0.0)}, seconds=3.4)
    assert [(event.probability, event.track_ids) for event in told] == [(0.7, (1, 2))]


def braking(x: float, y: float, speed: float, *, from_s: float, rate: float) -> Place:
    """Return a car that brakes to a stand by a rate in car lengths per second squared."""

    def place(t: float) -> tuple[float, float]:
        since = min(max(t - from_s, 0.0), speed / rate)
        return (x + speed * until(t, from_s) + speed * since - rate * since**2 / 2, y)

    return place


# 0.9 g: a dry road and a good driver.
FULL_BRAKES = 9.8 * 0.9 / 4.5


def corner(t: float) -> tuple[float, float]:
    """27 km/h through a quarter of a circle of 9 m, at 0.6 g."""
    speed, radius, begin = 1.67, 2.0, 1.5
    turned = min(max(t - begin, 0.0) * speed / radius, math.pi / 2)
    rest = max(0.0, t - begin - radius * math.pi / 2 / speed) * speed
    return (
        1.0 + speed * until(t, begin) + radius * math.sin(turned),
        5.5 - radius * (1 - math.cos(turned)) - rest,
    )


TRAFFIC: dict[str, dict[int, Place]] = {
    "full brakes": {1: braking(1.0, 3.0, 3.0, from_s=1.5, rate=FULL_BRAKES)},
    "full brakes behind another": {
        1: braking(1.0, 3.0, 3.0, from_s=1.2, rate=FULL_BRAKES),
        2: driving(8.0, 3.0, 0.0),
    },
    "a queue that closes up": {
        1: braking(3.0, 3.0, 1.5, from_s=1.0, rate=0.7),
        2: driving(7.05, 3.0, 0.0),
    },
    "a corner": {1: corner},
    "two that pass": {1: driving(1.0, 3.0, 2.0), 2: driving(11.0, 2.8, -2.0)},
    "one behind the other": {1: driving(1.0, 3.0, 2.5), 2: driving(2.0, 2.9, 1.5)},
    "parked side by side": {1: driving(3.0, 3.0, 0.0), 2: driving(4.0, 3.0, 0.0)},
    "one that starts": {1: lambda t: (2.0 + 0.4 * max(0.0, t - 1.0) ** 2, 3.0)},
}


@pytest.mark.parametrize("fps", [8.0, 15.0])
@pytest.mark.parametrize("places", TRAFFIC.values(), ids=TRAFFIC.keys())
def test_traffic_is_no_accident(places: dict[int, Place], fps: float) -> None:
    assert Street(fps=fps, jitter=0.02).play(places) == []


def test_a_track_that_goes_over_to_another_car_is_no_accident() -> None:
    switched: Place = lambda t: (1.0 + 2.0 * t, 3.0) if t < 2 else (6.5, 3.0)  # noqa: E731
    assert Street().play({1: switched, 2: driving(7.6, 3.0, 0.0)}) == []


def test_a_car_that_something_covers_is_no_accident() -> None:
    # Its front vanishes behind a wall: the middle of what is left slows down, and stands.
    def left_of_wall(t: float) -> tuple[float, float]:
        back = 1.0 + 2.0 * t - 0.5
        return ((back + min(back + 1.0, 5.0)) / 2, 3.0)

    def size(t: float) -> tuple[float, float]:
        back = 1.0 + 2.0 * t - 0.5
        return (max(5.0 - back, 0.1) * LENGTH_PX if back > 4.0 else WIDTH_PX, HEIGHT_PX)

    assert Street().play({1: left_of_wall}, size=size, seconds=2.2) == []


def test_a_camera_that_is_pushed_is_no_accident() -> None:
    def shaken(x: float) -> Place:
        return lambda t: (x + 1.6 * min(max(t - 2.0, 0.0), 0.6), 3.0)

    assert Street().play({number: shaken(1.0 + 1.1 * number) for number in range(1, 6)}) == []


@pytest.mark.parametrize(
    ("label", "size"), [("person", (150.0, 50.0)), ("car", (45.0, 15.0))], ids=["people", "tiny"]
)
def test_people_and_what_is_too_small_to_see_are_left_out(
    label: str, size: tuple[float, float]
) -> None:
    assert Street(label=label).play(head_on(), size=lambda t: size) == []


def test_what_the_edge_of_the_picture_cuts_is_left_out() -> None:
    # It drives out of the picture: the middle of what is left of the box stands.
    leaving: Place = lambda t: (1920 / LENGTH_PX - 0.5 - max(0.0, 2.0 - t) * 2.0, 3.0)  # noqa: E731
    assert Street(jitter=0.0).play({1: leaving}) == []


def fall(x: float, y: float, *, begin_s: float, stamp_s: float) -> ActionEvent:
    """Return somebody who fell, 1.7 m across, at a place in car lengths."""
    box = Box((x - 0.19) * LENGTH_PX, y * LENGTH_PX, (x + 0.19) * LENGTH_PX, (y + 0.15) * LENGTH_PX)
    return ActionEvent(
        action=Action.FALL,
        incident=40,
        probability=0.95,
        track_ids=(9,),
        box=box,
        start_ns=round(begin_s * S),
        end_ns=round(begin_s * S),
        stamp_ns=round(stamp_s * S),
        reason="head came down",
    )


def test_a_person_who_goes_down_before_a_moving_car_was_run_over() -> None:
    def falls(t: float) -> list[ActionEvent]:
        return [fall(6.0, 3.0, begin_s=2.0, stamp_s=t)] if t >= 2.6 else []

    told = Street().play({1: driving(1.0, 3.0, 2.0)}, falls=falls)
    assert [(event.action, event.probability, event.track_ids) for event in told] == [
        (Action.ACCIDENT, 0.8, (1,))
    ]
    assert "a person went down 0.0 car lengths from car 1, which moved at 2.0" in told[0].reason
    assert told[0].start_ns == 2 * S


@pytest.mark.parametrize(
    "car", [driving(6.4, 3.0, 0.0), driving(1.0, 6.0, 2.0)], ids=["parked", "far away"]
)
def test_a_person_who_goes_down_beside_a_parked_car_or_far_from_one_was_not(car: Place) -> None:
    def falls(t: float) -> list[ActionEvent]:
        return [fall(6.0, 3.0, begin_s=2.0, stamp_s=t)] if t >= 2.6 else []

    assert Street().play({1: car}, falls=falls) == []


def test_an_accident_lasts_and_is_over_when_nothing_new_is_seen() -> None:
    street = Street(config=AccidentsConfig(over_after_s=2.0))
    street.play(head_on(), seconds=4.0)
    assert [event.incident for event in street.watch.current(4 * S)] == [1]
    told = street.play({1: driving(5.0, 3.0, 0.0)}, seconds=3.0, begin_s=4.0)
    assert [(event.incident, event.end_ns > event.start_ns) for event in told] == [
        (1, False),
        (1, True),
    ]
    assert street.watch.current(7 * S) == ()


def test_more_certainty_is_told_anew_in_the_same_incident() -> None:
    def falls(t: float) -> list[ActionEvent]:
        return [fall(5.7, 3.0, begin_s=2.0, stamp_s=t)] if t >= 3.5 else []

    told = Street().play({1: driving(1.0, 3.0, 2.5, stops_at=2.0)}, falls=falls)
    assert [(event.incident, event.probability) for event in told] == [(1, 0.55), (1, 0.8)]


def test_switched_off_and_after_a_reset_nothing_is_told() -> None:
    off = Street(config=AccidentsConfig(enabled=False))
    assert off.play(head_on()) == []
    street = Street()
    street.play(head_on(), seconds=2.4)
    street.watch.reset()
    assert street.play({1: driving(5.0, 3.0, 0.0)}, seconds=2.0, begin_s=2.4) == []


def test_the_same_input_gives_the_same_events() -> None:
    assert Street().play(head_on()) == Street().play(head_on())
