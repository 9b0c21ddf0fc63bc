"""How a classifier is trained: its settings, from a file and the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edgeai_core.config import build, group, param
from edgeai_core.errors import ConfigError
from edgeai_lab.backbone_names import BACKBONES, DEFAULT_BACKBONE

FIXED, FINETUNE, SCRATCH = "fixed", "finetune", "scratch"
REGIMES = (FIXED, FINETUNE, SCRATCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """How training pictures are varied; measured pictures never are."""

    mirror: bool = param(True, "Mirror half of the pictures left to right")
    smallest_crop: float = param(
        0.5,
        "Smallest share of the picture that a random crop keeps; 1 keeps all",
        minimum=0.05,
        maximum=1.0,
    )
    stretch: float = param(
        1.25,
        "Largest factor between the sides of a crop and the picture's",
        minimum=1.0,
        maximum=3.0,
    )
    rotation_deg: float = param(
        8.0, "Largest turn to either side", unit="deg", minimum=0.0, maximum=180.0
    )
    brightness: float = param(
        0.25, "Largest share that is added to or taken from the light", minimum=0.0, maximum=1.0
    )
    contrast: float = param(
        0.25, "Largest change of contrast about the mean", minimum=0.0, maximum=1.0
    )
    saturation: float = param(
        0.3, "Largest change of how colourful a picture is", minimum=0.0, maximum=1.0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierRecipe:
    """Settings of a training; two runs with the same ones and the same data are the same."""

    backbone: str = param(
        DEFAULT_BACKBONE, "Network without its classifier", choices=tuple(BACKBONES)
    )
    regime: str = param(
        FIXED,
        "fixed trains a head on features of pinned weights, finetune also moves these weights, "
        "scratch begins with random ones",
        choices=REGIMES,
    )
    classes: tuple[str, ...] = param(
        (),
        "For YOLO data, rules such as `fire = Flame, Large fire`: the first one of which a box is "
        "in the picture names it; empty takes the class that covers most",
    )
    no_boxes: str = param(
        "", "For YOLO data, the class of pictures without any box; empty leaves them out"
    )
    side_px: int = param(
        0,
        "Side of the square that pictures are stretched to; 0 is the backbone's",
        unit="px",
        minimum=0,
        maximum=1024,
    )
    hidden: int = param(
        0, "Width of a layer between features and classes; 0 has none", minimum=0, maximum=8192
    )
    dropout: float = param(
        0.2, "Share of features that a training step forgets", minimum=0.0, maximum=0.95
    )
    views: int = param(
        4, "In the fixed regime, varied copies of each training picture", minimum=0, maximum=64
    )
    epochs: int = param(30, "Most passes over the data", minimum=1, maximum=10000)
    batch_size: int = param(
        32, "Pictures per step; higher is steadier and needs memory", minimum=2, maximum=4096
    )
    learning_rate: float = param(
        1e-3, "Largest step of AdamW; it falls to 0 along a cosine", minimum=1e-6, maximum=1.0
    )
    backbone_rate: float = param(
        0.1, "The backbone's share of the learning rate when fine-tuning", minimum=0.0, maximum=1.0
    )
    weight_decay: float = param(
        1e-2, "Pull of the weights towards 0; higher fits less closely", minimum=0.0, maximum=1.0
    )
    label_smoothing: float = param(
        0.05, "Share of certainty that is given to the other classes", minimum=0.0, maximum=0.5
    )
    balance: bool = param(True, "Weigh rare classes up, so that all count alike")
    patience: int = param(
        8, "Stop after so many epochs without a better figure", minimum=1, maximum=10000
    )
    folds: int = param(
        5, "Parts that the groups are dealt to, without a split file", minimum=3, maximum=100
    )
    held_out_fold: int = param(
        0, "The part that is only measured; the next one says when to stop", minimum=0, maximum=99
    )
    min_cosine: float = param(
        0.93, "From where two pictures count as one group", minimum=0.01, maximum=1.0
    )
    seed: int = param(0, "Of split, start, order and variation", minimum=0, maximum=2**31 - 1)
    variation: Variation = group(Variation)


def read_recipe(path: Path | None, given: Mapping[str, object]) -> ClassifierRecipe:
    """Return the settings of a YAML file, with those of the command line on top.

    Args:
        path: the file, None for the defaults. given: dotted names and values.

    Raises:
        ConfigError: the file cannot be read; an unknown name, or a value that does not fit.
    """
    values = dict(_flat(_content(path))) if path else {}
    try:
        return build(ClassifierRecipe, {**values, **given})
    except ConfigError as exc:
        raise ConfigError(f"recipe {path}: {exc}" if path else str(exc)) from exc


def _content(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"recipe {path} cannot be read: {exc}") from exc
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise ConfigError(f"recipe {path}: expected lines such as epochs: 30")
    return content


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
