"""Quiet hours: when which channels leave people alone with what is not critical."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgeai_core.alerting.plan import is_named
from edgeai_core.config import param
from edgeai_core.errors import ConfigError
from edgeai_core.types import Severity
from edgeai_core.zones import DailyHours, parse_hours

SUMMARY, SILENCE = "summary", "silence"
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """When channels are quiet. Critical alerts are never held.

    Raises:
        ConfigError: it has no name, or no hours that are written as HH:MM-HH:MM.
    """

    name: str = param("", "For people; unlike all others.")
    hours: str = param(
        "", "Time of day, HH:MM-HH:MM, in the machine's local time; may run over midnight."
    )
    channels: tuple[str, ...] = param((), "Which channels are quiet; empty for all.")
    below: str = param(
        Severity.CRITICAL.name,
        "Milder alerts are held; critical ones never are.",
        choices=(Severity.WARNING.name, Severity.CRITICAL.name),
    )
    then: str = param(
        SUMMARY,
        f"What becomes of them: one {SUMMARY} when the hours are over, or {SILENCE}.",
        choices=(SUMMARY, SILENCE),
    )

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ConfigError("quiet hours have no name; give them one, as in name: night")
        self.daily_hours()

    def daily_hours(self) -> DailyHours:
        """Return when it is quiet.

        Raises:
            ConfigError: the hours are not written as HH:MM-HH:MM.
        """
        try:
            return parse_hours(self.hours)
        except ConfigError as exc:
            raise ConfigError(
                f"quiet hours {self.name!r}: got hours {self.hours!r}, expected them as in "
                "22:00-07:00"
            ) from exc

    def holds(self, channel: str, severity: Severity, *, at: datetime) -> bool:
        """Return whether a channel is quiet about alerts of a severity at a local time."""
        return (
            severity < Severity[self.below]
            and is_named(channel, self.channels)
            and self.daily_hours().contain(at.time())
        )

    def latest(self, now: datetime) -> tuple[datetime, datetime]:
        """Return begin and end of the quiet hours that began last, in local time."""
        hours = self.daily_hours()
        begin = datetime.combine(now.date(), hours.begin)
        if begin > now:
            begin -= timedelta(days=1)
        end = datetime.combine(begin.date(), hours.end)
        return begin, end if end > begin else end + timedelta(days=1)


def require_quiet_channels(quiet: Sequence[QuietHours], known: Sequence[str]) -> None:
    """Check that every channel that is to be quiet is configured.

    Raises:
        ConfigError: one is not: people would be woken all the same.
    """
    for hours in quiet:
        for name in hours.channels:
            if name not in known:
                raise ConfigError(
                    f"quiet hours {hours.name!r}: channel {name!r} is not configured; the "
                    f"parameter channels has {', '.join(known) or 'none'}"
                )


def holding(
    quiet: Sequence[QuietHours], channel: str, severity: Severity, *, wall_ns: int
) -> QuietHours | None:
    """Return the quiet hours that hold alerts of a severity on a channel now; None for none.

    Args:
        wall_ns: now, nanoseconds since 1970.
    """
    at = local_datetime(wall_ns)
    return next((hours for hours in quiet if hours.holds(channel, severity, at=at)), None)


def local_datetime(wall_ns: int) -> datetime:
    """Return the machine's local time of nanoseconds since 1970."""
    return datetime.fromtimestamp(wall_ns // _NS_PER_S)


def wall_ns_of(moment: datetime) -> int:
    """Return nanoseconds since 1970 of a local time."""
    return round(moment.timestamp()) * _NS_PER_S
