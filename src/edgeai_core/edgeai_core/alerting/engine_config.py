"""Limits and counters of the alert engine."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from edgeai_core.config import param
from edgeai_core.types import AlertEvent

MAX_NAME_CHARS = 200
MAX_REASON_CHARS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Limits of what people are told."""

    cooldown_s: float = param(
        60.0,
        "Quiet time of a category, camera and subject after people were told; longer means fewer "
        "reminders of something that goes on and that nobody acknowledged.",
        unit="s",
        minimum=0.0,
        maximum=86_400.0,
    )
    expire_after_s: float = param(
        300.0,
        "An alert without an event for so long has expired, unless its end was seen before; "
        "shorter than the repetition of what goes on makes one thing several alerts.",
        unit="s",
        minimum=1.0,
        maximum=604_800.0,
    )
    same_place_s: float = param(
        5.0,
        "The same kind of event at the same camera and zone within this time is the same alert "
        "though its track has another number; 0 tells every track apart.",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    )
    camera_groups: tuple[str, ...] = param(
        (), "Cameras that show the same, as in 'front: entrance, porch': what both see is told once"
    )
    max_alerts_per_minute: int = param(
        30,
        "Alerts told per minute, all categories together; critical ones are never held back.",
        unit="1/min",
        minimum=1,
        maximum=6000,
    )
    max_keys: int = param(
        2048,
        "Alerts remembered at once; the oldest is forgotten first and may then be told again.",
        minimum=1,
        maximum=100_000,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCounters:
    """What happened since the engine was made.

    Attributes:
        events: submitted. raised: became an alert. sent: tellings marked as sent.
        deduplicated: merged into an alert that waits to be sent.
        cooled_down: merged into an alert that people know of.
        rate_limited: refused by the token bucket; never a critical one.
        reminded: told again after the cooldown. worsened: told again with a higher severity.
        escalated: told again because nobody acknowledged. cleared, expired, acknowledged: alerts.
        forgotten_keys: dropped because more than `max_keys` were remembered.
        changes_dropped: ends that nobody took in time.
    """

    events: int = 0
    raised: int = 0
    sent: int = 0
    deduplicated: int = 0
    cooled_down: int = 0
    rate_limited: int = 0
    reminded: int = 0
    worsened: int = 0
    escalated: int = 0
    cleared: int = 0
    expired: int = 0
    acknowledged: int = 0
    forgotten_keys: int = 0
    changes_dropped: int = 0


def bounded(event: AlertEvent) -> AlertEvent:
    """Return the event with its texts cut to a length that memory and people can bear."""
    return dataclasses.replace(
        event,
        category=_cut(event.category, MAX_NAME_CHARS),
        title=_cut(event.title, MAX_NAME_CHARS),
        reason=_cut(event.reason, MAX_REASON_CHARS),
        source=_cut(event.source, MAX_NAME_CHARS),
        subject=_cut(event.subject, MAX_NAME_CHARS),
        camera=_cut(event.camera, MAX_NAME_CHARS),
        zone=_cut(event.zone, MAX_NAME_CHARS),
    )


def _cut(text: str, max_chars: int) -> str:
    return text if len(text) <= max_chars else text[: max_chars - 1] + "…"
