"""The notification channels: one file each and one line in the table here.

Libraries that only one channel needs are imported when somebody chooses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgeai_alerts.channels.base import Channel, ChannelSetup
from edgeai_alerts.channels.console import ConsoleChannel
from edgeai_alerts.channels.log import LogChannel
from edgeai_alerts.channels.sound import NAME as SOUND
from edgeai_alerts.channels.sound import SoundChannel
from edgeai_alerts.channels.webhook import WebhookChannel
from edgeai_core.errors import ConfigError
from edgeai_core.secret import read_secret, secret_name
from edgeai_core.types import Severity

APPRISE = "apprise"


def _log(setup: ChannelSetup) -> list[Channel]:
    path = setup.state_folder / Path(setup.log_file.path).expanduser()
    return [LogChannel(path, setup.log_file, wall_clock_ns=setup.wall_clock_ns)]


def _apprise(setup: ChannelSetup) -> list[Channel]:
    from edgeai_alerts.channels.apprise import AppriseChannel

    parameter, config = "apprise.urls", setup.apprise
    if not config.urls:
        raise ConfigError(f"parameter {parameter}: got none, expected at least one with apprise")
    secrets = {
        f"{APPRISE}:{secret_name(reference)}": read_secret(
            reference, parameter=parameter, environ=setup.environ
        )
        for reference in config.urls
    }
    if len(secrets) != len(config.urls):
        raise ConfigError(
            f"parameter {parameter}: two secrets have the same name; the name tells what was sent "
            "where, so each needs its own"
        )
    return [
        AppriseChannel(name, url=url, config=config, evidence=setup.evidence, texts=setup.texts)
        for name, url in secrets.items()
    ]


def _webhook(setup: ChannelSetup) -> list[Channel]:
    config, environ = setup.webhook, setup.environ
    return [
        WebhookChannel(
            config,
            url=read_secret(config.url, parameter="webhook.url", environ=environ),
            key=read_secret(config.key, parameter="webhook.key", environ=environ),
            wall_clock_ns=setup.wall_clock_ns,
        )
    ]


def _mqtt(setup: ChannelSetup) -> list[Channel]:
    from edgeai_alerts.channels.mqtt import MqttChannel

    config = setup.mqtt
    password = (
        read_secret(config.password, parameter="mqtt.password", environ=setup.environ)
        if config.password
        else None
    )
    return [
        MqttChannel(
            config,
            password=password,
            cameras=setup.cameras,
            evidence=setup.evidence,
            acknowledge=setup.acknowledge,
            report=setup.report,
            wall_clock_ns=setup.wall_clock_ns,
        )
    ]


def _sound(setup: ChannelSetup) -> list[Channel]:
    return [
        SoundChannel(
            setup.sound,
            path=setup.environ.get("PATH"),
            texts=setup.texts,
            wall_clock_ns=setup.wall_clock_ns,
        )
    ]


CHANNELS: Mapping[str, Callable[[ChannelSetup], Sequence[Channel]]] = {
    "console": lambda setup: [ConsoleChannel(setup.terminal, texts=setup.texts)],
    "log": _log,
    APPRISE: _apprise,
    "mqtt": _mqtt,
    "webhook": _webhook,
    SOUND: _sound,
}


def make_channels(names: Sequence[str], setup: ChannelSetup) -> list[Channel]:
    """Return the named channels in this order; one name may stand for several.

    Raises:
        ConfigError: a name that is not in the table, or that comes twice, or parameters of a
            channel that do not fit.
    """
    for name in names:
        if name not in CHANNELS:
            raise ConfigError(
                f"parameter channels: got {name!r}, expected names among {', '.join(CHANNELS)}"
            )
    if len(set(names)) != len(names):
        raise ConfigError(f"parameter channels: got {', '.join(names)}, expected each name once")
    made: list[Channel] = []
    try:
        for name in names:
            made += CHANNELS[name](setup)
    except BaseException:
        for channel in made:
            channel.close()
        raise
    return made


def minimum_severities(channels: Sequence[Channel], setup: ChannelSetup) -> dict[str, Severity]:
    """Return the mildest severity that is sent to each channel, by the channel's name."""
    chosen = {
        APPRISE: setup.apprise.minimum,
        "mqtt": setup.mqtt.minimum,
        "webhook": setup.webhook.minimum,
        SOUND: setup.sound.minimum,
    }
    return {
        channel.name: Severity[chosen.get(channel.name.partition(":")[0], Severity.INFO.name)]
        for channel in channels
    }
