"""Upright square crops of turned regions of a picture, as landmark networks want them."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

# Below this crop-to-frame scale bilinear sampling skips pixels and the crop would alias.
_MIN_SAMPLING_SCALE = 0.5


def crop_matrix(
    center_xy_px: tuple[float, float], *, side_px: float, turn_rad: float, crop_side_px: int
) -> npt.NDArray[np.float64]:
    """Return the (2, 3) matrix from frame pixels to pixels of the upright crop of a turned square.

    Args:
        center_xy_px, side_px: of the square, frame pixels. turn_rad: how it is turned in the
            frame, positive clockwise. crop_side_px: side of the crop.
    """
    scale = crop_side_px / side_px
    cosine, sine = scale * math.cos(turn_rad), scale * math.sin(turn_rad)
    rotation = np.array([[cosine, sine], [-sine, cosine]])
    shift = crop_side_px / 2 - rotation @ np.array(center_xy_px)
    return np.column_stack([rotation, shift])


def upright_crop(
    image: npt.NDArray[np.uint8],
    matrix: npt.NDArray[np.float64],
    *,
    side_px: int,
    border: int,
) -> npt.NDArray[np.uint8]:
    """Sample a square crop, averaging first where the frame is much finer than the crop.

    Args:
        image: (H, W, 3) uint8 BGR. matrix: (2, 3) from frame to crop pixels. border: cv2 border
            mode for what lies outside the frame.

    Returns:
        (side_px, side_px, 3) uint8 RGB.
    """
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    if scale < _MIN_SAMPLING_SCALE:
        corners = np.array([(0, 0), (side_px, 0), (0, side_px), (side_px, side_px)])
        inverse = cv2.invertAffineTransform(matrix)
        covered = corners @ inverse[:, :2].T + inverse[:, 2]
        limits = np.array([image.shape[1], image.shape[0]])
        low = np.clip(np.floor(covered.min(axis=0)).astype(int), 0, limits - 1)
        high = np.clip(np.ceil(covered.max(axis=0)).astype(int), low + 1, limits)
        small_size = np.maximum(np.round((high - low) * scale).astype(int), 1)
        part = image[low[1] : high[1], low[0] : high[0]]
        image = np.asarray(
            cv2.resize(part, small_size.tolist(), interpolation=cv2.INTER_AREA), np.uint8
        )
        shrink = small_size / (high - low)
        linear = matrix[:, :2] / shrink
        # Whole coordinates are centres of pixels: the first averaged one lies amid those it stands
        # for.
        first = low + (1 / shrink - 1) / 2
        matrix = np.column_stack([linear, matrix[:, :2] @ first + matrix[:, 2]])
    crop = cv2.warpAffine(
        image, matrix, (side_px, side_px), flags=cv2.INTER_LINEAR, borderMode=border
    )
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), np.uint8)
