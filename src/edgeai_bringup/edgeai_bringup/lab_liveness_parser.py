"""The parsers of what measures, trains and tries the liveness check."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_evaluate_liveness(subjects: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add error rates on simulated attacks."""
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


def add_train_liveness(subjects: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the training of the passive network."""
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


def add_spoof_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the simulation of single attacks."""
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
