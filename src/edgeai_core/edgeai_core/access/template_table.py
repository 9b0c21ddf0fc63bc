"""The encrypted templates inside the gallery file."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeai_core.access.cipher import TemplateCipher
from edgeai_core.access.keyring import Keyring


class TemplateTable:
    """Seals and opens the templates of an open gallery.

    Args:
        connection: the gallery. path: its file, for messages. keyring: its key.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, keyring: Keyring) -> None:
        self._connection = connection
        self._path = path
        self._keyring = keyring

    def add(self, person_id: str, templates: npt.NDArray[np.float32], *, model_id: str) -> None:
        """Store (N, D) templates; inside a transaction.

        Raises:
            GalleryError: the key cannot be had.
        """
        cipher = self._keyring.required().cipher
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
        cipher = self._keyring.required().cipher
        return tuple(
            cipher.open(sealed, record_id=record_id, person_id=person_id, model_id=model_id)
            for record_id, sealed in rows
        )

    def models(self) -> tuple[str, ...]:
        """Return the ids of all models that templates are of, sorted."""
        rows = self._connection.execute("SELECT DISTINCT model_id FROM templates")
        return tuple(sorted(row[0] for row in rows))

    def people_without(self, model_id: str) -> int:
        """Return how many people have no template of a model."""
        row = self._connection.execute(
            "SELECT count(*) FROM persons WHERE id NOT IN "
            "(SELECT person_id FROM templates WHERE model_id = ?)",
            (model_id,),
        ).fetchone()
        return int(row[0])

    def reencrypt(self, old: TemplateCipher, new: TemplateCipher) -> int:
        """Seal every template under another key; inside a transaction. Return how many.

        Raises:
            GalleryCorruptError: a record fails its authentication; nothing may be committed then.
        """
        rows = self._connection.execute(
            "SELECT id, person_id, model_id, sealed FROM templates"
        ).fetchall()
        for record_id, person_id, model_id, sealed in rows:
            names = {"record_id": record_id, "person_id": person_id, "model_id": model_id}
            template = old.open(sealed, **names)
            self._connection.execute(
                "UPDATE templates SET sealed = ? WHERE id = ?",
                (new.seal(template, **names), record_id),
            )
        return len(rows)
