"""The bag measurement's part of the parser of `edgeai lab`. Standard library only."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_evaluate_bags(subjects: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `evaluate bags`."""
    bags = subjects.add_parser(
        "bags",
        help="what is said about lone bags in scripted sequences",
        description=(
            "Plays scripts of people and bags (owners who stay, leave, return, hand over, crowds, "
            "cover, theft) with the faults of a detector through tracker and watch, and counts "
            "right, false and missing alarms of abandoned bags. With --clip some scripts are also "
            "pasted on real pictures and seen by the detector, and the clip is played as it is."
        ),
    )
    bags.set_defaults(lab_command="evaluate bags")
    bags.add_argument("--seeds", type=int, default=8, metavar="N", help="of every script (8)")
    bags.add_argument(
        "--first-seed", type=int, default=1000, metavar="N", help="of all that is drawn (1000)"
    )
    bags.add_argument(
        "--appearance", action="store_true", help="describe how people look to the watch too"
    )
    bags.add_argument(
        "--clip", type=Path, metavar="VTEST", help="also paste scripts on OpenCV's vtest.avi"
    )
    bags.add_argument(
        "--clip-seeds", type=int, default=2, metavar="N", help="of every pasted script (2)"
    )
    bags.add_argument(
        "--bag", type=Path, metavar="PNG", help="transparent picture to paste (a drawn case)"
    )
    bags.add_argument(
        "--sheets", type=Path, metavar="DIR", help="pictures of every pasted sequence"
    )
    bags.add_argument("--json", type=Path, metavar="OUT", help="write the result here")
