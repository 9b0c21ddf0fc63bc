"""How the alerts of a rule are told: which channels, and what if nobody answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from edgeai_core.types import Alert, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a rule says about telling.

    Attributes:
        channels: names of the channels that take its alerts; empty for all.
        escalate_after_s: an alert that nobody acknowledged for so long is told again; 0 for never.
        escalate_severity: how urgent it is then; never less than it was.
        escalate_channels: who is told then; empty for `channels`.
        expire_after_s: an alert without an event for so long expires; 0 for the engine's time.
    """

    channels: tuple[str, ...] = ()
    escalate_after_s: float = 0.0
    escalate_severity: Severity = Severity.INFO
    escalate_channels: tuple[str, ...] = ()
    expire_after_s: float = 0.0


def is_named(channel: str, names: Sequence[str]) -> bool:
    """Return whether a channel is among names; empty for all.

    "apprise" names every service of apprise, "apprise:NAME" that one.
    """
    return not names or channel in names or channel.partition(":")[0] in names


NO_PLAN = Plan()
NO_PLANS: Mapping[str, Plan] = MappingProxyType({})


def channels_of(alert: Alert, plans: Mapping[str, Plan]) -> tuple[str, ...]:
    """Return the channels that take an alert as it stands; empty for all."""
    plan = plans.get(alert.rule, NO_PLAN)
    return (alert.escalated and plan.escalate_channels) or plan.channels
