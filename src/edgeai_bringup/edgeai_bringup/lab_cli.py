"""The parser of `edgeai lab`. Standard library only, like all of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgeai_bringup.lab_fire_parser import add_evaluate_fire, add_train_fire

# What runs in the default set-up; the other commands need torch or scikit-learn first.
LIGHT_COMMANDS = frozenset(
    {
        "evaluate faces",
        "evaluate fire",
        "faces align",
        "faces classify predict",
        "inspect",
        "video-to-images",
    }
)


def add_lab_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the lab to the product's commands."""
    lab = commands.add_parser("lab", help="measure and train models on data of your own")
    verbs = lab.add_subparsers(dest="lab_verb", required=True, metavar="COMMAND")
    _add_inspect(verbs)
    _add_evaluate(verbs)
    add_train_fire(verbs)
    _add_video_to_images(verbs)
    _add_faces(verbs)


def needs_lab_packages(arguments: argparse.Namespace) -> bool:
    """Return whether a parsed command needs the packages of requirements/lab.txt."""
    if arguments.command != "lab":
        return False
    if arguments.lab_command == "inspect":
        # Of the backbones alone there is no file until torch has made one.
        from edgeai_lab.backbone_names import BACKBONES

        return arguments.model in BACKBONES and not Path(arguments.model).is_file()
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
    evaluate = verbs.add_parser("evaluate", help="measure what ships")
    subjects = evaluate.add_subparsers(dest="lab_subject", required=True, metavar="WHAT")
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


def _add_video_to_images(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    frames = verbs.add_parser("video-to-images", help="save frames of a clip as pictures")
    frames.set_defaults(lab_command="video-to-images")
    frames.add_argument("clip", type=Path, metavar="CLIP")
    frames.add_argument("out", type=Path, metavar="OUT", help="folder of the pictures")
    frames.add_argument(
        "--every-s", type=float, default=0.2, metavar="S", help="seconds between them (0.2)"
    )


def _add_faces(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
