"""Which stored alerts somebody asks for."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edgeai_alerts.rows import ALERT_COLUMNS, alert_of, storable
from edgeai_core.errors import StoreError
from edgeai_core.types import Alert, AlertState, Severity

MAX_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """What an alert must be to be listed; empty fields take all.

    Attributes:
        text: words that title, reason or subject must hold, all of them, in either case.
        categories, camera: where and what. min_severity: this severe or more. states: that count.
        before_alert_id: only alerts that were stored before this one. limit: 1..500.

    Raises:
        StoreError: the limit is out of range.
    """

    text: str = ""
    categories: tuple[str, ...] = ()
    camera: str = ""
    min_severity: Severity = Severity.INFO
    states: tuple[AlertState, ...] = ()
    before_alert_id: str = ""
    limit: int = 100

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_PAGE:
            raise StoreError(f"list alerts: got limit {self.limit}, expected 1..{MAX_PAGE}")


def list_alerts(connection: sqlite3.Connection, wanted: AlertFilter) -> tuple[list[Alert], bool]:
    """Return stored alerts, newest first, and whether older ones follow.

    Raises:
        StoreError: the alert that the page begins after is not stored (any more).
    """
    where, values = ["severity >= ?"], list[object]([int(wanted.min_severity)])
    for column, allowed in (
        ("category", [storable(name) for name in wanted.categories]),
        ("camera", [storable(wanted.camera)] if wanted.camera else []),
        ("state", [int(state) for state in wanted.states]),
    ):
        if allowed:
            where.append(f"{column} IN ({', '.join('?' * len(allowed))})")
            values += allowed
    # SQLite folds the case of ASCII letters only: É would not find é.
    connection.create_function("folded", 1, str.casefold, deterministic=True)
    for word in wanted.text.split():
        where.append("instr(folded(title || ' ' || reason || ' ' || subject), ?)")
        values.append(storable(word).casefold())
    if wanted.before_alert_id:
        where.append("seq < ?")
        values.append(_seq_of(connection, wanted.before_alert_id))
    rows = connection.execute(
        f"SELECT {ALERT_COLUMNS} FROM alerts WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?",
        (*values, wanted.limit + 1),
    ).fetchall()
    return [alert_of(row) for row in rows[: wanted.limit]], len(rows) > wanted.limit


def _seq_of(connection: sqlite3.Connection, alert_id: str) -> int:
    row = connection.execute(
        "SELECT seq FROM alerts WHERE alert_id = ?", (storable(alert_id),)
    ).fetchone()
    if row is None:
        raise StoreError(
            f"list alerts: no alert {alert_id!r} is stored (any more); begin with the newest"
        )
    return int(row[0])
