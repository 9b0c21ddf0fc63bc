"""Splits on disk: which picture belongs to which group and fold."""

from __future__ import annotations

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeai_core.errors import DataError

_COLUMNS = ("name", "label", "group", "fold")


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRow:
    """A picture by its name below the data set; its fold counts from 0."""

    name: str
    label: str
    group: str
    fold: int


def write_split(path: Path, rows: Sequence[SplitRow]) -> None:
    """Write a split as CSV: a reader sees the old file or the whole new one.

    Raises:
        DataError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with draft.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream, lineterminator="\n")
                writer.writerow(_COLUMNS)
                writer.writerows((row.name, row.label, row.group, row.fold) for row in rows)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc


def read_split(path: Path) -> dict[str, SplitRow]:
    """Return the rows of a split by the name of the picture.

    Raises:
        DataError: it cannot be read, a row is malformed, or a group is in several folds.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if tuple(reader.fieldnames or ()) != _COLUMNS:
                raise DataError(f"split {path}: expected the columns {', '.join(_COLUMNS)}")
            rows = {row["name"]: _row(path, row) for row in reader}
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError(f"split {path} cannot be read: {exc}") from exc
    folds: dict[str, set[int]] = defaultdict(set)
    for row in rows.values():
        folds[row.group].add(row.fold)
    torn = [group for group, found in folds.items() if len(found) > 1]
    if torn:
        raise DataError(f"split {path}: group {torn[0]} is in several folds; make the split anew")
    return rows


def describe_split(rows: Sequence[SplitRow]) -> str:
    """Return how many groups and pictures of each class lie in each fold."""
    lines = [f"{len(rows)} pictures in {len({row.group for row in rows})} groups"]
    for fold in sorted({row.fold for row in rows}):
        inside = [row for row in rows if row.fold == fold]
        counts = sorted(Counter(row.label for row in inside).items())
        groups = len({row.group for row in inside})
        classes = ", ".join(f"{label or '(no label)'} {count}" for label, count in counts)
        lines.append(f"  fold {fold}: {len(inside)} pictures, {groups} groups: {classes}")
    return "\n".join(lines)


def _row(path: Path, row: dict[str, str]) -> SplitRow:
    try:
        return SplitRow(
            name=row["name"], label=row["label"], group=row["group"], fold=int(row["fold"])
        )
    except (TypeError, ValueError) as exc:
        raise DataError(f"split {path}: row of {row.get('name')} is malformed: {exc}") from exc
