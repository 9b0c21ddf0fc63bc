"""Quiet hours as people write them, and when they hold."""

from __future__ import annotations

from datetime import datetime

import pytest

from edgeai_core.alerting.quiet import QuietHours, holding, wall_ns_of
from edgeai_core.alerting.rule_file import RuleFile, parse_rule_file
from edgeai_core.errors import ConfigError
from edgeai_core.types import Severity

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
NIGHT = """
rules:
  - {name: all, category: fire}
quiet:
  - name: night
    hours: 22:00-07:00
    channels: [apprise, mqtt]
  - {name: noon, hours: 12:00-13:00, below: WARNING, then: silence}
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-10T{text}")


def test_a_file_has_rules_and_quiet_hours():
    read = parse_rule_file(NIGHT)
    assert [rule.name for rule in read.rules] == ["all"]
    assert read.quiet == (
        QuietHours(name="night", hours="22:00-07:00", channels=("apprise", "mqtt")),
        QuietHours(name="noon", hours="12:00-13:00", below="WARNING", then="silence"),
    )
    assert parse_rule_file("") == RuleFile()


def test_milder_alerts_are_held_on_the_named_channels_within_the_hours():
    night, noon = parse_rule_file(NIGHT).quiet
    assert night.holds("mqtt", WARNING, at=at("23:00"))
    assert night.holds("apprise:MAIL", INFO, at=at("06:59"))
    assert not night.holds("mqtt", WARNING, at=at("07:00"))
    assert not night.holds("log", WARNING, at=at("23:00"))
    assert noon.holds("log", INFO, at=at("12:30"))
    assert not noon.holds("log", WARNING, at=at("12:30"))


@pytest.mark.parametrize("below", ["WARNING", "CRITICAL"])
def test_what_is_critical_is_never_held(below):
    always = QuietHours(name="q", hours="00:00-23:59", below=below)
    assert always.holds("log", INFO, at=at("10:00"))
    assert not always.holds("log", CRITICAL, at=at("10:00"))


@pytest.mark.parametrize(
    ("now", "begin", "end"),
    [
        ("2026-03-10T23:00", "2026-03-10T22:00", "2026-03-11T07:00"),
        ("2026-03-10T06:00", "2026-03-09T22:00", "2026-03-10T07:00"),
        ("2026-03-10T09:00", "2026-03-09T22:00", "2026-03-10T07:00"),
    ],
)
def test_the_latest_hours_are_those_that_began_last(now, begin, end):
    night = QuietHours(name="night", hours="22:00-07:00")
    got = night.latest(datetime.fromisoformat(now))
    assert got == (datetime.fromisoformat(begin), datetime.fromisoformat(end))


def test_the_first_hours_that_fit_say_what_becomes_of_an_alert():
    quiet = parse_rule_file(NIGHT).quiet
    held = holding(quiet, "mqtt", WARNING, wall_ns=wall_ns_of(at("23:00")))
    assert held is quiet[0]
    assert holding(quiet, "mqtt", WARNING, wall_ns=wall_ns_of(at("12:30"))) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("quiet:\n  - {hours: 22:00-07:00}", "line 2: quiet hours have no name"),
        ("quiet:\n  - {name: n}", "line 2: quiet hours 'n': got hours '', expected them as in"),
        ("quiet:\n  - {name: n, hours: 10-12}", "got hours '10-12'"),
        ("quiet:\n  - {name: n, hours: 10:00-10:00}", "got hours '10:00-10:00'"),
        ("quiet:\n  - {name: n, below: INFO}", "line 2: below: got 'INFO', expected one of WARN"),
        ("quiet:\n  - {name: n, then: later}", "got 'later', expected one of summary, silence"),
        ("quiet:\n  - {name: n, channel: mqtt}", "unknown key 'channel'; did you mean channels"),
        ("quiet: night", "line 1: expected a list of quiet hours, each begun with a dash"),
        ("quiet:\n  - night", "line 2: quiet hours expects keys and values"),
        (
            "quiet:\n  - {name: n, hours: 1:00-2:00}\n",
            "got hours '1:00-2:00', expected them as in 22:00-07:00",
        ),
        (
            "quiet:\n- {name: n, hours: 01:00-02:00}\n- {name: n, hours: 03:00-04:00}",
            "line 3: quiet hours 'n' was there before; names tell quiet hours apart",
        ),
        ("calm: []", "line 1: unknown key 'calm'; known: rules, quiet"),
    ],
)
def test_mistakes_are_told_with_their_line(text, told):
    with pytest.raises(ConfigError) as caught:
        parse_rule_file(text, source="r.yaml")
    assert told in str(caught.value)


def test_a_channel_that_is_not_configured_is_refused():
    with pytest.raises(ConfigError, match="quiet hours 'night': channel 'mqtt' is not configured"):
        parse_rule_file(NIGHT).require_channels(["log", "apprise"])
