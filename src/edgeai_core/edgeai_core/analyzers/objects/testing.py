"""For tests: things taught by hand, and maps that show them."""

from __future__ import annotations

import numpy as np

from edgeai_core.analyzers.objects.features import FeatureMaps
from edgeai_core.analyzers.objects.taught import LevelHead, TaughtHead
from edgeai_core.analyzers.objects.taught_closer import PART_SIDE_PX, CloserLook
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


def blind_level(channels: int) -> LevelHead:
    """A head whose gate lets no cell pass."""
    zero = np.zeros(1, np.float32)
    return LevelHead(
        gate_weight=np.zeros((1, channels), np.float32),
        gate_bias=zero,
        gate_out=zero,
        gate_least=1.0,
        weight=np.zeros((9 * channels, 1), np.float32),
        bias=zero,
        out_weight=np.zeros((1, 5), np.float32),
        out_bias=np.zeros(5, np.float32),
    )


def head_for(label: str = "keys", channel: int = 0) -> TaughtHead:
    """A head of two levels that finds a 1 in a channel of their maps."""
    return TaughtHead(label, [level_watching(channel)] * 2, closer_saying())


def closer_saying(logit: float = 0.0, *, by_blue: float = 0.0) -> CloserLook:
    """A closer look that keeps boxes and adds to a logit: always, and for blue in the part."""

    def kernel(inputs: int) -> np.ndarray:
        weight = np.zeros((9 * inputs, 1), np.float32)
        weight[4 * inputs] = 1  # the middle of the 3x3 neighbourhood, the first channel
        return weight

    cells = (PART_SIDE_PX // 8) ** 2
    hidden = np.zeros((cells + 1 + 4, 1), np.float32)
    hidden[cells] = 1  # the largest of the last map
    out = np.zeros((1, 5), np.float32)
    out[0, 0] = by_blue
    zero = np.zeros(1, np.float32)
    return CloserLook(
        first=kernel(3),
        first_bias=zero,
        second=kernel(1),
        second_bias=zero,
        third=kernel(1),
        third_bias=zero,
        fourth=kernel(1),
        fourth_bias=zero,
        squeeze=np.zeros((1, 1), np.float32),
        squeeze_bias=zero,
        hidden=hidden,
        hidden_bias=zero,
        out=out,
        out_bias=np.array([logit, 0, 0, 0, 0], np.float32),
    )


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
    return TaughtThing(
        card=card, levels=(level_watching(0), level_watching(0)), closer=closer_saying()
    )
