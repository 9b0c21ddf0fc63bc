"""The actions' part of the parser of `edgeai lab`. Standard library only."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_evaluate_actions(subjects: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `evaluate actions`."""
    actions = subjects.add_parser(
        "actions",
        help="what is told of folders of clips",
        description=(
            "Runs the shipped chain (detect, track, place joints, decide) over every clip and "
            "counts by class folder of DIR in how many each action was told. All events go into a "
            "table beside OUT."
        ),
    )
    actions.set_defaults(lab_command="evaluate actions")
    actions.add_argument("--clips", type=Path, required=True, metavar="DIR")
    actions.add_argument(
        "--json", type=Path, required=True, metavar="OUT", help="write counts here"
    )


def add_train_actions(subjects: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `train actions`."""
    actions = subjects.add_parser(
        "actions",
        help="rank what can tell fights, and train the best",
        description=(
            "Teaches every architecture on clips of fights and of none, five times, each time "
            "without a fifth of the number ranges, and ranks them beside baselines that must read "
            "chance. The winner learns from all clips; OUT gets the ranking, a chart, two models "
            "and their card."
        ),
    )
    actions.set_defaults(lab_command="train actions")
    actions.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DATA",
        help="holds fight/fight, fight/noFight and, for harmless clips, fall/gmdcsa24",
    )
    actions.add_argument("--out", type=Path, required=True, metavar="OUT")
    actions.add_argument("--seed", type=int, default=1, help="of all that is random (1)")
    actions.add_argument(
        "--passes",
        type=float,
        default=1.0,
        metavar="F",
        help="makes the lessons of the networks F times as long (1); a trial takes 0.1",
    )
    actions.add_argument(
        "--winner-alone",
        action="store_true",
        help="measure and teach only what ships; its figures and files stay the same",
    )


def add_train_gaits(subjects: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `train gaits`."""
    gaits = subjects.add_parser(
        "gaits",
        help="fit the tables that tell walking from running to simulated people",
        description=(
            "Fits the two tables of the gait model to simulated people and measures them and the "
            "shipped ones on others: unseen cameras and speeds."
        ),
    )
    gaits.set_defaults(lab_command="train gaits")
    gaits.add_argument("--json", type=Path, required=True, metavar="OUT")
    gaits.add_argument(
        "--people", type=int, default=1000, metavar="N", help="simulated of each gait (1000)"
    )
