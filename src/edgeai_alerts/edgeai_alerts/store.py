"""The event store: every alert, who was told and who acknowledged, in one SQLite file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from edgeai_alerts.config import StoreConfig
from edgeai_alerts.database import Database
from edgeai_alerts.evidence.table import EvidenceTable
from edgeai_alerts.expiry import expire_deliveries
from edgeai_alerts.listing import AlertFilter, list_alerts
from edgeai_alerts.purging import purge_alerts
from edgeai_alerts.rows import (
    ALERT_COLUMNS,
    HISTORY_COLUMNS,
    Outcome,
    StoredAlert,
    alert_of,
    row_of,
    storable,
    stored_alert_of,
)
from edgeai_alerts.sightings import SightingTable
from edgeai_core.alerting.forgetting import FORGOTTEN_ID, FORGOTTEN_PERSON
from edgeai_core.errors import StoreError
from edgeai_core.types import Alert, AlertState, Severity

NS_PER_DAY = 86_400 * 1_000_000_000
MAX_LISTED = 10_000
# 2024-01-01. A board without a battery-backed clock starts in 1970; what it stored then is not
# fifty years old, so age does not purge it (the number of rows still does).
EARLIEST_PLAUSIBLE_WALL_NS = 1_704_067_200 * 1_000_000_000

# Who writes an alert anew may still know the name of a person who was forgotten meanwhile.
_UPSERT = f"""INSERT INTO alerts ({ALERT_COLUMNS}, created_wall_ns, updated_wall_ns)
    VALUES ({", ".join("?" * 20)})
    ON CONFLICT (alert_id) DO UPDATE SET
        severity = excluded.severity,
        title = CASE title WHEN '{FORGOTTEN_PERSON}' THEN title ELSE excluded.title END,
        reason = CASE reason WHEN '{FORGOTTEN_PERSON}' THEN reason ELSE excluded.reason END,
        source = excluded.source, score = excluded.score, stamp_ns = excluded.stamp_ns,
        count = excluded.count, state = excluded.state, rule = excluded.rule,
        telling = excluded.telling, escalated = excluded.escalated,
        acknowledged_by = coalesce(acknowledged_by, excluded.acknowledged_by),
        updated_wall_ns = excluded.updated_wall_ns"""
# Told again: a channel that had taken it has to take it once more.
_DELIVER = """INSERT INTO deliveries (seq, channel) SELECT seq, ? FROM alerts WHERE alert_id = ?
    ON CONFLICT (seq, channel) DO UPDATE SET outcome = NULL, settled_wall_ns = NULL"""
_DELIVERIES = "SELECT channel, outcome, settled_wall_ns FROM deliveries WHERE seq = ?"
_OPEN = "state IN (0, 1, 3)"


class EventStore:
    """Alerts in SQLite, written ahead: what was saved survives a killed process.

    One connection behind one lock: every method may be called from any thread. With WAL and
    ``synchronous=NORMAL`` a power cut can take the last saves with it, never the file.

    Args:
        path: database file; it and its folder are made if missing, readable for the owner only.
        config: limits.
        wall_clock_ns: nanoseconds since 1970, for people to read.
        report: is told one sentence about a damaged file or a migration.

    Raises:
        StoreError: the file cannot be opened, is not ours, or comes from a newer version.
            A damaged file is no error: it is moved aside and a new one is begun.
    """

    def __init__(
        self,
        path: Path,
        config: StoreConfig,
        *,
        wall_clock_ns: Callable[[], int],
        report: Callable[[str], None],
    ) -> None:
        self._config = config
        self._wall_clock_ns = wall_clock_ns
        self._database = Database(
            path,
            busy_timeout_s=config.busy_timeout_s,
            wall_clock_ns=wall_clock_ns,
            report=report,
        )
        self.sightings = SightingTable(self._database, wall_clock_ns=wall_clock_ns)
        self.evidence = EvidenceTable(self._database, wall_clock_ns=wall_clock_ns)

    def __enter__(self) -> EventStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; calling it twice is harmless."""
        self._database.close()

    def transaction(self) -> AbstractContextManager[object]:
        """Make several calls one write: all of them or none.

        Raises:
            StoreError: the disk is full, the file is locked, damaged or closed.
        """
        return self._database.transaction()

    def save(self, alert: Alert, *, channels: Sequence[str] = ()) -> None:
        """Insert or update an alert by its id.

        Args:
            alert: latest update.
            channels: names of the channels that have to take it now, whether or not they had
                taken it before.

        Raises:
            StoreError: it could not be written.
        """
        now_ns = self._wall_clock_ns()
        with self._database.transaction() as connection:
            row = (*row_of(alert), now_ns, now_ns)
            connection.execute(_UPSERT, row)
            connection.executemany(_DELIVER, [(storable(channel), row[0]) for channel in channels])

    def settle(self, alert_id: str, *, channel: str, outcome: Outcome) -> None:
        """Note that a channel took an alert or never will.

        An alert or channel that is not stored is ignored; the first outcome stays.

        Raises:
            StoreError: it could not be written.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE deliveries SET outcome = ?, settled_wall_ns = ? WHERE outcome IS NULL "
                "AND channel = ? AND seq = (SELECT seq FROM alerts WHERE alert_id = ?)",
                (outcome.value, self._wall_clock_ns(), storable(channel), storable(alert_id)),
            )

    def expire(self, max_age_s: float) -> list[tuple[str, str]]:
        """Give up deliveries that wait for longer, except of critical alerts.

        Returns:
            (alert id, channel) of each.

        Raises:
            StoreError: it could not be written.
        """
        now_ns = self._wall_clock_ns()
        return expire_deliveries(
            self._database,
            oldest_wall_ns=now_ns - round(max_age_s * 1e9),
            earliest_wall_ns=EARLIEST_PLAUSIBLE_WALL_NS,
            now_wall_ns=now_ns,
        )

    def retire_channels(self, keep: Sequence[str]) -> int:
        """Stop waiting for channels that are not configured any more; return how many deliveries.

        Raises:
            StoreError: it could not be written.
        """
        marks = ", ".join("?" * len(keep))
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "UPDATE deliveries SET outcome = 'retired', settled_wall_ns = ? "
                f"WHERE outcome IS NULL AND channel NOT IN ({marks})",
                (self._wall_clock_ns(), *map(storable, keep)),
            )
            return cursor.rowcount

    def acknowledge(self, alert_id: str, *, by: str, now_ns: int) -> bool:
        """Note who has seen to an alert; False when somebody had before, whose name stays.

        Args:
            alert_id: which one.
            by: name for people, not empty.
            now_ns: wall clock, nanoseconds since 1970.

        Raises:
            StoreError: no such alert, no name, or it could not be written.
        """
        if not by.strip():
            raise StoreError("acknowledge: got no name, expected who acknowledges")
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "UPDATE alerts SET acknowledged_by = ?, acknowledged_wall_ns = ?, "
                f"state = CASE WHEN {_OPEN} THEN {int(AlertState.ACKNOWLEDGED)} ELSE state END "
                "WHERE alert_id = ? AND acknowledged_by IS NULL",
                (storable(by), now_ns, storable(alert_id)),
            )
            if cursor.rowcount:
                return True
            known = connection.execute(
                "SELECT 1 FROM alerts WHERE alert_id = ?", (storable(alert_id),)
            ).fetchone()
        if known is None:
            raise StoreError(
                f"acknowledge: no alert {alert_id!r} is stored; expected an id from the event list"
            )
        return False

    def alerts(
        self,
        *,
        since_wall_ns: int | None = None,
        category: str | None = None,
        min_severity: Severity = Severity.INFO,
        limit: int = 100,
    ) -> list[StoredAlert]:
        """Return stored alerts, newest first.

        Args:
            since_wall_ns: only those stored at or after this wall time; None for all.
            category: only this one; None for all.
            min_severity: only those at least as urgent.
            limit: at most this many, 1..10000.

        Raises:
            StoreError: a limit out of range, or the file could not be read.
        """
        if not 1 <= limit <= MAX_LISTED:
            raise StoreError(f"alerts: got limit {limit}, expected 1..{MAX_LISTED}")
        where, filters = ["severity >= ?"], list[object]([int(min_severity)])
        if since_wall_ns is not None:
            where.append("created_wall_ns >= ?")
            filters.append(since_wall_ns)
        if category is not None:
            where.append("category = ?")
            filters.append(storable(category))
        query = (
            f"SELECT {ALERT_COLUMNS}, {HISTORY_COLUMNS} FROM alerts "
            f"WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?"
        )
        return self._stored(query, (*filters, limit))

    def listed(self, wanted: AlertFilter) -> tuple[list[Alert], bool]:
        """Return the alerts somebody asks for, newest first, and whether older ones follow.

        Raises:
            StoreError: the page begins after an unknown alert, or the file could not be read.
        """
        with self._database.reading() as connection:
            alerts, more = list_alerts(connection, wanted)
        return self.evidence.told(alerts), more

    def pending(self, channel: str, *, limit: int) -> list[Alert]:
        """Return the alerts that a channel still has to take, oldest first.

        Raises:
            StoreError: the file could not be read.
        """
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT {ALERT_COLUMNS} FROM alerts JOIN deliveries USING (seq) "
                "WHERE channel = ? AND outcome IS NULL ORDER BY seq LIMIT ?",
                (storable(channel), limit),
            ).fetchall()
        return self.evidence.told([alert_of(row) for row in rows])

    def lively(self, *, sent_since_wall_ns: int, limit: int) -> list[StoredAlert]:
        """Return the newest alerts that go on, that nobody was told of, or that were sent lately.

        Args:
            sent_since_wall_ns: what was sent at or after this wall time. limit: at most so many.

        Returns:
            Oldest first.

        Raises:
            StoreError: the file could not be read.
        """
        query = (
            f"SELECT {ALERT_COLUMNS}, {HISTORY_COLUMNS} FROM alerts WHERE {_OPEN} "
            "OR seq IN (SELECT seq FROM deliveries WHERE outcome IS NULL) "
            "OR seq IN (SELECT seq FROM deliveries WHERE outcome = 'sent' "
            "AND settled_wall_ns >= ?) ORDER BY seq DESC LIMIT ?"
        )
        return self._stored(query, (sent_since_wall_ns, limit))[::-1]

    def _stored(self, query: str, values: Sequence[object]) -> list[StoredAlert]:
        with self._database.reading() as connection:
            execute = connection.execute
            stored = [
                stored_alert_of(
                    row, execute(f"{_DELIVERIES} ORDER BY channel", row[-1:]).fetchall()
                )
                for row in execute(query, values).fetchall()
            ]
        told = self.evidence.told([entry.alert for entry in stored])
        return [
            dataclasses.replace(entry, alert=alert)
            for entry, alert in zip(stored, told, strict=True)
        ]

    def forget_person(self, *, person_id: str, name: str) -> int:
        """Take a person's name and id out of every alert and rewrite the file; return how many.

        Raises:
            StoreError: it could not be written.
        """
        with self._database.transaction() as connection:
            changed = connection.execute(
                # Whole sentences: the person may have had another name when they were written.
                "UPDATE alerts SET title = ?2, reason = ?2, "
                "subject = replace(subject, ?1, ?3) WHERE instr(subject, ?1)",
                (person_id, FORGOTTEN_PERSON, FORGOTTEN_ID),
            ).rowcount
            changed += connection.execute(
                "UPDATE alerts SET acknowledged_by = ? WHERE acknowledged_by = ?",
                (FORGOTTEN_PERSON, storable(name)),
            ).rowcount
        if changed:
            self._database.compact()
        return changed

    def purge(self) -> int:
        """Delete what is over the limits of age and number, oldest first; return how many alerts.

        Critical alerts that a channel still has to take are never deleted.

        Raises:
            StoreError: it could not be written.
        """
        oldest_ns = self._wall_clock_ns() - round(self._config.max_age_days * NS_PER_DAY)
        self.sightings.purge(oldest_wall_ns=oldest_ns, earliest_wall_ns=EARLIEST_PLAUSIBLE_WALL_NS)
        return purge_alerts(
            self._database,
            oldest_wall_ns=oldest_ns,
            earliest_wall_ns=EARLIEST_PLAUSIBLE_WALL_NS,
            max_rows=self._config.max_rows,
        )
