"""Tables of the event store, and the steps that lead from one version to the next."""

from __future__ import annotations

import sqlite3

from edgeai_core.errors import StoreError

# "eAlS": tells our file from another program's database.
APPLICATION_ID = 0x65416C53

# Step n leads from user_version n to n + 1. Never change a step that was released: add one.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        # seq is the order of arrival and does not care for jumps of the wall clock.
        """CREATE TABLE alerts (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            alert_id TEXT NOT NULL UNIQUE,
            category TEXT NOT NULL,
            severity INTEGER NOT NULL,
            title TEXT NOT NULL,
            reason TEXT NOT NULL,
            source TEXT NOT NULL,
            subject TEXT NOT NULL,
            camera TEXT NOT NULL,
            score REAL,
            stamp_ns INTEGER NOT NULL,
            raised_ns INTEGER NOT NULL,
            count INTEGER NOT NULL,
            created_wall_ns INTEGER NOT NULL,
            updated_wall_ns INTEGER NOT NULL,
            acknowledged_by TEXT,
            acknowledged_wall_ns INTEGER
        )""",
        "CREATE INDEX alerts_created ON alerts (created_wall_ns)",
        # settled_wall_ns is NULL while the channel still has to take the alert; outcome says
        # how that ended: 'sent', 'refused' (it never will) or 'retired' (no such channel now).
        """CREATE TABLE deliveries (
            seq INTEGER NOT NULL REFERENCES alerts (seq) ON DELETE CASCADE,
            channel TEXT NOT NULL,
            outcome TEXT CHECK (outcome IN ('sent', 'refused', 'retired')),
            settled_wall_ns INTEGER,
            PRIMARY KEY (seq, channel),
            CHECK ((outcome IS NULL) = (settled_wall_ns IS NULL))
        ) WITHOUT ROWID""",
        "CREATE INDEX deliveries_waiting ON deliveries (channel, seq) WHERE outcome IS NULL",
    ),
    (
        """CREATE TABLE sightings (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            thing TEXT NOT NULL,
            camera TEXT NOT NULL,
            place TEXT NOT NULL,
            score REAL NOT NULL,
            x_min_px REAL NOT NULL,
            y_min_px REAL NOT NULL,
            x_max_px REAL NOT NULL,
            y_max_px REAL NOT NULL,
            in_view INTEGER NOT NULL,
            stamp_ns INTEGER NOT NULL,
            stored_wall_ns INTEGER NOT NULL,
            snapshot_jpeg BLOB NOT NULL
        )""",
        "CREATE INDEX sightings_by_thing ON sightings (thing, camera, seq)",
    ),
    (
        # The numbers of edgeai_core.types.AlertState. What an earlier version stored has ended.
        "ALTER TABLE alerts ADD COLUMN state INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE alerts ADD COLUMN zone TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE alerts ADD COLUMN rule TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE alerts ADD COLUMN telling INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE alerts ADD COLUMN escalated INTEGER NOT NULL DEFAULT 0",
        "UPDATE alerts SET state = 4",
        "CREATE INDEX alerts_open ON alerts (seq) WHERE state IN (0, 1, 3)",
    ),
    (
        # SQLite cannot change a CHECK: a delivery may now end as 'expired' too.
        """CREATE TABLE deliveries_anew (
            seq INTEGER NOT NULL REFERENCES alerts (seq) ON DELETE CASCADE,
            channel TEXT NOT NULL,
            outcome TEXT CHECK (outcome IN ('sent', 'refused', 'retired', 'expired')),
            settled_wall_ns INTEGER,
            PRIMARY KEY (seq, channel),
            CHECK ((outcome IS NULL) = (settled_wall_ns IS NULL))
        ) WITHOUT ROWID""",
        """INSERT INTO deliveries_anew (seq, channel, outcome, settled_wall_ns)
            SELECT seq, channel, outcome, settled_wall_ns FROM deliveries""",
        "DROP TABLE deliveries",
        "ALTER TABLE deliveries_anew RENAME TO deliveries",
        "CREATE INDEX deliveries_waiting ON deliveries (channel, seq) WHERE outcome IS NULL",
    ),
    (
        # No reference to alerts: a file may be written while the alert's row waits for the disk.
        # people holds ids between spaces.
        """CREATE TABLE evidence (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            alert_id TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('snapshot', 'clip')),
            file TEXT NOT NULL,
            media_type TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            created_wall_ns INTEGER NOT NULL,
            people TEXT NOT NULL,
            UNIQUE (alert_id, kind)
        )""",
    ),
    (
        # Heat-maps too; which kinds there are is known where they are made, not here.
        """CREATE TABLE evidence_anew (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            alert_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            file TEXT NOT NULL,
            media_type TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            created_wall_ns INTEGER NOT NULL,
            people TEXT NOT NULL,
            UNIQUE (alert_id, kind)
        )""",
        "INSERT INTO evidence_anew SELECT * FROM evidence ORDER BY seq",
        "DROP TABLE evidence",
        "ALTER TABLE evidence_anew RENAME TO evidence",
    ),
)
VERSION = len(STEPS)


def require_ours(connection: sqlite3.Connection) -> None:
    """Look, without writing, whether the file is an event store or empty.

    Raises:
        StoreError: it belongs to another program.
    """
    if _pragma(connection, "application_id") == APPLICATION_ID:
        return
    foreign = connection.execute("SELECT name FROM sqlite_master LIMIT 1").fetchone()
    if foreign is not None or _pragma(connection, "user_version") != 0:
        raise StoreError(
            "it is another program's database (its application_id is not ours); "
            "choose another file with the parameter store.path"
        )


def migrate(
    connection: sqlite3.Connection, *, steps: tuple[tuple[str, ...], ...] = STEPS
) -> tuple[int, int]:
    """Bring the database to the newest version; return the versions before and after.

    Each step is one transaction: a crash in the middle leaves the version before it.

    Raises:
        StoreError: the file comes from a newer version of this program.
    """
    before = _pragma(connection, "user_version")
    if before > len(steps):
        raise StoreError(
            f"its schema is version {before}, this program knows up to {len(steps)}; "
            "update the program or choose another file with the parameter store.path"
        )
    for version in range(before, len(steps)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have been faster between our look and our lock.
            if _pragma(connection, "user_version") == version:
                for statement in steps[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    return before, len(steps)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
