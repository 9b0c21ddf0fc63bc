"""Blinks in the eye openness of a followed face: a sign of life that a still print cannot give."""

from __future__ import annotations

from collections import deque

import numpy as np

# A blink lasts 0.1 to 0.4 s; longer is sleep, or a mesh that lost its place.
_LONGEST_S = 0.5
# On a talking head one frame at 30 per second fell to 0.54 of the median; on 24 still and 24 moved
# prints nothing fell below 0.82 while the mesh kept its place.
_CLOSED_SHARE = 0.7
# A mesh that jumps between two placements looks like a blink: all false ones had such a jump.
_STEADY_SHARE = 0.1
_FEWEST = 5


class BlinkCounter:
    """Counts blinks over the last seconds of one face.

    Eye aspect ratio as in Soukupova and Cech, "Real-time eye blink detection using facial
    landmarks" (CVWW 2016), here against the person's own median instead of a trained classifier
    of windows.

    Args:
        window_s: how far back is looked.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._samples: deque[tuple[float, float, float]] = deque()

    def add(self, *, openness: float, face_px: float, time_s: float) -> None:
        """Take one picture.

        Args:
            openness: mean aspect ratio of both eyes. face_px: width of the mesh, whose jumps are
                no blinks. time_s: of the frame; one that is not later forgets all before.
        """
        if self._samples and time_s <= self._samples[-1][0]:
            self._samples.clear()
        self._samples.append((time_s, openness, face_px))
        while time_s - self._samples[0][0] > self._window_s:
            self._samples.popleft()

    def count(self) -> int:
        """Return how often the eyes closed and opened again."""
        if len(self._samples) < _FEWEST:
            return 0
        times, openness, widths = np.array(self._samples, np.float64).T
        width = float(np.median(widths))
        steady = np.abs(widths - width) <= _STEADY_SHARE * width
        if int(steady.sum()) < _FEWEST:
            return 0
        limit = _CLOSED_SHARE * float(np.median(openness[steady]))
        blinks, closed_s, was_open = 0, None, False
        for time_s, value in zip(times[steady], openness[steady], strict=True):
            if value < limit:
                closed_s = time_s if was_open and closed_s is None else closed_s
                continue
            blinks += closed_s is not None and time_s - closed_s <= _LONGEST_S
            closed_s, was_open = None, True
        return blinks
