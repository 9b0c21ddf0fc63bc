"""What a notification channel must offer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO, runtime_checkable

from edgeai_alerts.channel_config import AppriseConfig, MqttConfig, SoundConfig, WebhookConfig
from edgeai_alerts.config import LogFileConfig
from edgeai_core.alerting.forgetting import Forgotten
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.types import Alert

SNAPSHOT = "snapshot"


class Channel(Protocol):
    """A way to reach people. One thread sends; alerts may come twice, with the same id."""

    @property
    def name(self) -> str:
        """Name in the configuration, in the event store and in diagnostics."""
        ...

    def send(self, alert: Alert) -> None:
        """Deliver one alert; return when the channel has taken it.

        Raises:
            AlertRefusedError: this alert can never be delivered.
            ChannelError: not now; the caller tries again later. The message holds no secret.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections; calling it twice is harmless."""
        ...


@runtime_checkable
class ConnectedChannel(Channel, Protocol):
    """A channel that keeps a connection and knows that it is away before an alert fails."""

    def trouble(self) -> str:
        """Return why the channel is away, a phrase; empty while it is there. Any thread calls."""
        ...


@runtime_checkable
class PictureChannel(Channel, Protocol):
    """A channel that can show a picture after it took the alert: it is made a moment later."""

    def show_picture(self, alert: Alert) -> None:
        """Show the picture of an alert, at best effort, where it still matters."""
        ...


@runtime_checkable
class ForgetfulChannel(Channel, Protocol):
    """A channel that shows something for as long as it lasts, and can take a person out of it."""

    def forget_person(self, person: Forgotten) -> None:
        """Show nothing of a person any more, nor pictures that were deleted. Any thread calls."""
        ...


class EvidenceFiles(Protocol):
    """Where the evidence of alerts lies."""

    def path(self, alert_id: str, kind: str) -> Path | None:
        """Return the file of an alert's evidence ("snapshot"), None when there is none (yet)."""
        ...


class NoEvidence:
    """Nothing was kept."""

    def path(self, alert_id: str, kind: str) -> Path | None:
        return None


def _nobody(alert_id: str, by: str) -> str:
    return f"alert {alert_id} cannot be acknowledged by {by} here"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSetup:
    """What channels are made from.

    Attributes:
        state_folder: where relative paths lie. terminal: where the console channel writes.
        wall_clock_ns: nanoseconds since 1970, for people to read. log_file: the log's limits.
        apprise, webhook, mqtt, sound: parameters of those channels.
        texts: language of the messages. environ: environment variables, for secrets
            and programs.
        cameras: namespaces of the watched cameras.
        evidence: where the alerts' pictures lie.
        acknowledge: (alert id, who) → why not, empty when it is done; a channel's thread calls it.
        report: is told one sentence that people should find in the log.
    """

    state_folder: Path
    terminal: TextIO
    wall_clock_ns: Callable[[], int]
    log_file: LogFileConfig
    apprise: AppriseConfig = field(default_factory=AppriseConfig)
    webhook: WebhookConfig = field(default_factory=WebhookConfig)
    mqtt: MqttConfig = field(default_factory=MqttConfig)
    sound: SoundConfig = field(default_factory=SoundConfig)
    texts: Texts = ENGLISH
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    cameras: tuple[str, ...] = ()
    evidence: EvidenceFiles = field(default_factory=NoEvidence)
    acknowledge: Callable[[str, str], str] = _nobody
    report: Callable[[str], None] = lambda sentence: None
