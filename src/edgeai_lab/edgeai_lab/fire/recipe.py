"""The settings of a training of the fire model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgeai_lab.fire.samples import Kind

# Samples per scene, by source. The wallet's one room and the few clips of falls would drown the
# rest; the forest's fog pictures are few and weigh most against false alarms.
REPEATS: Mapping[str, Mapping[Kind, float]] = {
    "ABONIA": {Kind.WHOLE: 3, Kind.PART: 3, Kind.BACKGROUND: 1, Kind.HARD: 0.4, Kind.FLAME: 0.2},
    "ABONIA none": {Kind.WHOLE: 5, Kind.PART: 4, Kind.HARD: 4, Kind.FLAME: 2, Kind.SMOKE: 1},
    "BIPLAB": {
        Kind.WHOLE: 3,
        Kind.PART: 3,
        Kind.BACKGROUND: 2.5,
        Kind.HARD: 1.2,
        Kind.FLAME: 0.4,
        Kind.SMOKE: 0.3,
        Kind.LANDSCAPE: 2,
        Kind.LANDSCAPE_SMOKE: 0.7,
    },
    "BIPLAB none": {
        Kind.WHOLE: 30,
        Kind.PART: 50,
        Kind.HARD: 30,
        Kind.FLAME: 6,
        Kind.SMOKE: 6,
        Kind.LANDSCAPE: 20,
    },
    "GUNS": {Kind.WHOLE: 2, Kind.PART: 2, Kind.HARD: 3, Kind.FLAME: 2, Kind.SMOKE: 0.7},
    "FIGHT": {Kind.WHOLE: 1, Kind.PART: 1, Kind.HARD: 1.5, Kind.FLAME: 1, Kind.SMOKE: 0.5},
    "WALLET": {Kind.WHOLE: 0.5, Kind.PART: 0.7, Kind.HARD: 0.7, Kind.FLAME: 0.6, Kind.SMOKE: 0.3},
    "FALL": {Kind.WHOLE: 2, Kind.PART: 2, Kind.HARD: 3, Kind.FLAME: 2, Kind.SMOKE: 1},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FireRecipe:
    """How the fire model is trained; the defaults made the shipped weights."""

    seed: int = 7
    epochs: int = 4
    batch_size: int = 64
    learning_rate: float = 1e-3
    deep_learning_rate: float = 1e-4
    weight_decay: float = 0.02
    pull: float = 1e-3
    dropout: float = 0.3
    label_smoothing: float = 0.02
    box_weight: float = 0.5
