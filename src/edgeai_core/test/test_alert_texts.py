"""What people read: complete in both languages, and never more than one printable line."""

from __future__ import annotations

import math
from datetime import timezone
from string import Formatter

import pytest

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.alerting.observers.actions import _TITLES
from edgeai_core.alerting.observers.object_events import _TOLD
from edgeai_core.alerting.phrases import PHRASES, Phrase
from edgeai_core.alerting.rendering import describe, render_line
from edgeai_core.alerting.scene import AlertingConfig, SceneWatch
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.config import build
from edgeai_core.geometry import Box
from edgeai_core.language import Language
from edgeai_core.types import Alert, AlertEvent, AlertState, Detection, SessionState, Severity

FRENCH = Texts(Language.FR)
NOON_NS = (12 * 3600 + 4 * 60 + 31) * 1_000_000_000


def values_of(text: str) -> list[tuple[str, str]]:
    """Return the values that a phrase wants, with their formats."""
    return sorted(
        (name, spec or "") for _, name, spec, _ in Formatter().parse(text) if name is not None
    )


@pytest.mark.parametrize("phrase", list(Phrase), ids=lambda phrase: phrase.name)
def test_both_languages_say_it_with_the_same_values(phrase: Phrase) -> None:
    english, french = PHRASES[Language.EN][phrase], PHRASES[Language.FR][phrase]
    assert english.strip()
    assert french.strip()
    assert values_of(english) == values_of(french)


def test_no_language_says_more_than_there_is_to_say() -> None:
    assert [set(PHRASES[language]) for language in Language] == [set(Phrase)] * len(Language)


@pytest.mark.parametrize("texts", [ENGLISH, FRENCH], ids=lambda texts: texts.language.value)
def test_every_severity_state_and_title_has_words(texts: Texts) -> None:
    for word in (*Severity, *AlertState):
        assert texts.word(word)
    for phrase in (*_TITLES.values(), *(title for _, _, title in _TOLD.values())):
        assert texts.say(phrase, label="x", zone="y")


def test_a_label_without_a_translation_stays() -> None:
    assert (FRENCH.label("gun"), FRENCH.label("unicorn")) == ("une arme à feu", "unicorn")
    assert ENGLISH.label("gun") == "gun"


def alert(**values: object) -> Alert:
    event = AlertEvent(
        category="fall",
        severity=Severity.CRITICAL,
        title="somebody fell",
        reason="the head came down",
        source="s",
        camera="hall",
        zone="stairs",
        stamp_ns=NOON_NS,
        score=0.875,
    )
    return Alert(alert_id="a" * 32, event=event, raised_ns=1, **values)  # type: ignore[arg-type]


def test_a_description_says_what_where_when_how_sure_and_why() -> None:
    assert describe(alert(), timezone=timezone.utc) == (
        "CRITICAL: somebody fell, at hall, zone stairs, at 12:04:31, sure to 88 %. "
        "Why: the head came down"
    )
    ended = alert(count=3, state=AlertState.CLEARED, acknowledged_by="Ada")
    assert describe(ended, timezone=timezone.utc, texts=FRENCH) == (
        "CRITIQUE: somebody fell, caméra hall, zone stairs, à 12:04:31, certitude 88 %, "
        "vu 3 fois, pris en charge par Ada, terminé. Pourquoi : the head came down"
    )


def test_what_is_not_known_is_not_said() -> None:
    event = AlertEvent(
        category="node_fault", severity=Severity.INFO, title="t\x1b[2J", reason="r\n", source="s"
    )
    assert math.isnan(event.score)
    assert describe(Alert(alert_id="a", event=event, raised_ns=0)) == "INFO: t [2J. Why: r"


def test_a_line_in_french() -> None:
    assert render_line(alert(count=2), timezone=timezone.utc, texts=FRENCH) == (
        "12:04:31 CRITIQUE somebody fell caméra hall: the head came down (x2)"
    )


def test_the_scene_tells_in_the_language_that_was_asked_for() -> None:
    config = build(
        AlertingConfig,
        {"watched_object.watch_states": ["LOCKED"], "watched_object.min_duration_s": 0.0},
    )
    scene = SceneWatch(config, texts=FRENCH)
    box = Box(0.0, 0.0, 9.0, 9.0)
    fall = ActionEvent(
        action=Action.FALL,
        incident=1,
        probability=0.9,
        track_ids=(),
        box=box,
        start_ns=5,
        end_ns=5,
        stamp_ns=5,
        reason="the head came down",
    )
    (fallen,) = scene.see_actions([fall], camera="hall")
    assert (fallen.title, fallen.reason) == ("quelqu'un est tombé", "the head came down")
    person = Detection(box=box, label="person", score=0.9, track_id=1)
    (seen,) = scene.see_objects([person], stamp_ns=5, camera="hall")
    assert seen.title == "une personne : présence détectée"
    assert SessionState.LOCKED.name in seen.reason
