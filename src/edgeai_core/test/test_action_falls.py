"""Falls, and what looks like one, played by people of sticks."""

from __future__ import annotations

import re
from datetime import time

import pytest

from edgeai_core.action_events import Action
from edgeai_core.analyzers.actions.fall_rules import FallsConfig
from edgeai_core.analyzers.actions.testing import LYING, UPRIGHT, Posture, Stage, posture
from edgeai_core.analyzers.actions.watch import ActionWatchConfig
from edgeai_core.errors import ConfigError
from edgeai_core.types import Detection

FALLS = {Action.FALL, Action.LYING, Action.RECOVERED}
BENT = posture(head=0.55, hips=0.5, tilt_deg=95.0, width=0.5)
SEATED = posture(head=0.75, hips=0.28, width=0.45)
ON_THE_FLOOR_UPRIGHT = posture(head=0.5, hips=0.08, width=0.5)


def told(stage: Stage) -> list[Action]:
    """Return the falls that were told, in order, without gaits."""
    return [event.action for event in stage.events if event.action in FALLS]


def unseen(shown: Posture) -> Posture:
    return Posture(box=None, pose=shown.pose)


@pytest.mark.parametrize("fps", [5.0, 10.0, 15.0, 30.0])
def test_a_fall_is_told_within_a_second_of_the_impact(fps: float) -> None:
    stage = Stage(fps=fps)
    stage.hold(UPRIGHT, 2)
    stage.move(UPRIGHT, LYING, 0.6)
    impact_ns = stage.stamp_ns
    stage.hold(LYING, 1)
    assert told(stage) == [Action.FALL]
    [fall] = [event for event in stage.events if event.action is Action.FALL]
    assert fall.track_ids == (1,)
    assert fall.start_ns == fall.end_ns
    assert fall.stamp_ns - impact_ns <= 0.6e9
    assert impact_ns - 0.9e9 <= fall.start_ns <= impact_ns - 0.3e9
    assert re.search(r"head came down by 0\.7. and hips by 0\.(39|4.) body heights", fall.reason)
    assert re.search(r"torso tilted from [0-4] to 88 degrees", fall.reason)


def test_who_stays_down_is_told_after_three_seconds_and_once() -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 2)
    stage.move(UPRIGHT, LYING, 0.6)
    impact_ns = stage.stamp_ns
    stage.hold(LYING, 8)
    assert told(stage) == [Action.FALL, Action.LYING]
    lying = next(event for event in stage.events if event.action is Action.LYING)
    assert 3.0e9 <= lying.stamp_ns - impact_ns <= 3.2e9
    assert "still down" in lying.reason
    assert [event.action for event in stage.watch.current()] == [Action.LYING]


def test_who_gets_up_is_told_as_recovered_in_the_same_incident() -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 2)
    stage.move(UPRIGHT, LYING, 0.6)
    stage.hold(LYING, 5)
    stage.move(LYING, UPRIGHT, 1.5)
    stage.hold(UPRIGHT, 2)
    assert told(stage) == [Action.FALL, Action.LYING, Action.RECOVERED]
    incidents = {event.incident for event in stage.events if event.action in FALLS}
    assert len(incidents) == 1
    recovered = next(event for event in stage.events if event.action is Action.RECOVERED)
    assert recovered.end_ns == recovered.stamp_ns
    assert Action.LYING not in {event.action for event in stage.watch.current()}


def test_who_is_not_seen_any_more_is_forgotten_and_that_is_told() -> None:
    stage = Stage(config=ActionWatchConfig(falls=FallsConfig(forget_s=5.0)))
    stage.hold(UPRIGHT, 2)
    stage.move(UPRIGHT, LYING, 0.6)
    stage.hold(LYING, 4)
    last_seen_ns = stage.stamp_ns
    stage.hold(Posture(box=None, pose=None), 6)
    assert told(stage) == [Action.FALL, Action.LYING, Action.LYING]
    ended = stage.events[-1]
    assert ended.end_ns == last_seen_ns
    assert stage.watch.current() == ()


def test_a_second_fall_is_another_incident() -> None:
    stage = Stage()
    for _ in range(2):
        stage.hold(UPRIGHT, 3)
        stage.move(UPRIGHT, LYING, 0.6)
        stage.hold(LYING, 1)
        stage.move(LYING, UPRIGHT, 1.0)
        stage.hold(UPRIGHT, 1)
    assert told(stage) == [Action.FALL, Action.RECOVERED] * 2
    assert len({event.incident for event in stage.events if event.action in FALLS}) == 2


@pytest.mark.parametrize(
    ("down", "seconds"),
    [(BENT, 0.5), (BENT, 1.0), (SEATED, 0.6), (ON_THE_FLOOR_UPRIGHT, 0.8)],
    ids=["bends fast", "bends", "sits down", "sits down on the floor"],
)
def test_who_bends_or_sits_down_has_not_fallen(down: Posture, seconds: float) -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 2)
    stage.move(UPRIGHT, down, seconds)
    stage.hold(down, 3)
    stage.move(down, UPRIGHT, seconds)
    stage.hold(UPRIGHT, 1)
    assert told(stage) == []


def test_who_lies_down_slowly_has_not_fallen() -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 2)
    stage.move(UPRIGHT, SEATED, 1.0)
    stage.hold(SEATED, 1)
    stage.move(SEATED, LYING, 2.0)
    stage.hold(LYING, 5)
    assert told(stage) == []


def test_who_vanishes_while_dropping_is_looked_for_and_found() -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 2)
    stage.move(UPRIGHT, LYING, 0.6)
    stage.hold(unseen(LYING), 1.5)
    assert told(stage) == [Action.FALL]
    stage.hold(unseen(LYING), 3)
    assert told(stage) == [Action.FALL, Action.LYING]


