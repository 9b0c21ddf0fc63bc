"""The options of the commands about bags. Standard library only, as the command itself."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

# Drawn of the camera's pictures and the results, while somebody listens: a recording that listened
# would make every node draw, and hold each picture several times.
DRAWN = (
    r".*/(debug_image|image_annotated|image_raw)/compressed"
    r"|.*/(debug_image|image_annotated|image_markers|markers)"
)


def add_bag_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `edgeai record` and `edgeai replay`."""
    record = commands.add_parser(
        "record",
        help="record topics of a running graph into a bag",
        description=(
            "Record until Ctrl-C. The bag (MCAP) holds definitions, hashes and quality of service: "
            "ros2 bag, Foxglove and this program read it. Picture topics are published only while "
            "somebody listens, and recording listens."
        ),
    )
    record.add_argument("bag", type=Path, metavar="BAG", help="folder to make; never overwritten")
    record.add_argument("--duration-s", type=_positive, metavar="S", help="stop after S s")
    record.add_argument("--split-mb", type=_positive, metavar="MB", help="begin a new part after")
    record.add_argument("--split-s", type=_positive, metavar="S", help="begin a new part after")
    record.add_argument(
        "--last-s",
        type=_positive,
        metavar="S",
        help="keep only the last S s in memory and write them at the end, or whenever the service "
        "/edgeai_recorder/save is called",
    )
    record.add_argument(
        "--last-mb", type=_positive, default=500.0, metavar="MB", help="at most so much (500)"
    )
    replay = commands.add_parser(
        "replay",
        help="publish what a bag holds",
        description=(
            "A graph that analyses a recording anew: ./edgeai up home --source topic, and "
            "./edgeai replay BAG --topics '.*/image_raw' beside it."
        ),
    )
    replay.add_argument(
        "bag", type=Path, metavar="BAG", help="a bag of ros2 bag or of edgeai record"
    )
    replay.add_argument("--rate", type=_positive, default=1.0, metavar="X", help="speed (1)")
    replay.add_argument("--fast", action="store_true", help="as fast as messages can be published")
    replay.add_argument(
        "--lock-step",
        action="store_true",
        help="wait after each picture for all analyzers that run with inference.lock_step",
    )
    replay.add_argument(
        "--clock-hz",
        type=_positive,
        default=0.0,
        metavar="HZ",
        help="publish /clock for nodes with use_sim_time, at least so often",
    )
    replay.add_argument(
        "--wait-s",
        type=_positive,
        default=5.0,
        metavar="S",
        help="wait so long for a listener of every topic before the first message (5)",
    )
    for command in (record, replay):
        command.add_argument(
            "--topics", type=_expression, default=".*", metavar="REGEX", help="which (all)"
        )
    record.add_argument(
        "--exclude",
        type=_expression,
        default=DRAWN,
        metavar="REGEX",
        help="which not (what can be drawn again: pictures, markers, JPEGs); '' records all",
    )
    replay.add_argument(
        "--exclude", type=_expression, default="", metavar="REGEX", help="which not"
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return value


def _expression(text: str) -> Any:
    try:
        re.compile(text)
    except re.error as exc:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {exc}") from exc
    return text
