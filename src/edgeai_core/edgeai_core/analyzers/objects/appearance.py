"""How somebody looks, in few numbers: the colours of upper and lower body."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box

# Hue and saturation tell clothes apart in changing light; grey ones differ by brightness alone.
_HUE_BINS, _SATURATION_BINS, _VALUE_BINS = 12, 4, 8
_GREY_SATURATION = 40
_INSET = 0.2
_SIDE_PX = 32
DIMENSION = 2 * (_HUE_BINS * _SATURATION_BINS + _VALUE_BINS)


def colour_appearance(image: npt.NDArray[np.uint8], box: Box) -> npt.NDArray[np.float32] | None:
    """Return the colours in a person's box, or None where too little of it is in the picture.

    Square roots of histogram shares, so that the scalar product of two appearances is the
    Bhattacharyya coefficient of their colours (Bhattacharyya, 1943).

    Args:
        image: (H, W, 3) uint8 BGR. box: pixels of the image.

    Returns:
        (112,) float32 of length 1.
    """
    height_px, width_px = image.shape[:2]
    aside_px = _INSET * box.width_px
    inner = Box(box.x_min_px + aside_px, box.y_min_px, box.x_max_px - aside_px, box.y_max_px)
    inner = inner.clipped(width_px=width_px, height_px=height_px)
    if inner.width_px < 4 or inner.height_px < 8 or inner.height_px < 0.5 * box.height_px:
        return None
    x_min, y_min, x_max, y_max = (int(edge) for edge in inner.as_xyxy())
    middle = (y_min + y_max) // 2
    halves = (image[y_min:middle, x_min:x_max], image[middle:y_max, x_min:x_max])
    shares = np.concatenate([_colour_shares(half) for half in halves]) / len(halves)
    return np.sqrt(shares).astype(np.float32)


def _colour_shares(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    small = cv2.resize(image, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    hue, saturation, value = cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2HSV))
    grey = saturation < _GREY_SATURATION
    hue_bin = hue.astype(np.intp) * _HUE_BINS // 180
    saturation_bin = saturation.astype(np.intp) * _SATURATION_BINS // 256
    coloured = (hue_bin * _SATURATION_BINS + saturation_bin)[~grey]
    values = (value.astype(np.intp) * _VALUE_BINS // 256)[grey]
    counts = np.concatenate(
        (
            np.bincount(coloured, minlength=_HUE_BINS * _SATURATION_BINS),
            np.bincount(values, minlength=_VALUE_BINS),
        )
    )
    shares: npt.NDArray[np.float64] = counts / counts.sum()
    return shares
