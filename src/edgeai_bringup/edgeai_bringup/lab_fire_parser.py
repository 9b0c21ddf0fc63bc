"""The fire model's part of the parser of `edgeai lab`. Standard library only."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_evaluate_fire(subjects: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `evaluate fire`."""
    fire = subjects.add_parser(
        "fire",
        help="what the fire model says of folders of pictures",
        description=(
            "Counts by class folder of DIR how many pictures show none, start_fire and fire, and "
            "writes all scores beside OUT. With YOLO labels in DIR also the average precision of "
            "flame and smoke boxes at half overlap."
        ),
    )
    fire.set_defaults(lab_command="evaluate fire")
    fire.add_argument("--images", type=Path, required=True, metavar="DIR")
    fire.add_argument("--json", type=Path, required=True, metavar="OUT", help="write counts here")
    fire.add_argument(
        "--model", type=Path, metavar="FILE", help="another ONNX file than the shipped one"
    )
    fire.add_argument(
        "--sheet",
        type=Path,
        metavar="PNG",
        help="draw the pictures of each folder with the highest and the lowest scores",
    )


def add_train_fire(subjects: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `train fire`."""
    fire = subjects.add_parser(
        "fire",
        help="train the fire model on the open data folders",
        description=(
            "OUT gets fire.onnx, its card fire.json, curves.csv and head.pt. Near-duplicates stay "
            "in one part of the data; the threshold is set on a part that neither trained nor is "
            "measured."
        ),
    )
    fire.set_defaults(lab_command="train fire")
    data = fire.add_mutually_exclusive_group(required=True)
    data.add_argument("--data", type=Path, metavar="DIR", help="the data folder with its index")
    data.add_argument(
        "--smoke-test", action="store_true", help="a minute on drawn pictures, from random weights"
    )
    fire.add_argument("--out", type=Path, required=True, metavar="OUT")
