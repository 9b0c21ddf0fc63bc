"""Fights over time, with a judge that answers as the script says, on frames that move."""

from __future__ import annotations

import itertools
from datetime import time

import numpy as np
import pytest

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.analyzers.actions.fights import SHARES, Fights, FightsConfig
from edgeai_core.analyzers.actions.sights import Person, sight_of
from edgeai_core.analyzers.actions.watch import ActionWatch
from edgeai_core.config import build
from edgeai_core.geometry import Box

STEP_NS = 100_000_000
# Frames are twice the small picture, so a pixel of one is half a pixel of the other.
HEIGHT_PX, WIDTH_PX = 360, 480


class ScriptedJudge:
    """Features are the script's logit of the moment; a window's logit is their mean."""

    def __init__(self) -> None:
        self.now = -3.0
        self.pictures = 0

    def features(self, pictures):
        self.pictures += len(pictures)
        return np.full((len(pictures), 1), self.now, np.float32)

    def logit(self, features) -> float:
        return float(features.mean())


def frame(number: int, *, moves: bool = True) -> np.ndarray:
    """Noise in a square of 100 px in the upper left, drawn anew for each number if it moves."""
    image = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    rng = np.random.default_rng(number if moves else 0)
    image[40:140, 60:160] = rng.integers(0, 255, (100, 100, 1))
    return image


def person(track_id: int, box: Box, stamp_ns: int) -> Person:
    who = Person(track_id, window_s=3.0)
    sight = sight_of(box, None, stamp_ns=stamp_ns, area=Box(0, 0, WIDTH_PX, HEIGHT_PX))
    who.add(sight)
    return who


class Scene:
    """One camera whose judge follows a script of (moments, logit)."""

    def __init__(self, judge: ScriptedJudge | None = None, **config) -> None:
        self.judge = judge or ScriptedJudge()
        numbers = itertools.count(1)
        self.fights = Fights(
            build(FightsConfig, config), judge=self.judge, next_incident=lambda: next(numbers)
        )
        self.number = 0

    def show(
        self,
        moments: int,
        logit: float,
        *,
        boxes: tuple[Box, ...] = (),
        moves: bool = True,
        fallen: bool = False,
    ) -> list[ActionEvent]:
        events: list[ActionEvent] = []
        for _ in range(moments):
            self.judge.now = logit
            stamp_ns = self.number * STEP_NS
            people = {i: person(i, box, stamp_ns) for i, box in enumerate(boxes, start=1)}
            image = frame(self.number, moves=moves)
            events += self.fights.update(image, people, stamp_ns=stamp_ns, fallen=fallen)
            self.number += 1
        return events


def test_a_fight_begins_after_its_shortest_duration_and_ends_when_the_window_is_calm():
    scene = Scene()
    assert scene.show(11, 3.0) == []
    [began] = scene.show(4, 3.0)
    assert (began.action, began.incident) == (Action.FIGHT, 1)
    # Readings end at moments 3, 5, 7 …; the first that sees 1.2 s ends at 13.
    assert (began.start_ns, began.end_ns, began.stamp_ns) == (0, 0, 13 * STEP_NS)
    assert began.probability == pytest.approx(1 / (1 + np.exp(-3.0)))
    assert scene.fights.current(20 * STEP_NS)[0].stamp_ns == 20 * STEP_NS
    [ended] = scene.show(30, -3.0)
    assert (ended.incident, ended.start_ns) == (1, 0)
    assert ended.start_ns < ended.end_ns < ended.stamp_ns
    assert scene.fights.current(ended.stamp_ns) == ()


def test_a_short_burst_is_no_fight_and_the_next_fight_has_its_own_number():
    scene = Scene()
    calm = scene.show(25, -3.0)
    assert calm + scene.show(4, 2.0) + scene.show(30, -3.0) == []
    first = scene.show(30, 3.0) + scene.show(40, -3.0)
    second = scene.show(30, 3.0)
    assert [event.incident for event in first if event.end_ns > event.start_ns] == [1]
    assert {event.incident for event in second} == {2}


