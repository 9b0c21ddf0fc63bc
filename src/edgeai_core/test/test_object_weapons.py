"""Weapon in view: how often it must be seen, who holds it, when it is gone."""

from __future__ import annotations

import pytest

from edgeai_core.analyzers.objects.tracked import TrackedObject
from edgeai_core.analyzers.objects.weapon_rules import parse_weapon_rules
from edgeai_core.analyzers.objects.weapons import Weapons, WeaponsConfig
from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box
from edgeai_core.types import Detection

S = 1_000_000_000
RULE = "gun: 3 of 5 within 2 s from 0.5"


def gun(x: float = 110, score: float = 0.7, track_id: int | None = None) -> Detection:
    box = Box(x - 10, 195, x + 10, 205)
    return Detection(label="gun", score=score, box=box, track_id=track_id)


def person(x: float, identity: int = 1) -> TrackedObject:
    return TrackedObject(
        identity=identity,
        track_id=identity + 10,
        label="person",
        score=0.9,
        box=Box(x - 30, 120, x + 30, 300),
    )


def weapons(*rules: str, **values) -> Weapons:
    return Weapons(WeaponsConfig(rules=rules or (RULE,), **values))


def states(watch: Weapons, frames: str, *, people=(), period_s: float = 0.2) -> list[str]:
    """Play a frame per letter, g with a gun and . without; return "second state" of events."""
    told = []
    for index, letter in enumerate(frames):
        second = index * period_s
        found = [gun()] if letter == "g" else []
        for event in watch.update(found, people, stamp_ns=round(second * S)):
            told.append(f"{second:.1f} {event.state.value}")
    return told


def test_three_frames_of_five_confirm_and_the_first_one_is_suspected():
    assert states(weapons(), "..g.gg") == ["0.4 suspected", "1.0 confirmed"]


def test_two_frames_of_five_do_not_and_it_is_gone_after_the_window():
    assert states(weapons(), "g...g..............") == ["0.0 suspected", "2.8 gone"]


def test_frames_older_than_the_window_do_not_count():
    assert states(weapons(), "ggg", period_s=1.5) == ["0.0 suspected"]
    assert states(weapons(), "ggg", period_s=1.0) == ["0.0 suspected", "2.0 confirmed"]


def test_a_confirmed_weapon_stays_through_gaps_and_is_gone_after_its_time():
    watch = weapons(gone_after_s=2.0)
    told = states(watch, "ggg" + "." * 9 + "g" + "." * 12)
    assert told == ["0.0 suspected", "0.4 confirmed", "4.4 gone"]


def test_once_confirmed_fainter_sights_keep_the_alarm_up():
    watch = weapons(gone_after_s=1.0, keep_score=0.25)
    states(watch, "ggg")
    for second in range(1, 6):
        assert watch.update([gun(score=0.3)], (), stamp_ns=second * S) == ()
    (event,) = watch.update([gun(score=0.2)], (), stamp_ns=6 * S)
    assert event.state.value == "gone"


def test_faint_sights_suspect_nobody():
    watch = weapons()
    assert watch.update([gun(score=0.4)], (), stamp_ns=0) == ()
    assert watch.current(stamp_ns=0) == ()


def test_the_holder_is_whose_reach_it_is_in_not_who_is_nearest_by_chance():
    watch = weapons("gun: 1 of 1 within 2 s from 0.5")
    (event,) = watch.update([gun(110)], [person(60, 1), person(190, 2)], stamp_ns=0)
    assert (event.state.value, event.owner_track_id) == ("confirmed", 11)
    assert event.reason.endswith("score 0.70, with person 11")


def test_a_weapon_far_from_everybody_has_no_holder():
    watch = weapons("gun: 1 of 1 within 2 s from 0.5")
    (event,) = watch.update([gun(900)], [person(60)], stamp_ns=0)
    assert event.owner_track_id is None
    assert event.reason.endswith("nobody near it")


def test_a_holder_who_walks_keeps_one_incident_though_the_track_breaks():
    watch = weapons()
    incidents = set()
    for frame in range(6):
        x = 100 + 70 * frame
        for event in watch.update(
            [gun(x + 10, track_id=frame + 1)], [person(x)], stamp_ns=frame * S // 5
        ):
            incidents.add(event.incident)
    assert incidents == {1}
    (event,) = watch.current(stamp_ns=S)
    assert (event.state.value, event.track_id) == ("confirmed", 6)


def test_two_weapons_in_one_frame_are_two_incidents():
    watch = weapons()
    assert len(watch.update([gun(100), gun(900)], (), stamp_ns=0)) == 2
    assert len(watch.update([gun(105), gun(905)], (), stamp_ns=S // 5)) == 0


def test_every_label_has_its_own_rule():
    rules = parse_weapon_rules([RULE, "baseball bat: 8 of 10 within 4.5 s from 0.6"])
    bat = rules["baseball bat"]
    assert (bat.needed, bat.looks, bat.window_s, bat.min_score) == (8, 10, 4.5, 0.6)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (("gun",), "got 'gun', expected it as in 'gun: 3 of 5"),
        (("gun: 6 of 5 within 2 s from 0.5",), "got 6 of 5 frames"),
        (("gun: 0 of 5 within 2 s from 0.5",), "got 0 of 5 frames"),
        (("gun: 3 of 5 within 0 s from 0.5",), "got 0 s"),
        (("gun: 3 of 5 within 2 s from 1.5",), "got score 1.5"),
        ((RULE, RULE), "there are two for that label"),
    ],
)
def test_a_rule_that_is_none_is_refused_with_the_configuration(rules, message):
    with pytest.raises(ConfigError, match=message):
        WeaponsConfig(rules=rules)
