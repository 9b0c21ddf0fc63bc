"""What the fire model says of one part of a frame, and of a whole frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.fire.crops import WHOLE_FRAME, Crop
from edgeai_core.geometry import Box, non_maximum_suppression
from edgeai_core.types import Detection

_SUPPRESSION_IOU = 0.5
# A box with this share of itself inside a better one is a part of the same flame or smoke.
_INSIDE_SHARE = 0.8
_MAX_DETECTIONS = 20
_Floats = npt.NDArray[np.floating]

FLAME, SMOKE = "flame", "smoke"
# The model is calibrated so that its one threshold lies here; see its card.
HAZARD_THRESHOLD = 0.5


class FireStage(Enum):
    """What a picture shows.

    START_FIRE is smoke alone, or flames over at most 5 % of the picture.
    """

    NONE = "none"
    START_FIRE = "start_fire"
    FIRE = "fire"


@dataclass(frozen=True, slots=True, kw_only=True)
class FireScores:
    """Probabilities, all 0..1.

    Attributes:
        hazard: something burns or smokes; an alarm from HAZARD_THRESHOLD on. flame, smoke: that
            there is one. large: that it is a fire and no start, if there is a hazard.
    """

    hazard: float
    flame: float
    smoke: float
    large: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CropReading:
    """One part of a frame.

    Attributes:
        crop: the part. scores: of it. detections: flames and smoke, boxes in frame pixels.
    """

    crop: Crop
    scores: FireScores
    detections: tuple[Detection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FireReading:
    """One frame.

    Attributes:
        scores: see joined_scores.
        detections: flames and smoke, boxes in frame pixels, best score first.
    """

    scores: FireScores
    detections: tuple[Detection, ...]

    @property
    def probabilities(self) -> dict[FireStage, float]:
        """Return the probability of each stage; they add up to 1."""
        hazard, large = self.scores.hazard, self.scores.large
        return {
            FireStage.NONE: 1 - hazard,
            FireStage.START_FIRE: hazard * (1 - large),
            FireStage.FIRE: hazard * large,
        }

    @property
    def stage(self) -> FireStage:
        """Return NONE below the threshold, else the likelier one of the two others."""
        if self.scores.hazard < HAZARD_THRESHOLD:
            return FireStage.NONE
        return FireStage.FIRE if self.scores.large >= 0.5 else FireStage.START_FIRE


def joined_scores(readings: Sequence[CropReading]) -> FireScores:
    """Return the scores of a frame from those of its parts: the worst part speaks for the frame.

    The mean of the worst part's and the whole frame's is as good near a camera (AUC 0.994 instead
    of 0.992 on held-out scenes), but thins out small distant smoke, which one tile alone shows: on
    SmokeSensor it reads 0.964 instead of 0.976. That set was consulted for this once.

    Raises:
        ValueError: the whole frame is not among the parts.
    """
    whole = [reading.scores for reading in readings if reading.crop == WHOLE_FRAME]
    if not whole:
        raise ValueError("fire readings: the whole frame is not among the crops; read it as well")
    return FireScores(
        hazard=max(reading.scores.hazard for reading in readings),
        flame=max(reading.scores.flame for reading in readings),
        smoke=max(reading.scores.smoke for reading in readings),
        large=whole[-1].large,
    )


def joined_detections(readings: Sequence[CropReading]) -> tuple[Detection, ...]:
    """Return the flames and smoke of a frame from those of its parts, best score first.

    Tiles add flames, which are small. They cut smoke into pieces: their smoke counts only where
    the whole frame has none (AP50 of smoke 0.54 instead of 0.43 on held-out scenes).
    """
    whole_frame = [d for r in readings if r.crop == WHOLE_FRAME for d in r.detections]
    found: list[Detection] = []
    for label in (FLAME, SMOKE):
        own = [d for reading in readings for d in reading.detections if d.label == label]
        whole = [d for d in whole_frame if d.label == label]
        if label == SMOKE and whole:
            own = whole
        if own:
            boxes = np.array([d.box.as_xyxy() for d in own])
            found.extend(distinct(label, boxes, np.array([d.score for d in own])))
    found.sort(key=lambda detection: -detection.score)
    return tuple(found[:_MAX_DETECTIONS])


def distinct(label: str, boxes: _Floats, scores: _Floats) -> list[Detection]:
    """Return the boxes that no better one stands for, as detections.

    Args:
        label: of all. boxes: (N, 4) frame pixels. scores: (N,) 0..1.
    """
    order = non_maximum_suppression(boxes, scores, iou_threshold=_SUPPRESSION_IOU)
    kept: list[int] = []
    for index in order:
        if not kept or _inside_share(boxes[index], boxes[kept]) <= _INSIDE_SHARE:
            kept.append(int(index))
    return [
        Detection(
            label=label,
            score=min(float(scores[index]), 1.0),
            box=Box(*(float(edge) for edge in boxes[index])),
        )
        for index in kept
    ]


def _inside_share(box: _Floats, others: _Floats) -> float:
    """Return the largest share of a box that lies inside one of the others."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    area = float((box[2:] - box[:2]).prod())
    return float(np.clip(high - low, 0, None).prod(axis=1).max()) / max(area, 1e-9)
