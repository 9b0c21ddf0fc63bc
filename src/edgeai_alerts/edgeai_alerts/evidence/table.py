"""What is kept of which alert, as rows of the event store."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from edgeai_alerts.database import Database
from edgeai_alerts.rows import storable
from edgeai_core.types import Alert

_COLUMNS = "alert_id, kind, file, media_type, bytes, created_wall_ns"


class EvidenceKind(Enum):
    """What can be kept of an alert."""

    SNAPSHOT = "snapshot"
    CLIP = "clip"
    EXPLANATION = "explanation"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvidence:
    """One file of evidence.

    Attributes:
        alert_id: of the alert. kind: what it is. file: name in the folder of evidence.
        media_type: such as image/jpeg. bytes: its size.
        created_wall_ns: nanoseconds since 1970, for people to read.
    """

    alert_id: str
    kind: EvidenceKind
    file: str
    media_type: str
    bytes: int
    created_wall_ns: int


class EvidenceTable:
    """Every method may be called from any thread.

    Args:
        database: the event store's. wall_clock_ns: nanoseconds since 1970.
    """

    def __init__(self, database: Database, *, wall_clock_ns: Callable[[], int]) -> None:
        self._database = database
        self._wall_clock_ns = wall_clock_ns

    def save(
        self,
        alert_id: str,
        kind: EvidenceKind,
        *,
        file: str,
        media_type: str,
        size_bytes: int,
        people: Sequence[str] = (),
    ) -> None:
        """Note a file; one of the same alert and kind is replaced.

        Args:
            people: ids of the people who were recognised in it.

        Raises:
            StoreError: it could not be written.
        """
        row = (
            storable(alert_id),
            kind.value,
            storable(file),
            media_type,
            size_bytes,
            self._wall_clock_ns(),
            storable(f" {' '.join(people)} "),
        )
        with self._database.transaction() as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO evidence ({_COLUMNS}, people) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def all(self) -> list[StoredEvidence]:
        """Return every row, the first that was stored first.

        Raises:
            StoreError: the file could not be read.
        """
        return self._rows("ORDER BY seq")

    def find(self, alert_id: str, kind: EvidenceKind) -> StoredEvidence | None:
        """Return one row; None when there is none.

        Raises:
            StoreError: the file could not be read.
        """
        found = self._rows("WHERE alert_id = ? AND kind = ?", storable(alert_id), kind.value)
        return found[0] if found else None

    def kinds_of(self, alert_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return alert id -> kinds that are kept, for those of the alerts that have some.

        Raises:
            StoreError: the file could not be read.
        """
        kinds: dict[str, tuple[str, ...]] = {}
        with self._database.reading() as connection:
            for alert_id in alert_ids:
                rows = connection.execute(
                    "SELECT kind FROM evidence WHERE alert_id = ? ORDER BY seq",
                    (storable(alert_id),),
                ).fetchall()
                if rows:
                    kinds[alert_id] = tuple(row[0] for row in rows)
        return kinds

    def told(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Return the alerts with the kinds that are kept of each.

        Raises:
            StoreError: the file could not be read.
        """
        kinds = self.kinds_of([alert.alert_id for alert in alerts])
        return [
            dataclasses.replace(alert, evidence=kinds.get(alert.alert_id, ())) for alert in alerts
        ]

    def showing(self, person_id: str) -> list[StoredEvidence]:
        """Return what shows a person: of alerts about the person, or with the face recognised.

        Raises:
            StoreError: the file could not be read.
        """
        return self._rows(
            "WHERE instr(people, ' ' || ?1 || ' ') OR alert_id IN "
            "(SELECT alert_id FROM alerts WHERE instr(subject, ?1)) ORDER BY seq",
            storable(person_id),
        )

    def delete(self, files: Sequence[StoredEvidence]) -> None:
        """Delete rows.

        Raises:
            StoreError: it could not be written.
        """
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM evidence WHERE alert_id = ? AND kind = ?",
                [(entry.alert_id, entry.kind.value) for entry in files],
            )

    def compact(self) -> None:
        """Rewrite the file: deleted rows stay in it until then.

        Raises:
            StoreError: it could not be written.
        """
        self._database.compact()

    def _rows(self, clause: str, *values: str) -> list[StoredEvidence]:
        with self._database.reading() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM evidence {clause}", values)
            return [_stored(row) for row in rows.fetchall()]


def _stored(row: Sequence[Any]) -> StoredEvidence:
    alert_id, kind, file, media_type, size_bytes, created_wall_ns = row
    return StoredEvidence(
        alert_id=alert_id,
        kind=EvidenceKind(kind),
        file=file,
        media_type=media_type,
        bytes=size_bytes,
        created_wall_ns=created_wall_ns,
    )
