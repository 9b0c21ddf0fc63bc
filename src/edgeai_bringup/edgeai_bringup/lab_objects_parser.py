"""The object detector's part of the parser of `edgeai lab`. Standard library only."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_evaluate_objects(subjects: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `evaluate objects`."""
    objects = subjects.add_parser(
        "objects",
        help="how precise the object detector's boxes are",
        description=(
            "Runs the shipped detector over the pictures of DIR and writes, for each NAME, the "
            "average precision at half overlap and in how many pictures it is found at the shipped "
            "threshold."
        ),
    )
    objects.set_defaults(lab_command="evaluate objects")
    objects.add_argument("--images", type=Path, required=True, metavar="DIR")
    objects.add_argument(
        "--labels",
        type=Path,
        metavar="DIR",
        help="YOLO label files; a picture without one shows nothing",
    )
    objects.add_argument(
        "--names",
        nargs="+",
        required=True,
        metavar="NAME",
        help="the detector's names of the label files' classes, in the order of their numbers",
    )
    objects.add_argument(
        "--json", type=Path, required=True, metavar="OUT", help="write the result here"
    )


def add_train_objects(subjects: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `train objects`."""
    objects = subjects.add_parser(
        "objects",
        help="train the object detector's branch for guns and wallets",
        description=(
            "OUT gets objects_nano.onnx, its card objects_nano.json, curves and checkpoints. "
            "Near-duplicates, and pictures named after one film, stay in one part of the data."
        ),
    )
    objects.set_defaults(lab_command="train objects")
    data = objects.add_mutually_exclusive_group(required=True)
    data.add_argument("--data", type=Path, metavar="DIR", help="the data folder with its index")
    data.add_argument(
        "--smoke-test", action="store_true", help="a minute on drawn pictures, from random weights"
    )
    objects.add_argument("--out", type=Path, required=True, metavar="OUT")
