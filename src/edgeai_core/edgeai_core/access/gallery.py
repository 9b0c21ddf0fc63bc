"""The face gallery: enrolled people and their encrypted templates in one SQLite file."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeai_core.access import gallery_store
from edgeai_core.access.erasure import forget_person
from edgeai_core.access.index import TemplateIndex
from edgeai_core.access.keys import KeySource
from edgeai_core.access.people import (
    Person,
    PersonTemplates,
    Role,
    check_templates,
    cleaned_name,
    name_key,
)
from edgeai_core.access.template_table import TemplateTable
from edgeai_core.errors import (
    EnrolmentError,
    GalleryError,
    GalleryMissingError,
    GalleryModelMismatchError,
)

_ROLES = frozenset(role.value for role in Role)
_PERSON_COLUMNS = "id, name, role, authorised, created_ns"


class Gallery:
    """An open gallery. Any thread may call it; calls take turns. Made by `Gallery.open`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        *,
        key_source: KeySource,
        clock_ns: Callable[[], int],
    ) -> None:
        self._connection = connection
        self._path = path
        self._clock_ns = clock_ns
        self._lock = threading.RLock()
        self._templates = TemplateTable(connection, path, key_source)
        self._file_identity = gallery_store.file_identity(path)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        key_source: KeySource,
        create: bool = False,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> Gallery:
        """Open a gallery and check its file and its key.

        Args:
            path: the SQLite file. key_source: where its key is.
            create: make an empty gallery if there is no file; the key follows on first enrolment.
            clock_ns: wall clock for the time of enrolment.

        Raises:
            GalleryMissingError: no file and not `create`, or a gallery with records but no key.
            GalleryCorruptError: the file is damaged, not a gallery, or was made with another key.
            GalleryError: it cannot be read, or file or key do not fit this program.
        """
        if create and not path.exists():
            gallery_store.create_file(path)
        connection = gallery_store.connect(path)
        try:
            gallery = cls(connection, path, key_source=key_source, clock_ns=clock_ns)
            with gallery._using():
                gallery._templates.check_key()
        except BaseException:
            connection.close()
            raise
        return gallery

    def close(self) -> None:
        """Close the file; calling it twice is harmless."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self._path

    def revision(self) -> int:
        """Return a number that differs after every change, by whatever process it was made.

        Raises:
            GalleryMissingError: the file was removed or replaced since it was opened.
        """
        with self._using():
            if gallery_store.file_identity(self._path) != self._file_identity:
                raise GalleryMissingError(
                    f"gallery {self._path} was removed or replaced while in use; open it again"
                )
            row = self._one("SELECT value FROM meta WHERE key = 'revision'")
            if row is None:
                raise gallery_store.damaged(self._path, "its revision is gone")
            return int(row[0])

    def people(self) -> tuple[Person, ...]:
        """Return everybody, by name."""
        with self._using():
            rows = self._connection.execute(f"SELECT {_PERSON_COLUMNS} FROM persons").fetchall()
            return tuple(sorted(map(self._person, rows), key=lambda p: p.name.casefold()))

    def find(self, name: str) -> Person | None:
        """Return the person of that name whatever its case, None if there is none."""
        with self._using():
            row = self._one(
                f"SELECT {_PERSON_COLUMNS} FROM persons WHERE name_key = ?", name_key(name)
            )
            return None if row is None else self._person(row)

    def add_person(
        self,
        name: str,
        templates: npt.NDArray[np.float32],
        *,
        model_id: str,
        role: Role,
        authorised: bool,
    ) -> Person:
        """Enrol a person; all templates are stored or nothing is.

        Args:
            name: for people; unique whatever its case.
            templates: (N, D) float32, N >= 1, of the model `model_id`.
            model_id: embedding model with version. role, authorised: see `Person`.

        Raises:
            EnrolmentError: somebody has that name.
            GalleryError: the name does not fit, no key can be had, or the file cannot be written.
            ValueError: wrong shape or dtype, or a number that is not finite.
        """
        check_templates(templates)
        person = Person(
            person_id=uuid.uuid4().hex,
            name=cleaned_name(name),
            role=role,
            authorised=authorised,
            created_ns=self._clock_ns(),
        )
        with self._using(), gallery_store.writing(self._connection):
            if self.find(name) is not None:
                raise EnrolmentError(
                    f"{person.name} is already enrolled; choose another name, or forget and "
                    f"enrol again"
                )
            self._connection.execute(
                "INSERT INTO persons VALUES (?, ?, ?, ?, ?, ?)",
                (
                    person.person_id,
                    person.name,
                    name_key(name),
                    role.value,
                    authorised,
                    person.created_ns,
                ),
            )
            self._templates.add(person.person_id, templates, model_id=model_id)
        return person

    def authorise(self, name: str, authorised: bool) -> Person:
        """Allow or forbid a person to unlock; return the changed person.

        Raises:
            GalleryError: nobody has that name.
        """
        return self._change(name, "authorised = ?", authorised)

    def rename(self, name: str, new_name: str) -> Person:
        """Give a person another name; return the changed person.

        Raises:
            GalleryError: nobody has the old name, somebody else has the new one, or it does not
                fit.
        """
        with self._using():
            holder = self.find(new_name)
            if holder is not None and holder != self._known(name):
                raise GalleryError(f"{holder.name} is already enrolled; choose another name")
            return self._change(
                name, "name = ?, name_key = ?", cleaned_name(new_name), name_key(new_name)
            )

    def forget(self, name: str) -> None:
        """Erase a person and every template, then prove it by searching the file.

        Raises:
            GalleryError: nobody has that name, or traces remain (the message says of what).
        """
        with self._using():
            forget_person(self._connection, self._path, self._known(name))

    def templates(self, model_id: str) -> tuple[PersonTemplates, ...]:
        """Return the decrypted templates of everybody enrolled with the model, by name.

        Raises:
            GalleryModelMismatchError: people are enrolled, but all with other models.
            GalleryCorruptError: a record fails its authentication.
        """
        with self._using():
            people = self.people()
            found = tuple(
                PersonTemplates(person=person, templates=np.stack(templates))
                for person in people
                if (templates := self._templates.of(person.person_id, model_id=model_id))
            )
            if people and not found:
                others = self._connection.execute("SELECT DISTINCT model_id FROM templates")
                raise GalleryModelMismatchError(
                    f"gallery {self._path} was made with face model "
                    f"{', '.join(sorted(row[0] for row in others)) or '(none)'}, but {model_id} is "
                    f"running; forget and enrol everybody again, or go back to that model"
                )
            return found

    def index(self, model_id: str) -> TemplateIndex:
        """Return a searchable copy of the templates in memory.

        Raises:
            GalleryModelMismatchError, GalleryCorruptError: as for `templates`.
        """
        try:
            return TemplateIndex(self.templates(model_id))
        except ValueError as exc:
            raise gallery_store.damaged(self._path, str(exc)) from exc

    def count_without(self, model_id: str) -> int:
        """Return how many people have no template of the model: they must be enrolled again."""
        with self._using():
            row = self._one(
                "SELECT count(*) FROM persons WHERE id NOT IN "
                "(SELECT person_id FROM templates WHERE model_id = ?)",
                model_id,
            )
            return 0 if row is None else int(row[0])

    @contextlib.contextmanager
    def _using(self) -> Iterator[None]:
        with self._lock, gallery_store.translated_errors(self._path):
            yield

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        return row

    def _person(self, row: tuple[Any, ...]) -> Person:
        person_id, name, role, authorised, created_ns = row
        if role not in _ROLES:
            raise gallery_store.damaged(self._path, f"record {person_id} has no known role")
        return Person(
            person_id=person_id,
            name=name,
            role=Role(role),
            authorised=bool(authorised),
            created_ns=created_ns,
        )

    def _known(self, name: str) -> Person:
        person = self.find(name)
        if person is None:
            raise GalleryError(f"nobody named {name!r} is enrolled; list the people for the names")
        return person

    def _change(self, name: str, assignments: str, *values: object) -> Person:
        with self._using():
            person_id = self._known(name).person_id
            with gallery_store.writing(self._connection):
                self._connection.execute(
                    f"UPDATE persons SET {assignments} WHERE id = ?", (*values, person_id)
                )
            row = self._one(f"SELECT {_PERSON_COLUMNS} FROM persons WHERE id = ?", person_id)
            if row is None:
                raise GalleryError(f"{name!r} was forgotten meanwhile")
            return self._person(row)