def test_a_fight_that_becomes_surer_is_told_again_with_the_same_start():
    scene = Scene()
    guess, *_ = scene.show(16, 0.1)
    surer = scene.show(20, 4.0)
    assert len(surer) >= 2
    assert {(e.incident, e.start_ns, e.end_ns) for e in surer} == {
        (guess.incident, guess.start_ns, guess.start_ns)
    }
    assert [e.probability for e in surer] == sorted(e.probability for e in surer)


def test_who_is_at_the_place_takes_part_and_the_box_is_around_all():
    there, far = Box(50.0, 30.0, 110.0, 200.0), Box(400.0, 200.0, 440.0, 320.0)
    began, *_ = Scene().show(16, 3.0, boxes=(there, far))
    assert began.track_ids == (1,)
    assert began.box.x_min_px <= 50.0
    assert began.box.y_max_px >= 200.0
    assert began.box.x_max_px < 400.0
    assert "1 person was found there" in began.reason


def test_the_reason_names_the_moments_without_which_the_odds_sink():
    scene = Scene()
    scene.show(8, -1.0)
    began, *_ = scene.show(16, 4.0)
    assert began.start_ns > 0
    moments, of_all = began.reason.split(" moments")[0].split(" of ")
    assert 0 < int(moments) < int(of_all)


def test_somebody_who_is_alone_does_not_fight_unless_the_detector_is_not_trusted():
    alone = (Box(60.0, 40.0, 160.0, 340.0),)
    assert Scene().show(40, 4.0, boxes=alone) == []
    assert len(Scene(ignore_alone=False).show(14, 4.0, boxes=alone)) == 1


def test_somebody_who_falls_alone_does_not_fight_though_the_detector_loses_them():
    alone, two = (Box(60.0, 40.0, 160.0, 340.0),), (Box(60.0, 40.0, 160.0, 340.0),) * 2
    scene = Scene()
    assert scene.show(10, 4.0, boxes=alone) + scene.show(30, 4.0, fallen=True) == []
    thrown = Scene()
    assert thrown.show(10, 4.0, boxes=two) + thrown.show(10, 4.0, boxes=two, fallen=True) != []


def test_a_still_scene_costs_no_inference_and_ends_a_fight():
    scene = Scene()
    assert scene.show(30, 4.0, moves=False) == []
    assert scene.judge.pictures == 0
    scene.show(16, 4.0)
    assert scene.judge.pictures > 0
    [ended] = [e for e in scene.show(30, 4.0, moves=False) if e.end_ns > e.start_ns]
    assert ended.incident == 1


def test_every_second_moment_is_judged_in_each_size():
    scene = Scene()
    scene.show(11, -3.0)
    # Readings end at moments 3, 5, 7 and 9.
    assert scene.judge.pictures == 4 * len(SHARES)


def test_after_a_stall_the_moments_before_it_do_not_count():
    scene = Scene()
    scene.show(11, 4.0)
    scene.number += 100
    assert scene.show(11, 4.0) == []
    assert len(scene.show(4, 4.0)) == 1


def test_a_camera_that_changes_its_size_begins_anew():
    scene = Scene()
    scene.show(11, 4.0)
    wide = np.zeros((360, 640, 3), np.uint8)
    assert scene.fights.update(wide, {}, stamp_ns=scene.number * STEP_NS) == ()


def test_without_a_judge_or_switched_off_nothing_is_told():
    silent = Fights(FightsConfig(), judge=None, next_incident=lambda: 1)
    assert silent.update(frame(1), {}, stamp_ns=1) == ()
    scene = Scene(enabled=False)
    assert scene.show(30, 4.0) == []
    assert scene.judge.pictures == 0


def test_the_watch_tells_fights_beside_the_rest_and_forgets_them_when_time_goes_back():
    judge = ScriptedJudge()
    judge.now = 4.0
    watch = ActionWatch(motion=judge)
    told = []
    for number in range(20):
        told += watch.update(
            frame(number), (), stamp_ns=(100 + number) * STEP_NS, local_time=time(12)
        )
    assert {event.action for event in told} == {Action.FIGHT}
    assert [event.action for event in watch.current()] == [Action.FIGHT]
    watch.update(frame(0), (), stamp_ns=0, local_time=time(12))
    assert watch.current() == ()
