"""Parameters of the alert node beyond what edgeai_core.alerting decides."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_alerts.channel_config import AppriseConfig, MqttConfig, SoundConfig, WebhookConfig
from edgeai_core.alerting.ratelimit import BackoffConfig
from edgeai_core.alerting.scene import AlertingConfig
from edgeai_core.config import group, param
from edgeai_core.language import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreConfig:
    """Where alerts are kept and for how long."""

    path: str = param("alerts.db", "Database file; a relative path lies in the state folder.")
    max_age_days: float = param(
        90.0,
        "Older alerts are deleted, except critical ones that were not sent.",
        unit="d",
        minimum=0.01,
        maximum=36_500.0,
    )
    max_rows: int = param(
        100_000,
        "More alerts than this: the oldest are deleted, except critical ones that were not sent.",
        minimum=1,
        maximum=10_000_000,
    )
    busy_timeout_s: float = param(
        2.0,
        "How long to wait for another process that writes to the file.",
        unit="s",
        minimum=0.0,
        maximum=60.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFileConfig:
    """The log channel's file."""

    path: str = param("alerts.jsonl", "Log file; a relative path lies in the state folder.")
    max_bytes: int = param(
        5_000_000,
        "A file that would grow beyond this is set aside and a new one is begun.",
        unit="B",
        minimum=4096,
        maximum=1_000_000_000,
    )
    kept_files: int = param(
        3, "Files set aside that are kept; the oldest is deleted.", minimum=1, maximum=100
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchConfig:
    """How alerts travel from the graph to the channels."""

    queue_size: int = param(
        1000,
        "Alerts that wait to be stored; when full, the oldest that is not critical is dropped "
        "and counted.",
        minimum=1,
        maximum=100_000,
    )
    lane_size: int = param(
        1000,
        "Alerts in memory per channel that is away; more of them wait in the event store.",
        minimum=1,
        maximum=100_000,
    )
    retry: BackoffConfig = group(BackoffConfig)
    expiry_h: float = param(
        24.0,
        "An alert that a channel could not take for so long is not sent there any more, unless it "
        "is critical.",
        unit="h",
        minimum=0.01,
        maximum=8760.0,
    )
    update_s: float = param(
        1.0,
        "How often the counts of repeated events are stored and told; shorter writes more.",
        unit="s",
        minimum=0.05,
        maximum=3600.0,
    )
    purge_s: float = param(
        3600.0,
        "How often old alerts are deleted from the event store.",
        unit="s",
        minimum=1.0,
        maximum=86_400.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesConfig:
    """Rules beyond what the observers decide."""

    path: str = param(
        "",
        "File of rules (docs/rules.md); a relative path lies in the state folder. Empty for none: "
        "every event is told as it is.",
    )
    hold_s: float = param(
        3.0,
        "How long somebody who is not seen any more still counts as being there.",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertManagerConfig(AlertingConfig):
    """All parameters of the alert node."""

    channels: tuple[str, ...] = param(
        ("log",),
        "Channels that every alert is sent to, of console, log, apprise, mqtt, webhook and "
        "sound; an empty list only stores. /alerts is published in any case.",
    )
    language: str = param(
        "en",
        "Language that people are told in; what a node says about its own health stays English.",
        choices=tuple(language.value for language in Language),
    )
    rules: RulesConfig = group(RulesConfig)
    log_file: LogFileConfig = group(LogFileConfig)
    apprise: AppriseConfig = group(AppriseConfig)
    mqtt: MqttConfig = group(MqttConfig)
    webhook: WebhookConfig = group(WebhookConfig)
    sound: SoundConfig = group(SoundConfig)
    store: StoreConfig = group(StoreConfig)
    dispatch: DispatchConfig = group(DispatchConfig)
