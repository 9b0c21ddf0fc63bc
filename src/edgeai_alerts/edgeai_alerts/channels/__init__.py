"""The notification channels: one file each and one line in the table here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgeai_alerts.channels.base import Channel, ChannelSetup
from edgeai_alerts.channels.console import ConsoleChannel
from edgeai_alerts.channels.log import LogChannel
from edgeai_core.errors import ConfigError


def _log(setup: ChannelSetup) -> Channel:
    path = setup.state_folder / Path(setup.log_file.path).expanduser()
    return LogChannel(path, setup.log_file, wall_clock_ns=setup.wall_clock_ns)


CHANNELS: Mapping[str, Callable[[ChannelSetup], Channel]] = {
    "console": lambda setup: ConsoleChannel(setup.terminal),
    "log": _log,
}


def make_channels(names: Sequence[str], setup: ChannelSetup) -> list[Channel]:
    """Return the named channels in this order.

    Raises:
        ConfigError: a name that is not in the table, or that comes twice.
    """
    for name in names:
        if name not in CHANNELS:
            raise ConfigError(
                f"parameter channels: got {name!r}, expected names among {', '.join(CHANNELS)}"
            )
    if len(set(names)) != len(names):
        raise ConfigError(f"parameter channels: got {', '.join(names)}, expected each name once")
    return [CHANNELS[name](setup) for name in names]
