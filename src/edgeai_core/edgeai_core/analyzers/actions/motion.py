"""Pictures of motion: what changed between four moments, cut out where most of it is.

Three absolute differences of frames 0.1 s apart, as one picture of three colours, show limbs and
their speed and hide the place: a network taught on whole pictures learns the place (measured on
fight clips: accuracy 0.54 of whole pictures, 0.78 of differences, same backbone).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box

# Motion is looked at in this size: that of the clips which the network was taught on. A larger
# one shows more of the sensor's noise, not more of the people.
SHORT_SIDE_PX = 180
# Differences need one moment more than there are of them.
MOMENTS = 4
STEP_S = 0.1
# Moments further apart than three steps on average are of a stalled camera or a cut film.
_LONGEST_S = 3 * STEP_S * (MOMENTS - 1)
# Side of a network's input.
INPUT_PX = 160
# Differences of limbs in CCTV are some tens of 255; so they fill the input's range.
GAIN = 2.0

Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A square in pixels of the small picture: its top-left corner and its side."""

    x_px: int
    y_px: int
    side_px: int

    def box_in(self, *, width_px: int, height_px: int) -> Box:
        """Return the square in pixels of the frame of this size that the small one is of."""
        scale = min(width_px, height_px) / SHORT_SIDE_PX
        edges = (self.x_px, self.y_px, self.x_px + self.side_px, self.y_px + self.side_px)
        box = Box(*(edge * scale for edge in edges))
        return box.clipped(width_px=width_px, height_px=height_px)


def small_grey(image: npt.NDArray[np.uint8]) -> Grey:
    """Return a (H, W, 3) uint8 BGR frame in grey, its short side SHORT_SIDE_PX, slightly blurred.

    The blur takes away what compression and the sensor change from frame to frame.
    """
    height, width = image.shape[:2]
    scale = SHORT_SIDE_PX / min(height, width)
    size = (max(SHORT_SIDE_PX, round(width * scale)), max(SHORT_SIDE_PX, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=how), cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.GaussianBlur(grey, (3, 3), 0), np.uint8)


def differences(greys: Sequence[Grey]) -> Floats:
    """Return (N - 1, H, W) float32, 0..255: how much each of N small pictures changed.

    The median of each difference is taken off: the light or the camera's gain changed by so much.
    """
    stack = np.stack(greys).astype(np.int16)
    changes = np.abs(np.diff(stack, axis=0)).astype(np.float32)
    median = np.median(changes, axis=(1, 2), keepdims=True)
    return np.asarray(np.maximum(changes - median, 0), np.float32)


def busiest_square(changes: Floats, *, share: float) -> Square:
    """Return the square with the most motion.

    Args:
        changes: (N, H, W) as of :func:`differences`. share: its side, of the short side, 0..1.
    """
    height, width = changes.shape[1:]
    side = max(1, round(share * min(height, width)))
    sums = cv2.integral(changes.mean(axis=0), sdepth=cv2.CV_64F)
    inside = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    row, column = divmod(int(inside.argmax()), inside.shape[1])
    return Square(x_px=column, y_px=row, side_px=side)


def cut_out(changes: Floats, square: Square) -> Floats:
    """Return the (INPUT_PX, INPUT_PX, 3) float32 picture, 0..255, of three differences' square."""
    rows = slice(square.y_px, square.y_px + square.side_px)
    columns = slice(square.x_px, square.x_px + square.side_px)
    part = np.ascontiguousarray(changes[:, rows, columns].transpose(1, 2, 0))
    return np.asarray(cv2.resize(part, (INPUT_PX, INPUT_PX)), np.float32)


def network_input(picture: Floats, *, gain: float = GAIN) -> Floats:
    """Return (3, INPUT_PX, INPUT_PX) float32 in the backbone's scale, (value - 127) / 128."""
    scaled = (np.clip(picture * gain, 0.0, 255.0) - 127.0) / 128.0
    return np.ascontiguousarray(scaled.transpose(2, 0, 1), np.float32)


class Moments:
    """The last four moments of one camera, 0.1 s apart; owned by one thread. Time is stamps."""

    def __init__(self) -> None:
        self._greys: deque[tuple[int, Grey]] = deque(maxlen=MOMENTS)
        self._due_ns = 0

    def reset(self) -> None:
        """Forget all."""
        self._greys.clear()

    def add(self, image: npt.NDArray[np.uint8], stamp_ns: int) -> bool:
        """Take in a (H, W, 3) uint8 BGR frame; return whether it was kept as a moment.

        Stamps only grow. A camera of 15 pictures a second gives moments 0.07 and 0.13 s apart, a
        slow one as many as it gives.
        """
        step_ns = round(STEP_S * 1e9)
        # A stamp that is a little early is the one that was due.
        if self._greys and stamp_ns < self._due_ns - step_ns // 20:
            return False
        grey = small_grey(image)
        if self._greys and grey.shape != self._greys[-1][1].shape:
            self._greys.clear()
        self._due_ns = max(self._due_ns + step_ns, stamp_ns) if self._greys else stamp_ns + step_ns
        self._greys.append((stamp_ns, grey))
        return True

    def begun_ns(self) -> int:
        """Return the stamp of the oldest moment kept; there is one."""
        return self._greys[0][0]

    def changes(self) -> Floats | None:
        """Return (3, H, W) differences; None before there are four moments close to each other."""
        if len(self._greys) < MOMENTS:
            return None
        if self._greys[-1][0] - self._greys[0][0] > _LONGEST_S * 1e9:
            return None
        return differences([grey for _, grey in self._greys])
