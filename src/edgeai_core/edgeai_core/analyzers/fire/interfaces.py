"""What the decisions about fire need from a model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.fire.crops import Crop
from edgeai_core.analyzers.fire.readings import (
    FLAME,
    SMOKE,
    CropReading,
    FireScores,
    joined_detections,
    joined_scores,
)
from edgeai_core.types import Detection

KINDS = (FLAME, SMOKE)
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

    @classmethod
    def of(cls, scores: FireScores, *, regions: tuple[Detection, ...] = ()) -> FireView:
        """Return the view that a model's scores and boxes make."""
        return cls(
            none_score=1 - scores.hazard,
            start_fire_score=scores.hazard * (1 - scores.large),
            fire_score=scores.hazard * scores.large,
            flame_score=scores.flame,
            smoke_score=scores.smoke,
            regions=regions,
        )

    @property
    def scores(self) -> FireScores:
        """The same as probabilities of a hazard and, if there is one, of its being large."""
        hazard = self.hazard_score
        return FireScores(
            hazard=hazard,
            flame=self.flame_score,
            smoke=self.smoke_score,
            large=self.fire_score / hazard if hazard > 0 else 0.0,
        )

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
    """Return what all parts of a frame show together; see :func:`readings.joined_scores`.

    Raises:
        ValueError: the whole frame is not among the parts.
    """
    return FireView.of(joined_scores(_readings(views)), regions=joined_regions(views))


def joined_regions(views: Mapping[Crop, FireView]) -> tuple[Detection, ...]:
    """Return the regions of some parts of a frame; see :func:`readings.joined_detections`."""
    return joined_detections(_readings(views))


def _readings(views: Mapping[Crop, FireView]) -> list[CropReading]:
    return [
        CropReading(crop=crop, scores=view.scores, detections=view.regions)
        for crop, view in views.items()
    ]
