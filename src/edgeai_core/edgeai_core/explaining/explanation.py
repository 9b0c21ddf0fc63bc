"""What an explanation is, and its sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box
from edgeai_core.reasons.explanations import NO_PART_DECIDES, ONE_PART_DECIDES

MAX_SIDE_CELLS = 96
# Share of the studied cells that is hidden to measure a map.
HOTTEST_SHARE = 0.2
# With more of the score left, no part of the picture decides alone.
_SPREAD_OUT = 0.8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation:
    """Which parts of a picture carry a finding.

    Attributes:
        stamp_ns, frame_id: of the picture. label: what was found: a class, "flame", "smoke".
        box: where, in pixels of the picture. score: 0..1, the model's on the untouched picture.
        heat: (rows, columns) float32 over the whole picture, 0..1: 1 is the cell that matters
            most, 0 one that does not or was not studied; at most 96 x 96.
        method: how it was made ("occlusion"). deletion: share of the score that is left when the
            hottest fifth of the studied cells is hidden, 0 or more; low is faithful.
        reason: one sentence for people.

    Raises:
        ValueError: a number is outside of its range or the map has no or too many cells.
    """

    stamp_ns: int
    frame_id: str = ""
    label: str
    box: Box
    score: float
    heat: npt.NDArray[np.float32]
    method: str
    deletion: float
    reason: str

    def __post_init__(self) -> None:
        shape = self.heat.shape
        if len(shape) != 2 or not all(1 <= side <= MAX_SIDE_CELLS for side in shape):
            raise ValueError(
                f"explanation: expected a map of 1..{MAX_SIDE_CELLS} cells a side, got {shape}"
            )
        if not (np.isfinite(self.heat).all() and self.heat.min() >= 0 and self.heat.max() <= 1):
            raise ValueError("explanation: expected heat of 0..1")
        if not (math.isfinite(self.score) and 0 <= self.score <= 1):
            raise ValueError(f"explanation: score must be in 0..1, got {self.score}")
        if not (math.isfinite(self.deletion) and self.deletion >= 0):
            raise ValueError(f"explanation: deletion must be 0 or more, got {self.deletion}")


def occlusion_reason(*, deletion: float, looks: int) -> str:
    """Return the sentence of a map made by hiding parts of the picture.

    Args:
        deletion: as in the explanation. looks: how many pictures with hidden parts were judged.
    """
    reason = NO_PART_DECIDES if deletion > _SPREAD_OUT else ONE_PART_DECIDES
    return reason.say(looks=looks, left=100 * deletion)
