"""Turn a detected face into the upright 150 x 150 chip that the embedding network knows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

CHIP_SIDE_PX = 150
# Below this chip-to-frame scale bilinear sampling skips pixels and the chip would alias.
_MIN_SAMPLING_SCALE = 0.5


class LandmarkLayout(Enum):
    """Order of a detector's landmarks; "right" is the person's right, left in the image."""

    MEDIAPIPE_6 = (
        "right_eye",
        "left_eye",
        "nose_tip",
        "mouth_center",
        "right_ear_tragion",
        "left_ear_tragion",
    )


# Where the first landmarks of a layout lie in the chip, calibrated against the chips that dlib's
# own landmarks give. Ears turn out of sight with the head and are not used.
_CHIP_TARGETS_XY_PX: Mapping[LandmarkLayout, npt.NDArray[np.float64]] = {
    LandmarkLayout.MEDIAPIPE_6: np.array([(47.3, 46.4), (102.1, 47.4), (74.4, 80.7), (74.1, 108.0)])
}


def similarity_transform(
    source_xy: npt.NDArray[np.floating], target_xy: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return the least-squares rotation, uniform scale and shift that carry one set onto another.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns"
    (IEEE PAMI 13(4), 1991). In the plane a rotation with scale is [[a, -b], [b, a]], so the
    problem is linear, and reflections cannot occur.

    Args:
        source_xy, target_xy: (K, 2) corresponding points, K >= 2.

    Returns:
        (2, 3) float64 matrix M with target = M[:, :2] @ source + M[:, 2].

    Raises:
        ValueError: the source points coincide or a coordinate is not finite.
    """
    source = np.asarray(source_xy, np.float64)
    target = np.asarray(target_xy, np.float64)
    centre, goal = source.mean(axis=0), target.mean(axis=0)
    x, y = (source - centre).T
    u, v = (target - goal).T
    spread = float((x * x + y * y).sum())
    if not np.isfinite(spread) or spread <= 0.0:
        raise ValueError("landmarks coincide or are not finite: no face can be aligned to them")
    a = float((x * u + y * v).sum()) / spread
    b = float((x * v - y * u).sum()) / spread
    rotation = np.array([[a, -b], [b, a]])
    return np.column_stack([rotation, goal - rotation @ centre])


def face_chip(
    image: npt.NDArray[np.uint8],
    landmarks_xy_px: npt.NDArray[np.floating],
    layout: LandmarkLayout,
) -> npt.NDArray[np.uint8]:
    """Cut an upright face out of a frame.

    Args:
        image: (H, W, 3) uint8 BGR. landmarks_xy_px: (K, 2) in pixels of the image, as `layout`.

    Returns:
        (150, 150, 3) uint8 RGB; black where the chip reaches beyond the frame.

    Raises:
        ValueError: the landmarks coincide.
    """
    targets = _CHIP_TARGETS_XY_PX[layout]
    points = np.asarray(landmarks_xy_px[: len(targets)], np.float64)
    matrix = similarity_transform(points, targets)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < _MIN_SAMPLING_SCALE:
        image, shrink, offset_xy = _shrunk_region(image, matrix, scale)
        matrix = similarity_transform((points - offset_xy) * shrink, targets)
    chip = cv2.warpAffine(
        image,
        matrix,
        (CHIP_SIDE_PX, CHIP_SIDE_PX),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(0, 0, 0),
    )
    return np.asarray(cv2.cvtColor(chip, cv2.COLOR_BGR2RGB), np.uint8)


def _shrunk_region(
    image: npt.NDArray[np.uint8], matrix: npt.NDArray[np.float64], scale: float
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the part of the image under the chip, averaged down to about the chip's size.

    Returns:
        The small image, its (x, y) pixels per image pixel, and the (x, y) where the part began.
    """
    corners = np.array([(0, 0), (CHIP_SIDE_PX, 0), (0, CHIP_SIDE_PX), (CHIP_SIDE_PX, CHIP_SIDE_PX)])
    inverse = cv2.invertAffineTransform(matrix)
    covered = corners @ inverse[:, :2].T + inverse[:, 2]
    limits = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(covered.min(axis=0)).astype(int), 0, limits - 1)
    high = np.clip(np.ceil(covered.max(axis=0)).astype(int), low + 1, limits)
    part = image[low[1] : high[1], low[0] : high[0]]
    width_px, height_px = np.maximum(np.round((high - low) * scale).astype(int), 1).tolist()
    small = cv2.resize(part, (width_px, height_px), interpolation=cv2.INTER_AREA)
    shrink = np.array([width_px, height_px]) / (high - low)
    return np.asarray(small, np.uint8), shrink, low.astype(np.float64)
