"""The options of `edgeai test-bag`. Standard library only, as the command itself."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_regression_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `edgeai test-bag`."""
    parser.description = (
        "Show the pictures of a recording to the analyzers, each when all are done with the one "
        "before: the same pictures give the same answers on any machine at any speed. Nothing of "
        "this user is used or changed. Exit code 0 when all is as expected, 1 when not."
    )
    parser.add_argument("bag", type=Path, metavar="BAG", help="a bag with image_raw in it")
    parser.add_argument("--expect", type=Path, metavar="FILE", help="what must be seen (YAML)")
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help="make such a file of what is seen; never over one",
    )
    parser.add_argument(
        "--profile", choices=("home", "city"), help="whose parameters (the file's, else home)"
    )
    parser.add_argument("--camera", default="camera", metavar="NAME", help="namespace (camera)")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="ANALYZER", help="these analyzers and no other"
    )
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="NODE.PARAMETER=VALUE",
        help="one parameter, over those of the file; repeatable",
    )
    parser.add_argument(
        "--gallery", type=Path, metavar="FILE", help="enrolled people; without it there are none"
    )
    parser.add_argument(
        "--session",
        default="MONITORING",
        choices=("LOCKED", "ACTIVE", "MONITORING"),
        help="state of the session for the alerts (MONITORING)",
    )
    parser.add_argument(
        "--runtime",
        default="openvino",
        metavar="NAME",
        help="inference runtime (openvino); auto may differ from run to run",
    )
    parser.add_argument("--rate", type=float, default=0.0, metavar="X", help="speed; 0 is fast (0)")
    parser.add_argument(
        "--separate", action="store_true", help="one process per analyzer instead of one for all"
    )
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="look N times; all must be the same bits"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="expected and seen as PNG")
    parser.add_argument("--json", type=Path, metavar="FILE", help="what was seen, with digests")
