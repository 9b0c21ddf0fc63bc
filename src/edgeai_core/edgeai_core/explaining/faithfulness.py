"""Whether a heat-map tells the truth: what happens to the score when its cells go or come.

Deletion and insertion after Petsiuk et al., "RISE", BMVC 2018; the pointing game after Zhang et
al., "Top-down Neural Attention by Excitation Backprop", ECCV 2016.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.explaining.occlusion import OcclusionStudy
from edgeai_core.geometry import Box

_STEPS = 10
_Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faithfulness:
    """Areas under the curves of the score, in shares of that of the untouched picture.

    Attributes:
        deletion: when the hottest cells are hidden first; low is faithful.
        insertion: when all is hidden and the hottest cells come back first; high is faithful.
    """

    deletion: float
    insertion: float


def deletion_and_insertion(
    study: OcclusionStudy, heat: _Floats, *, steps: int = _STEPS
) -> Faithfulness:
    """Return how a score follows a map; `2 * steps` looks.

    Args:
        study: of the picture and score, done or not. heat: (N,) of its studied cells, row by row.
        steps: equal shares of the cells.
    """
    order = np.argsort(-heat, kind="stable")
    deleted, inserted = [], []
    for step in range(steps + 1):
        hidden = np.zeros(len(heat), bool)
        hidden[order[: round(step / steps * len(heat))]] = True
        deleted.append(study.share_without(hidden))
        inserted.append(study.share_without(~hidden))
    return Faithfulness(deletion=_area(deleted), insertion=_area(inserted))


def hottest_cell_is_in(heat: _Floats, box: Box, *, width_px: int, height_px: int) -> bool:
    """Return whether the middle of the hottest cell lies in a box: the pointing game.

    Args:
        heat: (rows, columns) over a picture. box, width_px, height_px: in pixels of the picture.
    """
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    x = (int(column) + 0.5) * width_px / heat.shape[1]
    y = (int(row) + 0.5) * height_px / heat.shape[0]
    return bool(box.x_min_px <= x <= box.x_max_px and box.y_min_px <= y <= box.y_max_px)


def random_heat(shape: tuple[int, int], *, seed: int) -> npt.NDArray[np.float64]:
    """Return a map that knows nothing, (rows, columns) 0..1: what every other one must beat."""
    return np.random.default_rng(seed).random(shape)


def centred_heat(shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Return a map that is hot in the middle, (rows, columns) 0..1: what a box alone tells."""
    rows, columns = (np.abs(np.linspace(-1, 1, count)) for count in shape)
    return np.asarray(1 - np.hypot(*np.meshgrid(rows, columns, indexing="ij")) / np.sqrt(2))


def _area(curve: list[float]) -> float:
    return float(np.mean([(a + b) / 2 for a, b in itertools.pairwise(curve)]))
