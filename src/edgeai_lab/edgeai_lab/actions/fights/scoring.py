"""How well scores tell fights from other clips."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.errors import DataError

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How often scores from 0 on are right, 0..1.

    Attributes:
        accuracy: of all clips. recall: of fights. false_alarms: of the others. auc: how often a
            fight's score is above another clip's.
    """

    accuracy: float
    recall: float
    false_alarms: float
    auc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What makes odds of scores (Platt, 1999): slope * score + offset is their logarithm."""

    slope: float
    offset: float


def score_of(scores: Scores, labels: Labels, *, threshold: float = 0.0) -> Score:
    """Return how well (N,) scores from a threshold on tell (N,) labels, 1 for fights.

    Raises:
        DataError: all labels are alike.
    """
    told = scores >= threshold
    fights, others = labels == 1, labels == 0
    return Score(
        accuracy=float((told == fights).mean()),
        recall=float(told[fights].mean()) if fights.any() else math.nan,
        false_alarms=float(told[others].mean()) if others.any() else math.nan,
        auc=area_under_curve(scores, labels),
    )


def area_under_curve(scores: Scores, labels: Labels) -> float:
    """Return the share of pairs in which the fight's score is higher; equal ones count half.

    Raises:
        DataError: all labels are alike.
    """
    fights, others = scores[labels == 1], scores[labels == 0]
    if not len(fights) or not len(others):
        raise DataError("fights: clips of both kinds are needed to compare their scores")
    above = (fights[:, None] > others[None, :]).mean()
    equal = (fights[:, None] == others[None, :]).mean()
    return float(above + equal / 2)


def curve_of(scores: Scores, labels: Labels) -> tuple[Scores, Scores]:
    """Return false alarms and recall, (N + 1,) each, as the threshold sinks."""
    order = np.argsort(-scores, kind="stable")
    hits = np.concatenate([[0], np.cumsum(labels[order] == 1)])
    alarms = np.concatenate([[0], np.cumsum(labels[order] == 0)])
    return alarms / max(1, alarms[-1]), hits / max(1, hits[-1])


def calibrate(scores: Scores, labels: Labels, *, steps: int = 200) -> Calibration:
    """Return the line that makes odds of scores, fitted by Newton's method.

    Labels are drawn in a little, as Platt does, so that scores that part them wholly give finite
    odds.
    """
    fights, others = int((labels == 1).sum()), int((labels == 0).sum())
    targets = np.where(labels == 1, (fights + 1) / (fights + 2), 1 / (others + 2))
    design = np.column_stack([scores, np.ones_like(scores)])
    weights = np.zeros(2)
    for _ in range(steps):
        shares = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (shares - targets)
        curvature = (design * (shares * (1 - shares))[:, None]).T @ design + 1e-6 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if float(np.abs(step).max()) < 1e-9:
            break
    return Calibration(slope=float(weights[0]), offset=float(weights[1]))


def calibration_error(probabilities: Scores, labels: Labels, *, bins: int = 5) -> float:
    """Return by how much probabilities miss what happens, 0..1: mean over equally filled bins."""
    parts = np.array_split(np.argsort(probabilities, kind="stable"), bins)
    return float(
        sum(
            len(part) * abs(float(probabilities[part].mean()) - float((labels[part] == 1).mean()))
            for part in parts
            if len(part)
        )
        / len(labels)
    )
