"""`edgeai lab data`: report, split, audit."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Sequence

from edgeai_core.errors import ConfigError
from edgeai_lab.data.groups import NearPair, cluster, fold_groups, near_pairs, source_of
from edgeai_lab.data.sets import LabelledPicture, read_data_set
from edgeai_lab.data.split import SplitRow, describe_split, write_split
from edgeai_lab.json_files import write_json
from edgeai_lab.progress import bar


def run_report(arguments: argparse.Namespace) -> int:
    """Print the figures of a data set; return the exit code."""
    from edgeai_lab.data.report import describe, report_data

    report = report_data(read_data_set(arguments.data), track=bar)
    print(describe(report))
    if arguments.json is not None:
        write_json(arguments.json, dataclasses.asdict(report))
        print(f"result {arguments.json}")
    return 0


def run_split(arguments: argparse.Namespace) -> int:
    """Write a split by groups; return the exit code."""
    data = read_data_set(arguments.data)
    if arguments.by == "source":
        pattern = _pattern(arguments.source_pattern)
        groups = [source_of(picture.name, pattern) for picture in data.pictures]
    else:
        groups = cluster_groups(data.pictures, min_cosine=arguments.min_cosine)
    rows = split_rows(data.pictures, groups, folds=arguments.folds, seed=arguments.seed)
    write_split(arguments.out, rows)
    print(describe_split(rows))
    print(f"split {arguments.out}")
    return 0


def run_audit(arguments: argparse.Namespace) -> int:
    """Draw the sheets of a data set; return the exit code."""
    from edgeai_lab.data.audit import TWINS_NAME, audit

    data = read_data_set(arguments.data)
    pairs = find_near_pairs(data.pictures, min_cosine=arguments.min_cosine)
    result = audit(data, pairs, arguments.out, track=bar)
    print(f"{len(result.sheets)} sheets in {arguments.out}")
    share = 100 * len(result.disagreeing) / max(1, result.twins)
    print(
        f"{len(result.disagreeing)} of {result.twins} near twins ({share:.1f} %) have different "
        f"classes: {arguments.out / TWINS_NAME}"
    )
    for problem in data.problems:
        print(f"  {problem}")
    return 0


def find_near_pairs(pictures: Sequence[LabelledPicture], *, min_cosine: float) -> list[NearPair]:
    """Return the pairs of pictures that look alike to the default backbone.

    Raises:
        DataError: a picture cannot be decoded. ModelMissingError: the weights are not installed.
    """
    from edgeai_lab.data.features import compute_features

    features = compute_features([picture.path for picture in pictures], track=bar)
    return near_pairs(features, min_cosine=min_cosine)


def cluster_groups(pictures: Sequence[LabelledPicture], *, min_cosine: float) -> list[str]:
    """Return a name of the cluster of each picture; errors as of :func:`find_near_pairs`."""
    pairs = find_near_pairs(pictures, min_cosine=min_cosine)
    return [f"cluster{first:05d}" for first in cluster(len(pictures), pairs)]


def split_rows(
    pictures: Sequence[LabelledPicture], groups: Sequence[str], *, folds: int, seed: int
) -> list[SplitRow]:
    """Return the rows of a split; errors as of :func:`fold_groups`."""
    # By all that is in a picture: a recipe may name its class by another box than the largest.
    contents = [f"{picture.label}: {picture.content}" for picture in pictures]
    dealt = fold_groups(groups, contents, folds=folds, seed=seed)
    return [
        SplitRow(name=picture.name, label=picture.label, group=group, fold=fold)
        for picture, group, fold in zip(pictures, groups, dealt, strict=True)
    ]


def _pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        return re.compile(text)
    except re.error as exc:
        raise ConfigError(f"split: {text!r} is no pattern: {exc}") from exc
