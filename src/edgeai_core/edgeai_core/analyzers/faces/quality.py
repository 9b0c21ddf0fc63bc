"""How well a picture shows a face: sharp and lit; `face_mesh` says how it is turned."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box

# Sharpness is measured at one size, or the same face would be called sharper when nearer.
_SHARPNESS_SIDE_PX = 112


def brightness(image: npt.NDArray[np.uint8], box: Box) -> float:
    """Return the mean grey level of the face, 0..255; 0 for a box outside the image.

    Args:
        image: (H, W, 3) uint8 BGR. box: the face in pixels of the image.
    """
    grey = _grey_face(image, box)
    return float(grey.mean()) if grey.size else 0.0


def sharpness(image: npt.NDArray[np.uint8], box: Box) -> float:
    """Return the variance of the Laplacian of the face, grey levels squared, at 112 x 112 px.

    The measure is LAPV of Pertuz et al., "Analysis of focus measure operators for
    shape-from-focus" (2013); 0 for a box outside the image.

    Args:
        image: (H, W, 3) uint8 BGR. box: the face in pixels of the image.
    """
    grey = _grey_face(image, box)
    if not grey.size:
        return 0.0
    side = _SHARPNESS_SIDE_PX
    interpolation = cv2.INTER_AREA if min(grey.shape) > side else cv2.INTER_LINEAR
    scaled = cv2.resize(grey, (side, side), interpolation=interpolation)
    return float(cv2.Laplacian(scaled, cv2.CV_64F).var())


def face_crop(
    image: npt.NDArray[np.uint8], box: Box, *, side_px: int, margin: float = 0.25
) -> npt.NDArray[np.uint8]:
    """Return the face with some surroundings, for people to look at.

    Args:
        image: (H, W, 3) uint8 BGR. box: the face in pixels of the image.
        side_px: of the square that is returned. margin: added on each side, in box sides.

    Returns:
        (side_px, side_px, 3) uint8 BGR; black where the square reaches beyond the image.
    """
    side = max(box.width_px, box.height_px) * (1 + 2 * margin)
    x_min, y_min, x_max, y_max = box.as_xyxy()
    centre = ((x_min + x_max) / 2, (y_min + y_max) / 2)
    scale = side_px / max(side, 1.0)
    matrix = np.array(
        [
            [scale, 0, side_px / 2 - scale * centre[0]],
            [0, scale, side_px / 2 - scale * centre[1]],
        ]
    )
    return np.asarray(cv2.warpAffine(image, matrix, (side_px, side_px)), np.uint8)


def _grey_face(image: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.uint8]:
    inside = box.clipped(width_px=image.shape[1], height_px=image.shape[0])
    left, top, right, bottom = (round(edge) for edge in inside.as_xyxy())
    crop = image[top:bottom, left:right]
    if not crop.size:
        return np.zeros((0, 0), np.uint8)
    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
