"""Explanations between frames: one at a time, in the time that frames leave."""

from __future__ import annotations

import numpy as np
import pytest

from edgeai_core.config import build
from edgeai_core.explaining.config import ExplainConfig
from edgeai_core.explaining.explainer import Case, Explainer, Question
from edgeai_core.explaining.explanation import Explanation
from edgeai_core.geometry import Box
from edgeai_core.types import Frame

S = 1_000_000_000
PERIOD_S = 0.1
LOOK_S = 0.02


class Bench:
    """A clock that only looks move, and a model that is busy with frames for a while."""

    def __init__(self, *, frame_s: float = 0.03, **values: object) -> None:
        self.now_s = 0.0
        self.looks: list[str] = []
        self.seen: set[str] = {"gun", "knife", "bag"}
        self.frame_s = frame_s
        dotted = {name.replace("__", "."): value for name, value in values.items()}
        defaults = {"budget_looks": 16, "min_interval_s": 0.0}
        self.explainer = Explainer(
            build(ExplainConfig, defaults | dotted), clock=lambda: self.now_s
        )
        self.begun = 0
        self.late_s = 0.0

    def ask(self, label: str, *, urgency: int = 1, at_s: float = 0.0) -> None:
        def opened(frame: Frame) -> Case | None:
            if label not in self.seen:
                return None
            return Case(
                image=frame.image,
                score=lambda image: self._score(label, image),
                base_score=0.8,
                region=Box(0, 0, 16, 16),
                label=label,
                box=Box(1, 2, 3, 4),
            )

        self.explainer.ask(Question(asked_ns=round(at_s * S), urgency=urgency, open=opened))

    def _score(self, label: str, image: np.ndarray) -> float:
        self.looks.append(label)
        self.now_s += LOOK_S
        return 0.8 * float(image[0, 0, 0] == 200)

    def frames(self, begin: int, end: int) -> list[Explanation]:
        """Ten a second; note by how much each was late."""
        made = []
        for number in range(begin, end):
            due_s = number * PERIOD_S
            self.late_s = max(self.late_s, self.now_s - due_s)
            self.now_s = max(self.now_s, due_s) + self.frame_s
            image = np.zeros((16, 16, 3), np.uint8)
            image[0, 0] = 200
            frame = Frame(image=image, stamp_ns=round(due_s * S), frame_id="optics")
            explanation = self.explainer.work(frame, until_s=due_s + PERIOD_S)
            if explanation is not None:
                made.append(explanation)
        return made


def test_one_question_gives_one_explanation_of_the_frame_in_which_it_was_seen():
    bench = Bench()
    bench.ask("gun")
    [made] = bench.frames(0, 30)
    assert (made.label, made.score, made.stamp_ns, made.frame_id) == ("gun", 0.8, 0, "optics")
    assert made.box == Box(1, 2, 3, 4)
    assert made.method == "occlusion"
    assert np.unravel_index(int(made.heat.argmax()), made.heat.shape) == (0, 0)
    assert made.reason == "occlusion, 16 looks: hiding the hottest fifth leaves 0 % of the score"
    assert bench.looks == ["gun"] * 17
    assert bench.frames(30, 60) == []
    assert (bench.explainer.made, bench.explainer.given_up) == (1, 0)
    assert bench.explainer.told() == "1 heat-maps, 0 given up"


def test_no_frame_is_late_for_an_explanation():
    bench = Bench(looks_per_frame=100)
    bench.ask("gun")
    assert len(bench.frames(0, 30)) == 1
    # 70 ms are left after each frame: three looks, not four.
    assert bench.late_s <= 1e-9


def test_a_frame_gives_time_for_so_many_looks_at_most():
    bench = Bench(looks_per_frame=1)
    bench.ask("gun")
    bench.frames(0, 5)
    assert len(bench.looks) == 5


def test_a_model_that_frames_keep_busy_looks_now_and_then_and_makes_do_with_that():
    bench = Bench(frame_s=0.095, budget_looks=96, give_up_s=13.0)
    bench.ask("gun")
    [made] = bench.frames(0, 200)
    # One look in five frames, then the one that measures the map.
    assert made.reason.startswith("occlusion, 27 looks: ")
    assert made.stamp_ns == 0
    assert np.unravel_index(int(made.heat.argmax()), made.heat.shape) == (0, 0)
    # The first look tells how long one takes; later ones are never two in a row.
    assert bench.late_s <= 2 * LOOK_S
    assert (bench.explainer.made, bench.explainer.given_up) == (1, 0)


def test_too_few_looks_are_no_map():
    bench = Bench(frame_s=0.095, budget_looks=96, give_up_s=2.0)
    bench.ask("gun")
    assert bench.frames(0, 40) == []
    assert bench.explainer.given_up == 1


def test_of_two_that_wait_the_more_urgent_and_then_the_newer_one_is_explained():
    bench = Bench()
    for label, urgency in (("bag", 1), ("gun", 3), ("bag", 1)):
        bench.ask(label, urgency=urgency)
    assert [made.label for made in bench.frames(0, 60)] == ["gun"]
    assert bench.explainer.given_up == 2
    bench.ask("gun", at_s=6.0)
    bench.ask("knife", at_s=6.0)
    assert [made.label for made in bench.frames(60, 120)] == ["knife"]


def test_one_that_runs_is_not_ended_by_another():
    bench = Bench()
    bench.ask("bag")
    bench.frames(0, 3)
    bench.ask("gun", urgency=3)
    assert [made.label for made in bench.frames(3, 60)] == ["bag", "gun"]


def test_what_is_not_seen_waits_for_a_frame_that_shows_it_and_is_let_go_in_the_end():
    bench = Bench(give_up_s=3.0)
    bench.seen.clear()
    bench.ask("gun")
    assert bench.frames(0, 10) == []
    bench.seen.add("gun")
    [made] = bench.frames(10, 29)
    assert made.stamp_ns == S
    bench.seen.clear()
    bench.ask("gun", at_s=3.0)
    bench.frames(29, 70)
    bench.seen.add("gun")
    assert bench.frames(70, 90) == []
    assert bench.explainer.given_up == 1


def test_between_two_explanations_some_time_passes():
    bench = Bench(min_interval_s=4.0)
    bench.ask("gun")
    bench.frames(0, 15)
    bench.ask("knife", at_s=1.0)
    [made] = bench.frames(15, 60)
    assert (made.label, made.stamp_ns) == ("knife", 4 * S)


def test_footage_that_begins_anew_ends_what_was_asked():
    bench = Bench()
    bench.ask("gun", at_s=3.0)
    bench.frames(30, 32)
    bench.now_s = 0.0
    assert bench.frames(0, 30) == []


def test_who_wants_none_gets_none():
    bench = Bench(enabled=False)
    bench.ask("gun")
    assert bench.frames(0, 30) == []
    assert bench.looks == []
    assert bench.explainer.told() == ""


@pytest.mark.parametrize("name", ["budget_looks", "looks_per_frame", "cells"])
def test_a_budget_of_nothing_is_refused(name):
    with pytest.raises(Exception, match=f"parameter {name}: got 0"):
        build(ExplainConfig, {name: 0})
