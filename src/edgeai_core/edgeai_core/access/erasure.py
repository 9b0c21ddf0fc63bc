"""Forgetting a person: delete, rewrite the file, then search it for what should be gone."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from edgeai_core.access.audit import Action
from edgeai_core.access.people import Person, name_key
from edgeai_core.access.tables import GalleryTables
from edgeai_core.errors import GalleryError

# A shorter name turns up by chance among random ciphertext; its record is searched by the ids.
MIN_NAME_TRACE_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureProof:
    """What was searched for a forgotten person's data, and found to hold none.

    Attributes:
        files: every file that was searched.
        templates: how many templates were searched for, beside the person's id and name.
    """

    files: tuple[Path, ...]
    templates: int


def forget_person(tables: GalleryTables, person: Person) -> ErasureProof:
    """Erase a person and every template, and prove it.

    Raises:
        GalleryError: the rows could not be deleted, or traces remain (the message says of what).
    """
    connection, path = tables.connection, tables.path
    traces, templates = _traces(connection, person)
    with tables.changing():
        tables.people.delete(person)
        tables.audit.append(Action.FORGOTTEN, subject=person.audit_ref)
    complaint = rewrite(connection)
    left, files = _remaining(connection, path, traces)
    if complaint or left:
        raise GalleryError(
            f"gallery {path}: the person is forgotten and cannot be recognised any more, but the "
            f"files on disk still hold {', '.join(left) or 'old pages'} ({complaint or 'found'}); "
            f"stop every program that uses the gallery, the last one to close it erases them"
        )
    return ErasureProof(files=files, templates=templates)


def rewrite(connection: sqlite3.Connection) -> str:
    """Rewrite the file without what was deleted, empty the log; return why that failed."""
    try:
        connection.execute("VACUUM")
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError as exc:
        return str(exc)
    return "another program is reading the gallery" if busy else ""


def _traces(connection: sqlite3.Connection, person: Person) -> tuple[dict[str, bytes], int]:
    """Return every byte string that must not be found afterwards, and how many are templates."""
    traces = {
        "the person's id": person.person_id.encode(),
        "the name's key": name_key(person.name).encode(),
    }
    rows = connection.execute(
        "SELECT id, sealed FROM templates WHERE person_id = ?", (person.person_id,)
    ).fetchall()
    for number, (record_id, sealed) in enumerate(rows):
        traces[f"the id of template {number}"] = record_id.encode()
        traces[f"template {number}"] = sealed
    name = person.name.encode()
    if len(name) >= MIN_NAME_TRACE_BYTES:
        traces["the name"] = name
    return traces, len(rows)


def _remaining(
    connection: sqlite3.Connection, path: Path, traces: dict[str, bytes]
) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Return which traces are left, and the files that were searched."""
    candidates = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-journal")]
    files = tuple(file for file in candidates if file.exists())
    stored = b"\n".join(file.read_bytes() for file in files)
    # The name may rightly stand in another person's name, a model's or the schema.
    alive = connection.execute(
        "SELECT name FROM persons UNION SELECT model_id FROM templates "
        "UNION SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
    )
    texts = [row[0].encode() for row in alive]
    left = tuple(
        what
        for what, trace in traces.items()
        if trace in stored and not any(trace in text for text in texts)
    )
    return left, files
