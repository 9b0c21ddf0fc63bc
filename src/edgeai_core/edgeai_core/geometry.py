"""Boxes and coordinate maps in image pixels (x right, y down, origin at the top-left corner)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box in pixels of the image it was found in.

    Attributes:
        x_min_px: left edge. y_min_px: top edge. x_max_px: right edge. y_max_px: bottom edge.

    Raises:
        ValueError: if an edge is not finite or the box is inside out.
    """

    x_min_px: float
    y_min_px: float
    x_max_px: float
    y_max_px: float

    def __post_init__(self) -> None:
        edges = (self.x_min_px, self.y_min_px, self.x_max_px, self.y_max_px)
        if not all(map(math.isfinite, edges)):
            raise ValueError(f"box edges must be finite, got {edges}")
        if self.x_max_px < self.x_min_px or self.y_max_px < self.y_min_px:
            raise ValueError(f"box is inside out: {edges}")

    @property
    def width_px(self) -> float:
        return self.x_max_px - self.x_min_px

    @property
    def height_px(self) -> float:
        return self.y_max_px - self.y_min_px

    @property
    def area_px2(self) -> float:
        return self.width_px * self.height_px

    @property
    def center_px(self) -> tuple[float, float]:
        return ((self.x_min_px + self.x_max_px) / 2, (self.y_min_px + self.y_max_px) / 2)

    def as_xyxy(self) -> tuple[float, float, float, float]:
        """Return (x_min, y_min, x_max, y_max) in pixels."""
        return (self.x_min_px, self.y_min_px, self.x_max_px, self.y_max_px)

    def clipped(self, *, width_px: int, height_px: int) -> Box:
        """Return the part of the box inside an image; a box outside collapses onto the border."""
        x_min, x_max = (min(max(v, 0.0), width_px) for v in (self.x_min_px, self.x_max_px))
        y_min, y_max = (min(max(v, 0.0), height_px) for v in (self.y_min_px, self.y_max_px))
        return Box(x_min, y_min, x_max, y_max)


def iou_matrix(
    boxes_a_xyxy: npt.NDArray[np.floating], boxes_b_xyxy: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return intersection over union of every pair of boxes.

    Args:
        boxes_a_xyxy: (N, 4) boxes in pixels. boxes_b_xyxy: (M, 4) boxes in the same frame.

    Returns:
        (N, M) float64 in 0..1; 0 where both boxes are empty.
    """
    a = np.asarray(boxes_a_xyxy, np.float64).reshape(-1, 4)
    b = np.asarray(boxes_b_xyxy, np.float64).reshape(-1, 4)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    overlap = np.clip(high - low, 0, None).prod(axis=2)
    area_a = np.clip(a[:, 2:] - a[:, :2], 0, None).prod(axis=1)
    area_b = np.clip(b[:, 2:] - b[:, :2], 0, None).prod(axis=1)
    union = area_a[:, None] + area_b[None, :] - overlap
    iou: npt.NDArray[np.float64] = np.divide(
        overlap, union, out=np.zeros_like(overlap), where=union > 0
    )
    return iou


def non_maximum_suppression(
    boxes_xyxy: npt.NDArray[np.floating],
    scores: npt.NDArray[np.floating],
    *,
    iou_threshold: float,
) -> npt.NDArray[np.intp]:
    """Return the indices of the boxes that survive greedy suppression, best score first.

    Args:
        boxes_xyxy: (N, 4) boxes in pixels. scores: (N,) scores, any scale.
        iou_threshold: 0..1; a box that overlaps a better one by more than this is dropped.
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    overlaps = iou_matrix(boxes_xyxy, boxes_xyxy)
    alive = np.ones(len(order), bool)
    kept: list[int] = []
    for index in order:
        if not alive[index]:
            continue
        kept.append(int(index))
        alive &= overlaps[index] <= iou_threshold
    return np.asarray(kept, np.intp)


def _scaled(side_px: int, scale: float) -> int:
    """Return a side on the canvas; a very thin image keeps one pixel of it."""
    return max(1, round(side_px * scale))


@dataclass(frozen=True, slots=True)
class Letterbox:
    """The map of an image into a canvas: scaled with its aspect kept, then centred.

    Attributes:
        scale: canvas pixels per image pixel. pad_x_px, pad_y_px: left and top border on the canvas.
        canvas_width_px, canvas_height_px: size of the canvas.
    """

    scale: float
    pad_x_px: int
    pad_y_px: int
    canvas_width_px: int
    canvas_height_px: int

    @classmethod
    def fit(
        cls,
        *,
        image_width_px: int,
        image_height_px: int,
        canvas_width_px: int,
        canvas_height_px: int,
    ) -> Letterbox:
        """Return the letterbox that shows the whole image as large as the canvas allows."""
        scale = min(canvas_width_px / image_width_px, canvas_height_px / image_height_px)
        return cls(
            scale=scale,
            pad_x_px=(canvas_width_px - _scaled(image_width_px, scale)) // 2,
            pad_y_px=(canvas_height_px - _scaled(image_height_px, scale)) // 2,
            canvas_width_px=canvas_width_px,
            canvas_height_px=canvas_height_px,
        )

    def apply(self, image: npt.NDArray[np.uint8], *, border: int = 0) -> npt.NDArray[np.uint8]:
        """Return the (canvas_height, canvas_width, C) uint8 canvas, `border` grey around it."""
        height_px, width_px = (_scaled(side, self.scale) for side in image.shape[:2])
        shape = (self.canvas_height_px, self.canvas_width_px, *image.shape[2:])
        if (height_px, width_px) == image.shape[:2] == shape[:2]:
            return image
        interpolation = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_LINEAR
        canvas = np.full(shape, border, np.uint8)
        rows = slice(self.pad_y_px, self.pad_y_px + height_px)
        columns = slice(self.pad_x_px, self.pad_x_px + width_px)
        canvas[rows, columns] = cv2.resize(
            image, (width_px, height_px), interpolation=interpolation
        )
        return canvas

    def to_image(self, points_xy: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Map (..., 2) canvas points in pixels back to pixels of the image."""
        offset = np.array([self.pad_x_px, self.pad_y_px], np.float64)
        return (np.asarray(points_xy, np.float64) - offset) / self.scale
