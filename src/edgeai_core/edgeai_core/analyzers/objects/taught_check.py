"""The last look at a finding: what the whole of its box holds, at every level of the pyramid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.errors import ModelError

Floats = npt.NDArray[np.float32]

# Points by side of a box at which a level is read.
_GRID = 5
_STATISTICS = 3
# Learned from few pictures it can be too sure of itself; limited, it may push a doubtful finding
# over the threshold or under it, but not overrule one that the head is sure of.
_MOST_SAY = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoxCheck:
    """A small network on the statistics of a box; its answer is added to the finding's logit.

    Attributes:
        weight: (F, D) float32. bias: (D,). out_weight: (D,). out_bias: (1,).
    """

    weight: Floats
    bias: Floats
    out_weight: Floats
    out_bias: Floats

    def __post_init__(self) -> None:
        units = len(self.bias)
        right = self.weight.ndim == 2 and self.weight.shape[1] == units
        if not right or self.out_weight.shape != (units,) or self.out_bias.shape != (1,):
            raise ModelError("taught thing: the weights of its last check do not fit each other")

    def logits(self, statistics: Floats) -> Floats:
        """Return (N,) what is to be added to the logits of N findings.

        Args:
            statistics: (N, F), from :func:`box_statistics`.
        """
        hidden = np.maximum(statistics @ self.weight + self.bias, 0)
        raw = hidden @ self.out_weight + self.out_bias
        return np.asarray(np.clip(raw, -_MOST_SAY, _MOST_SAY), np.float32)


def box_statistics(
    levels: Sequence[npt.NDArray[np.floating]], strides_px: Sequence[int], boxes_px: Floats
) -> Floats:
    """Return (N, 3 C of all levels) float32: mean, largest and deviation of each channel in a box.

    Statistics forget where in the box something is: a thing may lie in any turn, and there are few
    pictures to learn every one of them from.

    Args:
        levels: (C, H, W) each. strides_px: of each. boxes_px: (N, 4) in pixels of the input.
    """
    steps = (np.arange(_GRID, dtype=np.float32) + 0.5) / _GRID
    low, size = boxes_px[:, :2], boxes_px[:, 2:] - boxes_px[:, :2]
    x_px, y_px = ((low[:, i, None] + size[:, i, None] * steps) for i in range(2))
    parts = []
    for level, stride in zip(levels, strides_px, strict=True):
        height, width = level.shape[1:]
        columns = np.clip(x_px / stride, 0, width - 1).astype(np.intp)
        rows = np.clip(y_px / stride, 0, height - 1).astype(np.intp)
        values = level[:, rows[:, :, None], columns[:, None, :]]
        values = values.reshape(level.shape[0], len(boxes_px), _GRID * _GRID).astype(np.float32)
        mean = values.mean(axis=2)
        deviation = np.sqrt(np.maximum((values * values).mean(axis=2) - mean * mean, 0))
        parts += [mean.T, values.max(axis=2).T, deviation.T]
    return np.concatenate(parts, axis=1)


def statistics_count(channels: Sequence[int]) -> int:
    """Return F for levels with these numbers of channels."""
    return _STATISTICS * sum(channels)
