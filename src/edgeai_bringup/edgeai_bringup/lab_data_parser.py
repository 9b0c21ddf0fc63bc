"""The parser of `edgeai lab data`."""

from __future__ import annotations

import argparse
from pathlib import Path

_NEAR = 0.93


def add_data_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add what reads, splits and audits folders of labelled pictures."""
    data = verbs.add_parser("data", help="look over, split and audit labelled pictures")
    actions = data.add_subparsers(dest="lab_action", required=True, metavar="ACTION")
    _add_report(actions)
    _add_split(actions)
    _add_audit(actions)
    _add_compose(actions)


def _add_report(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    report = actions.add_parser("report", help="balance of classes, sizes, broken and equal files")
    report.set_defaults(lab_command="data report")
    _add_data(report)
    report.add_argument("--json", type=Path, metavar="OUT", help="write the report as JSON")


def _add_split(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    split = actions.add_parser(
        "split",
        help="deal groups of pictures to folds",
        description=(
            "Writes name, label, group and fold of every picture as CSV. A group is never torn: "
            "what nearly equals a picture that was trained on measures memory."
        ),
    )
    split.set_defaults(lab_command="data split")
    _add_data(split)
    split.add_argument(
        "--by",
        choices=("cluster", "source"),
        required=True,
        help="cluster: what looks alike; source: what the names say",
    )
    split.add_argument(
        "--source-pattern",
        metavar="REGEX",
        help="its first group is the source (default: the name without its last number)",
    )
    _add_cosine(split)
    split.add_argument("--folds", type=_folds, default=5, metavar="K", help="how many (5)")
    split.add_argument("--seed", type=int, default=0, metavar="N", help="of the dealing (0)")
    split.add_argument("--out", type=Path, required=True, metavar="FILE", help="the CSV")


def _add_audit(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    audit = actions.add_parser(
        "audit",
        help="sheets to look over by eye, and twins with different labels",
        description="Draws thirty pictures a sheet by class, with their boxes, and lists twins.",
    )
    audit.set_defaults(lab_command="data audit")
    _add_data(audit)
    _add_cosine(audit)
    audit.add_argument("--out", type=Path, required=True, metavar="DIR", help="the sheets")


def _add_compose(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    compose = actions.add_parser(
        "compose",
        help="lay cut-outs on backgrounds, with labels",
        description=(
            "Draws transparent cut-outs (PNG with alpha, a folder per class) on pictures: place, "
            "size, turn, light, blur and cover by chance. OUT gets images, annotations.csv and "
            "YOLO's labels."
        ),
    )
    compose.set_defaults(lab_command="data compose")
    for name, text in (
        ("--cutouts", "CLASS/cutout.png in it"),
        ("--backgrounds", "pictures without the things; folders below count"),
        ("--out", "a new folder"),
    ):
        compose.add_argument(name, type=Path, required=True, metavar="DIR", help=text)
    compose.add_argument("--count", type=_count, default=1000, metavar="N", help="pictures (1000)")
    compose.add_argument("--seed", type=int, default=0, metavar="N", help="of all chance (0)")
    compose.add_argument(
        "--size", type=_size, default=(640, 480), metavar="WxH", help="of a picture (640x480)"
    )
    compose.add_argument(
        "--most-things", type=_count, default=3, metavar="N", help="at most in a picture (3)"
    )
    compose.add_argument(
        "--least-side",
        type=_fraction,
        default=0.08,
        metavar="S",
        help="of a thing, share of the picture's shorter side (0.08)",
    )
    compose.add_argument(
        "--most-side", type=_fraction, default=0.6, metavar="S", help="likewise, at most (0.6)"
    )


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "data", type=Path, metavar="DIR", help="a folder per class, or YOLO's images and labels"
    )


def _add_cosine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--min-cosine",
        type=_fraction,
        default=_NEAR,
        metavar="C",
        help=f"from where two pictures count as nearly the same ({_NEAR})",
    )


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {text}")
    return value


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(side) for side in text.lower().split("x"))
    except ValueError:
        width = height = 0
    if not 32 <= min(width, height) <= max(width, height) <= 4096:
        raise argparse.ArgumentTypeError(f"expected sides of 32 to 4096 as 640x480, got {text}")
    return width, height


def _fraction(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0 and up to 1, got {text}")
    return value


def _folds(text: str) -> int:
    value = int(text)
    if value < 2:
        raise argparse.ArgumentTypeError(f"expected 2 or more, got {text}")
    return value
