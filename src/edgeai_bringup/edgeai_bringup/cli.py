"""The product's command. Standard library only at import: `--help` must answer at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from edgeai_bringup.accounts_parser import add_accounts_parser
from edgeai_bringup.alerts_parser import add_alerts_parser
from edgeai_bringup.bags_parser import add_bag_parsers
from edgeai_bringup.graph import PARTS, PROFILES
from edgeai_bringup.lab_cli import add_lab_parser, needs_lab_packages
from edgeai_bringup.objects_parser import add_objects_parser
from edgeai_bringup.people_parser import add_people_parser, add_recognise_parser
from edgeai_bringup.regression_parser import add_regression_parser

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130  # as shells say it: 128 + SIGINT


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="edgeai", description="Edge-AI vision for homes and cities as a ROS 2 node graph."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="start a profile and show what runs")
    up.add_argument("profile", metavar="PROFILE", help=f"one of: {', '.join(PROFILES)}")
    _add_graph_options(up)
    up.add_argument(
        "--separate", action="store_true", help="one process per node, started again when it dies"
    )
    up.add_argument(
        "--sim-time",
        action="store_true",
        help="live in the time of /clock, as a simulation or replay --clock-hz tells it",
    )
    up.add_argument("--duration-s", type=_positive, metavar="S", help="stop by itself after S s")
    up.add_argument("--report", type=Path, metavar="FILE", help="write what happened as JSON")
    up.add_argument(
        "--snapshot",
        type=Path,
        metavar="FILE",
        help="save the (first) camera's last picture, annotated",
    )
    up.add_argument("--plain", action="store_true", help="lines instead of the live table")

    add_people_parser(commands.add_parser("people", help="who may unlock: enrol, list, forget"))
    add_recognise_parser(
        commands.add_parser("recognise", help="name the faces of a picture, a clip or a camera")
    )

    add_objects_parser(commands.add_parser("objects", help="where things were seen last"))

    add_alerts_parser(commands.add_parser("alerts", help="list stored alerts, try rules"))

    session = commands.add_parser("session", help="lock, arm or disarm a running graph")
    _add_namespace_option(session)
    verbs = session.add_subparsers(dest="action", required=True, metavar="ACTION")
    verbs.add_parser("lock", help="end the session; what is armed keeps watching")
    arm = verbs.add_parser("arm", help="let analyzers keep watching when the session is over")
    arm.add_argument("analyzers", nargs="+", metavar="ANALYZER")
    verbs.add_parser("disarm", help="let nothing watch when the session is over")

    health = commands.add_parser("health", help="say whether the running graph is well (0 or 1)")
    health.add_argument(
        "--timeout-s",
        type=_positive,
        default=10.0,
        metavar="S",
        help="silent longer is broken (10)",
    )

    add_bag_parsers(commands)
    add_regression_parser(
        commands.add_parser(
            "test-bag", help="compare what is seen in a recording with expectations"
        )
    )
    add_accounts_parser(commands.add_parser("dashboard", help="accounts of the web page"))

    add_lab_parser(commands)

    setup = commands.add_parser("setup", help="set everything up; done by itself at first use")
    setup.add_argument("--dev", action="store_true", help="also what tests and checks need")

    doctor = commands.add_parser("doctor", help="say what is missing or odd on this machine")
    doctor.add_argument("--json", type=Path, metavar="FILE", help="write the findings as JSON")
    return parser


def _add_graph_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source",
        default="auto",
        metavar="SOURCE",
        help="/dev/videoN, rtsp://…, a clip, a folder, demo, topic (somebody else publishes "
        "image_raw) or topic:NAME, or auto: first USB camera, else demo",
    )
    parser.add_argument(
        "--camera",
        dest="cameras",
        action="append",
        metavar="NAME[=SOURCE]",
        help="namespace of a camera (camera), and what it plays instead of --source; repeatable",
    )
    _add_namespace_option(parser)
    parser.add_argument(
        "--part",
        default="all",
        choices=tuple(PARTS),
        help="with several machines: the cameras and their analyzers, or the center of all (all)",
    )
    parser.add_argument("--params-file", type=Path, metavar="FILE", help="instead of the profile's")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="NODE.PARAMETER=VALUE",
        help="one parameter, for instance object_detector.inference.threads=2, or of one camera "
        "entrance/usb_cam.stream.fps=5.0; repeatable",
    )


def _add_namespace_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--namespace", default="", metavar="NAME", help="of the whole graph: a robot's name (none)"
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return value


def needs_environment(argv: Sequence[str]) -> bool:
    """Return whether the command runs in the set-up environment.

    Help, usage errors, `setup` and `doctor` do not: they must work on a bare machine.
    """
    arguments = build_parser().parse_args(list(argv))  # exits on --help and on usage errors
    return arguments.command not in ("setup", "doctor")


def needs_lab(argv: Sequence[str]) -> bool:
    """Return whether the command needs what trains models, which is set up at its first use."""
    return needs_lab_packages(build_parser().parse_args(list(argv)))


def main(argv: Sequence[str]) -> int:
    """Run a command in the set-up environment; return its exit code."""
    arguments = build_parser().parse_args(list(argv))
    # Both would write past the terminal's picture, and around the sentence that tells a mistake.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
    from edgeai_core.errors import EdgeAiError

    try:
        if arguments.command == "up":
            from edgeai_bringup.up import run_up

            return run_up(arguments)
        if arguments.command == "people":
            from edgeai_bringup.people import run_people

            return run_people(arguments)
        if arguments.command == "recognise":
            from edgeai_bringup.recognise import run_recognise

            return run_recognise(arguments)
        if arguments.command == "objects":
            if arguments.action == "teach":
                from edgeai_lab.commands import run_lab

                return run_lab(arguments)
            if arguments.action == "where":
                from edgeai_bringup.whereabouts import run_where

                return run_where(arguments)
            from edgeai_bringup.things import run_things

            return run_things(arguments)
        if arguments.command == "alerts":
            if arguments.action == "try":
                from edgeai_bringup.alerts_try import run_try

                return run_try(arguments)
            from edgeai_bringup.alerts import run_alerts

            return run_alerts(arguments)
        if arguments.command in ("record", "replay"):
            from edgeai_bringup.bags import run_bags

            return run_bags(arguments)
        if arguments.command == "test-bag":
            from edgeai_bringup.regression import run_test_bag

            return run_test_bag(arguments)
        if arguments.command == "health":
            from edgeai_bringup.health import run_health

            return run_health(arguments)
        if arguments.command == "dashboard":
            from edgeai_bringup.accounts import run_accounts

            return run_accounts(arguments)
        if arguments.command == "lab":
            from edgeai_lab.commands import run_lab

            return run_lab(arguments)
        from edgeai_bringup.session import run_session

        return run_session(arguments)
    except (EdgeAiError, ValueError) as exc:
        print(f"edgeai {arguments.command}: {exc}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
