"""Rules: which events are told, when, how urgently and to whom."""

from __future__ import annotations

import difflib
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from fnmatch import fnmatchcase

from edgeai_core.alerting.categories import CATEGORIES
from edgeai_core.alerting.plan import Plan
from edgeai_core.config import group, param
from edgeai_core.errors import ConfigError
from edgeai_core.types import AlertEvent, SessionState, Severity
from edgeai_core.zones import DailyHours, parse_hours

ANYBODY = "*"
_SEVERITIES = tuple(severity.name for severity in Severity)
_STATES = tuple(state.name for state in SessionState)
_MANY = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsInView:
    """How many people the event's camera sees, the one it is about among them."""

    min: int = param(0, "At least so many people.", minimum=0, maximum=_MANY)
    max: int = param(
        _MANY, "At most so many people; 1 says that nobody else is there.", minimum=0, maximum=_MANY
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What must hold beyond the event itself."""

    persons_in_view: PersonsInView = group(PersonsInView)
    present: tuple[str, ...] = param(
        (), "One of these people is recognised or has access: names or ids, * for anybody enrolled."
    )
    absent: tuple[str, ...] = param(
        (), "None of these people is recognised or has access: names or ids, * for nobody at all."
    )
    seen: tuple[str, ...] = param((), "One of these categories happened within `within_s`.")
    not_seen: tuple[str, ...] = param((), "None of these categories happened within `within_s`.")
    within_s: float = param(
        30.0, "For `seen` and `not_seen`.", unit="s", minimum=0.1, maximum=86_400.0
    )
    anywhere: bool = param(False, "People and categories of every camera count, not the event's.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """What happens when nobody acknowledges."""

    after_s: float = param(
        0.0,
        "So long after it was raised it is told again; 0 for never.",
        unit="s",
        minimum=0.0,
        maximum=86_400.0,
    )
    severity: str = param("CRITICAL", "How urgent it is then.", choices=_SEVERITIES)
    channels: tuple[str, ...] = param((), "Who is told then; empty for the rule's channels.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. The first that fits an event decides what becomes of it.

    Raises:
        ConfigError: it contradicts itself, or names something that does not exist.
    """

    name: str = param("", "For people and in the event store; unlike all others.")
    category: tuple[str, ...] = param(("*",), "Categories, with * and ?.")
    camera: tuple[str, ...] = param(("*",), "Cameras, with * and ?.")
    zone: tuple[str, ...] = param(("*",), "Zones, with * and ?; an event without one fits * only.")
    hours: str = param("", "Time of day, HH:MM-HH:MM, in the machine's local time; empty for any.")
    session: tuple[str, ...] = param((), f"Session states: {', '.join(_STATES)}; empty for any.")
    min_score: float = param(
        0.0,
        "Less sure events do not fit; those that do not say how sure they are do.",
        minimum=0.0,
        maximum=1.0,
    )
    when: When = group(When)
    tell: bool = param(True, "False keeps silent about what fits.")
    min_duration_s: float = param(
        0.0,
        "It must go on for so long before it is told.",
        unit="s",
        minimum=0.0,
        maximum=86_400.0,
    )
    severity: str = param("", "How urgent; empty leaves it as it is.", choices=("", *_SEVERITIES))
    channels: tuple[str, ...] = param((), "Who is told; empty for all channels.")
    escalate: Escalation = group(Escalation)
    expire_after_s: float = param(
        0.0,
        "Without an event for so long it has expired; 0 for the engine's time.",
        unit="s",
        minimum=0.0,
        maximum=604_800.0,
    )

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ConfigError("a rule has no name; give it one, as in name: fall at night")
        for what, names, known in (
            ("session", self.session, _STATES),
            ("category", self.category, CATEGORIES),
            ("when.seen", self.when.seen, CATEGORIES),
            ("when.not_seen", self.when.not_seen, CATEGORIES),
        ):
            _require_known(self.name, what, names, known)
        self.daily_hours()
        if self.when.persons_in_view.min > self.when.persons_in_view.max:
            raise ConfigError(
                f"rule {self.name!r}: persons_in_view: min {self.when.persons_in_view.min} is "
                f"more than max {self.when.persons_in_view.max}; nothing would fit"
            )
        if not self.tell and (self.channels or self.severity or self.escalate.after_s):
            raise ConfigError(
                f"rule {self.name!r}: tell: false keeps silent; take out severity, channels and "
                "escalate, or tell"
            )

    def daily_hours(self) -> DailyHours | None:
        """Return when it counts; None for always.

        Raises:
            ConfigError: the hours are not written as HH:MM-HH:MM.
        """
        if not self.hours:
            return None
        try:
            return _parse_hours(self.hours)
        except ConfigError as exc:
            raise ConfigError(
                f"rule {self.name!r}: got hours {self.hours!r}, expected them as in 22:00-06:00"
            ) from exc

    def is_about(self, event: AlertEvent, *, moment: time, state: SessionState) -> bool:
        """Return whether an event fits, apart from what `when` asks.

        Args:
            event: to look at. moment: local time of day. state: of the session.
        """
        hours = self.daily_hours()
        return (
            _fits(event.category, self.category)
            and _fits(event.camera, self.camera)
            and _fits(event.zone, self.zone)
            and (hours is None or hours.contain(moment))
            and (not self.session or state.name in self.session)
            and (math.isnan(event.score) or event.score >= self.min_score)
        )

    def plan(self) -> Plan:
        """Return how its alerts are told."""
        return Plan(
            channels=self.channels,
            escalate_after_s=self.escalate.after_s,
            escalate_severity=Severity[self.escalate.severity],
            escalate_channels=self.escalate.channels,
            expire_after_s=self.expire_after_s,
        )

    def channel_names(self) -> tuple[str, ...]:
        """Return every channel that it names."""
        return self.channels + self.escalate.channels


def require_channels(rules: Sequence[Rule], known: Sequence[str]) -> None:
    """Check that every channel that rules name is configured.

    Raises:
        ConfigError: one is not: nobody would be told.
    """
    for rule in rules:
        for name in rule.channel_names():
            if name not in known:
                raise ConfigError(
                    f"rule {rule.name!r}: channel {name!r} is not configured; the parameter "
                    f"channels has {', '.join(known) or 'none'}"
                )


@functools.lru_cache
def _parse_hours(text: str) -> DailyHours:
    return parse_hours(text)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(pattern == ANYBODY or (name and fnmatchcase(name, pattern)) for pattern in patterns)


def _require_known(rule: str, what: str, patterns: Sequence[str], known: Sequence[str]) -> None:
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            near = difflib.get_close_matches(pattern, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            raise ConfigError(f"rule {rule!r}: {what} {pattern!r} does not exist; {hint}")
