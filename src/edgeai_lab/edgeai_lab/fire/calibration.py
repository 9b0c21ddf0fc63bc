"""The one threshold of the fire model, from pictures that neither trained nor chose it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.errors import DataError
from edgeai_lab.fire.samples import Kind

# Calibration pictures per calibration scene, beside the scenes themselves. Harmless forests, fog
# and lights are many more in front of a camera than in the open data.
CALIBRATION_REPEATS = {
    "ABONIA": {Kind.BACKGROUND: 1.0, Kind.HARD: 0.3},
    "ABONIA none": {Kind.HARD: 2.0, Kind.FLAME: 1.0, Kind.SMOKE: 1.0},
    "BIPLAB": {Kind.BACKGROUND: 1.0, Kind.HARD: 0.5, Kind.LANDSCAPE: 1.0},
    "BIPLAB none": {Kind.WHOLE: 6.0, Kind.HARD: 3.0, Kind.LANDSCAPE: 5.0},
    "GUNS": {Kind.HARD: 1.0, Kind.FLAME: 0.5},
    "FIGHT": {Kind.HARD: 0.5, Kind.FLAME: 0.5},
    "WALLET": {Kind.HARD: 0.5},
    "FALL": {Kind.HARD: 0.5},
}
_MOST_FALSE_ALARMS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The threshold, a logit of the hazard score, and what it does to the calibration pictures."""

    threshold: float
    negatives: int
    positives: int
    false_alarms: float
    recall: float


def calibrate(
    negatives: Sequence[float] | npt.NDArray[np.floating],
    positives: Sequence[float] | npt.NDArray[np.floating],
    *,
    most_false_alarms: float = _MOST_FALSE_ALARMS,
) -> Calibration:
    """Return the lowest threshold with at most this share of false alarms.

    Args:
        negatives, positives: hazard logits of whole pictures, the largest of their crops.
        most_false_alarms: 0..1.

    Raises:
        DataError: there is no picture of one kind.
    """
    harmless, burning = np.sort(np.asarray(negatives)), np.asarray(positives)
    if not len(harmless) or not len(burning):
        raise DataError("fire calibration: needs pictures with and without fire, got one kind")
    threshold = float(np.quantile(harmless, 1 - most_false_alarms, method="higher"))
    threshold = float(np.nextafter(np.float32(threshold), np.float32(np.inf)))
    return Calibration(
        threshold=threshold,
        negatives=len(harmless),
        positives=len(burning),
        false_alarms=float((harmless >= threshold).mean()),
        recall=float((burning >= threshold).mean()),
    )


def area_under_curve(
    positives: npt.NDArray[np.floating], negatives: npt.NDArray[np.floating]
) -> float:
    """Return the chance that a positive scores above a negative, ties counted half."""
    order = np.sort(negatives)
    below = np.searchsorted(order, positives, "left") + np.searchsorted(order, positives, "right")
    return float(below.mean() / 2 / len(order))
