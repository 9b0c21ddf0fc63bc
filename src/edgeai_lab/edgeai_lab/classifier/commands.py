"""`edgeai lab train classifier` and `edgeai lab evaluate classifier`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from edgeai_core.errors import DataError
from edgeai_lab.classifier.card import MODEL_NAME, read_card, write_card
from edgeai_lab.classifier.evaluation import score_examples, write_scores
from edgeai_lab.classifier.examples import Example, Examples, divide, label_pictures
from edgeai_lab.classifier.figures import describe, measure
from edgeai_lab.classifier.recipe import ClassifierRecipe, read_recipe
from edgeai_lab.data.commands import cluster_groups, split_rows
from edgeai_lab.data.sets import LabelledPicture, Layout, read_data_set
from edgeai_lab.data.split import SplitRow, read_split, write_split
from edgeai_lab.json_files import write_json
from edgeai_lab.progress import bar

_SPLIT_NAME = "split.csv"
_GIVEN = ("backbone", "regime", "epochs", "seed")


def run_train(arguments: argparse.Namespace) -> int:
    """Train, export and measure a classifier; return the exit code."""
    given = {n: v for n in _GIVEN if (v := getattr(arguments, n)) is not None}
    recipe = read_recipe(arguments.config, given)
    pictures = _pictures(arguments, rules=recipe.classes, no_boxes=recipe.no_boxes)
    folder: Path = arguments.out
    # A resumed run takes the split that it began with, whatever the machine makes of features now.
    own_split = folder / _SPLIT_NAME
    rows = _rows(arguments.split or (own_split if arguments.resume else None), pictures, recipe)
    examples = divide(
        rows, {picture.name: picture for picture in pictures}, held_out_fold=recipe.held_out_fold
    )
    write_split(own_split, rows)
    _train(examples, recipe, folder, resume=arguments.resume, licence=arguments.licence)
    return 0


def _train(
    examples: Examples, recipe: ClassifierRecipe, folder: Path, *, resume: bool, licence: str
) -> None:
    import torch

    from edgeai_lab.classifier.network import ExportedClassifier
    from edgeai_lab.classifier.training import ClassifierTrainer
    from edgeai_lab.curves import save_curves
    from edgeai_lab.onnx_export import export_onnx

    device = "cuda" if torch.cuda.is_available() else "cpu"
    trainer = ClassifierTrainer(examples, recipe, folder, device=device, track=bar)
    if resume:
        print(f"going on after {trainer.resume()} epochs")
    trained = trainer.run(track=bar)
    history, side_px = trained.history, trained.side_px
    save_curves(folder, history.epochs)
    model = folder / MODEL_NAME
    sample = np.random.default_rng(0).integers(0, 256, (1, side_px, side_px, 3), dtype=np.uint8)
    difference = export_onnx(
        ExportedClassifier(trained.classifier),
        sample,
        model,
        input_name="picture",
        output_name="scores",
    )
    scores = score_examples(model, examples.held_out, side_px=side_px, track=bar)
    held_out = measure(scores, [e.label for e in examples.held_out], examples.classes)
    write_scores(folder / "held_out_scores.csv", examples.held_out, scores, examples.classes)
    card = write_card(
        folder,
        examples=examples,
        recipe=recipe,
        epochs=history.epochs,
        best=history.best,
        side_px=side_px,
        held_out=held_out,
        difference=difference,
        licence=licence,
        versions={"torch": torch.__version__, "timm": version("timm")},
    )
    best = history.best
    print(
        f"{len(examples.training)} pictures trained on, {len(history.epochs)} epochs on {device}, "
        f"best {best.epoch}: balanced accuracy {100 * best.figures['balanced_accuracy']:.2f} % of "
        f"{len(examples.validation)} that said when to stop"
    )
    print(f"held out, {describe(held_out)}")
    print(f"model {model}, card {card}")


def run_evaluate(arguments: argparse.Namespace) -> int:
    """Measure an exported classifier; return the exit code."""
    card = read_card(arguments.model)
    yolo = arguments.yolo is not None
    pictures = _pictures(
        arguments,
        rules=card.rules if yolo else (),
        no_boxes=card.no_boxes if yolo else "",
    )
    rows = read_split(arguments.split) if arguments.split else None
    examples = [
        Example(
            path=picture.path,
            name=picture.name,
            label=card.classes.index(picture.label),
            group=rows[picture.name].group if rows else picture.name,
        )
        for picture in pictures
        if picture.label in card.classes and _in_fold(picture.name, rows, arguments.fold)
    ]
    strange = sorted({picture.label for picture in pictures} - set(card.classes))
    if strange:
        print(f"left out, unknown to the classifier: {', '.join(strange)}")
    scores = score_examples(card.model, examples, side_px=card.side_px, track=bar)
    figures = measure(scores, [example.label for example in examples], card.classes)
    print(describe(figures))
    write_json(arguments.json, {"model_sha256": card.sha256, **figures.result()})
    print(f"result {arguments.json}")
    if arguments.scores is not None:
        write_scores(arguments.scores, examples, scores, card.classes)
        print(f"scores {arguments.scores}, the most certain errors first")
    return 0


def _in_fold(name: str, rows: dict[str, SplitRow] | None, fold: int | None) -> bool:
    if rows is None:
        return True
    return name in rows and (fold is None or rows[name].fold == fold)


def _pictures(
    arguments: argparse.Namespace, *, rules: Sequence[str], no_boxes: str
) -> tuple[LabelledPicture, ...]:
    if arguments.yolo is not None:
        data = read_data_set(arguments.yolo, layout=Layout.YOLO)
    else:
        data = read_data_set(arguments.data, layout=Layout.FOLDERS)
    return label_pictures(data, rules=rules, no_boxes=no_boxes)


def _rows(
    path: Path | None, pictures: Sequence[LabelledPicture], recipe: ClassifierRecipe
) -> list[SplitRow]:
    """Return the split of a file, or one by clusters of the pictures."""
    if path is None:
        groups = cluster_groups(pictures, min_cosine=recipe.min_cosine)
        return split_rows(pictures, groups, folds=recipe.folds, seed=recipe.seed)
    rows = read_split(path)
    missing = [picture.name for picture in pictures if picture.name not in rows]
    if missing:
        raise DataError(
            f"split {path}: {len(missing)} pictures are not in it, the first is {missing[0]}; "
            "make it anew with ./edgeai lab data split"
        )
    return list(rows.values())
