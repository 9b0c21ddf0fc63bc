"""Small pictures of a camera, as they are kept and compared over time."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.float32]

_WIDTH_PX = 160
_MAX_PIXELS = 1000


def thumbnail(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a (H, W, 3) uint8 picture at most 160 px wide, its aspect kept."""
    height_px, width_px = image.shape[:2]
    side = (min(_WIDTH_PX, width_px), max(1, round(height_px * min(1.0, _WIDTH_PX / width_px))))
    return np.asarray(cv2.resize(image, side, interpolation=cv2.INTER_AREA), np.uint8)


def grey(picture: npt.NDArray[np.uint8]) -> Grey:
    """Return the (H, W) float32 grey levels, 0..255, of a (H, W, 3) uint8 BGR picture."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.float32)


def thinned(pixels: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return about a thousand of the pixels, evenly chosen."""
    return pixels[:: max(1, len(pixels) // _MAX_PIXELS)]
