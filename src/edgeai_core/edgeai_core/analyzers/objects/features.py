"""What the detector's trunk sees, for heads that are added to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Letterbox


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureMaps:
    """Levels of the feature pyramid of one picture.

    Attributes:
        levels: (C, H, W) float32 each, finest first (52x52, 26x26, 13x13 at 416 px).
        strides_px: pixels of the network's input per cell, of each level: (8, 16, 32).
        letterbox: input pixels <-> frame pixels.
    """

    levels: tuple[npt.NDArray[np.float32], ...]
    strides_px: tuple[int, ...]
    letterbox: Letterbox
