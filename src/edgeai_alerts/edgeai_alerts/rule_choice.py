"""The rules that the parameters choose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgeai_alerts.channels import APPRISE
from edgeai_alerts.config import AlertManagerConfig, RulesConfig
from edgeai_core.access.locations import data_directory
from edgeai_core.alerting.rule_file import read_rules
from edgeai_core.alerting.rules import Rule, require_channels
from edgeai_core.secret import secret_name


def channel_names(config: AlertManagerConfig) -> tuple[str, ...]:
    """Return the names that a rule may give its channels: "apprise" is all of its services."""
    if APPRISE not in config.channels:
        return config.channels
    services = (f"{APPRISE}:{secret_name(reference)}" for reference in config.apprise.urls)
    return (*config.channels, *services)


def rules_of(config: RulesConfig, *, channels: Sequence[str]) -> tuple[Rule, ...]:
    """Return the configured rules; none without a file.

    Raises:
        ConfigError: the file is wrong, or names a channel that is not among `channels`.
    """
    if not config.path:
        return ()
    rules = read_rules(data_directory() / Path(config.path).expanduser())
    require_channels(rules, channels)
    return rules
