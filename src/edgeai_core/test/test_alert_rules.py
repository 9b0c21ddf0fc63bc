"""Rules: read strictly, the first that fits decides, and what none fits is told as it is."""

from __future__ import annotations

import dataclasses
from datetime import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeai_core.alerting.categories import CATEGORIES
from edgeai_core.alerting.memory import TRACKED_CATEGORIES
from edgeai_core.alerting.observers.actions import _TITLES
from edgeai_core.alerting.observers.object_events import _TOLD
from edgeai_core.alerting.plan import Plan
from edgeai_core.alerting.rule_file import parse_rule_file, read_rule_file
from edgeai_core.alerting.rulebook import RuleBook, RuledEvent
from edgeai_core.alerting.rules import require_channels
from edgeai_core.alerting.situation import Situation
from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box
from edgeai_core.types import (
    AlertEvent,
    AuthState,
    Detection,
    FaceMatch,
    SessionState,
    Severity,
)

S = 1_000_000_000
INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL


def event(
    category: str = "fall",
    at_s: float = 100.0,
    *,
    subject: str = "incident 1",
    camera: str = "hall",
    zone: str = "",
    score: float = 0.8,
    severity: Severity = WARNING,
    over: bool = False,
) -> AlertEvent:
    return AlertEvent(
        category=category,
        severity=severity,
        title=category,
        reason="why",
        source="s",
        subject=subject,
        camera=camera,
        zone=zone,
        score=score,
        stamp_ns=round(at_s * S),
        over=over,
    )


class Home:
    """A rule book with a scene in hand."""

    def __init__(self, text: str, *, now: time = time(12, 0)) -> None:
        self.now = now
        self.situation = Situation(hold_s=3.0)
        self.book = RuleBook(
            parse_rule_file(text).rules,
            situation=self.situation,
            time_of_day=lambda stamp_ns: self.now,
        )

    def told(self, *events: AlertEvent) -> list[tuple[str, str, Severity]]:
        return [
            (ruled.event.category, ruled.rule, ruled.event.severity)
            for ruled in self.book.judge(events)
        ]

    def check(self, at_s: float) -> list[str]:
        return [ruled.event.category for ruled in self.book.check(now_ns=round(at_s * S))]

    def see(self, *people: str, at_s: float = 100.0, camera: str = "hall", bodies: int = 0) -> None:
        box = Box(0.0, 0.0, 9.0, 9.0)
        faces = [
            FaceMatch(box=box, detection_score=0.9, person_id=name.lower(), person_name=name)
            for name in people
        ]
        self.situation.see_faces(faces, stamp_ns=round(at_s * S), camera=camera)
        persons = [
            Detection(box=box, label="person", score=0.9, track_id=number)
            for number in range(bodies)
        ]
        self.situation.see_objects(persons, stamp_ns=round(at_s * S), camera=camera)


AS_IT_IS = [("fall", "", WARNING)]


def test_without_rules_everything_is_told_as_it_is() -> None:
    an_event = event()
    assert Home("").book.judge([an_event]) == [RuledEvent(event=an_event)]


def test_the_first_rule_that_fits_decides() -> None:
    home = Home("""
rules:
  - name: not in the gym
    category: [fall, lying]
    camera: gym*
    tell: false
  - name: falls are serious
    category: fall
    severity: CRITICAL
  - name: never reached
    category: fall
    severity: INFO
""")
    assert home.told(event()) == [("fall", "falls are serious", CRITICAL)]
    assert home.told(event(camera="gym2")) == []
    assert home.book.suppressed == 1
    assert home.told(event("weapon")) == [("weapon", "", WARNING)]


