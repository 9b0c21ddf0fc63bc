"""Find things that a person has taught: small heads on the detector's frozen trunk.

Three steps keep a head cheap. A gate of two small layers looks at every cell of every level; the
best cells go to a network that sees the cell's 3x3 neighbourhood and gives score and box; the best
boxes get a closer look at the frame's pixels. Nothing of the base classes is touched: the trunk's
maps are only read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.objects.features import FeatureMaps
from edgeai_core.analyzers.objects.taught_closer import CloserLook, clipped, parts_of
from edgeai_core.errors import ModelError
from edgeai_core.geometry import non_maximum_suppression
from edgeai_core.types import Detection

Floats = npt.NDArray[np.float32]

# Cells of a level that a gate may pass on. The training takes its hard negatives from as many.
CANDIDATES = 16
# Cells around one that the second step sees: 3x3.
REACH = 1
# Boxes of a thing that get the closer look, and how faint they may be before it.
_CLOSER = 6
_FAINTEST_LOGIT = -3.0
# How much of the head's own logit counts beside that of the closer look.
_HEAD_SHARE = 0.7
BOX_NUMBERS = 4
_SUPPRESSION_IOU = 0.45
# One place shows one thing: of two taught things that claim it, the surer one is told.
_RIVAL_IOU = 0.6
_MOST_LOG_SIDE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelHead:
    """The weights for one level of the pyramid with C channels.

    Attributes:
        gate_weight: (G, C) float32. gate_bias: (G,). gate_out: (G,): a cell's gate is
            gate_out @ relu(gate_weight @ cell + gate_bias), to be compared with `gate_least`.
        gate_least: cells with a smaller gate are nothing.
        weight: (9 C, D) float32 of the neighbourhood, channel by channel, rows before columns.
        bias: (D,). out_weight: (D, 5). out_bias: (5,): logit of the score, then the logarithms of
            the distances to the left, upper, right and lower edge in cells.
    """

    gate_weight: Floats
    gate_bias: Floats
    gate_out: Floats
    gate_least: float
    weight: Floats
    bias: Floats
    out_weight: Floats
    out_bias: Floats

    def __post_init__(self) -> None:
        gates, channels = self.gate_weight.shape
        neighbours = (2 * REACH + 1) ** 2
        wanted = {
            "gate_bias": (gates,),
            "gate_out": (gates,),
            "weight": (neighbours * channels, len(self.bias)),
            "out_weight": (len(self.bias), 1 + BOX_NUMBERS),
            "out_bias": (1 + BOX_NUMBERS,),
        }
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise ModelError(
                    f"taught thing: {name} is {getattr(self, name).shape}, expected {shape}"
                )

    @property
    def channels(self) -> int:
        return int(self.gate_weight.shape[1])


class TaughtHead:
    """Finds one thing in the trunk's maps and the frame. Stateless; threads may share it.

    Args:
        label: the thing's name. levels: weights, finest level first. closer: the closer look at
            each finding, calibrated so that a score of 0.5 is the threshold. min_score: 0..1;
            fainter findings are dropped.
    """

    def __init__(
        self,
        label: str,
        levels: Sequence[LevelHead],
        closer: CloserLook,
        *,
        min_score: float = 0.5,
    ) -> None:
        self.label = label
        self.closer = closer
        self.levels = tuple(levels)
        self.least_logit = float(np.log(min_score / (1 - min_score)))

    def detect(self, features: FeatureMaps, image: npt.NDArray[np.uint8]) -> list[Detection]:
        """Return where the thing is, best score first, boxes in pixels of the frame.

        Args:
            features: the trunk's maps of the frame. image: the frame, (H, W, 3) uint8 BGR.

        Raises:
            ModelError: the maps are not those of the trunk that the thing was taught on.
        """
        return detect_all([self], features, image)


def _decode(
    head: LevelHead, values: Floats, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Return (M,) logits and (M, 4) boxes in cells, of those of N cells that are not too faint.

    Args:
        values: (N, 9 C), from :func:`neighbourhoods`. rows, columns: (N,) of the cells.
    """
    out = np.maximum(values @ head.weight + head.bias, 0) @ head.out_weight + head.out_bias
    chosen = np.flatnonzero(out[:, 0] >= _FAINTEST_LOGIT)
    reach = np.exp(np.clip(out[chosen, 1:], -_MOST_LOG_SIDE, _MOST_LOG_SIDE))
    x, y = columns[chosen] + 0.5, rows[chosen] + 0.5
    edges = (x - reach[:, 0], y - reach[:, 1], x + reach[:, 2], y + reach[:, 3])
    return out[chosen, 0], np.stack(edges, axis=1).astype(np.float32)


def neighbourhoods(
    padded: npt.NDArray[np.floating], rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
) -> Floats:
    """Return (N, 9 C) float32: the 3x3 cells around each, channel by channel.

    Args:
        padded: (C, H + 2, W + 2), zeros around. rows, columns: (N,) in the unpadded map.
    """
    span = np.arange(2 * REACH + 1)
    values = padded[:, rows[:, None, None] + span[:, None], columns[:, None, None] + span]
    return np.asarray(values.transpose(1, 0, 2, 3).reshape(len(rows), -1), np.float32)


def padded(level: npt.NDArray[np.floating]) -> Floats:
    """Return a (C, H, W) map with a cell of zeros around it."""
    channels, height, width = level.shape
    result = np.zeros((channels, height + 2 * REACH, width + 2 * REACH), np.float32)
    result[:, REACH:-REACH, REACH:-REACH] = level
    return result


