"""A trained classifier on disk: the ONNX file and the card that says what it is."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeai_core.errors import ModelError, ModelIntegrityError
from edgeai_core.model_store import sha256_of
from edgeai_lab.backbone_weights import WEIGHTS
from edgeai_lab.classifier.examples import Example, Examples
from edgeai_lab.classifier.figures import ClassifierFigures
from edgeai_lab.classifier.recipe import SCRATCH, ClassifierRecipe
from edgeai_lab.epochs import Epoch
from edgeai_lab.json_files import write_json

MODEL_NAME, CARD_NAME = "classifier.onnx", "classifier.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierCard:
    """What is needed to use a classifier: its file, classes by column, side of its input.

    `rules` and `no_boxes` are those of the recipe, so that YOLO data are labelled alike again.
    """

    model: Path
    sha256: str
    classes: tuple[str, ...]
    side_px: int
    rules: tuple[str, ...]
    no_boxes: str


def write_card(
    folder: Path,
    *,
    examples: Examples,
    recipe: ClassifierRecipe,
    epochs: Sequence[Epoch],
    best: Epoch,
    side_px: int,
    held_out: ClassifierFigures,
    difference: float,
    licence: str,
    versions: dict[str, str],
) -> Path:
    """Write the card beside the ONNX file and return its path.

    Args:
        folder: of both. licence: of the pictures, as given. versions: of what it was made with.
        difference: largest one between ONNX Runtime and torch. The others: of the training.

    Raises:
        DataError: it cannot be written.
    """
    path = folder / CARD_NAME
    start = None if recipe.regime == SCRATCH else WEIGHTS[recipe.backbone]
    write_json(
        path,
        {
            "name": f"{recipe.backbone} classifier",
            "task": "image classification",
            "file_name": MODEL_NAME,
            "sha256": sha256_of(folder / MODEL_NAME),
            "input": {
                "name": "picture",
                "shape": [1, side_px, side_px, 3],
                "layout": "NHWC uint8 RGB, the whole picture stretched to the square",
            },
            "output": f"scores (1, {len(examples.classes)}) float32 that add up to 1",
            "classes": list(examples.classes),
            "data": {
                "sha256": examples.digest(),
                "licence": licence or "not stated",
                "training": _counts(examples.training, examples.classes),
                "validation": _counts(examples.validation, examples.classes),
                "held_out": _counts(examples.held_out, examples.classes),
            },
            "pretrained_weights": start
            and {
                "sha256": start.sha256,
                "licence": start.licence,
                "notice": start.notice,
                "data": start.data,
            },
            "recipe": dataclasses.asdict(recipe),
            "seed": recipe.seed,
            "epochs_trained": len(epochs),
            "best_epoch": best.row(),
            "metrics": {
                "conditions": (
                    "groups that were neither trained on nor used to stop, ONNX file, "
                    "one answer per picture"
                ),
                **held_out.result(),
                "largest_difference_from_torch": difference,
            },
            "made_with": {**versions, "python": platform.python_version()},
        },
    )
    return path


def read_card(model: Path) -> ClassifierCard:
    """Return the card of a classifier's ONNX file, which lies beside it.

    Raises:
        ModelError: there is none, or it is no classifier's.
        ModelIntegrityError: the ONNX file is not the one on the card.
    """
    path = model.with_suffix(".json")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        card = ClassifierCard(
            model=model,
            sha256=str(content["sha256"]),
            classes=tuple(map(str, content["classes"])),
            side_px=int(content["input"]["shape"][1]),
            rules=tuple(map(str, content["recipe"]["classes"])),
            no_boxes=str(content["recipe"]["no_boxes"]),
        )
        digest = sha256_of(model)
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, IndexError) as exc:
        raise ModelError(
            f"classifier {model}: it and its card {path} cannot be read ({exc!r}); give the .onnx "
            "file of ./edgeai lab train classifier with its .json beside it"
        ) from exc
    if digest != card.sha256:
        raise ModelIntegrityError(
            f"classifier {model}: sha256 is {digest[:12]}…, its card says {card.sha256[:12]}…; "
            "export it again"
        )
    return card


def _counts(part: Sequence[Example], classes: Sequence[str]) -> dict[str, object]:
    return {
        "groups": len({example.group for example in part}),
        "pictures": {
            name: sum(example.label == label for example in part)
            for label, name in enumerate(classes)
        },
    }
