"""Alerts that were raised in English, read in French."""

from __future__ import annotations

import pytest

from edgeai_core.alerting.observers.actions import _TITLES
from edgeai_core.alerting.observers.hazards import _KINDS
from edgeai_core.alerting.observers.object_events import _TOLD
from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.retelling import reason_in_languages, title_in_languages
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.language import Language

FRENCH = Texts(Language.FR)
VALUES = {
    "label": "cat",
    "zone": "yard 2",
    "name": "Ada B.",
    "frames": 15,
    "span_s": 1.25,
    "window_s": 5.0,
    "distance": 0.72,
    "score": 0.125,
    "side_px": 80.0,
    "min_px": 60.0,
    "stay_s": 2.5,
    "limit_s": 2.0,
    "state": "MONITORING",
    "min_score": 0.5,
    "silent_s": 6.5,
    "begin": "22:00",
    "end": "06:00",
    "count": 3,
}
OBSERVED = (
    *_TITLES.values(),
    *(title for _, _, title in _TOLD.values()),
    *(kind.title for kind in _KINDS.values()),
)


def said(texts: Texts, phrase: Phrase, **values: object) -> str:
    given = VALUES | values
    return texts.say(phrase, **{**given, "label": texts.label(str(given["label"]))})


@pytest.mark.parametrize(
    "phrase",
    [
        *dict.fromkeys(OBSERVED),
        Phrase.UNKNOWN_FACE,
        Phrase.UNAUTHORISED,
        Phrase.SPOOFED,
        Phrase.ACCESS_GRANTED,
        Phrase.ACCESS_ENDED,
        Phrase.WATCHED_OBJECT,
        Phrase.UNATTENDED_FLAME,
        Phrase.NODE_FAULT,
        Phrase.NODE_RECOVERED,
        Phrase.QUIET_SUMMARY,
    ],
    ids=lambda phrase: phrase.name,
)
def test_each_title_is_told_as_the_alert_node_would_have_in_french(phrase: Phrase) -> None:
    english, french = said(ENGLISH, phrase), said(FRENCH, phrase)
    assert title_in_languages(english) == {"en": english, "fr": french}
    assert title_in_languages(french) == {"en": french, "fr": french}


@pytest.mark.parametrize(
    "phrase",
    [
        Phrase.UNAUTHORISED_WHY,
        Phrase.SPOOFED_WHY,
        Phrase.SUPERVISOR_SILENT,
        Phrase.SUPERVISOR_GAVE_NO_REASON,
        Phrase.WATCHED_OBJECT_WHY,
    ],
    ids=lambda phrase: phrase.name,
)
def test_so_is_what_the_alert_node_explains_itself(phrase: Phrase) -> None:
    english = said(ENGLISH, phrase)
    assert reason_in_languages(english) == {"en": english, "fr": said(FRENCH, phrase)}


@pytest.mark.parametrize("nearest", [Phrase.NEAREST_PERSON, Phrase.NO_NEAREST_PERSON])
def test_an_unknown_face_is_told_with_who_is_nearest(nearest: Phrase) -> None:
    english, french = (
        said(texts, Phrase.UNKNOWN_FACE_WHY, nearest=said(texts, nearest))
        for texts in (ENGLISH, FRENCH)
    )
    assert reason_in_languages(english)["fr"] == french


@pytest.mark.parametrize("phrase", [Phrase.UNAUTHORISED_WHY, Phrase.SPOOFED_WHY])
def test_a_refused_person_is_told_with_the_analyzers_objection(phrase: Phrase) -> None:
    objection = "not live: looks like a copy, score 0.12 under 0.25"
    english = said(ENGLISH, Phrase.AND_WHY, told=said(ENGLISH, phrase), reason=objection)
    french = said(
        FRENCH, Phrase.AND_WHY, told=said(FRENCH, phrase), reason=FRENCH.reason(objection)
    )
    assert reason_in_languages(english)["fr"] == french


def test_what_analyzers_explain_is_told_and_what_nodes_say_of_themselves_stays() -> None:
    assert reason_in_languages("upright again 6.2 s after the impact")["fr"] == (
        "de nouveau debout 6,2 s après le choc"
    )
    fault = "ERROR for 3.5 s (limit 3.0 s): the camera gives no pictures"
    assert reason_in_languages(fault) == {"en": fault, "fr": fault}
    assert title_in_languages("a forgotten person")["fr"] == "une personne oubliée"
    assert reason_in_languages("a forgotten person")["fr"] == "une personne oubliée"
