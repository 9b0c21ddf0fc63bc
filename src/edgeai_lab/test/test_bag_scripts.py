"""Scripted people and bags: what they do, what a faultless watcher says, what is pasted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeai_core.errors import DataError
from edgeai_core.geometry import Box
from edgeai_core.object_events import EventKind, ObjectEvent, ObjectState
from edgeai_lab.bags.cutouts import Passage, background_of, cut_walk, draw_bag, paste, read_bag
from edgeai_lab.bags.measurement import f1, measure_bags
from edgeai_lab.bags.scenarios import ABANDONED_S, SCENARIOS, scene
from edgeai_lab.bags.scoring import Truth, judge, truths, watch_config
from edgeai_lab.bags.world import Carriage, Held, Walk, World, body_height_px
from edgeai_lab.progress import silent

POSITIVE = {
    "leaves",
    "leaves_to_the_side",
    "returns_late",
    "both_leave",
    "one_of_two",
    "crowd_leaves",
    "covered_leaves",
    "appears",
    "side_by_side",
}


def test_somebody_walks_straight_from_stop_to_stop_and_is_absent_otherwise():
    walk = Walk(stops=((1.0, (0.0, 300.0)), (3.0, (100.0, 400.0))))
    assert walk.at(2.0) == (50.0, 350.0)
    assert walk.at(3.0) == (100.0, 400.0)
    assert walk.at(0.9) is None
    assert walk.at(3.1) is None


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_script_has_one_lone_bag_or_none(name):
    for seed in range(3):
        expected = truths(scene(name, seed), watch_config())
        assert len(expected) == (1 if name in POSITIVE else 0)


def test_a_lone_bag_is_due_after_its_time_from_the_leaving():
    world = World(
        people={"owner": Walk(stops=((0.0, (600.0, 500.0)), (10.0, (600.0, 500.0))))},
        bags={"bag": Carriage(parts=((0.0, (640.0, 500.0)),), owners=((0.0, "owner"),))},
        seconds=60.0,
    )
    (truth,) = truths(world, watch_config())
    assert truth.second == pytest.approx(10.2 + ABANDONED_S)


def test_a_held_bag_hangs_beside_its_holder():
    world = World(
        people={"owner": Walk(stops=((0.0, (600.0, 500.0)), (9.0, (600.0, 500.0))))},
        bags={"bag": Carriage(parts=((0.0, Held(who="owner")),), owners=())},
        seconds=9.0,
    )
    box = world.bag_boxes(1.0)["bag"]
    body_px = body_height_px(500.0)
    assert box.y_max_px == pytest.approx(500 - 0.2 * body_px)
    assert world.bag_boxes(9.5) == {}


def alarm(second: float, x: float = 100) -> ObjectEvent:
    return ObjectEvent(
        kind=EventKind.BAG,
        state=ObjectState.ABANDONED,
        incident=1,
        label="suitcase",
        track_id=1,
        box=Box(x, 100, x + 50, 160),
        since_ns=0,
        stamp_ns=round(second * 1e9),
        score=0.5,
        reason="why",
    )


def test_an_alarm_is_right_once_at_the_place_and_in_time():
    truth = Truth(bag="bag", second=30.0, box=Box(100, 100, 150, 160))
    outcome = judge("leaves", 0, [truth], [alarm(31.5), alarm(32.0)])
    assert (outcome.hits, outcome.missed) == ((1.5,), 0)
    assert outcome.false_alarms == ("32.0 s: why",)
    for wrong in (alarm(26.0), alarm(46.0), alarm(31.0, x=300)):
        outcome = judge("leaves", 0, [truth], [wrong])
        assert (len(outcome.hits), outcome.missed, len(outcome.false_alarms)) == (0, 1, 1)


def test_f1_is_the_harmonic_mean_of_precision_and_recall():
    assert f1(8, 2, 0) == pytest.approx(2 * 0.8 * 1.0 / 1.8)
    assert f1(0, 0, 3) == 0.0


def test_the_same_seed_gives_the_same_figures_and_another_another_world():
    def measure(seed):
        return measure_bags(
            seeds=1,
            first_seed=seed,
            with_appearance=False,
            track=silent,
            scenarios=("leaves", "stays"),
        )

    assert measure(5).document() == measure(5).document()
    assert measure(5).counts() == (1, 0, 0)
    assert scene("leaves", 5) != scene("leaves", 6)


def test_a_walker_is_cut_out_of_a_clip_and_pasted_with_the_feet_where_they_belong():
    frames = []
    for index in range(20):
        frame = np.full((120, 200, 3), 120, np.uint8)
        frame[40:100, 20 + 6 * index : 40 + 6 * index] = (20, 20, 220)
        frames.append(frame)
    passage = Passage(begin=0, end=20, box=Box(20, 40, 40, 100))
    cutouts = cut_walk(frames, background_of(frames), passage)
    assert len(cutouts) == 20
    assert cutouts[7].shape == (60, 20, 4)
    image = np.full((300, 300, 3), 120, np.uint8)
    paste(image, cutouts[7], Box(100, 80, 140, 200))
    assert tuple(image[140, 120]) == (20, 20, 220)
    assert tuple(image[60, 120]) == (120, 120, 120)


def test_a_walker_who_is_not_there_is_refused():
    frames = [np.full((120, 200, 3), 120, np.uint8)] * 10
    passage = Passage(begin=0, end=10, box=Box(20, 40, 40, 100))
    with pytest.raises(DataError, match="found in 0 of 10 frames"):
        cut_walk(frames, background_of(frames), passage)


def test_the_drawn_case_is_transparent_around_and_can_be_replaced_by_a_picture(tmp_path):
    bag = draw_bag()
    assert bag.shape == (160, 110, 4)
    assert (bag[0, 0, 3], bag[100, 55, 3]) == (0, 255)
    cv2.imwrite(str(tmp_path / "bag.png"), bag)
    assert read_bag(tmp_path / "bag.png").shape[0] < 160
    cv2.imwrite(str(tmp_path / "opaque.png"), bag[..., :3])
    with pytest.raises(DataError, match="expected four channels"):
        read_bag(tmp_path / "opaque.png")
    with pytest.raises(DataError, match="cannot be read"):
        read_bag(tmp_path / "none.png")
