"""From examples and a recipe to a trained classifier, in one of three regimes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from edgeai_lab.backbones import create_backbone
from edgeai_lab.classifier.examples import Example, Examples
from edgeai_lab.classifier.lessons import FeatureLesson, PictureLesson
from edgeai_lab.classifier.network import Classifier, create_head
from edgeai_lab.classifier.recipe import FIXED, SCRATCH, ClassifierRecipe
from edgeai_lab.progress import Track, silent
from edgeai_lab.training import History, Lesson, Schedule, Trainer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedClassifier:
    """The classifier of the best epoch, on the CPU and ready to answer, and all epochs."""

    classifier: Classifier
    history: History
    side_px: int


class ClassifierTrainer:
    """Trains a classifier; the folder gets checkpoint.pt and curves.csv after each epoch.

    Args:
        examples: the parts of the data. recipe: the settings. folder: of the results.
        device: "cpu" or "cuda". clock_s: seconds, for the curves.
        track: shows how far the features of the fixed regime are.

    Raises:
        ConfigError: the regime needs pretrained weights and the backbone has none.
        ModelMissingError: the weights are not installed. DataError: a picture cannot be decoded.
    """

    def __init__(
        self,
        examples: Examples,
        recipe: ClassifierRecipe,
        folder: Path,
        *,
        device: str = "cpu",
        clock_s: Callable[[], float] = time.monotonic,
        track: Track[Example] = silent,
    ) -> None:
        where = torch.device(device)
        torch.manual_seed(recipe.seed)
        backbone = create_backbone(recipe.backbone, pretrained=recipe.regime != SCRATCH)
        head = create_head(
            dimension=backbone.dimension,
            classes=len(examples.classes),
            hidden=recipe.hidden,
            dropout=recipe.dropout,
        )
        self._classifier = Classifier(backbone, head)
        self._side_px = recipe.side_px or backbone.row.side_px
        lesson: Lesson[Any]
        if recipe.regime == FIXED:
            lesson = FeatureLesson(
                examples, recipe, backbone=backbone, head=head, device=where, track=track
            )
        else:
            lesson = PictureLesson(examples, recipe, classifier=self._classifier, device=where)
        settings = dataclasses.asdict(recipe)
        settings.pop("epochs")
        # A checkpoint holds plain values only, so that reading one never runs code.
        settings["classes"] = list(recipe.classes)
        self._trainer = Trainer(
            lesson,
            Schedule(
                epochs=recipe.epochs,
                batch_size=recipe.batch_size,
                learning_rate=recipe.learning_rate,
                weight_decay=recipe.weight_decay,
                patience=recipe.patience,
                seed=recipe.seed,
            ),
            folder,
            origin={**settings, "data": examples.digest()},
            device=where,
            clock_s=clock_s,
        )

    def resume(self) -> int:
        """Go on from the folder's checkpoint; return how many epochs it has done.

        Raises:
            DataError: there is none, it is damaged, or it is of other settings or other data.
        """
        return self._trainer.resume()

    def run(self, *, track: Track[int] = silent) -> TrainedClassifier:
        """Train until the epochs are over or nothing gets better.

        Raises:
            DataError: the loss is no number any more, or the folder cannot be written.
        """
        history = self._trainer.run(track=track)
        return TrainedClassifier(
            classifier=self._classifier.cpu().eval(), history=history, side_px=self._side_px
        )
