"""What a recording must show, as people write it."""

from __future__ import annotations

import pytest

from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box
from edgeai_core.regression.comparison import compare
from edgeai_core.regression.expectations import parse_expectations, read_expectations
from edgeai_core.regression.happenings import Happening, Kind, Moment
from edgeai_core.regression.writing import written

TEXT = """
profile: city
settings: [object_detector.tracking.high_score=0.3]
events:
  - {kind: object, label: car, at_s: 2, tolerance_s: 0.5, box: [0, 0, 10, 10], score: [0.5, 1]}
  - {kind: action, label: fall, at_s: 3.5}
absent:
  - {kind: hazard}
counts:
  - {kind: object, label: car, at_least: 1}
"""


def test_everything_that_is_written_is_read():
    found = parse_expectations(TEXT)
    assert (found.profile, found.settings) == (
        "city",
        ("object_detector.tracking.high_score=0.3",),
    )
    car, fall = found.events
    assert (car.kind, car.label, car.at_s, car.place) == ("object", "car", 2.0, Box(0, 0, 10, 10))
    assert (fall.tolerance_s, fall.place, fall.score, fall.track) == (0.5, None, (), 0)
    assert (found.absent[0].kind, found.absent[0].label) == ("hazard", "")
    assert (found.counts[0].at_least, found.counts[0].at_most) == (1, 1_000_000)
    assert found.kinds() == {Kind.OBJECT, Kind.ACTION, Kind.HAZARD}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "is no YAML"),
        ("- 1", "expected the keys profile, settings, events, absent, counts; got"),
        ("event: []", "unknown key 'event'; known: profile"),
        ("profile: home", "expects nothing; give events, absent or counts"),
        ("events: {}\nabsent: 3", "absent: expected a list"),
        ("events: [car]", "events, entry 1: expected keys and values"),
        ("settings: {a: 1}", "settings: expected a list of NODE.PARAMETER=VALUE"),
        ("events: [{kind: object, labl: car}]", "entry 1: unknown parameter labl .*mean label"),
        ("events: [{kind: sound, label: x}]", "entry 1: parameter kind: got 'sound', expected one"),
        ("events: [{label: car}]", "entry 1: kind is missing; kinds: object, face"),
        ("events: [{kind: object}]", "entry 1: label is missing"),
        ("events: [{kind: object, label: car, box: [1, 2, 3]}]", "box: got 3 numbers, expected 4"),
        ("events: [{kind: object, label: car, box: [5, 0, 1, 9]}]", "is inside out"),
        ("events: [{kind: object, label: car, score: [0.9, 0.1]}]", "score: got .0.9, 0.1., expec"),
        ("events: [{kind: object, label: car, at_s: soon}]", "parameter at_s: got 'soon'"),
        ("absent: [{label: car}]", "absent, entry 1: kind is missing"),
        ("counts: [{kind: face, label: x, at_least: 3, at_most: 2}]", "3 is more than at_most 2"),
    ],
)
def test_a_mistake_is_told_with_its_entry(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        parse_expectations(text, source="expected.yaml")


def test_a_file_that_is_missing_is_told_with_what_makes_one(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot be read .*--write .*makes them"):
        read_expectations(tmp_path / "none.yaml")


def test_what_was_written_of_a_recording_is_met_by_it():
    walk = [Moment(at_s=n / 10, score=0.5 + n / 100, box=Box(n, 0, n + 9, 9)) for n in range(8)]
    seen = (
        Happening(kind=Kind.OBJECT, label="person", track=1, moments=tuple(walk)),
        Happening(kind=Kind.OBJECT, label="kite", track=2, moments=tuple(walk[:3])),
        Happening(kind=Kind.HAZARD, label="fire", moments=(Moment(at_s=0.4, score=0.8),)),
        Happening(kind=Kind.ALERT, label="fire", moments=(Moment(at_s=0.4, score=float("nan")),)),
    )
    text = written(seen, profile="city", settings=["a.b=1"])
    found = parse_expectations(text)
    assert compare(found, seen).met
    assert (found.profile, found.settings) == ("city", ("a.b=1",))
    assert [(e.kind, e.label, e.at_s) for e in found.events] == [
        ("object", "person", 0.7),
        ("hazard", "fire", 0.4),
        ("alert", "fire", 0.4),
    ]
    assert [entry.kind for entry in found.absent] == ["action"]
    assert [(c.kind, c.at_least, c.at_most) for c in found.counts] == [
        ("alert", 1, 1),
        ("hazard", 1, 1),
    ]


def test_nothing_is_called_absent_that_nobody_looked_for():
    seen = (Happening(kind=Kind.HAZARD, label="fire", moments=(Moment(at_s=0.4, score=0.8),)),)
    text = written(seen, looked_for=(Kind.HAZARD, Kind.ALERT))
    assert [entry.kind for entry in parse_expectations(text).absent] == ["alert"]
