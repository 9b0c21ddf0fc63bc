"""For tests: things taught by hand, and maps that show them."""

from __future__ import annotations

import numpy as np

from edgeai_core.analyzers.objects.features import FeatureMaps
from edgeai_core.analyzers.objects.taught import LevelHead, TaughtHead
from edgeai_core.analyzers.objects.taught_check import BoxCheck
from edgeai_core.analyzers.objects.taught_file import TaughtCard, TaughtThing
from edgeai_core.geometry import Letterbox

CHANNELS = 2
TRUNK = "ab" * 32


def level_watching(channel: int, *, half_cells: float = 2.0) -> LevelHead:
    """A head that finds a cell with 1 in a channel: logit 4 there, -4 at 0; a square box."""
    gate = np.zeros((1, CHANNELS), np.float32)
    gate[0, channel] = 1
    weight = np.zeros((9 * CHANNELS, 1), np.float32)
    weight[9 * channel + 4] = 1  # the middle of the 3x3 neighbourhood
    out = np.zeros((1, 5), np.float32)
    out[0, 0] = 8
    bias = np.full(5, np.log(half_cells), np.float32)
    bias[0] = -4
    zero = np.zeros(1, np.float32)
    return LevelHead(
        gate_weight=gate,
        gate_bias=zero,
        gate_out=np.ones(1, np.float32),
        gate_least=0.4,
        weight=weight,
        bias=zero,
        out_weight=out,
        out_bias=bias,
    )


def head_for(label: str = "keys", channel: int = 0) -> TaughtHead:
    """A head of two levels that finds a 1 in a channel of their maps."""
    return TaughtHead(label, [level_watching(channel)] * 2)


def maps_with(*marks: tuple[int, int, int, int, float]) -> FeatureMaps:
    """A 64 x 64 px network on a 128 x 64 px frame; marks: level, channel, row, column, value."""
    levels = (np.zeros((CHANNELS, 8, 8), np.float32), np.zeros((CHANNELS, 4, 4), np.float32))
    for level, channel, row, column, value in marks:
        levels[level][channel, row, column] = value
    letterbox = Letterbox.fit(
        image_width_px=128, image_height_px=64, canvas_width_px=64, canvas_height_px=64
    )
    return FeatureMaps(levels=levels, strides_px=(8, 16), letterbox=letterbox)


def taught_thing(name: str = "keys", trunk: str = TRUNK) -> TaughtThing:
    """A thing with such a head, as it is stored."""
    card = TaughtCard(
        name=name,
        taught_at_ns=1_700_000_000_000_000_000,
        trunk_sha256=trunk,
        levels=2,
        cutouts=2,
        source="still camera",
        figures={"validation_ap50": 0.9},
    )
    one = np.ones(1, np.float32)
    check = BoxCheck(weight=np.zeros((12, 1), np.float32), bias=one, out_weight=one, out_bias=one)
    return TaughtThing(card=card, levels=(level_watching(0), level_watching(0)), check=check)
