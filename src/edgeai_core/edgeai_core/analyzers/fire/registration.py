"""Small pictures of a camera moved and levelled onto an earlier one, as if it had stood still."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np

from edgeai_core.thumbnails import Grey, thinned

_MAX_SHIFT_PX = 8.0
_MAX_GAIN = 4.0
_BLUR_PX = 1.0
_STEPS = 3
# Without edges in a direction, the shift along it stays nothing.
_RIDGE = 1.0
# Errors up to three times this are those of noise; larger ones count less.
_MIN_ERROR = 0.6


@dataclass(slots=True, eq=False)
class Sample:
    """A small picture and how it was fitted to its anchor.

    Attributes:
        picture: (H, W) float32 grey levels. x_px, y_px: where the anchor's origin lies in it.
        gain, offset: picture = gain * anchor + offset. moved: the picture shifted back.
    """

    picture: Grey
    x_px: float = 0.0
    y_px: float = 0.0
    gain: float = 1.0
    offset: float = 0.0
    moved: Grey = field(init=False)

    def __post_init__(self) -> None:
        self.moved = shifted(self.picture, self.x_px, self.y_px)

    def seen_from(self, other: Sample) -> Sample:
        """Return the sample fitted to another of the same anchor."""
        gain = self.gain / other.gain
        return Sample(
            self.picture,
            x_px=self.x_px - other.x_px,
            y_px=self.y_px - other.y_px,
            gain=gain,
            offset=self.offset - gain * other.offset,
        )


class Anchor:
    """A picture that later ones are fitted to.

    Gauss-Newton steps on picture = gain * anchor + offset, shifted (Lucas and Kanade, 1981), here
    with light that changes; pixels that do not fit, because something moves there, count less.
    """

    def __init__(self, picture: Grey) -> None:
        self.picture = picture
        blurred = cv2.GaussianBlur(picture, (0, 0), _BLUR_PX)
        x_slope, y_slope = slopes(np.asarray(blurred, np.float32))
        self._pixels = thinned(np.arange(picture.size))
        self._columns = np.stack(
            [
                np.asarray(part, np.float64).flat[self._pixels]
                for part in (blurred, x_slope, y_slope, np.ones_like(picture))
            ],
            axis=1,
        )

    def fitted(self, picture: Grey) -> Sample | None:
        """Return a picture of the same size fitted to this one; None when it is another view."""
        sample = Sample(picture)
        for _ in range(_STEPS):
            gain, x_px, y_px, offset = self._step(sample)
            far = math.hypot(sample.x_px + x_px, sample.y_px + y_px) > _MAX_SHIFT_PX
            if far or not 1 / _MAX_GAIN < sample.gain + gain < _MAX_GAIN:
                return None
            sample = Sample(
                picture,
                x_px=sample.x_px + x_px,
                y_px=sample.y_px + y_px,
                gain=sample.gain + gain,
                offset=sample.offset + offset,
            )
        return sample

    def _step(self, sample: Sample) -> tuple[float, float, float, float]:
        """Return by how much gain, x, y and offset are to change."""
        blurred = cv2.GaussianBlur(sample.moved, (0, 0), _BLUR_PX)
        values = np.asarray(blurred, np.float64).flat[self._pixels]
        error = values - self._columns @ (sample.gain, 0.0, 0.0, sample.offset)
        scale = 3 * max(_MIN_ERROR, float(np.median(np.abs(error))))
        weighted = self._columns / (1 + (error / scale) ** 2)[:, None]
        normal = weighted.T @ self._columns + _RIDGE * np.eye(4)
        gain, x_px, y_px, offset = np.linalg.solve(normal, weighted.T @ error)
        # A picture that is too bright where it gets brighter lies too far along.
        return float(gain), -float(x_px), -float(y_px), float(offset)


def shifted(picture: Grey, x_px: float, y_px: float) -> Grey:
    """Return the picture whose pixel (0, 0) is at (x_px, y_px) of the given one."""
    if x_px == y_px == 0:
        return picture
    matrix = np.array([[1, 0, -x_px], [0, 1, -y_px]], np.float32)
    size = (picture.shape[1], picture.shape[0])
    moved = cv2.warpAffine(
        picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.float32)


def slopes(picture: Grey) -> tuple[Grey, Grey]:
    """Return the slope along x and y in grey levels per pixel."""
    along_x = cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=0.125)
    along_y = cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=0.125)
    return np.asarray(along_x, np.float32), np.asarray(along_y, np.float32)
