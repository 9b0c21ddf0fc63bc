"""What the decisions about fire need from a model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.fire.crops import WHOLE_FRAME, Crop
from edgeai_core.types import Detection

FLAME = "flame"
SMOKE = "smoke"
KINDS = (FLAME, SMOKE)
# A model's score may be 0 or 1, whose logit is infinite.
_LEAST_PROBABILITY = 1e-6
# Of the three classes' sum: what single precision and a rounded softmax may leave.
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class FireView:
    """What a model says about one part of a frame.

    Attributes:
        none_score, start_fire_score, fire_score: probability of no fire, of a fire that begins
            and of one that burns; they sum to 1.
        flame_score, smoke_score: probability that flames and that smoke are visible, 0..1.
        regions: where they are, in pixels of the FRAME, label "flame" or "smoke".

    Raises:
        ValueError: a score is no probability, the classes do not sum to 1, or a region has
            another label.
    """

    none_score: float
    start_fire_score: float
    fire_score: float
    flame_score: float
    smoke_score: float
    regions: tuple[Detection, ...] = ()

    def __post_init__(self) -> None:
        classes = (self.none_score, self.start_fire_score, self.fire_score)
        scores = (*classes, self.flame_score, self.smoke_score)
        if not all(math.isfinite(score) and 0 <= score <= 1 for score in scores):
            raise ValueError(f"fire view: expected scores of 0..1, got {scores}")
        if abs(sum(classes) - 1) > _SUM_TOLERANCE:
            raise ValueError(f"fire view: expected classes that sum to 1, got {classes}")
        labels = sorted({region.label for region in self.regions} - set(KINDS))
        if labels:
            raise ValueError(f"fire view: expected regions of {KINDS}, got {', '.join(labels)}")

    @property
    def hazard_score(self) -> float:
        """Probability of any fire; the model card's threshold is on that of the whole frame."""
        return min(1.0, self.start_fire_score + self.fire_score)


class LooksForFire(Protocol):
    """Judges parts of pictures."""

    def look(self, image: npt.NDArray[np.uint8], crop: Crop) -> FireView:
        """Return what a part of a (H, W, 3) uint8 BGR image shows."""
        ...


def joined(views: Mapping[Crop, FireView]) -> FireView:
    """Return what all parts of a frame show together, without regions.

    The hazard is the mean, as logits, of the whole frame's and the largest: a part alone takes
    leaves, lamps and clouds for fire where the whole frame shows what they are. What kind of fire
    it is, the whole frame says.

    Raises:
        ValueError: the whole frame is not among the parts.
    """
    whole = views.get(WHOLE_FRAME)
    if whole is None:
        raise ValueError("fire views: the whole frame is not among the parts; look at it as well")
    worst = max(views.values(), key=lambda view: view.hazard_score)
    hazard = _probability((_logit(worst.hazard_score) + _logit(whole.hazard_score)) / 2)
    told = whole if whole.hazard_score > 0 else worst
    share = told.fire_score / told.hazard_score if told.hazard_score > 0 else 0.0
    return FireView(
        none_score=1 - hazard,
        start_fire_score=hazard * (1 - share),
        fire_score=hazard * share,
        flame_score=max(view.flame_score for view in views.values()),
        smoke_score=max(view.smoke_score for view in views.values()),
    )


def _logit(probability: float) -> float:
    inside = min(max(probability, _LEAST_PROBABILITY), 1 - _LEAST_PROBABILITY)
    return math.log(inside / (1 - inside))


def _probability(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))
