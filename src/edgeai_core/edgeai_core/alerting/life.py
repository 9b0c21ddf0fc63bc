"""The life of one alert: raised, updated, then cleared, acknowledged or expired."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum

from edgeai_core.types import Alert, AlertEvent, AlertState, Severity


class Happening(Enum):
    """What can happen to an alert.

    MERGED: another event of the same thing. OVER: what it tells of has ended. ACKNOWLEDGED:
    somebody has seen it. SILENT: nothing was seen of it for long.
    """

    MERGED = "merged"
    OVER = "over"
    ACKNOWLEDGED = "acknowledged"
    SILENT = "silent"


_OPEN = (AlertState.RAISED, AlertState.UPDATED, AlertState.ACKNOWLEDGED)
_ENDED = (AlertState.CLEARED, AlertState.EXPIRED)

# An event within the cooldown of an alert that has ended opens it again: a thing that comes and
# goes is one alert. Who acknowledges what has ended is noted, but it stays ended; the first end
# stays, too.
NEXT: Mapping[tuple[AlertState, Happening], AlertState] = {
    **{(state, Happening.MERGED): AlertState.UPDATED for state in AlertState},
    (AlertState.ACKNOWLEDGED, Happening.MERGED): AlertState.ACKNOWLEDGED,
    **{(state, Happening.ACKNOWLEDGED): AlertState.ACKNOWLEDGED for state in _OPEN},
    **{(state, Happening.ACKNOWLEDGED): state for state in _ENDED},
    **{(state, Happening.OVER): AlertState.CLEARED for state in _OPEN},
    **{(state, Happening.OVER): state for state in _ENDED},
    **{(state, Happening.SILENT): AlertState.EXPIRED for state in _OPEN},
    **{(state, Happening.SILENT): state for state in _ENDED},
}


def is_open(alert: Alert) -> bool:
    """Return whether what the alert tells of may still go on."""
    return alert.state in _OPEN


def merged(alert: Alert, event: AlertEvent) -> Alert:
    """Return the alert with one more event; its severity never falls."""
    state = NEXT[alert.state, Happening.MERGED]
    if alert.acknowledged_by:
        # Somebody knows of it, also when it had ended in between.
        state = AlertState.ACKNOWLEDGED
    latest = dataclasses.replace(event, severity=max(event.severity, alert.event.severity))
    return dataclasses.replace(alert, event=latest, count=alert.count + 1, state=state)


def ended(alert: Alert, happening: Happening) -> Alert:
    """Return the alert after OVER or SILENT; one that had ended before stays as it is."""
    return dataclasses.replace(alert, state=NEXT[alert.state, happening])


def acknowledged(alert: Alert, *, by: str) -> Alert:
    """Return the alert seen by somebody; the first name stays.

    Args:
        by: name for people, not empty.
    """
    if alert.acknowledged_by:
        return alert
    return dataclasses.replace(
        alert, state=NEXT[alert.state, Happening.ACKNOWLEDGED], acknowledged_by=by
    )


def with_evidence(alert: Alert, kinds: tuple[str, ...]) -> Alert:
    """Return the alert with the kinds of evidence that are kept for it now."""
    state = AlertState.UPDATED if alert.state is AlertState.RAISED else alert.state
    return dataclasses.replace(alert, evidence=kinds, state=state)


def worsened(alert: Alert, severity: Severity) -> Alert:
    """Return the alert at least as severe as that."""
    event = dataclasses.replace(alert.event, severity=max(severity, alert.event.severity))
    return dataclasses.replace(alert, event=event)
