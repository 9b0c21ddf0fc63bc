"""Searching the product's data for what should be gone."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from edgeai_core.access.erasure import MIN_NAME_TRACE_BYTES

_GALLERY_FILES = ("", "-wal", "-shm", "-journal")


def searched_files(folder: Path, *, leave_out: Collection[Path] = ()) -> tuple[Path, ...]:
    """Return every file below a folder, in order.

    Args:
        folder: need not exist. leave_out: SQLite files that prove their erasure themselves.
    """
    others = {
        file.with_name(file.name + end).resolve() for file in leave_out for end in _GALLERY_FILES
    }
    return tuple(sorted(f for f in folder.rglob("*") if f.is_file() and f.resolve() not in others))


def files_with(
    files: Iterable[Path], *, person_id: str, name: str, others: Collection[str] = ()
) -> tuple[Path, ...]:
    """Return the files that hold a person's id or name.

    Args:
        files: to search. person_id: of the person.
        name: searched as text and as JSON writes it, if it is long enough not to stand in files
            by chance and not part of somebody else's.
        others: names of the people who stay.

    Raises:
        OSError: a file cannot be read.
    """
    traces = {person_id.encode()}
    if len(name.encode()) >= MIN_NAME_TRACE_BYTES and not any(name in other for other in others):
        traces |= {name.encode(), json.dumps(name)[1:-1].encode()}
    return tuple(file for file in files if any(trace in file.read_bytes() for trace in traces))
