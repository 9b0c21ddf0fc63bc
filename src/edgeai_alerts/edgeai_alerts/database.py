"""The event store's file: rights, damage, ownership, version, one writer at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edgeai_alerts.files import make_private, move_aside
from edgeai_alerts.schema import migrate, require_ours
from edgeai_core.errors import StoreError

_HEADER = b"SQLite format 3\x00"


class Database:
    """One connection behind one lock: every method may be called from any thread.

    A damaged file is moved aside, with the files that belong to it, and a new one is begun.

    Args:
        path: database file; it and its folder are made if missing, readable for the owner only.
        busy_timeout_s: wait for another process that writes.
        wall_clock_ns: nanoseconds since 1970, for the name of a file that is moved aside.
        report: is told one sentence about a damaged file or a migration.

    Raises:
        StoreError: the file cannot be opened, belongs to another program or to a newer version.
    """

    def __init__(
        self,
        path: Path,
        *,
        busy_timeout_s: float,
        wall_clock_ns: Callable[[], int],
        report: Callable[[str], None],
    ) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._depth = 0
        try:
            self._connection = _opened(path, busy_timeout_s, wall_clock_ns, report)
        except (OSError, sqlite3.Error) as exc:
            raise StoreError(
                f"event store {path}: cannot be opened ({exc}); expected a writable file on a "
                "disk with room, check the parameter store.path"
            ) from exc
        except StoreError as exc:
            raise StoreError(f"event store {path}: {exc}") from exc

    def close(self) -> None:
        """Close the file; calling it twice is harmless."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection to one thread.

        Raises:
            StoreError: the file is locked, damaged or closed.
        """
        with self._lock, self._translated():
            yield self._connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for one write: all of it or nothing. Inner ones join the outer.

        Raises:
            StoreError: the disk is full, the file is locked, damaged or closed.
        """
        with self._lock, self._translated():
            if self._depth:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite has already rolled back after some errors, a full disk among them.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def compact(self) -> None:
        """Rewrite the file: what is deleted or overwritten stays in it and its log until then.

        Raises:
            StoreError: it could not be written.
        """
        with self.reading() as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OverflowError) as exc:
            raise StoreError(
                f"event store {self._path}: {exc}; check the disk's room and rights, a damaged "
                "file is moved aside at the next start"
            ) from exc


def _opened(
    path: Path,
    busy_timeout_s: float,
    wall_clock_ns: Callable[[], int],
    report: Callable[[str], None],
) -> sqlite3.Connection:
    try:
        return _connected(path, busy_timeout_s, report)
    except sqlite3.DatabaseError as exc:
        # Python raises the base class itself for SQLITE_CORRUPT and SQLITE_NOTADB only; a
        # locked file or a full disk is an OperationalError and no reason to start anew.
        if type(exc) is not sqlite3.DatabaseError:
            raise
        damage = str(exc)
    target = move_aside(path, wall_ns=wall_clock_ns(), companions=("-wal", "-shm", "-journal"))
    report(
        f"event store {path}: damaged ({damage}); it was moved to {target.name} and a new one "
        f"was begun; try to save its events with: sqlite3 {target.name} .recover"
    )
    return _connected(path, busy_timeout_s, report)


def _connected(
    path: Path, busy_timeout_s: float, report: Callable[[str], None]
) -> sqlite3.Connection:
    make_private(path)
    with path.open("rb") as file:
        header = file.read(len(_HEADER))
    if header and header != _HEADER:
        # Looked at before SQLite does: it would delete the write-ahead log of such a file.
        raise sqlite3.DatabaseError("file is not a database")
    connection = sqlite3.connect(
        path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
    )
    try:
        verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        require_ours(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        before, after = migrate(connection)
        if 0 < before < after:
            report(f"event store {path}: brought from version {before} to {after}")
    except BaseException:
        connection.close()
        raise
    return connection