def detect_all(
    heads: Sequence[TaughtHead], features: FeatureMaps, image: npt.NDArray[np.uint8]
) -> list[Detection]:
    """Return what several heads find, best score first; of rivals for a place only the surest.

    The gates of all heads are one multiplication per level.

    Args:
        features: the trunk's maps of the frame. image: the frame, (H, W, 3) uint8 BGR.

    Raises:
        ModelError: the maps are not those of the trunk that the things were taught on.
    """
    _check(heads, features)
    found = proposals([head.levels for head in heads], features)
    parts: list[tuple[npt.NDArray[np.intp], Floats, Floats]] = []
    for owner, head in enumerate(heads):
        own = np.flatnonzero(found.owners == owner)
        around = found.in_frame(own, features)
        logits, boxes = head.closer.judge(parts_of(image, around), around)
        logits = logits + np.float32(_HEAD_SHARE) * found.logits[own]
        sure = np.flatnonzero(logits >= head.least_logit)
        kept = sure[
            non_maximum_suppression(boxes[sure], logits[sure], iou_threshold=_SUPPRESSION_IOU)
        ]
        parts.append((found.owners[own[kept]], logits[kept], boxes[kept]))
    if not parts:
        return []
    owners, logits, boxes = (np.concatenate(column) for column in zip(*parts, strict=True))
    kept = non_maximum_suppression(boxes, logits, iou_threshold=_RIVAL_IOU)
    scores = 1 / (1 + np.exp(-logits[kept]))
    return [
        Detection(label=heads[owner].label, score=float(score), box=box)
        for owner, score, box in zip(owners[kept], scores, clipped(boxes[kept], image), strict=True)
        if box is not None
    ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proposals:
    """What heads take for their things before the closer look.

    Attributes:
        owners: (N,) numbers of the heads. logits: (N,). boxes_px: (N, 4) in pixels of the input.
    """

    owners: npt.NDArray[np.intp]
    logits: Floats
    boxes_px: Floats

    def in_frame(self, chosen: npt.NDArray[np.intp], features: FeatureMaps) -> Floats:
        """Return (M, 4) some of the boxes in pixels of the frame."""
        corners = features.letterbox.to_image(self.boxes_px[chosen].reshape(-1, 2, 2))
        return np.asarray(corners.reshape(-1, 4), np.float32)


def proposals(
    heads: Sequence[Sequence[LevelHead]], features: FeatureMaps, *, most: int = _CLOSER
) -> Proposals:
    """Return the best boxes of each head, at most `most` of each.

    Args:
        heads: the weights of each by level.
    """
    found: list[tuple[int, float, Floats]] = []
    for number, level in enumerate(features.levels):
        parts = [levels[number] for levels in heads]
        found += _of_level(parts, level, features.strides_px[number])
    owners = np.array([owner for owner, _, _ in found], np.intp)
    logits = np.array([logit for _, logit, _ in found], np.float32)
    boxes = np.array([box for _, _, box in found], np.float32).reshape(-1, 4)
    kept: list[int] = []
    for owner in range(len(heads)):
        own = np.flatnonzero(owners == owner)
        if own.size:
            own = own[np.argsort(-logits[own])[: 4 * most]]
            best = non_maximum_suppression(boxes[own], logits[own], iou_threshold=_SUPPRESSION_IOU)
            kept += own[best[:most]].tolist()
    return Proposals(owners=owners[kept], logits=logits[kept], boxes_px=boxes[kept])


def _check(heads: Sequence[TaughtHead], features: FeatureMaps) -> None:
    for number, level in enumerate(features.levels):
        for head in heads:
            if number >= len(head.levels) or head.levels[number].channels != level.shape[0]:
                raise ModelError(
                    f"taught thing {head.label}: the trunk's level {number} has {level.shape[0]} "
                    "channels, it was taught on another one; teach the thing again"
                )


def _of_level(
    parts: Sequence[LevelHead], level: Floats, stride_px: int
) -> list[tuple[int, float, Floats]]:
    """Return (head, logit, box in input pixels) of what one level shows."""
    channels, height, width = level.shape
    cells = level.reshape(channels, height * width)
    hidden = np.concatenate([part.gate_weight for part in parts]) @ cells
    hidden += np.concatenate([part.gate_bias for part in parts])[:, None]
    np.maximum(hidden, 0, out=hidden)
    passing: list[npt.NDArray[np.intp]] = []
    start = 0
    for part in parts:
        units = slice(start, start + len(part.gate_bias))
        start = units.stop
        gates = part.gate_out @ hidden[units]
        passed = np.flatnonzero(gates >= part.gate_least)
        if passed.size > CANDIDATES:
            passed = passed[np.argpartition(-gates[passed], CANDIDATES)[:CANDIDATES]]
        passing.append(passed)
    rows, columns = np.divmod(np.concatenate(passing), width)
    if not rows.size:
        return []
    values = neighbourhoods(padded(level), rows, columns)
    found = []
    start = 0
    for owner, (part, passed) in enumerate(zip(parts, passing, strict=True)):
        own = slice(start, start + len(passed))
        start = own.stop
        logits, boxes = _decode(part, values[own], rows[own], columns[own])
        found += [(owner, float(x), box * stride_px) for x, box in zip(logits, boxes, strict=True)]
    return found
