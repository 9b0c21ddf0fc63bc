"""The cells of a map, and pictures in which some of them are hidden."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.explaining.explanation import MAX_SIDE_CELLS
from edgeai_core.geometry import Box

Image = npt.NDArray[np.uint8]
Cells = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapGrid:
    """Cells that cover a picture evenly; a rectangle of them is studied.

    Attributes:
        width_px, height_px: of the picture. columns, rows: cells of the whole picture.
        first_column, last_column, first_row, last_row: of the studied cells, the last ones
            excluded.
    """

    width_px: int
    height_px: int
    columns: int
    rows: int
    first_column: int
    last_column: int
    first_row: int
    last_row: int

    @classmethod
    def about(cls, region: Box, *, width_px: int, height_px: int, cells: int) -> MapGrid:
        """Return the grid that divides a region into about `cells` x `cells`.

        Args:
            region: pixels of the picture; the cells that it touches are studied.
            width_px, height_px: of the picture. cells: 1 or more, on each side of the region.

        Raises:
            ValueError: the region has no part in the picture.
        """
        inside = region.clipped(width_px=width_px, height_px=height_px)
        if inside.area_px2 < 1:
            raise ValueError(
                f"heat-map: expected a region in the picture of {width_px} x {height_px} px, got "
                f"{region.as_xyxy()}"
            )
        columns = _count(width_px, inside.width_px, cells)
        rows = _count(height_px, inside.height_px, cells)
        first_column, last_column = _span(inside.x_min_px, inside.x_max_px, width_px, columns)
        first_row, last_row = _span(inside.y_min_px, inside.y_max_px, height_px, rows)
        return cls(
            width_px=width_px,
            height_px=height_px,
            columns=columns,
            rows=rows,
            first_column=first_column,
            last_column=last_column,
            first_row=first_row,
            last_row=last_row,
        )

    @property
    def studied(self) -> tuple[int, int]:
        """Rows and columns of the studied cells."""
        return self.last_row - self.first_row, self.last_column - self.first_column

    def concealed(self, image: Image, cover: Image, hidden: Cells) -> Image:
        """Return a copy of a picture in which cells show the cover.

        Args:
            image, cover: (height_px, width_px, 3) uint8. hidden: of the studied cells.
        """
        y, x = self._edges()
        mask = np.repeat(np.repeat(hidden, np.diff(y), axis=0), np.diff(x), axis=1)
        part = (slice(y[0], y[-1]), slice(x[0], x[-1]))
        shown: Image = image.copy()
        # As an operation of OpenCV: through a boolean array it takes ten times as long.
        cv2.copyTo(np.ascontiguousarray(cover[part]), mask.astype(np.uint8), shown[part])
        return shown

    def whole(self, studied: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the map of the whole picture, 0 where nothing was studied."""
        heat = np.zeros((self.rows, self.columns), np.float32)
        heat[self.first_row : self.last_row, self.first_column : self.last_column] = studied
        return heat

    def _edges(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        x = np.round(np.linspace(0, self.width_px, self.columns + 1)).astype(np.intp)
        y = np.round(np.linspace(0, self.height_px, self.rows + 1)).astype(np.intp)
        return y[self.first_row : self.last_row + 1], x[self.first_column : self.last_column + 1]


def _count(picture_px: int, region_px: float, cells: int) -> int:
    wanted = round(cells * picture_px / max(region_px, 1.0))
    return max(1, min(wanted, MAX_SIDE_CELLS, picture_px))


def _span(low_px: float, high_px: float, picture_px: int, count: int) -> tuple[int, int]:
    # A cell of which the region has less than half a pixel is not studied.
    first = min(math.floor((low_px + 0.5) / picture_px * count), count - 1)
    last = math.ceil((high_px - 0.5) / picture_px * count)
    return first, max(first + 1, min(last, count))