def test_who_vanishes_before_the_drop_is_looked_for_and_found() -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 2)
    stage.hold(unseen(LYING), 2)
    assert told(stage) == [Action.FALL]


def test_who_vanishes_and_is_found_upright_has_not_fallen() -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 2)
    stage.hold(unseen(UPRIGHT), 5)
    assert told(stage) == []


def test_who_vanishes_while_dropping_in_the_open_is_told_less_surely() -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 2)
    stage.move(UPRIGHT, posture(head=0.55, hips=0.25, tilt_deg=20.0), 0.5)
    stage.hold(Posture(box=None, pose=None), 1.5)
    [fall] = [event for event in stage.events if event.action is Action.FALL]
    assert fall.probability == 0.65
    assert fall.reason.endswith("not seen since")


def test_who_walks_out_at_the_side_has_not_fallen() -> None:
    stage = Stage()
    near = posture(head=1.0, hips=0.52, x_px=600.0)
    stage.hold(near, 2)
    stage.move(near, posture(head=0.6, hips=0.25, x_px=625.0), 0.5)
    stage.hold(Posture(box=None, pose=None), 3)
    assert told(stage) == []


def test_a_new_track_at_the_place_takes_the_fallen_person_over() -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 2)
    stage.move(UPRIGHT, LYING, 0.6)
    stage.hold(Posture(box=None, pose=None), 0.3)
    stage.hold(LYING, 4, track_id=2)
    assert told(stage) == [Action.FALL, Action.LYING]
    assert stage.events[-1].track_ids == (2,)


@pytest.mark.parametrize(
    ("moment", "expected"), [(time(23), []), (time(12), [Action.FALL])], ids=["night", "day"]
)
def test_nobody_falls_on_a_bed_in_its_hours(moment: time, expected: list[Action]) -> None:
    bed = "bed: 0.2,0.5 0.9,0.5 0.9,1 0.2,1 @ 22:00-08:00"
    stage = Stage(
        config=ActionWatchConfig(falls=FallsConfig(lying_zones=(bed,))), local_time=moment
    )
    stage.hold(UPRIGHT, 2)
    stage.move(UPRIGHT, LYING, 0.6)
    stage.hold(LYING, 1.5)
    assert told(stage) == expected


def test_a_bed_that_is_drawn_while_the_watch_runs_counts_at_once() -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 2)
    bed = "bed: 0.2,0.5 0.9,0.5 0.9,1 0.2,1"
    stage.watch.retune(ActionWatchConfig(falls=FallsConfig(lying_zones=(bed,))))
    stage.move(UPRIGHT, LYING, 0.6)
    stage.hold(LYING, 1.5)
    assert told(stage) == []


def test_boxes_alone_tell_a_fall_of_somebody_too_small_for_joints() -> None:
    stage = Stage()
    upright = posture(head=0.4, hips=0.2, width=0.14, joints=False)
    lying = posture(head=0.09, hips=0.04, width=0.36, joints=False)
    stage.hold(upright, 2)
    for head, width in ((0.3, 0.2), (0.2, 0.28), (0.12, 0.34)):
        stage.show(posture(head=head, hips=0.0, width=width, joints=False))
    stage.hold(lying, 1)
    [fall] = [event for event in stage.events if event.action is Action.FALL]
    assert fall.probability == 0.8
    assert stage.poses.calls == 0


def test_a_stamp_that_goes_back_forgets_the_fall() -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 2)
    stage.move(UPRIGHT, LYING, 0.6)
    stage.hold(LYING, 1)
    stage.stamp_ns = 0
    stage.hold(LYING, 5)
    assert told(stage) == [Action.FALL]


def test_a_repeated_stamp_adds_nothing() -> None:
    stage = Stage()
    stage.hold(UPRIGHT, 1)
    calls = stage.poses.calls
    stage.stamp_ns -= 10**8
    stage.show(LYING)
    assert stage.poses.calls == calls


def test_the_same_input_gives_the_same_events() -> None:
    stages = [Stage(), Stage()]
    for stage in stages:
        stage.hold(UPRIGHT, 2)
        stage.move(UPRIGHT, LYING, 0.6)
        stage.hold(LYING, 4)
    assert stages[0].events == stages[1].events


def test_memory_of_people_is_bounded() -> None:
    stage = Stage()
    assert UPRIGHT.box is not None
    for track_id in range(1, 400):
        stage.tell([Detection(label="person", score=0.9, box=UPRIGHT.box, track_id=track_id)])
    assert len(stage.watch._people) <= 31


def test_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="bed"):
        Stage(config=ActionWatchConfig(falls=FallsConfig(lying_zones=("bed: 0,0 1,1",))))


def test_of_several_who_vanish_one_is_looked_for_in_a_picture() -> None:
    stage = Stage()
    crowd = [
        Detection(label="person", score=0.9, box=shown.box, track_id=number)
        for number in range(1, 6)
        if (shown := posture(head=1.0, hips=0.52, x_px=100.0 * number)).box is not None
    ]
    for _ in range(20):
        stage.tell(crowd)
    calls = []
    for _ in range(6):
        before = stage.poses.calls
        stage.tell([])
        calls.append(stage.poses.calls - before)
    # Lost after 0.2 s; a search looks at up to three crops.
    assert calls == [0, 0, 3, 3, 3, 3]


def test_detections_of_other_things_and_without_identity_are_passed_over() -> None:
    stage = Stage()
    assert UPRIGHT.box is not None
    for _ in range(10):
        stage.tell(
            [
                Detection(label="dog", score=0.9, box=UPRIGHT.box, track_id=1),
                Detection(label="person", score=0.9, box=UPRIGHT.box),
            ]
        )
    assert stage.watch.people() == ()
    assert stage.poses.calls == 0