@pytest.mark.parametrize(
    ("condition", "fits", "fits_not"),
    [
        ("camera: hall", event(), event(camera="porch")),
        ("zone: [bed, sofa]", event(zone="sofa"), event()),
        ("zone: '*'", event(), None),
        ("min_score: 0.7", event(score=0.7), event(score=0.69)),
        ("min_score: 0.7", event(score=float("nan")), None),
        ("session: MONITORING", None, event()),
        ("session: [LOCKED, ACTIVE]", event(), None),
        ("hours: 11:59-12:01", event(), None),
        ("hours: 12:01-11:59", None, event()),
    ],
    ids=str,
)
def test_conditions_on_the_event(
    condition: str, fits: AlertEvent | None, fits_not: AlertEvent | None
) -> None:
    home = Home(f"rules: [{{name: silent, tell: false, {condition}}}]")
    for an_event, expected in ((fits, 0), (fits_not, 1)):
        if an_event is not None:
            assert len(home.told(an_event)) == expected


def test_a_fall_and_nobody_else() -> None:
    home = Home("""
rules:
  - name: alone
    category: fall
    when: {persons_in_view: {max: 1}}
    severity: CRITICAL
""")
    alone = [("fall", "alone", CRITICAL)]
    assert home.told(event()) == alone  # no camera sees anybody: better told
    home.see(bodies=1)
    assert home.told(event()) == alone
    home.see("Ada", bodies=2)
    assert home.told(event()) == AS_IT_IS
    assert home.told(event(camera="porch")) == [("fall", "alone", CRITICAL)]
    assert home.told(event(at_s=103.1)) == alone  # whoever was there is not seen any more


def test_suppression_and_presence_by_recognised_person() -> None:
    home = Home("""
rules:
  - {name: Ada at home, category: watched_object, when: {present: Ada}, tell: false}
  - {name: strangers only, category: unknown_face, when: {absent: '*'}, severity: CRITICAL}
""")
    assert home.told(event("watched_object")) == [("watched_object", "", WARNING)]
    assert home.told(event("unknown_face")) == [("unknown_face", "strangers only", CRITICAL)]
    home.see("Ada")
    assert home.told(event("watched_object"), event("watched_object", camera="porch")) == [
        ("watched_object", "", WARNING)
    ]
    assert home.told(event("unknown_face")) == [("unknown_face", "", WARNING)]
    assert len(home.told(event("watched_object", 103.1))) == 1


def test_who_has_access_is_present_everywhere_until_it_expires() -> None:
    home = Home("rules: [{name: quiet, when: {present: ada}, tell: false}]")
    home.situation.see_access(
        AuthState(state=SessionState.ACTIVE, person_id="7", person_name="Ada", expires_ns=101 * S)
    )
    assert home.told(event()) == []
    assert home.told(event(at_s=101.0)) == AS_IT_IS


def test_anywhere_counts_people_and_happenings_of_every_camera() -> None:
    text = "rules: [{{name: quiet, when: {{present: ada, anywhere: {}}}, tell: false}}]"
    for anywhere, expected in (("true", 0), ("false", 1)):
        home = Home(text.format(anywhere))
        home.see("Ada", camera="porch")
        assert len(home.told(event())) == expected


def test_two_categories_that_follow_each_other() -> None:
    home = Home("""
rules:
  - name: fall after a fight
    category: fall
    when: {seen: [fight, flight], within_s: 20}
    severity: CRITICAL
  - name: fall without lying
    category: fall
    when: {not_seen: lying}
    severity: INFO
""")
    assert home.told(event()) == [("fall", "fall without lying", INFO)]
    home.told(event("lying", 101.0))
    assert home.told(event(at_s=102.0)) == AS_IT_IS
    home.told(event("fight", 110.0))
    assert home.told(event(at_s=130.0)) == [("fall", "fall after a fight", CRITICAL)]
    assert home.told(event(at_s=130.1)) == AS_IT_IS
    assert home.told(event(at_s=130.1, camera="porch")) == [("fall", "fall without lying", INFO)]


