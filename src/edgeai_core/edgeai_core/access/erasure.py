"""Forgetting a person: delete, rewrite the file, then search it for what should be gone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edgeai_core.access.gallery_store import writing
from edgeai_core.access.people import Person, name_key
from edgeai_core.errors import GalleryError

# A shorter name turns up by chance among random ciphertext; its record is searched by the ids.
MIN_NAME_TRACE_BYTES = 8


def forget_person(connection: sqlite3.Connection, path: Path, person: Person) -> None:
    """Erase a person and every template, and prove it.

    Raises:
        GalleryError: the rows could not be deleted, or traces remain (the message says of what).
    """
    traces = _traces(connection, person)
    with writing(connection):
        connection.execute("DELETE FROM templates WHERE person_id = ?", (person.person_id,))
        connection.execute("DELETE FROM persons WHERE id = ?", (person.person_id,))
    complaint = _rewrite(connection)
    left = _remaining(connection, path, traces)
    if complaint or left:
        raise GalleryError(
            f"gallery {path}: the person is forgotten and cannot be recognised any more, but the "
            f"files on disk still hold {', '.join(left) or 'old pages'} ({complaint or 'found'}); "
            f"stop every program that uses the gallery, the last one to close it erases them"
        )


def _rewrite(connection: sqlite3.Connection) -> str:
    """Rewrite the file without what was deleted, empty the log; return why that failed."""
    try:
        connection.execute("VACUUM")
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError as exc:
        return str(exc)
    return "another program is reading the gallery" if busy else ""


def _traces(connection: sqlite3.Connection, person: Person) -> dict[str, bytes]:
    """Return every byte string that must not be found afterwards, by what it is."""
    traces = {
        "the person's id": person.person_id.encode(),
        "the name's key": name_key(person.name).encode(),
    }
    rows = connection.execute(
        "SELECT id, sealed FROM templates WHERE person_id = ?", (person.person_id,)
    )
    for number, (record_id, sealed) in enumerate(rows):
        traces[f"the id of template {number}"] = record_id.encode()
        traces[f"template {number}"] = sealed
    name = person.name.encode()
    if len(name) >= MIN_NAME_TRACE_BYTES:
        traces["the name"] = name
    return traces


def _remaining(
    connection: sqlite3.Connection, path: Path, traces: dict[str, bytes]
) -> tuple[str, ...]:
    stored = b"\n".join(
        file.read_bytes()
        for suffix in ("", "-wal", "-journal")
        if (file := path.with_name(path.name + suffix)).exists()
    )
    # The name may rightly stand in another person's name, a model's or the schema.
    alive = connection.execute(
        "SELECT name FROM persons UNION SELECT model_id FROM templates "
        "UNION SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
    )
    texts = [row[0].encode() for row in alive]
    return tuple(
        what
        for what, trace in traces.items()
        if trace in stored and not any(trace in text for text in texts)
    )
