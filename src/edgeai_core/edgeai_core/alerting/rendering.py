"""Alerts as text for a terminal or a log."""

from __future__ import annotations

import unicodedata
from datetime import datetime, tzinfo

from edgeai_core.types import Alert

NO_TIME = "--:--:--"
MAX_LINE_CHARS = 300
_NS_PER_S = 1_000_000_000


def render_line(
    alert: Alert, *, timezone: tzinfo | None = None, max_chars: int = MAX_LINE_CHARS
) -> str:
    """Return one printable line: ``12:04:31 WARNING unknown face at entrance: why``.

    Args:
        alert: what to tell; names and reasons in it are not trusted.
        timezone: zone of the printed time; None for the machine's own.
        max_chars: longest line; a longer one ends in an ellipsis.
    """
    event = alert.event
    place = f" at {event.camera}" if event.camera else ""
    often = f" (x{alert.count})" if alert.count > 1 else ""
    head = f"{_clock_time(event.stamp_ns, timezone)} {event.severity.name}"
    line = printable(f"{head} {event.title}{place}: {event.reason}{often}")
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"


def printable(text: str) -> str:
    """Return the text as one line without anything a terminal would act on.

    Control, format (bidirectional overrides, zero width), surrogate and unassigned characters
    and line separators become one space per run: a person's name or an object's label must not
    be able to clear the screen, forge a second line or turn the reading direction.
    """
    # Categories C* (other) and Z* (separators), https://www.unicode.org/reports/tr44/
    spaced = (" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join("".join(spaced).split())


def _clock_time(stamp_ns: int, timezone: tzinfo | None) -> str:
    if stamp_ns <= 0:
        return NO_TIME
    try:
        return datetime.fromtimestamp(stamp_ns // _NS_PER_S, timezone).strftime("%H:%M:%S")
    except (OverflowError, ValueError, OSError):  # a stamp beyond what the calendar can name
        return NO_TIME