def test_what_a_camera_showed_has_not_happened_when_its_stamps_go_back() -> None:
    home = Home("""
rules:
  - {name: after a fight, category: fall, when: {seen: fight, within_s: 20}, severity: CRITICAL}
  - {name: with Ada, category: fall, when: {present: ada}, severity: INFO}
""")
    home.told(event("fight", 110.0))
    home.told(event("fight", 110.0, camera="porch"))
    home.see("Ada", at_s=110.0)
    # Analyzers are behind each other by a frame or two; that is no jump.
    home.see(at_s=108.5, camera="porch")
    home.see(at_s=100.0)
    assert home.told(event(at_s=112.0)) == AS_IT_IS
    assert home.told(event(at_s=112.0, camera="porch")) == [("fall", "after a fight", CRITICAL)]


LASTING = "rules: [{name: lasting, category: lingering, min_duration_s: 10, severity: CRITICAL}]"


def test_what_must_last_is_told_after_its_time_and_then_at_once() -> None:
    home = Home(LASTING)
    assert home.told(event("lingering")) == []
    assert home.check(109.9) == []
    assert home.check(110.0) == ["lingering"]
    assert home.check(111.0) == []
    assert home.told(event("lingering", 112.0)) == [("lingering", "lasting", CRITICAL)]


def test_what_ends_before_its_time_is_not_told_and_its_end_goes_on() -> None:
    home = Home(LASTING)
    home.told(event("lingering"))
    assert [ruled.event.over for ruled in home.book.judge([event("lingering", over=True)])] == [
        True
    ]
    assert home.check(200.0) == []


def test_a_face_that_is_told_anew_while_it_stays_must_stay_for_the_minimum() -> None:
    home = Home("rules: [{name: stays, category: unknown_face, min_duration_s: 15}]")
    assert home.told(event("unknown_face", 100.0)) == []
    assert home.check(120.0) == []  # nothing says that it is still there
    assert home.told(event("unknown_face", 140.0)) == []  # another visit
    assert home.told(event("unknown_face", 150.0)) == []
    assert home.told(event("unknown_face", 160.0)) == [("unknown_face", "stays", WARNING)]


def test_every_category_that_observers_tell_is_known_to_rules() -> None:
    told = {category for category, _, _ in _TOLD.values()} | {action.value for action in _TITLES}
    assert told <= set(CATEGORIES)
    assert set(CATEGORIES) >= TRACKED_CATEGORIES
    assert {"node_fault", "access_granted", "spoofed_face", "hazard_cleared"} <= set(CATEGORIES)


def test_a_long_minimum_is_waited_for_and_a_looped_recording_begins_anew() -> None:
    home = Home("rules: [{name: a, category: lingering, min_duration_s: 3600}]")
    home.told(event("lingering", 5000.0))
    home.told(event("lingering", 100.0))
    assert home.check(3699.0) == []
    assert home.check(3700.0) == ["lingering"]


def test_too_many_that_wait_are_told_early_and_none_is_lost() -> None:
    home = Home(LASTING)
    told = [
        ruled.event.subject
        for number in range(1500)
        for ruled in home.book.judge([event("lingering", subject=str(number))])
    ]
    assert told == [str(number) for number in range(1500 - 1024)]
    assert len(home.check(110.0)) == 1024


ESCALATING = """
rules:
  - name: night
    category: weapon
    channels: [log]
    expire_after_s: 900
    escalate: {after_s: 30, channels: [sms]}
"""


def test_a_rule_makes_a_plan() -> None:
    assert Home(ESCALATING).book.plans == {
        "night": Plan(
            channels=("log",),
            escalate_after_s=30.0,
            escalate_severity=CRITICAL,
            escalate_channels=("sms",),
            expire_after_s=900.0,
        )
    }


