"""A small picture of a thing and what is around it, with people blurred."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box

# People recognise a shelf, not a crop of keys.
_SURROUNDINGS = 4.0
_MIN_SHARE_OF_FRAME = 0.4
_SNAPSHOT_SIDE_PX = 320
_JPEG_QUALITY = 85
_MARK_BGR = (80, 220, 80)
# People in the picture are made unknowable: this many blocks across the longer side of each.
_BLOCKS = 8


def jpeg(image: npt.NDArray[np.uint8]) -> bytes:
    """Return a (H, W, 3) uint8 BGR picture as JPEG; empty when it cannot be encoded."""
    done, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return encoded.tobytes() if done else b""


def surroundings_of(
    image: npt.NDArray[np.uint8], box: Box, people: Sequence[Box]
) -> npt.NDArray[np.uint8]:
    """Return the part of a (H, W, 3) picture around a box, 320 px at most.

    The box is marked. People are blurred, because the picture is kept; the thing is not.
    """
    height, width = image.shape[:2]
    side = max(_SURROUNDINGS * max(box.width_px, box.height_px), _MIN_SHARE_OF_FRAME * width)
    x, y = box.center_px
    part = _pixels(Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2), width, height)
    scale = min(1.0, _SNAPSHOT_SIDE_PX / max(part[1] - part[0], part[3] - part[2]))
    size = tuple(max(1, round((part[i + 1] - part[i]) * scale)) for i in (2, 0))
    shrunk = cv2.resize(
        image[part[0] : part[1], part[2] : part[3]], size, interpolation=cv2.INTER_AREA
    )
    plain: npt.NDArray[np.uint8] = np.asarray(shrunk, np.uint8)
    shown: npt.NDArray[np.uint8] = plain.copy()

    def there(place: Box) -> tuple[slice, slice]:
        edges = [
            (place.x_min_px - part[2]) * scale,
            (place.y_min_px - part[0]) * scale,
            (place.x_max_px - part[2]) * scale,
            (place.y_max_px - part[0]) * scale,
        ]
        top, bottom, left, right = _pixels(Box(*edges), size[0], size[1])
        return slice(top, bottom), slice(left, right)

    for person in people:
        shown[there(person)] = _blocks(plain[there(person)])
    rows, columns = there(box)
    shown[rows, columns] = plain[rows, columns]
    cv2.rectangle(
        shown, (columns.start, rows.start), (columns.stop - 1, rows.stop - 1), _MARK_BGR, 2
    )
    return shown


def _pixels(box: Box, width_px: int, height_px: int) -> tuple[int, int, int, int]:
    """Return rows and columns (from, to) of a box on a picture, one of each at least."""
    left, top = (
        int(np.clip(math.floor(low), 0, limit - 1))
        for low, limit in ((box.x_min_px, width_px), (box.y_min_px, height_px))
    )
    right = int(np.clip(math.ceil(box.x_max_px), left + 1, width_px))
    bottom = int(np.clip(math.ceil(box.y_max_px), top + 1, height_px))
    return top, bottom, left, right


def _blocks(part: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = part.shape[:2]
    scale = _BLOCKS / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    coarse = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(fine, np.uint8)
