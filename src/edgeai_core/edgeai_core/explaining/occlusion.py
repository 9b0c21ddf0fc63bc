"""Occlusion: hide parts of the picture and see what becomes of the score; any model, no gradients.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, slide a square
over the picture: squares of half and of a quarter of the region here, which overlap by half. What
is left of the budget hides cells at random as Petsiuk et al., "RISE", BMVC 2018, do: squares alone
miss fire that is seen in several places at once. The effect of every cell is fitted to all looks by
least squares with a penalty on differences between neighbours, as LIME does (Ribeiro et al., KDD
2016): averages, as in the two first, need thousands of looks for the same. A detector's score is
score times overlap, as in "D-RISE" (Petsiuk et al., CVPR 2021).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.explaining.explanation import HOTTEST_SHARE
from edgeai_core.explaining.grid import Image, MapGrid
from edgeai_core.geometry import Box

METHOD = "occlusion"
Score = Callable[[Image], float]
_Floats = npt.NDArray[np.float64]

# Of the cells, in a look that hides them at random: with half of them a detector finds nothing.
_SCATTERED_SHARE = 0.25
# Of each penalty, in units of a cell's share in the masks: as little as keeps the fit steady.
_SIZE_PENALTY, _ROUGHNESS_PENALTY = 1.0, 4.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OcclusionMap:
    """Which cells carry a score.

    Attributes:
        heat: (rows, columns) float32 over the whole picture, 0..1. deletion: share of the score
            that is left when the hottest fifth of the studied cells is hidden. looks: how many
            pictures with hidden parts the map was fitted to.
    """

    heat: npt.NDArray[np.float32]
    deletion: float
    looks: int


class OcclusionStudy:
    """Makes a map look by look, so that a worker can do other things in between.

    The same picture, score, settings and seed give the same map.

    Args:
        image: (H, W, 3) uint8 BGR. score: of such a picture, 0 or more; called once a look.
        base_score: of the untouched picture, above 0. region: what is studied, in its pixels; the
            rest is never hidden. looks: how many pictures with hidden parts are judged; more are
            sharper and take longer. cells: on each side of the region, about. seed: of the masks.

    Raises:
        ValueError: base_score is not above 0, or the region has no part in the picture.
    """

    def __init__(
        self,
        image: Image,
        score: Score,
        *,
        base_score: float,
        region: Box,
        looks: int = 96,
        cells: int = 8,
        seed: int = 0,
    ) -> None:
        if base_score <= 0:
            raise ValueError(f"heat-map: nothing to explain, the score is {base_score}")
        self._image, self._score, self._base = image, score, base_score
        self.grid = MapGrid.about(
            region, width_px=int(image.shape[1]), height_px=int(image.shape[0]), cells=cells
        )
        self._cover = covered(image)
        rows, columns = self.grid.studied
        rng = np.random.default_rng(seed)
        self._masks = _masks(looks, rows, columns, rng)
        self._scores: list[float] = []
        self._map: OcclusionMap | None = None

    @property
    def done(self) -> bool:
        """Whether `result` is there."""
        return self._map is not None

    @property
    def looks(self) -> int:
        """How many pictures with hidden parts were judged."""
        return len(self._scores)

    def settle(self) -> None:
        """Be content with the looks that were taken: the next one is the last."""
        self._masks = self._masks[: len(self._scores)]

    def look(self) -> None:
        """Judge one picture with hidden parts; after the last one the map is done."""
        if self.done:
            return
        if len(self._scores) < len(self._masks):
            self._scores.append(self.share_without(self._masks[len(self._scores)]))
            return
        effects = _effects(self._masks, np.array(self._scores), self.grid.studied)
        left = self.share_without(hottest(effects, HOTTEST_SHARE))
        heat = np.clip(effects, 0.0, None)
        peak = float(heat.max())
        self._map = OcclusionMap(
            heat=self.grid.whole((heat / peak if peak > 0 else heat).reshape(self.grid.studied)),
            deletion=left,
            looks=len(self._scores),
        )

    def result(self) -> OcclusionMap:
        """Return the map.

        Raises:
            ValueError: it is not done.
        """
        if self._map is None:
            raise ValueError("heat-map: not done; call look() until it is")
        return self._map

    def share_without(self, hidden: npt.NDArray[np.bool_]) -> float:
        """Return the share of the score that is left when some of the studied cells are hidden.

        Args:
            hidden: (rows * columns,) of the studied cells, row by row.
        """
        cells = hidden.reshape(self.grid.studied)
        shown = self.grid.concealed(self._image, self._cover, cells)
        return float(self._score(shown)) / self._base


def occlusion_map(
    image: Image,
    score: Score,
    *,
    base_score: float | None = None,
    region: Box | None = None,
    looks: int = 96,
    cells: int = 8,
    seed: int = 0,
) -> OcclusionMap:
    """Return the map at once; arguments and errors as for :class:`OcclusionStudy`.

    Args:
        base_score: None takes one more look for it. region: None studies the whole picture.
    """
    study = OcclusionStudy(
        image,
        score,
        base_score=score(image) if base_score is None else base_score,
        region=region or Box(0.0, 0.0, float(image.shape[1]), float(image.shape[0])),
        looks=looks,
        cells=cells,
        seed=seed,
    )
    while not study.done:
        study.look()
    return study.result()


def hottest(heat: npt.NDArray[np.floating], share: float) -> npt.NDArray[np.bool_]:
    """Return which of (N,) cells are the hottest `share` of all, at least one; ties by position."""
    chosen = np.zeros(len(heat), bool)
    count = max(1, round(share * len(heat)))
    chosen[np.argsort(-heat, kind="stable")[:count]] = True
    return chosen


def covered(image: Image) -> Image:
    """Return what hidden cells show: the mean colour of a (H, W, 3) uint8 picture.

    A blurred picture looks better and hides less: with all of a fire blurred three quarters of its
    score were left, with the mean colour a hundredth. Black squares are objects of their own.
    """
    cover: Image = np.empty_like(image)
    cover[:] = np.round(image.reshape(-1, 3).mean(axis=0)).astype(np.uint8)
    return cover


def _masks(looks: int, rows: int, columns: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return (looks, rows * columns): what each picture hides, squares first."""
    coarse = _squares(rows, columns, share=0.5)
    fine = rng.permutation(_squares(rows, columns, share=0.25))
    scattered = rng.random((looks, rows * columns)) < _SCATTERED_SHARE
    return np.concatenate([coarse, fine, scattered])[:looks]