def test_a_channel_that_is_not_configured_is_told() -> None:
    rules = parse_rule_file(ESCALATING).rules
    require_channels(rules, ("log", "sms"))
    with pytest.raises(ConfigError, match=r"rule 'night': channel 'sms' is .* has log"):
        require_channels(rules, ("log",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "rules:\n  - {name: a, categry: fall}",
            "r.yaml, line 2: unknown key 'categry'; did you mean category?",
        ),
        (
            "rules:\n  - name: a\n    when:\n      persons_in_view: {max: two}",
            "r.yaml, line 4: when.persons_in_view.max: got 'two' (str), expected int",
        ),
        (
            "rules:\n  - name: a\n    min_score: 2",
            "r.yaml, line 3: min_score: got 2.0, expected 0.0..1.0",
        ),
        (
            "rules:\n  - name: a\n    severity: LOUD",
            "r.yaml, line 3: severity: got 'LOUD', expected one of , INFO, WARNING, CRITICAL",
        ),
        (
            "rules:\n  - name: a\n    category: fal",
            "r.yaml, line 2: rule 'a': category 'fal' does not exist; did you mean fall?",
        ),
        (
            "rules:\n  - name: a\n    hours: late",
            "r.yaml, line 2: rule 'a': got hours 'late', expected them as in 22:00-06:00",
        ),
        ("rules:\n  - name: a\n    hours: 25:00-26:00", "r.yaml, line 2: rule 'a': got hours"),
        ("rules:\n  - category: fall", "r.yaml, line 2: a rule has no name"),
        ("rules:\n  - name: a\n  - name: a", "r.yaml, line 3: a rule 'a' was there before"),
        ("rules:\n  - name: a\n    name: b", "r.yaml, line 3: name is there twice"),
        (
            "rules:\n  - name: a\n    tell: no\n    severity: INFO",
            "r.yaml, line 2: rule 'a': tell: false keeps silent",
        ),
        (
            "rules:\n  - name: a\n    when: {persons_in_view: {min: 3, max: 1}}",
            "min 3 is more than max 1",
        ),
        ("rules:\n  - name: a\n    when: night", "r.yaml, line 3: when expects keys and values"),
        ("rules:\n  - fall", "r.yaml, line 2: a rule expects keys and values"),
        ("rules: fall", "r.yaml, line 1: expected a list of rules"),
        ("- name: a", "r.yaml, line 1: expected `rules:` or `quiet:` and a list below it"),
        ("rule: []", "r.yaml, line 1: unknown key 'rule'; known: rules"),
        ("rules:\n  - {name: a", "r.yaml, line 2: is no YAML"),
        ("rules: [{name: !!python/name:os.system a}]", "r.yaml, line 1: "),
        ("rules: [{name: a, session: OPEN}]", "session 'OPEN' does not exist"),
    ],
)
def test_mistakes_are_told_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_rule_file(file)
    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_told_with_the_parameter(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read .* check the parameter rules\.path"):
        read_rule_file(tmp_path / "none.yaml")


NAMES = st.sampled_from(CATEGORIES)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(NAMES, st.sampled_from(list(Severity)), st.booleans()), max_size=8),
    st.lists(
        st.tuples(NAMES, st.sampled_from("ab"), st.integers(0, 40), st.booleans()), max_size=30
    ),
)
def test_an_event_is_told_once_or_suppressed_by_its_first_rule_and_ends_always_go_on(
    rules: list[tuple[str, Severity, bool]], events: list[tuple[str, str, int, bool]]
) -> None:
    lines = [
        f"  - {{name: r{n}, category: {category}, "
        + (f"severity: {severity.name}}}" if tell else "tell: false}")
        for n, (category, severity, tell) in enumerate(rules)
    ]
    home = Home("rules:\n" + "\n".join(lines) if lines else "")
    for category, subject, at_s, over in events:
        an_event = event(category, float(at_s), subject=subject, over=over)
        ruled = home.book.judge([an_event])
        first = next(((n, r) for n, r in enumerate(rules) if r[0] == category), None)
        if over or first is None:
            assert ruled == [RuledEvent(event=an_event)]
        elif not first[1][2]:
            assert ruled == []
        else:
            louder = dataclasses.replace(an_event, severity=first[1][1])
            assert ruled == [RuledEvent(event=louder, rule=f"r{first[0]}")]
