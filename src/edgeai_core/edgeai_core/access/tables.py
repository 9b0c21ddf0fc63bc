"""The tables of an open gallery, and the transactions that keep them under one seal."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from edgeai_core.access import gallery_store
from edgeai_core.access.audit import Action, AuditEntry, AuditTable
from edgeai_core.access.keyring import Keyring
from edgeai_core.access.keys import KeySource
from edgeai_core.access.person_table import PersonTable
from edgeai_core.access.seals import same
from edgeai_core.access.template_table import TemplateTable


def new_audit_ref() -> str:
    """Return a name for a person in the log that says nothing about the person."""
    return secrets.token_hex(8)


class GalleryTables:
    """What a gallery file holds. One thread at a time.

    Args:
        connection: the file. path: where it is. key_source: where its key is.
        clock_ns: wall clock of the log. actor: who works with the gallery.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        *,
        key_source: KeySource,
        clock_ns: Callable[[], int],
        actor: str,
    ) -> None:
        self.connection = connection
        self.path = path
        self.keyring = Keyring(connection, path, key_source)
        self.people = PersonTable(connection, path, self.keyring)
        self.templates = TemplateTable(connection, path, self.keyring)
        self.audit = AuditTable(connection, self.keyring, clock_ns=clock_ns, actor=actor)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Show one state of the file whatever other processes write meanwhile."""
        with gallery_store.translated_errors(self.path):
            outermost = not self.connection.in_transaction
            if outermost:
                self.connection.execute("BEGIN")
            try:
                yield
            finally:
                if outermost and self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Run a change that ends under a new seal of the whole, or not at all.

        Raises:
            GalleryCorruptError: the gallery was tampered with; it is not sealed over.
        """
        with (
            gallery_store.translated_errors(self.path),
            gallery_store.writing(self.connection),
        ):
            self.keyring.current_or_new()
            self.keyring.settle()
            self.check()
            yield
            self.seal()

    def revision(self) -> int:
        """Return a number that differs after every change, by whatever process it was made.

        Raises:
            GalleryCorruptError: it is gone.
        """
        row = self.connection.execute("SELECT value FROM meta WHERE key = 'revision'").fetchone()
        if row is None:
            raise gallery_store.damaged(self.path, "its revision is gone")
        return int(row[0])

    def entries(self) -> tuple[AuditEntry, ...]:
        """Return the log of changes, the oldest first.

        Raises:
            GalleryCorruptError: an entry was changed or removed.
        """
        if self.keyring.current() is None:
            return ()
        if complaint := self.objection() or self.audit.objection():
            raise gallery_store.damaged(self.path, complaint)
        return self.audit.entries()

    def settle_key(self) -> None:
        """Finish a rotation of the key, with the file locked against another one."""
        with gallery_store.translated_errors(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                self.keyring.settle()
            finally:
                self.connection.execute("ROLLBACK")

    def check(self) -> None:
        """Check every record of a person and the seal of the whole.

        Raises:
            GalleryCorruptError: one of them was changed by something else than this program.
        """
        self.people.all()
        if complaint := self.objection():
            raise gallery_store.damaged(self.path, complaint)

    def objection(self) -> str:
        """Return what is wrong with the gallery as a whole; empty when nothing is."""
        if self.keyring.current() is None:
            return ""
        row = self.connection.execute("SELECT value FROM meta WHERE key = 'seal'").fetchone()
        if row is None:
            # Nothing was ever written but the key itself, in this very transaction.
            return "its seal is gone" if self.audit.end()[0] or self.people.seals() else ""
        if not same(row[0], self._seal()):
            return "people were added or removed, or its log was cut, by something else"
        return ""

    def seal(self) -> None:
        """Write the seal of the whole; inside a transaction, after the last change."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES ('seal', ?)", (self._seal(),))

    def seal_first_time(self) -> None:
        """Give a gallery of schema 1 its seals; one that has them is left as it is."""
        with gallery_store.translated_errors(self.path):
            current = self.keyring.current()
            if current is None or not current.unsealed:
                return
            with gallery_store.writing(self.connection):
                if not self.keyring.required().unsealed:
                    return  # another process did it meanwhile
                self.keyring.install_present()
                people = self.people.unsealed()
                for person in people:
                    self.people.update(dataclasses.replace(person, audit_ref=new_audit_ref()))
                # Schema 1 could not tell whether somebody had changed a record before.
                self.audit.append(Action.SEALED, detail=f"{len(people)} people taken as they were")
                self.seal()

    def _seal(self) -> bytes:
        length, link = self.audit.end()
        sealer = self.keyring.required().sealer
        return sealer.state(self.people.seals(), log_length=length, log_link=link)


def local_actor() -> str:
    """Return how the log names whoever runs this process; a number, because names are erased."""
    return f"user {os.getuid()}"


def open_tables(
    path: Path,
    *,
    key_source: KeySource,
    create: bool,
    clock_ns: Callable[[], int],
    actor: str,
) -> GalleryTables:
    """Open the tables of a file and check file and key; arguments and errors as `Gallery.open`."""
    if create and not path.exists():
        gallery_store.create_file(path)
    connection = gallery_store.connect(path)
    try:
        tables = GalleryTables(
            connection,
            path,
            key_source=key_source,
            clock_ns=clock_ns,
            actor=actor or local_actor(),
        )
        tables.seal_first_time()
        return tables
    except BaseException:
        connection.close()
        raise
