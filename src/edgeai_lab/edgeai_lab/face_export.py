"""From a trained network to an ONNX file and the card that says what it is."""

from __future__ import annotations

import dataclasses
import hashlib
import platform
from pathlib import Path

import numpy as np
import torch

from edgeai_core.analyzers.faces.alignment import CHIP_SIDE_PX
from edgeai_lab.face_network import ExportedNetwork
from edgeai_lab.face_recipe import FaceRecipe, PeopleSplit
from edgeai_lab.face_training import Training
from edgeai_lab.json_files import write_json
from edgeai_lab.onnx_export import export_onnx

MODEL_NAME, CARD_NAME = "face_embedding.onnx", "face_embedding.json"


def export_network(training: Training, path: Path) -> float:
    """Write the network as ONNX with the product's input and output.

    Returns:
        The largest difference from torch on a chip of noise, measured with ONNX Runtime.

    Raises:
        ModelError: the file answers otherwise than the network. DataError: it cannot be written.
    """
    shape = (1, CHIP_SIDE_PX, CHIP_SIDE_PX, 3)
    chip = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return export_onnx(
        ExportedNetwork(training.network.cpu()),
        chip,
        path,
        input_name="chip",
        output_name="embedding",
    )


def write_card(
    folder: Path, *, training: Training, recipe: FaceRecipe, split: PeopleSplit, difference: float
) -> Path:
    """Write the model card beside the ONNX file and return its path.

    It holds counts and a digest of the data, but no name of a person.
    """
    model = folder / MODEL_NAME
    best = training.best
    path = folder / CARD_NAME
    write_json(
        path,
        {
            "name": "face_embedding_from_scratch",
            "task": "face embedding",
            "file_name": MODEL_NAME,
            "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
            "input": "chip (1, 150, 150, 3) uint8 RGB, aligned by ./edgeai lab faces align",
            "output": f"embedding (1, {recipe.dimension}) float32 of length 1, chip and mirror",
            "data": {
                "sha256": split.digest(),
                "people_trained_on": len(split.training),
                "chips_trained_on": sum(map(len, split.training.values())),
                "people_held_out": len(split.held_out),
                "chips_held_out": sum(map(len, split.held_out.values())),
            },
            "licence": "that of the pictures it was trained on",
            "recipe": dataclasses.asdict(recipe),
            "epochs_trained": len(training.epochs),
            "best_epoch": best.epoch,
            "metrics": {
                "conditions": "verification over all pairs of held-out people, best epoch",
                "auc": round(best.auc, 6),
                "equal_error_rate": round(best.equal_error_rate, 6),
                "tar_at_far_1pct": round(best.tar_at_far_1pct, 6),
                "largest_difference_from_torch": difference,
            },
            "made_with": {"torch": torch.__version__, "python": platform.python_version()},
        },
    )
    return path
