"""The rules that the parameters choose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgeai_alerts.channels import APPRISE
from edgeai_alerts.config import AlertManagerConfig, RulesConfig
from edgeai_core.access.locations import data_directory
from edgeai_core.alerting.rule_file import RuleFile, read_rule_file
from edgeai_core.secret import secret_name


def channel_names(config: AlertManagerConfig) -> tuple[str, ...]:
    """Return the names that a rule may give its channels: "apprise" is all of its services."""
    if APPRISE not in config.channels:
        return config.channels
    services = (f"{APPRISE}:{secret_name(reference)}" for reference in config.apprise.urls)
    return (*config.channels, *services)


def rules_of(config: RulesConfig, *, channels: Sequence[str]) -> RuleFile:
    """Return the configured rules and quiet hours; none without a file.

    Raises:
        ConfigError: the file is wrong, or names a channel that is not among `channels`.
    """
    if not config.path:
        return RuleFile()
    chosen = read_rule_file(data_directory() / Path(config.path).expanduser())
    chosen.require_channels(channels)
    return chosen
