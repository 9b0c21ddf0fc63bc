"""Alerts as text for a terminal or a log."""

from __future__ import annotations

import math
import unicodedata
from datetime import datetime, tzinfo

from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.types import Alert, AlertState

NO_TIME = "--:--:--"
MAX_LINE_CHARS = 300
_NS_PER_S = 1_000_000_000


def render_line(
    alert: Alert,
    *,
    timezone: tzinfo | None = None,
    max_chars: int = MAX_LINE_CHARS,
    texts: Texts = ENGLISH,
) -> str:
    """Return one printable line: ``12:04:31 WARNING unknown face at entrance: why``.

    Args:
        alert: what to tell; names and reasons in it are not trusted.
        timezone: zone of the printed time; None for the machine's own.
        max_chars: longest line; a longer one ends in an ellipsis. texts: language.
    """
    event = alert.event
    place = f" {texts.say(Phrase.AT_CAMERA, camera=event.camera)}" if event.camera else ""
    often = f" (x{alert.count})" if alert.count > 1 else ""
    head = f"{_clock_time(event.stamp_ns, timezone)} {texts.word(event.severity)}"
    line = printable(f"{head} {event.title}{place}: {event.reason}{often}")
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"


def describe(alert: Alert, *, timezone: tzinfo | None = None, texts: Texts = ENGLISH) -> str:
    """Return two printable sentences: what, where, when, how sure and how it stands; then why.

    Args:
        alert: what to tell; names and reasons in it are not trusted.
        timezone: zone of the told time; None for the machine's own. texts: language.
    """
    event, say = alert.event, texts.say
    parts = [f"{texts.word(event.severity)}: {event.title}"]
    if event.camera:
        parts.append(say(Phrase.AT_CAMERA, camera=event.camera))
    if event.zone:
        parts.append(say(Phrase.IN_ZONE, zone=event.zone))
    if event.stamp_ns > 0:
        parts.append(say(Phrase.AT_TIME, clock=_clock_time(event.stamp_ns, timezone)))
    if math.isfinite(event.score):
        parts.append(say(Phrase.HOW_SURE, percent=100.0 * event.score))
    if alert.count > 1:
        parts.append(say(Phrase.OFTEN, count=alert.count))
    if alert.acknowledged_by:
        parts.append(say(Phrase.ACKNOWLEDGED_BY, name=alert.acknowledged_by))
    if alert.state in (AlertState.CLEARED, AlertState.EXPIRED):
        parts.append(texts.word(alert.state))
    return printable(f"{', '.join(parts)}. {say(Phrase.WHY, reason=event.reason)}")


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
