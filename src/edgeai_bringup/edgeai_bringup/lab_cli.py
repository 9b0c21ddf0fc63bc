"""The parser of `edgeai lab`. Standard library only, like all of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

# What runs in the default set-up; the other commands need torch or scikit-learn first.
LIGHT_COMMANDS = frozenset(
    {
        "evaluate faces",
        "evaluate liveness",
        "faces align",
        "faces classify predict",
        "spoof",
        "video-to-images",
    }
)


def add_lab_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the lab to the product's commands."""
    lab = commands.add_parser("lab", help="measure and train models on data of your own")
    verbs = lab.add_subparsers(dest="lab_verb", required=True, metavar="COMMAND")
    _add_evaluate(verbs)
    _add_video_to_images(verbs)
    _add_faces(verbs)
    _add_spoof(verbs)
    _add_train_liveness(verbs)


def needs_lab_packages(arguments: argparse.Namespace) -> bool:
    """Return whether a parsed command needs the packages of requirements/lab.txt."""
    return arguments.command == "lab" and arguments.lab_command not in LIGHT_COMMANDS


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
    _add_evaluate_liveness(subjects)


def _add_evaluate_liveness(subjects: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    liveness = subjects.add_parser(
        "liveness",
        help="error rates of the liveness check on simulated attacks",
        description=(
            "Shows the shipped liveness check living people, prints, screens and replays. People "
            "come from the first picture in each folder of DIR, with simulated relief, and from "
            "clips. With turns, people who turn as asked and replays of random turns are shown."
        ),
    )
    liveness.set_defaults(lab_command="evaluate liveness")
    liveness.add_argument(
        "--root", type=Path, required=True, metavar="DIR", help="a folder of pictures per person"
    )
    liveness.add_argument(
        "--clip", type=Path, nargs="+", default=[], metavar="CLIP", help="of a living person each"
    )
    liveness.add_argument("--people", type=int, default=24, metavar="N", help="of DIR (24)")
    liveness.add_argument(
        "--seconds", type=float, default=3.5, metavar="S", help="of an attempt (3.5)"
    )
    liveness.add_argument(
        "--fps", type=float, default=10.0, metavar="HZ", help="of the camera (10)"
    )
    liveness.add_argument(
        "--turns", type=int, metavar="N", help="head turns asked for (as shipped)"
    )
    liveness.add_argument("--seed", type=int, default=0, metavar="N", help="of all draws (0)")
    liveness.add_argument(
        "--json", type=Path, required=True, metavar="OUT", help="write the result here"
    )
    liveness.add_argument(
        "--plots", type=Path, metavar="DIR", help="charts (default: OUT without ending + _plots)"
    )


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


def _add_spoof(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    spoof = verbs.add_parser(
        "spoof",
        help="re-photograph a picture or clip by simulation, to try the liveness check",
        description=(
            "Renders what a VGA webcam sees of a print, a screen or a replayed clip of SOURCE, or "
            "of SOURCE as a living scene. A simulation is a lower bound of what impostors do."
        ),
    )
    spoof.set_defaults(lab_command="spoof")
    spoof.add_argument("source", type=Path, metavar="SOURCE", help="a picture or a clip")
    spoof.add_argument("out", type=Path, metavar="OUT", help="new or empty folder")
    spoof.add_argument("--kind", choices=("print", "screen", "replay", "bona_fide"), required=True)
    spoof.add_argument(
        "--framing",
        choices=("full", "border"),
        default="full",
        help="whether the copy fills the picture or its edge is seen (full)",
    )
    spoof.add_argument("--seconds", type=float, default=3.0, metavar="S", help="at most 10 (3)")
    spoof.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn (0)")
    spoof.add_argument("--json", type=Path, metavar="FILE", help="write what was drawn")


def _add_train_liveness(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    train = verbs.add_parser("train", help="train a model that ships")
    subjects = train.add_subparsers(dest="lab_subject", required=True, metavar="WHAT")
    liveness = subjects.add_parser(
        "liveness",
        help="train the passive liveness network on simulated attacks of open pictures",
        description=(
            "Finds the faces in the open folders below DIR, renders living scenes and attacks, and "
            "trains FILE further on them. OUT gets checkpoint.pth, curves.csv, "
            "passive_liveness.onnx and its card. What is left out takes the default of the recipe."
        ),
    )
    liveness.set_defaults(lab_command="train liveness")
    liveness.add_argument("--data", type=Path, required=True, metavar="DIR")
    liveness.add_argument(
        "--start", type=Path, required=True, metavar="FILE", help="a MiniFASNet .pth"
    )
    liveness.add_argument("--out", type=Path, required=True, metavar="OUT")
    liveness.add_argument("--scenes", type=int, metavar="N", help="simulated pictures")
    liveness.add_argument("--steps", type=int, metavar="N", help="batches")
    liveness.add_argument("--batch-size", type=int, metavar="N")
    liveness.add_argument("--learning-rate", type=float, metavar="RATE")
    liveness.add_argument("--seed", type=int, metavar="N", help="of scenes, order and variation")
