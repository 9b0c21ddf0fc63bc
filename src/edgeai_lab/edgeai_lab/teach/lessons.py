"""Pictures to learn a thing from, as the trunk's maps and what each cell should say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.objects.features import FeatureMaps
from edgeai_core.geometry import Box, Letterbox

Floats = npt.NDArray[np.float32]
Half = npt.NDArray[np.float16]

# The level whose cell is about a sixth to a third of the thing; neighbours overlap, as the size
# that a letterbox gives is never quite known.
_SIDES_IN_CELLS = (2.2, 9.0)
# Of the box, about its middle: cells that answer for the thing. The others inside are not asked.
_CENTRE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targets:
    """What one level of one picture should say.

    Attributes:
        cells: (N,) row-major numbers of the cells that answer for a thing.
        boxes: (N, 4) float32, the edges of its box in cells.
        free: (H W,) bool: cells that show none.
    """

    cells: npt.NDArray[np.intp]
    boxes: Floats
    free: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesson:
    """A picture.

    Attributes:
        maps: (C, H, W) float16 by level. targets: by level.
        boxes_px: (N, 4) float32 of the thing, in pixels of the network's input.
        strides_px: of each level. letterbox: as of the maps.
    """

    maps: tuple[Half, ...]
    targets: tuple[Targets, ...]
    boxes_px: Floats
    strides_px: tuple[int, ...]
    letterbox: Letterbox

    def features(self) -> FeatureMaps:
        """Return the maps as a head gets them."""
        return FeatureMaps(
            levels=tuple(level.astype(np.float32) for level in self.maps),
            strides_px=self.strides_px,
            letterbox=self.letterbox,
        )


def lesson_of(features: FeatureMaps, boxes: Sequence[Box]) -> Lesson:
    """Return the lesson of a picture's maps and the boxes of the thing in it, in frame pixels."""
    letterbox = features.letterbox
    offset = np.array([letterbox.pad_x_px, letterbox.pad_y_px] * 2, np.float32)
    edges = np.array([box.as_xyxy() for box in boxes], np.float32).reshape(-1, 4)
    edges = edges * np.float32(letterbox.scale) + offset
    targets = tuple(
        targets_of(level.shape[1], level.shape[2], edges / np.float32(stride))
        for level, stride in zip(features.levels, features.strides_px, strict=True)
    )
    return Lesson(
        maps=tuple(level.astype(np.float16) for level in features.levels),
        targets=_with_one_level_each(targets, edges, features),
        boxes_px=edges,
        strides_px=features.strides_px,
        letterbox=letterbox,
    )


def targets_of(height: int, width: int, boxes_cells: Floats) -> Targets:
    """Return the targets of a level: things of the right size answer, all others are not asked.

    Args:
        boxes_cells: (N, 4) edges in cells of the level.
    """
    free = np.ones((height, width), bool)
    answer = np.full((height, width), -1, np.intp)
    for number, (x_min, y_min, x_max, y_max) in enumerate(boxes_cells):
        free[_span(y_min, y_max, height), _span(x_min, x_max, width)] = False
        if _SIDES_IN_CELLS[0] <= _side(boxes_cells[number]) <= _SIDES_IN_CELLS[1]:
            _mark(answer, boxes_cells[number], number)
    cells = np.flatnonzero(answer.ravel() >= 0)
    return Targets(cells=cells, boxes=boxes_cells[answer.ravel()[cells]], free=free.ravel())


def _with_one_level_each(
    targets: tuple[Targets, ...], edges: Floats, features: FeatureMaps
) -> tuple[Targets, ...]:
    """Let things too small or too large for every level answer on the first or the last."""
    result = list(targets)
    for edge in edges:
        for number, is_out in (
            (0, _side(edge / features.strides_px[0]) < _SIDES_IN_CELLS[0]),
            (-1, _side(edge / features.strides_px[-1]) > _SIDES_IN_CELLS[1]),
        ):
            if is_out:
                level = features.levels[number]
                box = (edge / np.float32(features.strides_px[number])).astype(np.float32)
                answer = np.full(level.shape[1:], -1, np.intp)
                _mark(answer, box, 0)
                cells = np.flatnonzero(answer.ravel() >= 0)
                old = result[number]
                result[number] = Targets(
                    cells=np.concatenate([old.cells, cells]),
                    boxes=np.concatenate([old.boxes, np.repeat(box[None], len(cells), axis=0)]),
                    free=old.free,
                )
    return tuple(result)


def _mark(answer: npt.NDArray[np.intp], box: Floats, number: int) -> None:
    """Mark the cells about a box's middle, at least the one that holds it."""
    height, width = answer.shape
    x_min, y_min, x_max, y_max = box
    x, y = (x_min + x_max) / 2, (y_min + y_max) / 2
    half_x, half_y = (x_max - x_min) * _CENTRE / 2, (y_max - y_min) * _CENTRE / 2
    rows, columns = _span(y - half_y, y + half_y, height), _span(x - half_x, x + half_x, width)
    answer[rows, columns] = number


def _span(low: float, high: float, limit: int) -> slice:
    """Return the cells that an interval touches, at least one."""
    first = min(limit - 1, max(0, int(np.floor(low))))
    return slice(first, max(first + 1, min(limit, int(np.ceil(high)))))


def _side(box: Floats) -> float:
    return float(np.sqrt(max(0.0, float((box[2] - box[0]) * (box[3] - box[1])))))
