"""Which deliveries are given up because they are too old to be of use."""

from __future__ import annotations

from edgeai_alerts.database import Database
from edgeai_alerts.rows import Outcome
from edgeai_core.types import Severity


def expire_deliveries(
    database: Database, *, oldest_wall_ns: int, earliest_wall_ns: int, now_wall_ns: int
) -> list[tuple[str, str]]:
    """Give up what waits since before a wall time, unless it is critical; return what it was.

    Args:
        database: of the event store. oldest_wall_ns: alerts stored before are not sent any more.
        earliest_wall_ns: what seems to be stored before that stays: the clock was wrong.
        now_wall_ns: noted as the time of the outcome.

    Returns:
        (alert id, channel) of each delivery, in the order of the alerts.

    Raises:
        StoreError: it could not be written.
    """
    found = (
        "FROM deliveries JOIN alerts USING (seq) WHERE outcome IS NULL AND severity < ? "
        "AND created_wall_ns < ? AND created_wall_ns >= ?"
    )
    limits = (int(Severity.CRITICAL), oldest_wall_ns, earliest_wall_ns)
    with database.transaction() as connection:
        expired = connection.execute(
            f"SELECT alert_id, channel {found} ORDER BY seq, channel", limits
        ).fetchall()
        if expired:
            connection.execute(
                "UPDATE deliveries SET outcome = ?, settled_wall_ns = ? "
                f"WHERE (seq, channel) IN (SELECT seq, channel {found})",
                (Outcome.EXPIRED.value, now_wall_ns, *limits),
            )
    return [(alert_id, channel) for alert_id, channel in expired]
