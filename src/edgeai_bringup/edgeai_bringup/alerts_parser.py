"""The options of the commands about alerts. Standard library only, as the command itself."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_alerts_parser(alerts: argparse.ArgumentParser) -> None:
    """Add the actions of `edgeai alerts`; without one it lists."""
    _add_list_options(alerts, defaults=True)
    actions = alerts.add_subparsers(dest="action", metavar="ACTION")
    listed = actions.add_parser("list", help="list stored alerts, as without an action")
    # Without defaults: those would win over what was given before the action.
    _add_list_options(listed, defaults=False)
    dry_run = actions.add_parser(
        "try",
        help="say which alerts a rule file would have raised over a recording",
        description=(
            "Show every frame of a clip or a bag to the analyzers of a profile, all of them "
            "switched on, and list what would have been told. Nothing is sent and nothing is kept."
        ),
    )
    dry_run.add_argument(
        "recording", metavar="RECORDING", help="a video file, a folder of pictures or a bag"
    )
    dry_run.add_argument("--rules", type=Path, required=True, metavar="FILE", help="docs/rules.md")
    dry_run.add_argument(
        "--profile", default="home", choices=("home", "city"), help="whose parameters (home)"
    )
    dry_run.add_argument(
        "--session",
        default="MONITORING",
        choices=("LOCKED", "ACTIVE", "MONITORING"),
        help="state of the session all the time (MONITORING)",
    )
    dry_run.add_argument("--camera", default="camera", metavar="NAME", help="as rules call it")
    dry_run.add_argument(
        "--at",
        default="",
        metavar="HH:MM",
        help="time of day at which it begins; else a clip now, a bag when it was recorded",
    )
    dry_run.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="NODE.PARAMETER=VALUE",
        help="one parameter; repeatable",
    )
    dry_run.add_argument(
        "--json", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="write them as JSON"
    )


def _add_list_options(parser: argparse.ArgumentParser, *, defaults: bool) -> None:
    parser.add_argument(
        "--limit",
        type=int,
        default=20 if defaults else argparse.SUPPRESS,
        metavar="N",
        help="how many (default 20)",
    )
    parser.add_argument(
        "--json",
        type=Path,
        default=None if defaults else argparse.SUPPRESS,
        metavar="FILE",
        help="write them as JSON",
    )
