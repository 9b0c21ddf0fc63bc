"""The card of a trained object detector: data, licences, recipe and figures."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from edgeai_core.analyzers.objects.labels import LABELS
from edgeai_core.model_store import sha256_of
from edgeai_lab.json_files import write_json
from edgeai_lab.objects.export import MODEL_NAME
from edgeai_lab.objects.pipeline import Division
from edgeai_lab.objects.recipe import ObjectRecipe
from edgeai_lab.training import History

CARD_NAME = "objects_nano.json"
_START = "YOLOX-nano 416, Kazuhito00/YOLOX-ONNX-TFLite-Sample @ 3d4f1119d069, Apache-2.0"
_DATA = {
    "suspect/guns": "LaneSBarnes/FirearmDetection @ 7c679f1b8f17, CC BY 4.0",
    "personal/wallet_phone_airpods": "aitkherimed1228/Yolov10_project @ 9b895c03691c, CC BY 4.0",
    "fight": "seymanurakti/fight-detection-surv-dataset @ ff83b7c521e5, MIT; clips 1 to 50",
    "fall/gmdcsa24": (
        "ekramalam/GMDCSA24-A-Dataset-for-Human-Fall-Detection-in-Videos @ 5abac7693229, MIT"
    ),
    "fire/abonia_cctv": "Abonia1/YOLOv8-Fire-and-Smoke-Detection @ f2c67efae8ff, CC BY 4.0",
    "fire/biplab_forest": "BIPLABMAHAPATRA1951/forest_fire_detection_ @ 0fcb849b53da, CC BY 4.0",
}


def write_card(
    folder: Path,
    *,
    recipe: ObjectRecipe,
    division: Division,
    histories: Sequence[History],
    metrics: Mapping[str, float],
    difference: float,
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
            "name": "objects_nano",
            "task": "object detection",
            "file_name": MODEL_NAME,
            "sha256": sha256_of(model),
            "bytes": model.stat().st_size,
            "licence": "Apache-2.0",
            "started_from": _START,
            "data": _DATA,
            "labels": list(LABELS),
            "command": "./edgeai lab train objects --data DIR --out OUT",
            "recipe": dataclasses.asdict(recipe),
            "examples": division.counts(),
            "near_duplicate_groups": division.groups,
            "epochs": [
                [dataclasses.asdict(epoch) for epoch in history.epochs] for history in histories
            ],
            "metrics": dict(metrics),
            "largest_difference_of_the_export": difference,
            "made_with": {"torch": torch.__version__, "python": platform.python_version()},
        },
    )
    return path
