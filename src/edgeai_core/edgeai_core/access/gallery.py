"""The face gallery: enrolled people and their encrypted templates in one SQLite file."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeai_core.access import gallery_store, records
from edgeai_core.access.audit import Action, AuditEntry
from edgeai_core.access.backup import back_up
from edgeai_core.access.erasure import ErasureProof, forget_person
from edgeai_core.access.export import export_person
from edgeai_core.access.index import TemplateIndex
from edgeai_core.access.keys import KeySource
from edgeai_core.access.people import (
    Person,
    PersonTemplates,
    Role,
    check_templates,
    cleaned_name,
)
from edgeai_core.access.permissions import Permission
from edgeai_core.access.rotation import rotate_key
from edgeai_core.access.tables import GalleryTables, new_audit_ref, open_tables
from edgeai_core.access.tables import local_actor as local_actor
from edgeai_core.access.verification import Verification, verify
from edgeai_core.errors import GalleryMissingError


class Gallery:
    """An open gallery. Any thread may call it; calls take turns. Made by `Gallery.open`."""

    def __init__(self, tables: GalleryTables, *, clock_ns: Callable[[], int]) -> None:
        self._tables = tables
        self._path = tables.path
        self._clock_ns = clock_ns
        self._lock = threading.RLock()
        self._file_identity = gallery_store.file_identity(tables.path)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        key_source: KeySource,
        create: bool = False,
        clock_ns: Callable[[], int] = time.time_ns,
        actor: str = "",
    ) -> Gallery:
        """Open a gallery and check its file and its key.

        Args:
            path: the SQLite file. key_source: where its key is.
            create: make an empty gallery if there is no file; the key follows on first enrolment.
            clock_ns: wall clock for the time of enrolment and of log entries.
            actor: who the log says makes the changes, not by name; empty for `local_actor`.

        Raises:
            GalleryMissingError: no file and not `create`, or a gallery with records but no key.
            GalleryCorruptError: the file is damaged, not a gallery, or was made with another key.
            GalleryError: it cannot be read, or file or key do not fit this program.
        """
        tables = open_tables(
            path, key_source=key_source, create=create, clock_ns=clock_ns, actor=actor
        )
        return cls(tables, clock_ns=clock_ns)

    def close(self) -> None:
        """Close the file; calling it twice is harmless."""
        with self._lock:
            self._tables.connection.close()

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
        with self._reading():
            if gallery_store.file_identity(self._path) != self._file_identity:
                raise GalleryMissingError(
                    f"gallery {self._path} was removed or replaced while in use; open it again"
                )
            return self._tables.revision()

    def people(self) -> tuple[Person, ...]:
        """Return everybody, by name.

        Raises:
            GalleryCorruptError: a name, role, authorisation or validity was changed, or a person
                added or removed, by something else than this program.
        """
        with self._reading():
            return records.everybody(self._tables)

    def find(self, name: str) -> Person | None:
        """Return the person of a name whatever its case, None if nobody; errors as `people`."""
        with self._reading():
            return records.named(self._tables, name)

    def person(self, person_id: str) -> Person | None:
        """Return the person of that id, None if there is none; errors as for `people`."""
        return next((p for p in self.people() if p.person_id == person_id), None)

    def add_person(
        self,
        name: str,
        templates: npt.NDArray[np.float32],
        *,
        model_id: str,
        role: Role,
        authorised: bool,
        valid_from_ns: int | None = None,
        valid_until_ns: int | None = None,
    ) -> Person:
        """Enrol a person; all templates are stored or nothing is.

        Args:
            name: for people; unique whatever its case.
            templates: (N, D) float32, N >= 1, of the model `model_id`.
            model_id: embedding model with version.
            role, authorised, valid_from_ns, valid_until_ns: see `Person`.

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
            valid_from_ns=valid_from_ns,
            valid_until_ns=valid_until_ns,
            audit_ref=new_audit_ref(),
        )
        with self._changing():
            records.add(self._tables, person, templates, model_id=model_id)
        return person

    def authorise(self, name: str, authorised: bool) -> Person:
        """Allow or forbid a person to unlock; return the changed person.

        Raises:
            GalleryError: nobody has that name.
        """
        action = Action.AUTHORISED if authorised else Action.REVOKED
        return self._change(name, action, authorised=authorised)

    def set_role(self, name: str, role: Role) -> Person:
        """Give a person another role; return the changed person; errors as for `authorise`."""
        return self._change(name, Action.ROLE_CHANGED, detail=role.value, role=role)

    def set_validity(
        self, name: str, *, valid_from_ns: int | None, valid_until_ns: int | None
    ) -> Person:
        """Limit the time in which a person may unlock; return the changed person.

        Raises:
            GalleryError: nobody has that name, or the time ends before it begins.
        """
        return self._change(
            name,
            Action.VALIDITY_CHANGED,
            detail=f"from {valid_from_ns} until {valid_until_ns}",
            valid_from_ns=valid_from_ns,
            valid_until_ns=valid_until_ns,
        )

    def rename(self, name: str, new_name: str) -> Person:
        """Give a person another name; return the changed person.

        Raises:
            GalleryError: nobody has the old name, somebody has the new one, or it does not fit.
        """
        with self._changing():
            return records.rename(self._tables, name, new_name)

    def forget(self, name: str) -> ErasureProof:
        """Erase a person and every template, then prove it by searching the file.

        Raises:
            GalleryError: nobody has that name, or traces remain (the message says of what).
        """
        with self._lock, gallery_store.translated_errors(self._path):
            return forget_person(self._tables, records.known(self._tables, name))

    def templates(self, model_id: str) -> tuple[PersonTemplates, ...]:
        """Return the decrypted templates of everybody; errors as `records.templates`."""
        with self._reading():
            return records.templates(self._tables, model_id)

    def index(
        self, model_id: str, *, template_variance: float, faiss_above: int | None = None
    ) -> TemplateIndex:
        """Return a searchable copy of the templates in memory.

        Args:
            model_id: embedding model that runs. template_variance: of that model.
            faiss_above: as for `TemplateIndex`.

        Raises:
            ConfigError: faiss is asked for and not installed.
            GalleryModelMismatchError, GalleryCorruptError: as for `templates`.
        """
        try:
            return TemplateIndex(
                self.templates(model_id),
                template_variance=template_variance,
                faiss_above=faiss_above,
            )
        except ValueError as exc:
            raise gallery_store.damaged(self._path, str(exc)) from exc

    def count_without(self, model_id: str) -> int:
        """Return how many people have no template of the model: they must be enrolled again."""
        with self._reading():
            return self._tables.templates.people_without(model_id)

    def audit(self) -> tuple[AuditEntry, ...]:
        """Return the log of changes, the oldest first.

        Raises:
            GalleryCorruptError: an entry was changed or removed.
        """
        with self._reading():
            return self._tables.entries()

    def verify(self, *, model_id: str = "") -> Verification:
        """Look at everything in the gallery; arguments and errors as `verification.verify`."""
        with self._lock:
            return verify(self._tables, model_id=model_id)

    def rotate_key(self) -> int:
        """Change the key, crash-safe; return the number of templates; see `rotation.rotate_key`."""
        with self._lock:
            return rotate_key(self._tables)

    def back_up(self, target: Path) -> Verification:
        """Copy the gallery into a new file that is verified; see `backup.back_up`."""
        with self._lock:
            return back_up(self._tables, target)

    def export(self, name: str) -> dict[str, Any]:
        """Return everything about a person in the types of JSON; see `export.export_person`.

        Raises:
            GalleryError: nobody has that name.
        """
        with self._lock:
            return export_person(self._tables, records.known(self._tables, name))

    def permissions(self, person_id: str) -> frozenset[Permission]:
        """Return what the person of an id may do now.

        Raises:
            GalleryCorruptError: as for `people`. GalleryError: nobody has that id.
        """
        with self._reading():
            person = records.enrolled(self._tables, person_id)
            return person.permissions_at(self._clock_ns())

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock, self._tables.reading():
            yield

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock, self._tables.changing():
            yield

    def _change(self, name: str, action: Action, *, detail: str = "", **values: Any) -> Person:
        with self._changing():
            person = records.known(self._tables, name)
            return records.change(self._tables, person, action, detail=detail, **values)
