"""Which alerts leave the event store, and when."""

from __future__ import annotations

from edgeai_alerts.database import Database
from edgeai_core.types import Severity

# A critical alert that a channel still has to take outlives every limit.
_PURGEABLE = f"""NOT (severity = {int(Severity.CRITICAL)} AND EXISTS (
    SELECT 1 FROM deliveries d WHERE d.seq = alerts.seq AND d.outcome IS NULL))"""


def purge_alerts(
    database: Database, *, oldest_wall_ns: int, earliest_wall_ns: int, max_rows: int
) -> int:
    """Delete alerts stored before a wall time, then the oldest over a number; return how many.

    Args:
        database: of the event store. oldest_wall_ns: alerts stored before are deleted.
        earliest_wall_ns: what seems to be stored before that keeps its place: the clock was wrong.
        max_rows: how many may stay.

    Raises:
        StoreError: it could not be written.
    """
    with database.transaction() as connection:
        execute = connection.execute
        aged = execute(
            "DELETE FROM alerts WHERE created_wall_ns < ? AND created_wall_ns >= ? "
            f"AND {_PURGEABLE}",
            (oldest_wall_ns, earliest_wall_ns),
        ).rowcount
        rows = int(execute("SELECT count(*) FROM alerts").fetchone()[0])
        surplus = max(0, rows - max_rows)
        if surplus == 0:
            return aged
        crowded = execute(
            "DELETE FROM alerts WHERE seq IN (SELECT seq FROM alerts "
            f"WHERE {_PURGEABLE} ORDER BY seq LIMIT ?)",
            (surplus,),
        ).rowcount
        return aged + crowded
