"""What the bag command of the lab does with its options."""

from __future__ import annotations

import argparse
import dataclasses
from contextlib import closing

from edgeai_core import catalog
from edgeai_core.analyzers.objects.proximity import PERSON
from edgeai_core.errors import DataError
from edgeai_lab.bags.measurement import measure_bags, measure_pictures
from edgeai_lab.bags.sensor import BAG_LABELS
from edgeai_lab.json_files import write_json
from edgeai_lab.progress import bar

_MAX_SEEDS = 1000
# The tracker goes on with faint boxes where it began with sure ones.
_MIN_SCORE = 0.1


def evaluate_bags(arguments: argparse.Namespace) -> int:
    """Measure what is said about lone bags in scripted sequences.

    Raises:
        DataError: an option cannot be, the clip is another one, or the result cannot be written.
        SourceError: the clip cannot be read. ModelError: the detector cannot be run.
    """
    if not 1 <= arguments.seeds <= _MAX_SEEDS:
        raise DataError(f"--seeds must be 1..{_MAX_SEEDS}, got {arguments.seeds}")
    if not 1 <= arguments.clip_seeds <= _MAX_SEEDS:
        raise DataError(f"--clip-seeds must be 1..{_MAX_SEEDS}, got {arguments.clip_seeds}")
    if arguments.first_seed < 0:
        raise DataError(f"--first-seed must be 0 or more, got {arguments.first_seed}")
    report = measure_bags(
        seeds=arguments.seeds,
        first_seed=arguments.first_seed,
        with_appearance=arguments.appearance,
        track=bar,
    )
    if arguments.clip is not None:
        model = catalog.DEFAULT_OBJECT_DETECTOR
        with closing(
            catalog.create_object_detector(
                model, threads=1, min_score=_MIN_SCORE, labels=(PERSON, *BAG_LABELS)
            )
        ) as detector:
            pictures = measure_pictures(
                arguments.clip,
                detector,
                name=model,
                bag=arguments.bag,
                seeds=arguments.clip_seeds,
                first_seed=arguments.first_seed,
                with_appearance=arguments.appearance,
                sheets=arguments.sheets,
                track=bar,
            )
        report = dataclasses.replace(report, pictures=pictures)
    print(report.describe())
    if arguments.json is not None:
        write_json(arguments.json, report.document())
        print(f"result {arguments.json}")
    return 0
