"""Files that belong to one user only."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def make_private(path: Path) -> None:
    """Make sure that a file exists and that nobody but its owner may read it.

    Raises:
        OSError: the folder or the file cannot be made or is not ours.
    """
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        os.fchmod(descriptor, PRIVATE_FILE)
    finally:
        os.close(descriptor)


def move_aside(path: Path, *, wall_ns: int, companions: tuple[str, ...] = ()) -> Path:
    """Rename a file to ``NAME.corrupt-TIMESTAMP`` (UTC), never over another one.

    Args:
        path: the file.
        wall_ns: wall clock, nanoseconds since 1970.
        companions: suffixes of files that belong to it ("-wal"); they follow, where they exist.

    Raises:
        OSError: it cannot be renamed.
    """
    moment = datetime.fromtimestamp(wall_ns / 1e9, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    target = path.with_name(f"{path.name}.corrupt-{moment}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.corrupt-{moment}-{number}")
    # Companions first: a new database must never meet the write-ahead log of the old one.
    for suffix in companions:
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(target.with_name(target.name + suffix))
    path.rename(target)
    return target
