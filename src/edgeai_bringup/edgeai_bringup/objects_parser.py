"""The options of the commands about things. Standard library only, as the command itself."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_objects_parser(objects: argparse.ArgumentParser) -> None:
    """Add the actions of `edgeai objects`."""
    actions = objects.add_subparsers(dest="action", required=True, metavar="ACTION")
    where = actions.add_parser("where", help="say where a thing was seen last")
    where.add_argument("thing", nargs="?", metavar="THING", help="its name; without one all")
    where.add_argument(
        "--picture", type=Path, metavar="FILE", help="write what it looked like there, JPEG"
    )
    where.add_argument("--json", type=Path, metavar="FILE", help="write the sightings as JSON")
