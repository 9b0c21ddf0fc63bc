"""The parsers of `edgeai lab train classifier` and `edgeai lab evaluate classifier`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_train_classifier(subjects: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the training of a classifier."""
    classifier = subjects.add_parser(
        "classifier",
        help="tell classes of pictures apart",
        description=(
            "Splits by groups that look alike, trains, exports ONNX with a card and measures the "
            "file on the fold that was held out. What neither FILE nor an option says takes the "
            "default of the recipe (docs/lab_tables.md)."
        ),
    )
    classifier.set_defaults(lab_command="train classifier")
    _add_pictures(classifier)
    classifier.add_argument("--backbone", metavar="NAME", help="(efficientnet_lite0)")
    classifier.add_argument(
        "--regime",
        choices=("fixed", "finetune", "scratch"),
        help="a head on fixed features, pinned weights moved a little, or all anew (fixed)",
    )
    classifier.add_argument("--config", type=Path, metavar="FILE", help="the recipe, as YAML")
    classifier.add_argument(
        "--split", type=Path, metavar="FILE", help="of ./edgeai lab data split; else by cluster"
    )
    classifier.add_argument("--epochs", type=int, metavar="N", help="most passes over the data")
    classifier.add_argument("--seed", type=int, metavar="N", help="of split, start and order")
    classifier.add_argument(
        "--licence", default="", metavar="TEXT", help="of the pictures, for the card"
    )
    classifier.add_argument("--out", type=Path, required=True, metavar="OUT", help="of the results")
    classifier.add_argument("--resume", action="store_true", help="go on from OUT's checkpoint")


def add_evaluate_classifier(
    subjects: argparse._SubParsersAction[argparse.ArgumentParser],
) -> None:
    """Add the measuring of a trained classifier."""
    classifier = subjects.add_parser(
        "classifier",
        help="figures of a classifier on labelled pictures",
        description="MODEL is the .onnx of train classifier; its card lies beside it.",
    )
    classifier.set_defaults(lab_command="evaluate classifier")
    classifier.add_argument("model", type=Path, metavar="MODEL")
    _add_pictures(classifier)
    classifier.add_argument("--split", type=Path, metavar="FILE", help="only pictures in it")
    classifier.add_argument("--fold", type=int, metavar="K", help="only this fold of the split")
    classifier.add_argument(
        "--json", type=Path, required=True, metavar="OUT", help="write the figures here"
    )
    classifier.add_argument(
        "--scores", type=Path, metavar="FILE", help="every score as CSV, worst errors first"
    )


def _add_pictures(parser: argparse.ArgumentParser) -> None:
    pictures = parser.add_mutually_exclusive_group(required=True)
    pictures.add_argument("--data", type=Path, metavar="DIR", help="a folder per class")
    pictures.add_argument("--yolo", type=Path, metavar="DIR", help="YOLO's images and labels")
