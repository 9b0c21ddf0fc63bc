"""The parser of `edgeai lab faces`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_faces_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add what works on faces of one's own."""
    faces = verbs.add_parser("faces", help="align, classify and learn faces of a folder of people")
    actions = faces.add_subparsers(dest="lab_action", required=True, metavar="ACTION")
    align = actions.add_parser(
        "align",
        help="cut an upright chip out of every picture",
        description=(
            "PERSONS holds a folder of pictures per person. Each usable picture becomes a chip of "
            "150 x 150 px under the same name in PERSONS_ALIGNED; rejections.csv there names every "
            "other one with the reason."
        ),
    )
    align.set_defaults(lab_command="faces align")
    align.add_argument("people", type=Path, metavar="PERSONS")
    align.add_argument("aligned", type=Path, metavar="PERSONS_ALIGNED", help="new or empty folder")
    align.add_argument(
        "--several-faces",
        action="store_true",
        help="take the most central of several faces instead of refusing the picture",
    )
    _add_classify(actions)
    _add_train(actions)


def _add_classify(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    classify = actions.add_parser("classify", help="a classifier on templates of a few people")
    steps = classify.add_subparsers(dest="lab_step", required=True, metavar="STEP")
    fit = steps.add_parser("fit", help="fit it on aligned chips")
    fit.set_defaults(lab_command="faces classify fit")
    fit.add_argument("aligned", type=Path, metavar="PERSONS_ALIGNED")
    fit.add_argument(
        "--model", type=Path, required=True, metavar="FILE", help="written as sealed JSON"
    )
    fit.add_argument(
        "--kind", choices=("svm", "knn"), default="svm", help="linear SVM or 3 nearest (svm)"
    )
    predict = steps.add_parser("predict", help="say who is in pictures")
    predict.set_defaults(lab_command="faces classify predict")
    predict.add_argument("model", type=Path, metavar="FILE")
    predict.add_argument("pictures", type=Path, metavar="PICTURES", help="a picture or a folder")
    predict.add_argument("--json", type=Path, metavar="OUT", help="write the answers as JSON")


def _add_train(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    train = actions.add_parser(
        "train",
        help="train an embedding network from scratch",
        description=(
            "A fifth of the people are never trained on and measure every epoch. OUT gets "
            "checkpoint.pt, curves.csv, face_embedding.onnx and its card face_embedding.json. What "
            "is left out takes the default of the recipe."
        ),
    )
    train.set_defaults(lab_command="faces train")
    train.add_argument("--root", type=Path, required=True, metavar="PERSONS_ALIGNED")
    train.add_argument("--out", type=Path, required=True, metavar="OUT")
    train.add_argument("--head", choices=("softmax", "arcface"), help="(arcface)")
    train.add_argument("--epochs", type=int, metavar="N", help="most passes over the data")
    train.add_argument("--batch-size", type=int, metavar="N")
    train.add_argument("--learning-rate", type=float, metavar="RATE")
    train.add_argument("--width", type=int, metavar="N", help="channels of the first layer")
    train.add_argument("--dimension", type=int, metavar="D", help="length of the embedding")
    train.add_argument("--seed", type=int, metavar="N", help="of split, start and order")
    train.add_argument("--resume", action="store_true", help="go on from OUT's checkpoint")
