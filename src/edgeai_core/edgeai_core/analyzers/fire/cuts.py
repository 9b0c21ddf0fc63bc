"""Whether a camera's picture went over to another view, once and for good."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.thumbnails import Grey, thinned

# Pictures after the change that must stay with it: half a second at eight a second.
SETTLED = 4
# Grey levels, brightness aside, by which at least half of the pixels change.
_LEAST_CHANGE = 4.0
# How near the pictures afterwards must be to the first new one, compared with the last old one.
_STAYS_SHARE = 0.5
_BLUR_PX = 1.0


class CutDetector:
    """Tells a cut, or a camera that was turned, from flames that fill the picture.

    Both change most of the picture at once. After a cut it stays as it has become; flames go on
    changing it.
    """

    def __init__(self) -> None:
        self._recent: deque[npt.NDArray[np.float64]] = deque(maxlen=SETTLED + 1)

    def update(self, picture: Grey) -> bool:
        """Return whether another view began SETTLED pictures ago, this one counted.

        Args:
            picture: (H, W) float32 grey levels, of the same size as those before.
        """
        blurred = np.asarray(cv2.GaussianBlur(picture, (0, 0), _BLUR_PX), np.float64).reshape(-1)
        self._recent.append(blurred[thinned(np.arange(blurred.size))])
        if len(self._recent) <= SETTLED:
            return False
        before, first, *later = self._recent
        if _change(before, first) < _LEAST_CHANGE:
            return False
        return all(_change(first, p) < _STAYS_SHARE * _change(before, p) for p in later)

    def reset(self) -> None:
        """Forget everything."""
        self._recent.clear()


def _change(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    difference = second - first
    # A lamp lights all of a room: what all pixels have in common does not count.
    return float(np.median(np.abs(difference - np.median(difference))))