def _squares(rows: int, columns: int, *, share: float) -> npt.NDArray[np.bool_]:
    """Return (N, rows * columns): windows of a share of both sides, each half over the next."""
    height, width = (max(1, round(share * side)) for side in (rows, columns))
    tops = sorted({*range(0, rows - height, max(1, height // 2)), rows - height})
    lefts = sorted({*range(0, columns - width, max(1, width // 2)), columns - width})
    masks = np.zeros((len(tops) * len(lefts), rows, columns), bool)
    for mask, (top, left) in zip(masks, itertools.product(tops, lefts), strict=True):
        mask[top : top + height, left : left + width] = True
    return masks.reshape(len(masks), -1)


def _effects(masks: npt.NDArray[np.bool_], scores: _Floats, studied: tuple[int, int]) -> _Floats:
    """Return by how much the score falls with each cell: least squares with penalties."""
    hidden = masks - masks.mean(axis=0)
    fallen = scores.mean() - scores
    count = hidden.shape[1]
    penalty = _SIZE_PENALTY * np.eye(count) + _ROUGHNESS_PENALTY * _roughness(studied)
    effects: _Floats = np.linalg.solve(hidden.T @ hidden + penalty, hidden.T @ fallen)
    return effects


def _roughness(studied: tuple[int, int]) -> _Floats:
    """Return (N, N): x @ it @ x is the sum of squared differences between neighbouring cells."""
    rows, columns = studied
    number = np.arange(rows * columns).reshape(rows, columns)
    pairs = np.concatenate(
        [
            np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()], axis=1),
            np.stack([number[:-1].ravel(), number[1:].ravel()], axis=1),
        ]
    )
    difference = np.zeros((len(pairs), rows * columns))
    difference[np.arange(len(pairs)), pairs[:, 0]] = 1
    difference[np.arange(len(pairs)), pairs[:, 1]] = -1
    return np.asarray(difference.T @ difference, np.float64)
