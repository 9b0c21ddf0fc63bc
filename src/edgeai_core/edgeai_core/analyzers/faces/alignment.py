"""Cut upright, evenly sampled squares out of frames."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

#: Side of the face chip that the embedding network knows.
CHIP_SIDE_PX = 150
# Below this crop-to-frame scale bilinear sampling skips pixels and the crop would alias.
_MIN_SAMPLING_SCALE = 0.5


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
