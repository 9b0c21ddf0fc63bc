"""The key of an open gallery, and the proof that it is the gallery's."""

from __future__ import annotations

import dataclasses
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from edgeai_core.access.cipher import TemplateCipher
from edgeai_core.access.gallery_store import damaged
from edgeai_core.access.keys import KeySource
from edgeai_core.access.seals import Sealer
from edgeai_core.errors import GalleryCorruptError


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What a key is used for.

    Attributes:
        cipher: of templates. sealer: of people and log. key_check: as stored in the file.
        unsealed: the gallery is of schema 1, which had no seals; they have to be made.
        successor: the key is the one that a rotation prepared and that is yet to be promoted.
    """

    cipher: TemplateCipher
    sealer: Sealer
    key_check: bytes
    unsealed: bool = False
    successor: bool = False


class Keyring:
    """Keeps the key that the gallery is made with, also when another process changes it.

    Args:
        connection: the gallery. path: its file, for messages. key_source: where its key is.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, key_source: KeySource) -> None:
        self._connection = connection
        self._path = path
        self._key_source = key_source
        self._secrets: Secrets | None = None

    @property
    def key_source(self) -> KeySource:
        """Where the key is."""
        return self._key_source

    def current(self) -> Secrets | None:
        """Return the gallery's secrets, None while nobody was ever enrolled.

        Raises:
            GalleryMissingError: the gallery has a key, but it is not there.
            GalleryCorruptError: the key is not the gallery's, or the gallery hides which is.
        """
        row = self._connection.execute("SELECT value FROM meta WHERE key = 'key_check'").fetchone()
        if row is None:
            if self._holds_something():
                raise damaged(self._path, "its key check is gone")
            return None
        if self._secrets is None or self._secrets.key_check != row[0]:
            self._secrets = self._matching(bytes(row[0]))
        return self._secrets

    def required(self) -> Secrets:
        """Return the secrets of a gallery that must have some; errors as for `current`."""
        secrets = self.current()
        if secrets is None:
            raise damaged(self._path, "its key check is gone")
        return secrets

    def current_or_new(self) -> Secrets:
        """Return the secrets; inside a transaction. The first ones ever make the key.

        Raises:
            GalleryError: as for `current`, or a new key cannot be kept.
        """
        secrets = self.current()
        if secrets is None:
            self.install(self._key_source.load_or_create())
            secrets = self.required()
        return secrets

    def install(self, key: bytes, *, successor: bool = False) -> Secrets:
        """Make a key the gallery's; inside a transaction that seals everything under it."""
        cipher = TemplateCipher(key)
        key_check = cipher.key_check()
        self._connection.execute(
            "INSERT OR REPLACE INTO meta VALUES ('key_check', ?)", (key_check,)
        )
        # Kept although the transaction may yet be rolled back: the file's key check decides.
        self._secrets = Secrets(
            cipher=cipher, sealer=Sealer(key), key_check=key_check, successor=successor
        )
        return self._secrets

    def install_present(self) -> Secrets:
        """Write the key check anew with the present key: a gallery of schema 1 now has seals."""
        return self.install(self._key_source.load())

    def settle(self) -> None:
        """Finish a rotation that sealed the file but did not change the keys yet.

        Inside a write transaction only: with the file locked nobody else can prepare another key.
        """
        secrets = self.current()
        if secrets is not None and secrets.successor:
            self._key_source.promote_next()
            self._secrets = dataclasses.replace(secrets, successor=False)

    def _matching(self, key_check: bytes) -> Secrets:
        # The present key is looked at again at the end: a rotation may have been settled between.
        for load, successor in (
            (self._key_source.load, False),
            (self._key_source.load_next, True),
            (self._key_source.load, False),
        ):
            key = load()
            if key is None:
                continue
            cipher = TemplateCipher(key)
            unsealed = cipher.matches_unsealed(key_check)
            if unsealed or cipher.matches(key_check):
                return Secrets(
                    cipher=cipher,
                    sealer=Sealer(key),
                    key_check=key_check,
                    unsealed=unsealed,
                    successor=successor,
                )
        raise GalleryCorruptError(
            f"gallery {self._path} was made with another key; put the right key back, or move the "
            f"gallery away and enrol everybody again; access stays closed"
        )

    def _holds_something(self) -> bool:
        found = self._connection.execute(
            "SELECT 1 FROM persons UNION ALL SELECT 1 FROM templates UNION ALL "
            "SELECT 1 FROM audit LIMIT 1"
        ).fetchone()
        return found is not None
