"""The log of who changed what in the gallery: it only grows, and a missing entry shows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from edgeai_core.access.keyring import Keyring
from edgeai_core.access.seals import Sealer, same

_START = b"edgeai gallery audit log"


class Action(Enum):
    """What was done."""

    SEALED = "gallery sealed"
    ENROLLED = "enrolled"
    AUTHORISED = "authorised"
    REVOKED = "revoked"
    RENAMED = "renamed"
    ROLE_CHANGED = "role changed"
    VALIDITY_CHANGED = "validity changed"
    EXPORTED = "exported"
    FORGOTTEN = "forgotten"
    KEY_ROTATED = "key rotated"
    RESTORED = "restored from backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change. It holds no name, so that forgetting a person leaves no trace in the log.

    Attributes:
        sequence: from 1. at_ns: wall clock, nanoseconds since 1970.
        actor: who did it: a user of the machine by number, or a person by `audit_ref`.
        action: what. subject: `audit_ref` of the person it was done to; empty for the gallery.
        detail: figures and roles, never a name, a picture or a template.
    """

    sequence: int
    at_ns: int
    actor: str
    action: Action
    subject: str
    detail: str


class AuditTable:
    """The log inside an open gallery.

    Args:
        connection: the gallery. keyring: its key. clock_ns: wall clock. actor: who works now.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        keyring: Keyring,
        *,
        clock_ns: Callable[[], int],
        actor: str,
    ) -> None:
        self._connection = connection
        self._keyring = keyring
        self._clock_ns = clock_ns
        self._actor = actor

    def append(self, action: Action, *, subject: str = "", detail: str = "") -> None:
        """Add an entry; inside the transaction that makes the change."""
        length, previous = self.end()
        words = (length + 1, self._clock_ns(), self._actor, action.value, subject, detail)
        link = self._keyring.required().sealer.link(previous, *words)
        self._connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)", (*words, link))

    def end(self) -> tuple[int, bytes]:
        """Return the number of the last entry and its link."""
        row = self._connection.execute(
            "SELECT sequence, link FROM audit ORDER BY sequence DESC LIMIT 1"
        ).fetchone()
        return (0, _START) if row is None else (int(row[0]), bytes(row[1]))

    def entries(self) -> tuple[AuditEntry, ...]:
        """Return every entry, the oldest first; `objection` says whether they can be trusted."""
        known = {action.value: action for action in Action}
        return tuple(
            AuditEntry(
                sequence=row[0],
                at_ns=row[1],
                actor=row[2],
                action=known[row[3]],
                subject=row[4],
                detail=row[5],
            )
            for row in self._rows()
            if row[3] in known
        )

    def objection(self) -> str:
        """Return what is wrong with the chain of entries; empty when nothing is."""
        sealer = self._keyring.required().sealer
        previous = _START
        for number, (*words, link) in enumerate(self._rows(), start=1):
            if words[0] != number:
                return f"audit log: entry {number} is missing"
            if not same(link, sealer.link(previous, *words)):
                return f"audit log: entry {number} was changed, or an entry before it"
            previous = link
        return ""

    def relink(self, sealer: Sealer) -> None:
        """Chain all entries under another key; inside a transaction, after `objection`."""
        previous = _START
        for *words, _ in self._rows():
            previous = sealer.link(previous, *words)
            self._connection.execute(
                "UPDATE audit SET link = ? WHERE sequence = ?", (previous, words[0])
            )

    def _rows(self) -> list[tuple[Any, ...]]:
        return self._connection.execute("SELECT * FROM audit ORDER BY sequence").fetchall()
