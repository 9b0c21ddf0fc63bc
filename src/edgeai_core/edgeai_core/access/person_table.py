"""The people inside the gallery file, each record under its seal."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from edgeai_core.access.gallery_store import damaged
from edgeai_core.access.keyring import Keyring
from edgeai_core.access.people import Person, Role, name_key
from edgeai_core.access.seals import Sealer, same
from edgeai_core.errors import GalleryError

_COLUMNS = (
    "id, name, role, authorised, created_ns, valid_from_ns, valid_until_ns, audit_ref, seal, "
    "name_key"
)


class PersonTable:
    """Reads and writes people of an open gallery.

    Args:
        connection: the gallery. path: its file, for messages. keyring: its key.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, keyring: Keyring) -> None:
        self._connection = connection
        self._path = path
        self._keyring = keyring

    def all(self) -> tuple[Person, ...]:
        """Return everybody by name.

        Raises:
            GalleryCorruptError: a record was changed by something else than this program.
        """
        rows = self._rows()
        if not rows:
            return ()
        sealer = self._keyring.required().sealer
        people = [self._checked(row, sealer) for row in rows]
        return tuple(sorted(people, key=lambda person: person.name.casefold()))

    def unsealed(self) -> tuple[Person, ...]:
        """Return everybody of a gallery of schema 1, whose records have no seals."""
        return tuple(self._person(row) for row in self._rows())

    def seals(self) -> list[bytes]:
        """Return the seals of everybody, as stored."""
        return [bytes(row[0]) for row in self._connection.execute("SELECT seal FROM persons")]

    def insert(self, person: Person) -> None:
        """Store a new person; inside a transaction."""
        self._connection.execute(
            f"INSERT INTO persons ({_COLUMNS}) VALUES ({', '.join('?' * 10)})",
            self._values(person, self._keyring.required().sealer),
        )

    def update(self, person: Person, *, sealer: Sealer | None = None) -> None:
        """Store what changed about a person; inside a transaction.

        Args:
            sealer: of another key that is about to become the gallery's.
        """
        values = self._values(person, sealer or self._keyring.required().sealer)
        # Not REPLACE: it would delete the row first, and with it the person's templates.
        assignments = ", ".join(f"{column} = ?" for column in _COLUMNS.split(", "))
        self._connection.execute(
            f"UPDATE persons SET {assignments} WHERE id = ?", (*values, person.person_id)
        )

    def delete(self, person: Person) -> None:
        """Remove a person and every template; inside a transaction."""
        for table, column in (("templates", "person_id"), ("persons", "id")):
            self._connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (person.person_id,))

    def objections(self) -> list[str]:
        """Return what is wrong with each record; empty when nothing is."""
        found = []
        sealer = self._keyring.required().sealer
        for row in self._rows():
            try:
                self._checked(row, sealer)
            except GalleryError as exc:
                found.append(str(exc))
        return found

    def _rows(self) -> list[tuple[Any, ...]]:
        return self._connection.execute(f"SELECT {_COLUMNS} FROM persons").fetchall()

    def _values(self, person: Person, sealer: Sealer) -> tuple[object, ...]:
        return (
            person.person_id,
            person.name,
            person.role.value,
            int(person.authorised),
            person.created_ns,
            person.valid_from_ns,
            person.valid_until_ns,
            person.audit_ref,
            sealer.person(person),
            name_key(person.name),
        )

    def _checked(self, row: tuple[Any, ...], sealer: Sealer) -> Person:
        person = self._person(row)
        if not same(row[8], sealer.person(person)) or row[9] != name_key(person.name):
            raise damaged(
                self._path,
                f"the record of person {person.person_id} (name, role, authorisation, validity) "
                f"was changed by something else than this program",
            )
        return person

    def _person(self, row: tuple[Any, ...]) -> Person:
        try:
            return Person(
                person_id=row[0],
                name=row[1],
                role=Role(row[2]),
                authorised=bool(row[3]),
                created_ns=row[4],
                valid_from_ns=row[5],
                valid_until_ns=row[6],
                audit_ref=row[7],
            )
        except (ValueError, TypeError, GalleryError) as exc:
            raise damaged(self._path, f"record {row[0]} holds an impossible value") from exc
