"""Alerts as lines on a terminal."""

from __future__ import annotations

from typing import TextIO

from edgeai_core.alerting.rendering import render_line
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.errors import ChannelError
from edgeai_core.types import Alert


class ConsoleChannel:
    """Write one line per alert.

    Args:
        stream: usually standard output; it is not closed. texts: language.
    """

    name = "console"

    def __init__(self, stream: TextIO, *, texts: Texts = ENGLISH) -> None:
        self._stream = stream
        self._texts = texts

    def send(self, alert: Alert) -> None:
        line = render_line(alert, texts=self._texts)
        # A name that the terminal's encoding lacks must not stop the alert.
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        line = line.encode(encoding, "backslashreplace").decode(encoding)
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError) as exc:  # ValueError: the stream was closed
            raise ChannelError(
                f"console: cannot write to the terminal ({exc}); take console out of the "
                "parameter channels if there is none"
            ) from exc

    def close(self) -> None:
        """Do nothing: the terminal is not ours."""
