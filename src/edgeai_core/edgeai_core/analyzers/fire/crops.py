"""Which parts of a frame the fire model looks at, and how they become its input."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

INPUT_SIDE_PX = 224
# Smaller parts are averaged over areas: at sizes near the model's, interpolation blurs.
_LEAST_INTERPOLATED_PX = 280


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A part of a frame, edges in 0..1 of its width and height.

    Raises:
        ValueError: an edge is outside of 0..1 or the crop is empty.
    """

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    def __post_init__(self) -> None:
        if not (0 <= self.x_min < self.x_max <= 1 and 0 <= self.y_min < self.y_max <= 1):
            raise ValueError(
                f"crop: expected 0 <= min < max <= 1, got x {self.x_min:g}..{self.x_max:g}, "
                f"y {self.y_min:g}..{self.y_max:g}"
            )

    def pixels(self, *, width_px: int, height_px: int) -> tuple[int, int, int, int]:
        """Return x_min, y_min, x_max, y_max in whole pixels of a frame, at least one wide."""
        x_min = min(int(self.x_min * width_px), width_px - 1)
        y_min = min(int(self.y_min * height_px), height_px - 1)
        x_max = min(max(x_min + 1, round(self.x_max * width_px)), width_px)
        y_max = min(max(y_min + 1, round(self.y_max * height_px)), height_px)
        return x_min, y_min, x_max, y_max


WHOLE_FRAME = Crop(x_min=0.0, y_min=0.0, x_max=1.0, y_max=1.0)


def tiled(*, columns: int, rows: int, overlap: float) -> tuple[Crop, ...]:
    """Return the whole frame and a grid of equal tiles, row by row.

    Args:
        columns, rows: of the grid, at least 1. overlap: 0..0.9, the share of a tile's side that
            its neighbour sees as well: what lies on a border is whole in one of them.

    Raises:
        ValueError: a side is below 1 or the overlap outside of 0..0.9.
    """
    if columns < 1 or rows < 1 or not 0 <= overlap <= 0.9:
        raise ValueError(
            f"tiles: expected sides of at least 1 and an overlap of 0..0.9, got {columns} x "
            f"{rows}, {overlap:g}"
        )
    xs, ys = _spans(columns, overlap), _spans(rows, overlap)
    tiles = tuple(
        Crop(x_min=x_min, y_min=y_min, x_max=x_max, y_max=y_max)
        for y_min, y_max in ys
        for x_min, x_max in xs
    )
    return (WHOLE_FRAME,) if columns == rows == 1 else (WHOLE_FRAME, *tiles)


def _spans(count: int, overlap: float) -> list[tuple[float, float]]:
    size = 1 / (count - (count - 1) * overlap)
    step = size * (1 - overlap)
    return [(i * step, min(1.0, i * step + size)) for i in range(count)]


# Four tiles of 60 % of each side. Indoors a fire is near; five crops fit a frame's time.
HOME_CROPS = tiled(columns=2, rows=2, overlap=1 / 3)
# Distant smoke is small: nine tiles of 43 % more.
FOREST_CROPS = tiled(columns=3, rows=3, overlap=1 / 3)


def close_up(x: float, y: float, *, share: float) -> Crop:
    """Return the crop of a share of the frame's sides about a place, moved to lie inside.

    Args:
        x, y: the place, 0..1 of the frame. share: of each side, above 0 and at most 1.
    """
    left, top = (min(max(0.0, middle - share / 2), 1 - share) for middle in (x, y))
    return Crop(x_min=left, y_min=top, x_max=left + share, y_max=top + share)


def crop_input(image: npt.NDArray[np.uint8], crop: Crop) -> npt.NDArray[np.float32]:
    """Return the model's input for a part of a frame.

    Args:
        image: (H, W, 3) uint8 BGR. crop: the part; it is stretched to a square.

    Returns:
        (1, 3, 224, 224) float32 RGB, (value - 127) / 128 as in the network's ImageNet training.
    """
    height_px, width_px = image.shape[:2]
    x_min, y_min, x_max, y_max = crop.pixels(width_px=width_px, height_px=height_px)
    return model_input(shrunk(image[y_min:y_max, x_min:x_max]))


def shrunk(part: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a (H, W, 3) uint8 picture stretched to (224, 224, 3).

    Averaging over areas, as in training, takes 0.4 to 0.8 ms for a part of a VGA frame, which is a
    tenth of the whole look. From 1.25 to 2 times the size interpolation still reads every pixel and
    takes 0.06 ms; larger parts are averaged by a power of two first, which is as quick.
    """
    side = (INPUT_SIDE_PX, INPUT_SIDE_PX)
    if min(part.shape[:2]) < _LEAST_INTERPOLATED_PX:
        return np.asarray(cv2.resize(part, side, interpolation=cv2.INTER_AREA), np.uint8)
    by_y, by_x = (_power_of_two(length_px // INPUT_SIDE_PX) for length_px in part.shape[:2])
    if by_y * by_x > 1:
        height_px, width_px = part.shape[0] // by_y, part.shape[1] // by_x
        # What remains at the end is left out: exact factors are what is quick.
        exact = part[: height_px * by_y, : width_px * by_x]
        smaller = cv2.resize(exact, (width_px, height_px), interpolation=cv2.INTER_AREA)
        part = np.asarray(smaller, np.uint8)
    return np.asarray(cv2.resize(part, side, interpolation=cv2.INTER_LINEAR), np.uint8)


def _power_of_two(at_most: int) -> int:
    return 1 << max(0, at_most.bit_length() - 1)


def model_input(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return (1, 3, H, W) float32 RGB in -1..1 for (H, W, 3) uint8 BGR."""
    # One pass in OpenCV takes 0.1 ms; the same in NumPy takes 0.4, five times for each decision.
    blob = cv2.dnn.blobFromImage(image, 1 / 128, mean=(127.0, 127.0, 127.0), swapRB=True)
    return np.asarray(blob, np.float32)
