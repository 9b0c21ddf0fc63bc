"""Line charts as PNG, drawn with OpenCV: the default set-up carries no plotting library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_lab.pictures import Image, write_picture

_WIDTH_PX, _HEIGHT_PX = 900, 600
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 90, 30, 50, 70
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_INK, _GRID, _PAPER = (40, 40, 40), (225, 225, 225), (255, 255, 255)
# BGR; told apart by people who do not see red and green alike (Okabe and Ito, 2008).
_COLOURS = ((178, 114, 0), (0, 94, 213), (115, 158, 0), (167, 121, 204), (0, 159, 230))


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One side of a chart: what it shows and from where to where, both inclusive.

    Raises:
        ValueError: the range is empty, or a logarithmic one begins at or below 0.
    """

    label: str
    low: float
    high: float
    logarithmic: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.logarithmic and self.low <= 0):
            raise ValueError(f"axis {self.label}: no range from {self.low} to {self.high}")

    def shares(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return where values lie on the axis, 0..1, those outside of it at its ends."""
        clipped = np.clip(np.asarray(values, np.float64), self.low, self.high)
        if self.logarithmic:
            span = math.log(self.high / self.low)
            return np.asarray(np.log(clipped / self.low) / span, np.float64)
        return np.asarray((clipped - self.low) / (self.high - self.low), np.float64)

    def ticks(self) -> list[float]:
        """Return four to ten round values of the range."""
        if self.logarithmic:
            first = math.ceil(math.log10(self.low) - 1e-9)
            last = math.floor(math.log10(self.high) + 1e-9)
            return [10.0**power for power in range(first, last + 1)]
        raw = (self.high - self.low) / 8
        unit = 10.0 ** math.floor(math.log10(raw))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """A named line through (K,) points; points that are not finite are left out."""

    label: str
    x: npt.ArrayLike
    y: npt.ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An upright dashed line at a value of the x axis."""

    label: str
    x: float


def save_chart(
    path: Path,
    *,
    title: str,
    lines: Sequence[Line],
    x: Axis,
    y: Axis,
    marks: Sequence[Mark] = (),
) -> None:
    """Draw lines over two axes into a PNG of 900 x 600 px. Labels are ASCII.

    Raises:
        DataError: the file cannot be written.
    """
    canvas = np.full((_HEIGHT_PX, _WIDTH_PX, 3), _PAPER, np.uint8)
    _draw_frame(canvas, title, x, y)
    for number, mark in enumerate(marks):
        column = int(_columns(x, [mark.x])[0])
        for row in range(_TOP_PX, _HEIGHT_PX - _BOTTOM_PX, 12):
            cv2.line(canvas, (column, row), (column, row + 6), _INK, 1)
        _write(canvas, mark.label, (column + 5, _TOP_PX + 18 + 20 * number), scale=0.45)
    right = _WIDTH_PX - _RIGHT_PX
    for number, line in reversed(list(enumerate(lines))):
        colour = _COLOURS[number % len(_COLOURS)]
        _draw_line(canvas, line, x, y, colour)
        right = _draw_legend(canvas, line.label, colour, right_px=right)
    write_picture(path, canvas)


def _draw_frame(canvas: Image, title: str, x: Axis, y: Axis) -> None:
    bottom, right = _HEIGHT_PX - _BOTTOM_PX, _WIDTH_PX - _RIGHT_PX
    for value, column in zip(x.ticks(), _columns(x, x.ticks()), strict=True):
        cv2.line(canvas, (int(column), _TOP_PX), (int(column), bottom), _GRID, 1)
        _write(canvas, f"{value:.6g}", (int(column) - 12, bottom + 22), scale=0.45)
    for value, row in zip(y.ticks(), _rows(y, y.ticks()), strict=True):
        cv2.line(canvas, (_LEFT_PX, int(row)), (right, int(row)), _GRID, 1)
        _write(canvas, f"{value:.6g}", (_LEFT_PX - 48, int(row) + 5), scale=0.45)
    cv2.rectangle(canvas, (_LEFT_PX, _TOP_PX), (right, bottom), _INK, 1)
    _write(canvas, title, (_LEFT_PX, 32), scale=0.65)
    _write(canvas, x.label, (_LEFT_PX, _HEIGHT_PX - 18), scale=0.5)
    # OpenCV writes level only; the label of the upright axis is turned with a strip of paper.
    strip = np.full((26, bottom - _TOP_PX, 3), _PAPER, np.uint8)
    _write(strip, y.label, (4, 18), scale=0.5)
    canvas[_TOP_PX:bottom, 8:34] = cv2.rotate(strip, cv2.ROTATE_90_COUNTERCLOCKWISE)


def _draw_line(canvas: Image, line: Line, x: Axis, y: Axis, colour: tuple[int, int, int]) -> None:
    across, up = np.asarray(line.x, np.float64), np.asarray(line.y, np.float64)
    finite = np.isfinite(across) & np.isfinite(up)
    points = np.column_stack([_columns(x, across[finite]), _rows(y, up[finite])])
    cv2.polylines(canvas, [points.astype(np.int32)], False, colour, 2, cv2.LINE_AA)


def _draw_legend(canvas: Image, label: str, colour: tuple[int, int, int], *, right_px: int) -> int:
    """Draw a legend's entry below the axis; return where the one to its left may end."""
    row = _HEIGHT_PX - 18
    left = right_px - cv2.getTextSize(label, _FONT, 0.5, 1)[0][0]
    cv2.line(canvas, (left - 38, row - 5), (left - 10, row - 5), colour, 3)
    _write(canvas, label, (left, row), scale=0.5)
    return int(left) - 60


def _columns(axis: Axis, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return _LEFT_PX + axis.shares(values) * (_WIDTH_PX - _LEFT_PX - _RIGHT_PX)


def _rows(axis: Axis, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return _HEIGHT_PX - _BOTTOM_PX - axis.shares(values) * (_HEIGHT_PX - _TOP_PX - _BOTTOM_PX)


def _write(canvas: Image, text: str, at: tuple[int, int], *, scale: float) -> None:
    cv2.putText(canvas, text, at, _FONT, scale, _INK, 1, cv2.LINE_AA)
