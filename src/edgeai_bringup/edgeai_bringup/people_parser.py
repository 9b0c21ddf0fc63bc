"""The options of the commands about people. Standard library only, as the command itself."""

from __future__ import annotations

import argparse
from datetime import date, datetime, timedelta
from pathlib import Path

# edgeai_core.access.permissions says what each may do; a test keeps the two equal.
ROLES = ("guest", "operator", "member", "owner")


def add_people_parser(people: argparse.ArgumentParser) -> None:
    """Add the actions of `edgeai people`."""
    actions = people.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="enrol a person from a clip, pictures or the camera")
    add.add_argument("name", help="name, not taken yet")
    add.add_argument(
        "--from",
        dest="source",
        required=True,
        metavar="SOURCE",
        help="a clip, a folder of pictures, camera, or /dev/videoN",
    )
    add.add_argument("--role", choices=ROLES, default="member", help="default: member")
    add.add_argument(
        "--unauthorised", action="store_true", help="recognise the person, but unlock nothing"
    )
    add.add_argument(
        "--sheet",
        type=Path,
        metavar="FILE",
        help="write a PNG of the kept faces, to look over and delete; without it none is kept",
    )
    _add_validity(add)
    actions.add_parser("list", help="list who is enrolled")
    for verb, text in (
        ("authorize", "let a person unlock"),
        ("revoke", "recognise a person without unlocking"),
        ("forget", "erase everything about a person and prove it"),
    ):
        actions.add_parser(verb, help=text).add_argument("name")
    rename = actions.add_parser("rename", help="give a person another name")
    rename.add_argument("name")
    rename.add_argument("new_name", metavar="NEW-NAME")
    role = actions.add_parser("role", help="give a person another role")
    role.add_argument("name")
    role.add_argument("role", choices=ROLES)
    validity = actions.add_parser(
        "validity", help="limit when a person may unlock; without dates: no limit"
    )
    validity.add_argument("name")
    _add_validity(validity)
    export = actions.add_parser("export", help="write everything the gallery holds about a person")
    export.add_argument("name")
    export.add_argument("file", type=Path, metavar="FILE")
    actions.add_parser("verify", help="check every record, seal and log entry")
    actions.add_parser("audit", help="show who changed what and when")
    actions.add_parser("rotate-key", help="encrypt everything under a new key")
    backup = actions.add_parser("backup", help="copy the gallery (without its key) and check it")
    backup.add_argument("file", type=Path, metavar="FILE")
    restore = actions.add_parser("restore", help="check a backup and put it in place")
    restore.add_argument("file", type=Path, metavar="FILE")
    for action in actions.choices.values():
        action.add_argument("--gallery", type=Path, metavar="FILE", help="instead of the default")
        action.add_argument("--json", type=Path, metavar="FILE", help="write the answer as JSON")


def add_recognise_parser(recognise: argparse.ArgumentParser) -> None:
    """Add the options of `edgeai recognise`."""
    recognise.add_argument(
        "source", metavar="SOURCE", help="a picture, a clip, a folder, camera, or /dev/videoN"
    )
    recognise.add_argument(
        "--picture",
        type=Path,
        metavar="OUT",
        help="draw boxes and names: OUT.png gets the last picture with a face, a folder every one",
    )
    recognise.add_argument(
        "--pictures",
        type=int,
        default=100,
        metavar="N",
        help="how many pictures of a camera are looked at (default 100)",
    )
    recognise.add_argument("--gallery", type=Path, metavar="FILE", help="instead of the default")
    recognise.add_argument("--json", type=Path, metavar="FILE", help="write every face as JSON")


def _add_validity(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--valid-from", type=_begin, metavar="DATE", help="YYYY-MM-DD[THH:MM], local time"
    )
    parser.add_argument(
        "--valid-until",
        type=_end,
        metavar="DATE",
        help="a day counts to its end; YYYY-MM-DD[THH:MM], local time",
    )


def _begin(text: str) -> int:
    """Return the wall time at which a date or moment begins, nanoseconds since 1970."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(
            f"expected YYYY-MM-DD or YYYY-MM-DDTHH:MM, got {text}"
        ) from exc
    if not 1970 < moment.year < 2200:
        raise argparse.ArgumentTypeError(f"expected a year from 1971 to 2199, got {text}")
    return round(moment.timestamp()) * 1_000_000_000


def _end(text: str) -> int:
    begins_ns = _begin(text)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return begins_ns
    # Not plus 24 h: days on which the clocks change are shorter or longer.
    return _begin((day + timedelta(days=1)).isoformat())
