"""The encrypted templates inside the gallery file, and the proof of which key they belong to."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeai_core.access.cipher import TemplateCipher
from edgeai_core.access.gallery_store import damaged
from edgeai_core.access.keys import KeySource
from edgeai_core.errors import GalleryCorruptError


class TemplateTable:
    """Seals and opens the templates of an open gallery.

    Args:
        connection: the gallery. path: its file, for messages. key_source: where its key is.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, key_source: KeySource) -> None:
        self._connection = connection
        self._path = path
        self._key_source = key_source
        self._cipher: TemplateCipher | None = None

    def check_key(self) -> TemplateCipher | None:
        """Return the cipher of the gallery's key, None while nobody was ever enrolled.

        Raises:
            GalleryMissingError: the gallery has a key, but it is not there.
            GalleryCorruptError: the key is not the gallery's.
        """
        if self._cipher is not None:
            return self._cipher
        row = self._connection.execute("SELECT value FROM meta WHERE key = 'key_check'").fetchone()
        if row is None:
            return None
        cipher = TemplateCipher(self._key_source.load())
        if not cipher.matches(row[0]):
            raise GalleryCorruptError(
                f"gallery {self._path} was made with another key; put the right key back, or "
                f"move the gallery away and enrol everybody again"
            )
        self._cipher = cipher
        return cipher

    def add(self, person_id: str, templates: npt.NDArray[np.float32], *, model_id: str) -> None:
        """Store (N, D) templates; inside a transaction. The first ones ever make the key.

        Raises:
            GalleryError: as for `check_key`, or a new key cannot be kept.
        """
        cipher = self.check_key()
        if cipher is None:
            # Not kept in this object: the transaction that writes the check may be rolled back.
            cipher = TemplateCipher(self._key_source.load_or_create())
            self._connection.execute(
                "INSERT INTO meta VALUES ('key_check', ?)", (cipher.key_check(),)
            )
        for template in templates:
            record_id = uuid.uuid4().hex
            sealed = cipher.seal(
                template, record_id=record_id, person_id=person_id, model_id=model_id
            )
            self._connection.execute(
                "INSERT INTO templates VALUES (?, ?, ?, ?)",
                (record_id, person_id, model_id, sealed),
            )

    def of(self, person_id: str, *, model_id: str) -> tuple[npt.NDArray[np.float32], ...]:
        """Return the (D,) templates of a person in the order of their enrolment.

        Raises:
            GalleryCorruptError: a record fails its authentication.
        """
        rows = self._connection.execute(
            "SELECT id, sealed FROM templates WHERE person_id = ? AND model_id = ? ORDER BY rowid",
            (person_id, model_id),
        ).fetchall()
        if not rows:
            return ()
        cipher = self.check_key()
        if cipher is None:
            raise damaged(self._path, "its key check is gone")
        return tuple(
            cipher.open(sealed, record_id=record_id, person_id=person_id, model_id=model_id)
            for record_id, sealed in rows
        )
