"""The parser of `edgeai lab`. Standard library only, like all of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgeai_bringup.lab_actions_parser import (
    add_evaluate_actions,
    add_train_actions,
    add_train_gaits,
)
from edgeai_bringup.lab_bags_parser import add_evaluate_bags
from edgeai_bringup.lab_classifier_parser import add_evaluate_classifier, add_train_classifier
from edgeai_bringup.lab_data_parser import add_data_parser
from edgeai_bringup.lab_faces_parser import add_faces_parser
from edgeai_bringup.lab_fire_parser import add_evaluate_fire, add_train_fire
from edgeai_bringup.lab_liveness_parser import (
    add_evaluate_liveness,
    add_spoof_parser,
    add_train_liveness,
)
from edgeai_bringup.lab_objects_parser import add_evaluate_objects, add_train_objects

# What runs in the default set-up; the other commands need torch or scikit-learn first.
LIGHT_COMMANDS = frozenset(
    {
        "data compose",
        "data report",
        "evaluate bags",
        "evaluate actions",
        "evaluate classifier",
        "evaluate faces",
        "evaluate fire",
        "evaluate liveness",
        "evaluate objects",
        "faces align",
        "faces classify predict",
        "inspect",
        "spoof",
        "train gaits",
        "video-to-images",
    }
)


def add_lab_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the lab to the product's commands."""
    lab = commands.add_parser("lab", help="measure and train models on data of your own")
    verbs = lab.add_subparsers(dest="lab_verb", required=True, metavar="COMMAND")
    _add_inspect(verbs)
    add_data_parser(verbs)
    _add_train(verbs)
    _add_evaluate(verbs)
    _add_video_to_images(verbs)
    add_faces_parser(verbs)
    add_spoof_parser(verbs)


def needs_lab_packages(arguments: argparse.Namespace) -> bool:
    """Return whether a parsed command needs the packages of requirements/lab.txt."""
    if arguments.command == "objects":
        return bool(arguments.action == "teach")
    if arguments.command != "lab":
        return False
    if arguments.lab_command == "inspect":
        # Of the backbones alone there is no file until torch has made one.
        from edgeai_lab.backbone_names import BACKBONES

        return arguments.model in BACKBONES and not Path(arguments.model).is_file()
    if arguments.lab_command == "data split":
        return bool(arguments.by == "cluster")
    return arguments.lab_command not in LIGHT_COMMANDS


def _add_inspect(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    inspect = verbs.add_parser(
        "inspect",
        help="table the layers of a network",
        description=(
            "Prints kernel, stride, padding, output, parameters, multiplications (MACs) and "
            "receptive field of every layer, and the totals."
        ),
    )
    inspect.set_defaults(lab_command="inspect")
    inspect.add_argument(
        "model",
        metavar="MODEL",
        help="a model of the catalog, a .onnx, .tflite, .xml or .pb, or the name of a backbone",
    )
    inspect.add_argument(
        "--shape",
        type=_sides,
        default=(),
        metavar="N,C,H,W",
        help="of the input, where the file leaves sides open",
    )
    inspect.add_argument("--json", type=Path, metavar="OUT", help="write the table as JSON")


def _sides(text: str) -> tuple[int, ...]:
    try:
        sides = tuple(int(part) for part in text.split(","))
    except ValueError:
        sides = ()
    if not sides or min(sides) < 1:
        raise argparse.ArgumentTypeError(f"expected sides such as 1,3,224,224, got {text}")
    return sides


def _add_evaluate(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    evaluate = verbs.add_parser("evaluate", help="measure what ships and what was trained")
    subjects = evaluate.add_subparsers(dest="lab_subject", required=True, metavar="WHAT")
    add_evaluate_actions(subjects)
    add_evaluate_classifier(subjects)
    add_evaluate_liveness(subjects)
    faces = subjects.add_parser(
        "faces",
        help="error rates and times of the face pipeline",
        description=(
            "Measures detection, alignment and embedding together. A picture without a face counts "
            "as an error; of several faces the most central one is taken. Lists that are left out "
            "are taken from DIR where they are there."
        ),
    )
    faces.set_defaults(lab_command="evaluate faces")
    faces.add_argument(
        "--root", type=Path, required=True, metavar="DIR", help="folder of the pictures"
    )
    faces.add_argument(
        "--pairs", type=Path, metavar="FILE", help="rows of same,a,b[,fold] (pairs.csv)"
    )
    faces.add_argument(
        "--gallery",
        type=Path,
        metavar="FILE",
        help="pictures of known people, a folder each; the first 4 enrol (gallery.txt)",
    )
    faces.add_argument(
        "--unknown", type=Path, metavar="FILE", help="pictures of strangers (unknown.txt)"
    )
    faces.add_argument(
        "--json", type=Path, required=True, metavar="OUT", help="write the result here"
    )
    faces.add_argument(
        "--plots", type=Path, metavar="DIR", help="charts (default: OUT without ending + _plots)"
    )
    add_evaluate_fire(subjects)
    add_evaluate_bags(subjects)
    add_evaluate_objects(subjects)


def _add_train(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    train = verbs.add_parser("train", help="train what ships, or a network on data of your own")
    subjects = train.add_subparsers(dest="lab_subject", required=True, metavar="WHAT")
    add_train_actions(subjects)
    add_train_classifier(subjects)
    add_train_fire(subjects)
    add_train_gaits(subjects)
    add_train_liveness(subjects)
    add_train_objects(subjects)


def _add_video_to_images(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    frames = verbs.add_parser("video-to-images", help="save frames of a clip as pictures")
    frames.set_defaults(lab_command="video-to-images")
    frames.add_argument("clip", type=Path, metavar="CLIP")
    frames.add_argument("out", type=Path, metavar="OUT", help="folder of the pictures")
    frames.add_argument(
        "--every-s", type=float, default=0.2, metavar="S", help="seconds between them (0.2)"
    )
