"""Run the shipped liveness check on the spoof set, and count."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.faces.interfaces import DetectsFaces
from edgeai_core.analyzers.faces.liveness import LivenessChecker, LivenessConfig, ScoresLiveness
from edgeai_core.geometry import Box
from edgeai_core.types import DetectedFace, Frame, Instruction, Liveness
from edgeai_lab.liveness.attempts import Attempt, Origin, Timing
from edgeai_lab.liveness.instruments import Framing, Presentation
from edgeai_lab.pictures import Image

_TRACK_ID = 1
_Z_95 = 1.96


class Outcome(Enum):
    """How an attempt ended; only LIVE can open anything."""

    LIVE = "live"
    SPOOF = "spoof"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AttemptResult:
    """What became of an attempt.

    Attributes:
        outcome: LIVE if any frame was found living, else SPOOF if any was called a copy.
        after_s: time of the first living frame; NaN if there was none.
        passive: mean passive score of its frames, 0..1; NaN if none was scored.
        score: highest score of the check, 0..1; NaN if there was none. reason: the last one.
        frames: how many were shown. faceless: on how many no face was found.
        picture: the last frame.
    """

    attempt: Attempt
    outcome: Outcome
    after_s: float
    passive: float
    score: float
    reason: str
    frames: int
    faceless: int
    picture: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Counts of one kind of attempt; `live` + `spoof` + `undecided` is `n`."""

    presentation: Presentation
    framing: Framing
    origin: Origin
    turning: bool
    n: int
    live: int
    spoof: int
    undecided: int

    @property
    def wrong(self) -> int:
        """Attacks found living; living ones that were not."""
        return self.n - self.live if self.presentation is Presentation.BONA_FIDE else self.live

    @property
    def error_rate(self) -> float:
        """APCER of attacks, BPCER of living ones, 0..1. Undecided ones stay locked out."""
        return self.wrong / self.n


class _Recorder:
    """Passes scores on and remembers them."""

    def __init__(self, passive: ScoresLiveness) -> None:
        self._passive = passive
        self.scores: list[float] = []

    def score(self, image: npt.NDArray[np.uint8], face: Box) -> float:
        value = self._passive.score(image, face)
        self.scores.append(value)
        return value


def run_attempt(
    attempt: Attempt,
    *,
    detector: DetectsFaces,
    passive: ScoresLiveness,
    config: LivenessConfig,
    timing: Timing,
    seed: int,
) -> AttemptResult:
    """Show an attempt to a fresh check, frame by frame, until it is found living or is over.

    Args:
        seed: of the challenge's turns.

    Raises:
        ModelError: a model cannot be run.
    """
    recorder = _Recorder(passive)
    turns = np.random.default_rng(seed)
    checker = LivenessChecker(recorder, config, rng=lambda: turns)
    actor = attempt.begin()
    asked, outcome, after_s = Instruction.NONE, Outcome.UNDECIDED, math.nan
    scores: list[float] = []
    reason, faceless, shown = "", 0, 0
    for index, time_s in enumerate(timing.times_s()):
        image = actor.frame(time_s, asked)
        shown += 1
        face = _largest(detector.detect(image))
        if face is None:
            faceless += 1
            continue
        frame = Frame(image=image, stamp_ns=round(time_s * 1e9), sequence=index)
        finding = checker.check(frame, face, _TRACK_ID)
        asked, reason = finding.instruction, finding.reason
        if math.isfinite(finding.score):
            scores.append(finding.score)
        if finding.liveness is Liveness.LIVE:
            outcome, after_s = Outcome.LIVE, time_s
            break
        if finding.liveness is Liveness.SPOOF:
            outcome = Outcome.SPOOF
    return AttemptResult(
        attempt=attempt,
        outcome=outcome,
        after_s=after_s,
        passive=float(np.mean(recorder.scores)) if recorder.scores else math.nan,
        score=max(scores, default=math.nan),
        reason=reason,
        frames=shown,
        faceless=faceless,
        picture=image,
    )


def count_cells(results: Iterable[AttemptResult]) -> tuple[Cell, ...]:
    """Return the counts by origin, presentation, framing and turning, in order of appearance."""
    groups: dict[tuple[Origin, Presentation, Framing, bool], list[Outcome]] = {}
    for result in results:
        attempt = result.attempt
        key = (attempt.origin, attempt.presentation, attempt.framing, attempt.turning)
        groups.setdefault(key, []).append(result.outcome)
    return tuple(
        Cell(
            presentation=presentation,
            framing=framing,
            origin=origin,
            turning=turning,
            n=len(outcomes),
            live=outcomes.count(Outcome.LIVE),
            spoof=outcomes.count(Outcome.SPOOF),
            undecided=outcomes.count(Outcome.UNDECIDED),
        )
        for (origin, presentation, framing, turning), outcomes in groups.items()
    )


def wilson_interval(wrong: int, n: int) -> tuple[float, float]:
    """Return the limits, 0..1, between which a rate lies with 95 % confidence.

    Wilson, "Probable inference, the law of succession, and statistical inference" (1927). The
    attempts of one person are taken for independent, so the true limits are wider.

    Raises:
        ValueError: n is below 1 or `wrong` is not in 0..n.
    """
    if n < 1 or not 0 <= wrong <= n:
        raise ValueError(f"interval: expected 0 <= wrong <= n and n >= 1, got {wrong} of {n}")
    rate, square = wrong / n, _Z_95**2
    middle = (rate + square / (2 * n)) / (1 + square / n)
    spread = _Z_95 / (1 + square / n) * math.sqrt(rate * (1 - rate) / n + square / (4 * n * n))
    return max(0.0, middle - spread), min(1.0, middle + spread)


def _largest(faces: Sequence[DetectedFace]) -> DetectedFace | None:
    meshed = [face for face in faces if face.mesh_xyz_px is not None]
    return max(meshed, key=lambda face: face.box.area_px2, default=None)
