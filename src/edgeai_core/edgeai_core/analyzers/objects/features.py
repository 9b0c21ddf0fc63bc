"""What the network's trunk sees in a frame: the ground on which heads taught later stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Letterbox


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureMaps:
    """Levels of a feature pyramid.

    Attributes:
        levels: (C, H, W) float32 each, finest first (C = 64; 52x52, 26x26, 13x13 at 416 px).
        strides_px: of each level, pixels of the network's input from cell to cell (8, 16, 32).
        letterbox: from pixels of the frame to pixels of the network's input.

    Raises:
        ValueError: there are more or fewer strides than levels.
    """

    levels: tuple[npt.NDArray[np.float32], ...]
    strides_px: tuple[int, ...]
    letterbox: Letterbox

    def __post_init__(self) -> None:
        if len(self.levels) != len(self.strides_px):
            raise ValueError(
                f"feature maps: got {len(self.levels)} levels and {len(self.strides_px)} strides"
            )
