"""Copies of the gallery: made whole, checked before they are trusted."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from edgeai_core.access import gallery_store
from edgeai_core.access.audit import Action
from edgeai_core.access.keys import KeySource, sync_folder
from edgeai_core.access.tables import GalleryTables
from edgeai_core.access.verification import Verification, require_right
from edgeai_core.errors import GalleryError

_SIDE_FILES = ("-wal", "-shm", "-journal")


def back_up(tables: GalleryTables, target: Path) -> Verification:
    """Copy an open gallery into a new file; its key is not part of it.

    Raises:
        GalleryCorruptError: the copy does not verify; it is not kept.
        GalleryError: there is a file of that name, or it cannot be written.
    """
    with _temporary_beside(target) as copy:
        with _errors_of(target), contextlib.closing(sqlite3.connect(copy)) as connection:
            tables.connection.backup(connection)
        found = _verified(copy, key_source=tables.keyring.key_source)
        with _errors_of(target):
            os.link(copy, target)
            sync_folder(target)
    return found


def restore(
    backup: Path,
    path: Path,
    *,
    key_source: KeySource,
    clock_ns: Callable[[], int],
    actor: str,
) -> Path | None:
    """Put a verified backup in a gallery's place; running programs notice and open it.

    Whoever was forgotten since the backup was made is in it again.

    Args:
        backup: made by `back_up`. path: the gallery; need not exist, may be damaged.
        key_source: of the gallery. clock_ns, actor: for its log.

    Returns:
        Where the gallery that was there before is kept, None when there was none.

    Raises:
        GalleryCorruptError: the backup does not verify with the key; nothing was changed.
        GalleryError: files cannot be read or written.
    """
    if not backup.is_file():
        raise GalleryError(f"backup {backup} does not exist")
    with _temporary_beside(path) as copy:
        with _errors_of(path):
            copy.write_bytes(backup.read_bytes())
        _verified(copy, key_source=key_source)
        with (
            _opened(copy, key_source=key_source, clock_ns=clock_ns, actor=actor) as tables,
            tables.changing(),
        ):
            tables.audit.append(Action.RESTORED)
        with _errors_of(path):
            return _put_in_place(copy, path)


def _put_in_place(copy: Path, path: Path) -> Path | None:
    kept = None
    if path.exists():
        # Side files of the old gallery would be taken for those of the new one.
        kept = path.with_name(f"{path.name}.before-restore-{secrets.token_hex(4)}")
        for suffix in _SIDE_FILES:
            side = path.with_name(path.name + suffix)
            if side.exists():
                side.rename(kept.with_name(kept.name + suffix))
        os.link(path, kept)
    copy.rename(path)
    sync_folder(path)
    return kept


@contextlib.contextmanager
def _temporary_beside(target: Path) -> Iterator[Path]:
    """Give the name of an empty private file beside the target, and remove what is left of it."""
    copy = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    with _errors_of(target):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        yield copy
    finally:
        for suffix in ("", *_SIDE_FILES):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _verified(path: Path, *, key_source: KeySource) -> Verification:
    with _opened(path, key_source=key_source, clock_ns=lambda: 0, actor="") as tables:
        return require_right(tables)


@contextlib.contextmanager
def _opened(
    path: Path, *, key_source: KeySource, clock_ns: Callable[[], int], actor: str
) -> Iterator[GalleryTables]:
    with contextlib.closing(gallery_store.connect(path)) as connection:
        tables = GalleryTables(
            connection, path, key_source=key_source, clock_ns=clock_ns, actor=actor
        )
        tables.seal_first_time()
        yield tables


@contextlib.contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as exc:
        raise GalleryError(f"{path} exists already; choose another file") from exc
    except (OSError, sqlite3.Error) as exc:
        raise GalleryError(
            f"{path} cannot be written: {exc}; make room or rights, then repeat"
        ) from exc
