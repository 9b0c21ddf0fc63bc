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
    _add_teach(actions)
    listed = actions.add_parser("list", help="list the things that were taught")
    listed.add_argument("--json", type=Path, metavar="FILE", help="write the answer as JSON")
    forget = actions.add_parser("forget", help="delete a taught thing, its pictures and sightings")
    forget.add_argument("name")
    for action in (actions.choices["teach"], listed, forget):
        action.add_argument(
            "--things", type=Path, metavar="DIR", help="folder of the things, not the default"
        )


def _add_teach(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    teach = actions.add_parser(
        "teach",
        help="teach a thing of your own from a clip, pictures or the camera",
        description=(
            "Keep the camera still. Show the place without the thing for two seconds, then move "
            "the thing about and turn it slowly, for half a minute. The thing is cut out, laid on "
            "other backgrounds, and a small head on the detector learns it."
        ),
    )
    teach.set_defaults(lab_command="objects teach")
    teach.add_argument("name", help="what to call it, in your words")
    material = teach.add_mutually_exclusive_group(required=True)
    material.add_argument(
        "--from",
        dest="source",
        metavar="SOURCE",
        help="a clip, a folder of pictures, a folder of PNG cut-outs with transparency, camera",
    )
    material.add_argument(
        "--again", action="store_true", help="from the cut-outs kept when it was taught"
    )
    teach.add_argument(
        "--backgrounds",
        type=Path,
        metavar="DIR",
        help="pictures of your rooms without the thing: the more like where it will be, the better",
    )
    teach.add_argument("--sheet", type=Path, metavar="FILE", help="write the cut-outs to look at")
    teach.add_argument("--replace", action="store_true", help="when the name is taught already")
    teach.add_argument("--force", action="store_true", help="keep it even if it is found badly")
    teach.add_argument(
        "--trunk", type=Path, metavar="FILE", help="a YOLOX as ONNX instead of the shipped detector"
    )
