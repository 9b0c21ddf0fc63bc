"""The SQLite side of the gallery: the file, its schema and what SQLite's errors mean."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from edgeai_core.errors import GalleryCorruptError, GalleryError, GalleryMissingError

APPLICATION_ID = 0x45414746  # "EAGF": tells a gallery from any other SQLite file
BUSY_TIMEOUT_S = 5.0
_TABLES = frozenset({"meta", "persons", "templates", "audit"})

# One script for each schema version; script i lifts a file from user_version i to i + 1.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    INSERT INTO meta VALUES ('revision', 0);
    CREATE TABLE persons (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        authorised INTEGER NOT NULL CHECK (authorised IN (0, 1)),
        created_ns INTEGER NOT NULL
    );
    CREATE TABLE templates (
        id TEXT PRIMARY KEY,
        person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
        model_id TEXT NOT NULL,
        sealed BLOB NOT NULL
    );
    CREATE INDEX templates_of_person ON templates (person_id, model_id);
    """,
    # Rows get their seals when the gallery is opened with its key (tables.py).
    """
    ALTER TABLE persons ADD COLUMN valid_from_ns INTEGER;
    ALTER TABLE persons ADD COLUMN valid_until_ns INTEGER;
    ALTER TABLE persons ADD COLUMN audit_ref TEXT NOT NULL DEFAULT '';
    ALTER TABLE persons ADD COLUMN seal BLOB NOT NULL DEFAULT x'';
    CREATE TABLE audit (
        sequence INTEGER PRIMARY KEY,
        at_ns INTEGER NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL,
        link BLOB NOT NULL
    );
    CREATE TRIGGER audit_keeps_entries BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
    CREATE TRIGGER audit_keeps_words BEFORE UPDATE OF sequence, at_ns, actor, action, subject,
        detail ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
    """,
)


@contextlib.contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into the project's, each with what to do.

    Raises:
        GalleryCorruptError: the file is damaged or not a gallery.
        GalleryError: it is locked, read-only, the disk is full or failing.
    """
    try:
        yield
    except sqlite3.ProgrammingError:
        # A mistake of the caller (a closed gallery); it says nothing about the file.
        raise
    except sqlite3.OperationalError as exc:
        raise GalleryError(
            f"gallery {path}: {exc}; nothing was changed; check free space and rights of the "
            f"folder and that no other program holds the file, then repeat"
        ) from exc
    except sqlite3.DatabaseError as exc:
        raise damaged(path, str(exc)) from exc
    except OSError as exc:
        raise GalleryError(
            f"gallery {path}: {exc.strerror}; check the rights of its folder"
        ) from exc


def damaged(path: Path, what: str) -> GalleryCorruptError:
    """Return the error for a gallery file that cannot be trusted."""
    return GalleryCorruptError(
        f"gallery {path} is damaged: {what}; restore it from a backup, or move it away and "
        f"enrol everybody again; access stays closed until then"
    )


def create_file(path: Path) -> None:
    """Put an empty gallery in place, whole or not at all; one that is already there is kept.

    Raises:
        GalleryError: the folder or the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            with contextlib.closing(sqlite3.connect(temporary)) as connection:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                migrate(connection, path)
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            temporary.unlink()
    except (OSError, sqlite3.Error) as exc:
        raise GalleryError(
            f"gallery {path} cannot be created: {exc}; check free space and rights of its folder"
        ) from exc


def connect(path: Path) -> sqlite3.Connection:
    """Open an existing gallery, lifted to the newest schema.

    Raises:
        GalleryMissingError: no file.
        GalleryCorruptError: damaged, or another kind of file.
        GalleryError: made by a newer version, locked, or cannot be read.
    """
    with translated_errors(path):
        if not path.is_file():
            raise GalleryMissingError(
                f"gallery {path} does not exist: nobody is enrolled; enrol the first person: "
                "./edgeai people add NAME --from CLIP"
            )
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise damaged(path, "it is not a face gallery")
    complaint = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if complaint != "ok":
        raise damaged(path, complaint)
    if stat.S_IMODE(path.stat().st_mode) != 0o600:
        path.chmod(0o600)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    # VACUUM works through a temporary database, which must not leave names in /tmp.
    connection.execute("PRAGMA temp_store = MEMORY")
    migrate(connection, path)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if not tables >= _TABLES:
        raise damaged(path, f"without table {', '.join(sorted(_TABLES - tables))}")


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Lift the schema to the newest version, one transaction a step.

    Raises:
        GalleryError: the file was made by a newer version of this program.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise GalleryError(
            f"gallery {path} has schema {version}, this program knows up to {len(MIGRATIONS)}; "
            f"update the program"
        )
    for step in range(version, len(MIGRATIONS)):
        # A second process may have taken the step meanwhile; then its CREATE fails as a whole.
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[step]} PRAGMA user_version = {step + 1}; COMMIT;"
        )


@contextlib.contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a transaction that raises the gallery's revision, or leave everything as it was."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'revision'")
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def file_identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from one put in its place, None when there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
