"""Explanations between frames: one at a time, in the time that frames leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.explaining.config import ExplainConfig
from edgeai_core.explaining.explanation import Explanation, occlusion_reason
from edgeai_core.explaining.occlusion import METHOD, OcclusionStudy, Score
from edgeai_core.geometry import Box
from edgeai_core.types import Frame

_NS_PER_S = 1_000_000_000
# To see whether the finding is in a frame takes up to this many looks.
_LOOKS_TO_OPEN = 2
# On a machine that has no time left a look is taken all the same, once in so many frames: it costs
# a node of ten results a second some 2 % of a core, and alerts are explained there too.
_FRAMES_WITHOUT_A_LOOK = 5
# As many squares as show roughly where; fewer are given up.
_LEAST_LOOKS = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A finding in one picture.

    Attributes:
        image: (H, W, 3) uint8 BGR. score: of such a picture, 0..1. base_score: of this one.
        region: what is studied. label: what was found. box: where; both in pixels of the picture.
    """

    image: npt.NDArray[np.uint8]
    score: Score
    base_score: float
    region: Box
    label: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """A finding that shall be explained.

    Attributes:
        asked_ns: stamp of the frame that decided. urgency: a higher one replaces a lower one.
        open: returns the finding in a frame; None when it is not seen there. Takes two looks at
            most.
    """

    asked_ns: int
    urgency: int
    open: Callable[[Frame], Case | None]


class Explainer:
    """Makes explanations of one model's findings; owned by the worker that owns the model.

    The model is not thread-safe and frames go first: a worker calls `work` after a frame, which
    takes a few looks if there is time. One question waits, the newest of the most urgent; one is
    worked on. Time is the frames' stamps; the clock only tells how long a look takes. A map that is
    not done in time is made of the looks that were taken, if they are enough.

    Args:
        config: budget and intervals. clock: monotonic seconds.
    """

    def __init__(self, config: ExplainConfig, *, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._look_s = 0.0
        self._waiting: Question | None = None
        self._study: tuple[OcclusionStudy, Case, Frame] | None = None
        self._begun_ns: int | None = None
        self._last_ns = 0
        self._frames_since_look = 0
        self.made = 0
        self.given_up = 0

    def told(self) -> str:
        """Return how many were made and given up, for people; empty while nobody asked."""
        if not self.made and not self.given_up:
            return ""
        return f"{self.made} heat-maps, {self.given_up} given up"

    def ask(self, question: Question) -> None:
        """Put a question; one that waits and is more urgent stays."""
        if not self._config.enabled:
            return
        waiting = self._waiting
        if waiting is not None and waiting.urgency > question.urgency:
            self.given_up += 1
            return
        if waiting is not None:
            self.given_up += 1
        self._waiting = question

    def work(self, frame: Frame, *, until_s: float) -> Explanation | None:
        """Take a few looks if there is time; return an explanation that is done.

        Args:
            frame: the newest one. until_s: when the next frame is due, by the clock.
        """
        if frame.stamp_ns < self._last_ns:
            # The footage began anew: what was asked is of another time.
            self._waiting = self._study = self._begun_ns = None
        self._last_ns = frame.stamp_ns
        self._frames_since_look += 1
        self._let_go(frame.stamp_ns)
        for _ in range(self._config.looks_per_frame):
            if self._study is None and not self._open(frame, until_s):
                return None
            assert self._study is not None
            study, case, shown = self._study
            if not self._has_time(until_s):
                return None
            began_s = self._clock()
            self._frames_since_look = 0
            study.look()
            self._look_s = self._clock() - began_s
            if study.done:
                self._study = None
                self.made += 1
                return _explained(study, case, shown)
        return None

    def _has_time(self, until_s: float, *, looks: int = 1) -> bool:
        overdue = self._frames_since_look >= _FRAMES_WITHOUT_A_LOOK
        return overdue or self._clock() + looks * self._look_s <= until_s

    def _let_go(self, now_ns: int) -> None:
        limit_ns = round(self._config.give_up_s * _NS_PER_S)
        if self._waiting is not None and now_ns - self._waiting.asked_ns > limit_ns:
            self._waiting = None
            self.given_up += 1
        if self._study is not None and now_ns - self._study[2].stamp_ns > limit_ns:
            study = self._study[0]
            if study.looks >= _LEAST_LOOKS:
                study.settle()
                self._frames_since_look = _FRAMES_WITHOUT_A_LOOK
            else:
                self._study = None
                self.given_up += 1

    def _open(self, frame: Frame, until_s: float) -> bool:
        question = self._waiting
        interval_ns = round(self._config.min_interval_s * _NS_PER_S)
        if question is None or not self._has_time(until_s, looks=_LOOKS_TO_OPEN):
            return False
        if self._begun_ns is not None and frame.stamp_ns - self._begun_ns < interval_ns:
            return False
        self._frames_since_look = 0
        case = question.open(frame)
        if case is None:
            return False
        self._waiting, self._begun_ns = None, frame.stamp_ns
        study = OcclusionStudy(
            case.image,
            case.score,
            base_score=case.base_score,
            region=case.region,
            looks=self._config.budget_looks,
            cells=self._config.cells,
        )
        self._study = (study, case, frame)
        return True


def _explained(study: OcclusionStudy, case: Case, frame: Frame) -> Explanation:
    made = study.result()
    return Explanation(
        stamp_ns=frame.stamp_ns,
        frame_id=frame.frame_id,
        label=case.label,
        box=case.box,
        score=min(1.0, case.base_score),
        heat=made.heat,
        method=METHOD,
        deletion=made.deletion,
        reason=occlusion_reason(deletion=made.deletion, looks=made.looks),
    )
