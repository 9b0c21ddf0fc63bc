"""What the bag command of the lab does with its options."""

from __future__ import annotations

import argparse

from edgeai_core.errors import DataError
from edgeai_lab.bags.measurement import measure_bags
from edgeai_lab.json_files import write_json
from edgeai_lab.progress import bar

_MAX_SEEDS = 1000


def evaluate_bags(arguments: argparse.Namespace) -> int:
    """Measure what is said about lone bags in scripted sequences.

    Raises:
        DataError: an option cannot be, or the result cannot be written.
    """
    if not 1 <= arguments.seeds <= _MAX_SEEDS:
        raise DataError(f"--seeds must be 1..{_MAX_SEEDS}, got {arguments.seeds}")
    if arguments.first_seed < 0:
        raise DataError(f"--first-seed must be 0 or more, got {arguments.first_seed}")
    report = measure_bags(
        seeds=arguments.seeds,
        first_seed=arguments.first_seed,
        with_appearance=arguments.appearance,
        track=bar,
    )
    print(report.describe())
    if arguments.json is not None:
        write_json(arguments.json, report.document())
        print(f"result {arguments.json}")
    return 0
