"""Parameters of the channels that reach people elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgeai_core.config import param
from edgeai_core.types import Severity

SPEECH, TONE = "speech", "tone"
_SECRET = "env:NAME or file:/PATH (mode 0600); never the secret itself"


def _minimum() -> Any:
    return param(
        Severity.INFO.name,
        "Milder alerts are not sent to this channel; they are stored all the same.",
        choices=tuple(severity.name for severity in Severity),
    )


def _timeout() -> Any:
    return param(
        10.0,
        "How long an answer may take; then the alert waits for its next try.",
        unit="s",
        minimum=0.1,
        maximum=120.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseConfig:
    """E-mail, Telegram, Signal, ntfy, Slack, SMS gateways …, each by one URL of apprise."""

    urls: tuple[str, ...] = param(
        (), f"Where the URLs are, one each: {_SECRET}. Each is a channel of its own."
    )
    minimum: str = _minimum()
    snapshots: bool = param(True, "Attach the alert's picture, if one was kept.")
    snapshot_wait_s: float = param(
        2.0,
        "How long a new alert waits for its picture, made a moment later; 0 sends at once.",
        unit="s",
        minimum=0.0,
        maximum=30.0,
    )
    timeout_s: float = _timeout()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookConfig:
    """An HTTP receiver of one's own."""

    url: str = param("", f"Where the receiver's URL is: {_SECRET}.")
    key: str = param("", f"Where the key is that signs what is sent: {_SECRET}.")
    plain_http: bool = param(
        False,
        "Allow http:// to other machines too: whoever listens on the way can read the alerts.",
    )
    minimum: str = _minimum()
    timeout_s: float = _timeout()


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttConfig:
    """An MQTT 5 broker, with discovery for Home Assistant."""

    host: str = param("localhost", "Name or address of the broker.")
    port: int = param(1883, "Port of the broker; 8883 is usual with TLS.", minimum=1, maximum=65535)
    tls: bool = param(False, "Speak TLS and check the broker's certificate.")
    ca_file: str = param("", "Certificates to trust; empty takes the machine's own.")
    user: str = param("", "User name at the broker; empty for none.")
    password: str = param("", f"Where the password is: {_SECRET}. Empty for none.")
    prefix: str = param(
        "edgeai", "First level of every topic; each graph at one broker needs its own."
    )
    discovery: str = param(
        "homeassistant", "Discovery prefix of Home Assistant; empty announces nothing."
    )
    accepts_acknowledge: bool = param(
        False,
        "Take acknowledgements from the broker, with a button in Home Assistant: whoever may "
        "publish there may then acknowledge alerts.",
    )
    snapshots: bool = param(True, "Publish the picture of the last alert, if one was kept.")
    hold_s: float = param(
        300.0,
        "A sensor stays on, and its picture at the broker, for so long after the last news.",
        unit="s",
        minimum=1.0,
        maximum=86_400.0,
    )
    minimum: str = _minimum()
    timeout_s: float = _timeout()


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundConfig:
    """The machine's own loudspeaker."""

    says: str = param(
        SPEECH,
        "Speak the alert (spd-say or espeak-ng), or play a tone (paplay or aplay): one beep for "
        "information, two for a warning, five for what is critical.",
        choices=(SPEECH, TONE),
    )
    max_age_s: float = param(
        120.0,
        "An alert that waited for longer is not told aloud any more.",
        unit="s",
        minimum=1.0,
        maximum=86_400.0,
    )
    minimum: str = _minimum()
    timeout_s: float = _timeout()
