"""Small pictures side by side, with their numbers, for people to look over."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

_COLUMNS = 6
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def contact_sheet(
    pictures: Sequence[npt.NDArray[np.uint8]], captions: Sequence[str]
) -> npt.NDArray[np.uint8]:
    """Return the pictures in rows of six, each with its caption.

    Args:
        pictures: at least one, all (S, S, 3) uint8 BGR. captions: one each, ASCII.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    side = pictures[0].shape[0]
    columns = min(_COLUMNS, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    sheet: npt.NDArray[np.uint8] = np.zeros((rows * side, columns * side, 3), np.uint8)
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(number, columns)
        top, left = row * side, column * side
        sheet[top : top + side, left : left + side] = picture
        at = (left + 3, top + side - 5)
        # Dark under light: the caption can be read on any picture.
        cv2.putText(sheet, caption, at, _FONT, 0.4, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(sheet, caption, at, _FONT, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
    return sheet
