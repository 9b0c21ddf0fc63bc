"""A moving test pattern for tests and for machines without camera and footage."""

from __future__ import annotations

import math

import cv2
import numpy as np

from edgeai_core.errors import SourceError
from edgeai_core.sources.base import Image, SourceContext, StreamConfig, frame_from_image
from edgeai_core.sources.pacing import Pacer
from edgeai_core.types import Frame

_CODE_BITS = 24


def draw_test_pattern(number: int, *, width_px: int, height_px: int) -> Image:
    """Return test picture `number`, (height_px, width_px, 3) uint8 BGR.

    A colour gradient, a disc that goes round once in 120 pictures, and along the top edge the
    number as 24 black or white fields (most significant first), so that a lost or repeated
    picture can be seen by eye and by program. Equal arguments give equal pixels.
    """
    image = np.empty((height_px, width_px, 3), np.uint8)
    image[:, :, 0] = np.linspace(40, 200, width_px, dtype=np.uint8)
    image[:, :, 1] = np.linspace(40, 200, height_px, dtype=np.uint8)[:, None]
    image[:, :, 2] = 90
    angle = 2 * math.pi * (number % 120) / 120
    reach_px, side_px = min(width_px, height_px) // 3, min(width_px, height_px)
    center = (
        round(width_px / 2 + reach_px * math.cos(angle)),
        round(height_px / 2 + reach_px * math.sin(angle)),
    )
    cv2.circle(image, center, max(side_px // 12, 1), (30, 220, 250), cv2.FILLED)
    edges = np.linspace(0, width_px, _CODE_BITS + 1).astype(int)
    for bit in range(_CODE_BITS):
        set_bit = number >> (_CODE_BITS - 1 - bit) & 1
        image[: max(height_px // 16, 1), edges[bit] : edges[bit + 1]] = 255 * set_bit
    return image


class SyntheticSource:
    """Delivers the test pattern without end; picture n is the same on every machine.

    Args:
        config: size, rate and pacing. context: clocks and frame name.
    """

    live = False

    def __init__(self, *, config: StreamConfig, context: SourceContext) -> None:
        self._config = config
        self._frame_id = context.frame_id
        self._pacer = Pacer(config, context)
        self._opened = False
        self._sequence = 0
        self.description = "synthetic test pattern"

    @property
    def dropped_frames(self) -> int:
        return self._pacer.skipped

    def open(self) -> None:
        self._opened = True
        self._sequence = 0
        self._pacer.restart()

    def read(self) -> Frame:
        if not self._opened:
            raise SourceError(f"{self.description}: read before open")
        number = self._pacer.choose()
        image = draw_test_pattern(
            number, width_px=self._config.width_px, height_px=self._config.height_px
        )
        stamp_ns = self._pacer.wait(number)
        frame = frame_from_image(
            image, stamp_ns=stamp_ns, frame_id=self._frame_id, sequence=self._sequence
        )
        self._sequence += 1
        return frame

    def interrupt(self) -> None:
        """Do nothing: no wait here is longer than one frame interval."""

    def close(self) -> None:
        self._opened = False
