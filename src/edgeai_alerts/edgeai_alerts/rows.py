"""Alerts as rows of the event store."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from edgeai_core.types import Alert, AlertEvent, AlertState, Severity

ALERT_COLUMNS = (
    "alert_id, category, severity, title, reason, source, subject, camera, score, stamp_ns, "
    "raised_ns, count, state, zone, rule, telling, escalated, acknowledged_by"
)
HISTORY_COLUMNS = "created_wall_ns, updated_wall_ns, acknowledged_wall_ns, seq"


class Outcome(Enum):
    """How the delivery of an alert to a channel ended."""

    SENT = "sent"
    REFUSED = "refused"
    RETIRED = "retired"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """An alert with its history; wall times are nanoseconds since 1970, for people to read.

    Attributes:
        alert: latest update. created_wall_ns, updated_wall_ns: when it was stored first and last.
        acknowledged_wall_ns: when somebody acknowledged it; None while nobody did.
        sent: (channel, wall time) of every channel that took it, by name.
        waiting: channels that still have to take it, by name.
    """

    alert: Alert
    created_wall_ns: int
    updated_wall_ns: int
    acknowledged_wall_ns: int | None
    sent: tuple[tuple[str, int], ...]
    waiting: tuple[str, ...]

    @property
    def acknowledged_by(self) -> str | None:
        """Who has seen it; None while nobody said so."""
        return self.alert.acknowledged_by or None


def storable(text: str) -> str:
    """Return text that UTF-8 can hold: lone surrogates become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def row_of(alert: Alert) -> tuple[object, ...]:
    """Return the values of ALERT_COLUMNS; a score that is not a number is stored as NULL."""
    event = alert.event
    return (
        storable(alert.alert_id),
        storable(event.category),
        int(event.severity),
        storable(event.title),
        storable(event.reason),
        storable(event.source),
        storable(event.subject),
        storable(event.camera),
        event.score if math.isfinite(event.score) else None,
        int64(event.stamp_ns),
        int64(alert.raised_ns),
        int64(alert.count),
        int(alert.state),
        storable(event.zone),
        storable(alert.rule),
        int64(alert.telling),
        int(alert.escalated),
        storable(alert.acknowledged_by) or None,
    )


def int64(value: int) -> int:
    """Return the nearest number that SQLite can hold."""
    # One absurd number must not stop the transaction that the other alerts are in.
    return max(-(2**63), min(value, 2**63 - 1))


def alert_of(row: Sequence[Any]) -> Alert:
    """Return the alert of a row that begins with ALERT_COLUMNS."""
    alert_id, category, severity, title, reason, source = row[:6]
    subject, camera, score, stamp_ns, raised_ns, count = row[6:12]
    state, zone, rule, telling, escalated, acknowledged_by = row[12:18]
    event = AlertEvent(
        category=category,
        severity=Severity(severity),
        title=title,
        reason=reason,
        source=source,
        subject=subject,
        camera=camera,
        score=math.nan if score is None else score,
        stamp_ns=stamp_ns,
        zone=zone,
    )
    return Alert(
        alert_id=alert_id,
        event=event,
        raised_ns=raised_ns,
        count=count,
        state=AlertState(state),
        acknowledged_by=acknowledged_by or "",
        rule=rule,
        telling=telling,
        escalated=bool(escalated),
    )


def stored_alert_of(row: Sequence[Any], deliveries: Sequence[Any]) -> StoredAlert:
    """Return an alert with its history.

    Args:
        row: values of ALERT_COLUMNS, then of HISTORY_COLUMNS.
        deliveries: (channel, outcome or None, wall time or None) by channel name.
    """
    created_ns, updated_ns, acknowledged_ns, _ = row[18:]
    return StoredAlert(
        alert=alert_of(row),
        created_wall_ns=created_ns,
        updated_wall_ns=updated_ns,
        acknowledged_wall_ns=acknowledged_ns,
        sent=tuple((n, at_ns) for n, outcome, at_ns in deliveries if outcome == Outcome.SENT.value),
        waiting=tuple(name for name, outcome, _ in deliveries if outcome is None),
    )
