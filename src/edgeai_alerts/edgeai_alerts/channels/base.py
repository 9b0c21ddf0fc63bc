"""What a notification channel must offer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from edgeai_alerts.config import LogFileConfig
from edgeai_core.types import Alert


class Channel(Protocol):
    """A way to reach people. One thread uses it; alerts may come twice, with the same id."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSetup:
    """What channels are made from.

    Attributes:
        state_folder: where relative paths lie. terminal: where the console channel writes.
        wall_clock_ns: nanoseconds since 1970, for people to read. log_file: the log's limits.
    """

    state_folder: Path
    terminal: TextIO
    wall_clock_ns: Callable[[], int]
    log_file: LogFileConfig
