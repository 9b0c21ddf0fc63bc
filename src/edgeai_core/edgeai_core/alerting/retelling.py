"""Alerts that were raised in English, told in the language of whoever reads them now."""

from __future__ import annotations

from edgeai_core.alerting.forgetting import FORGOTTEN_PERSON
from edgeai_core.alerting.phrases import PHRASES, Phrase
from edgeai_core.language import Language
from edgeai_core.reasons import WORDBOOK
from edgeai_core.reasons.template import Label, OneOf, Reason, Text
from edgeai_core.reasons.wordbook import Wordbook

_TITLES = (
    Phrase.UNKNOWN_FACE,
    Phrase.UNAUTHORISED,
    Phrase.SPOOFED,
    Phrase.ACCESS_GRANTED,
    Phrase.ACCESS_ENDED,
    Phrase.WATCHED_OBJECT,
    Phrase.WEAPON,
    Phrase.UNATTENDED_BAG,
    Phrase.ABANDONED_BAG,
    Phrase.TAKEN_BAG,
    Phrase.RECLAIMED_BAG,
    Phrase.ZONE_ENTERED,
    Phrase.LINGERING,
    Phrase.CROSSED_LEFT,
    Phrase.CROSSED_RIGHT,
    Phrase.START_FIRE,
    Phrase.FIRE,
    Phrase.HAZARD_CLEARED,
    Phrase.UNATTENDED_FLAME,
    Phrase.FALL,
    Phrase.LYING,
    Phrase.RECOVERED,
    Phrase.FLIGHT,
    Phrase.FIGHT,
    Phrase.ACCIDENT,
    Phrase.RUN,
    Phrase.NODE_FAULT,
    Phrase.NODE_RECOVERED,
    Phrase.QUIET_SUMMARY,
)


def _reason(phrase: Phrase, **kinds: Text) -> Reason:
    english = PHRASES[Language.EN][phrase]
    if "{label}" in english:
        kinds["label"] = Label()
    return Reason(english, PHRASES[Language.FR][phrase], **kinds)


class _Explained(Text):
    """Value that is an analyzer's explanation."""

    def retold(self, text: str) -> str:
        return WORDBOOK.retold(text)


_NEAREST = OneOf(_reason(Phrase.NEAREST_PERSON), _reason(Phrase.NO_NEAREST_PERSON))
_OF_PEOPLE = (_reason(Phrase.UNAUTHORISED_WHY), _reason(Phrase.SPOOFED_WHY))
_FORGOTTEN = Reason(FORGOTTEN_PERSON, "une personne oubliée")
_TITLE_BOOK = Wordbook([*(_reason(phrase) for phrase in _TITLES), _FORGOTTEN])
_REASON_BOOK = Wordbook(
    [
        *WORDBOOK.reasons,
        _FORGOTTEN,
        *_OF_PEOPLE,
        _reason(Phrase.AND_WHY, told=OneOf(*_OF_PEOPLE), reason=_Explained()),
        _reason(Phrase.UNKNOWN_FACE_WHY, nearest=_NEAREST),
        _reason(Phrase.SUPERVISOR_SILENT),
        _reason(Phrase.SUPERVISOR_GAVE_NO_REASON),
        _reason(Phrase.WATCHED_OBJECT_WHY),
    ]
)


def title_in_languages(title: str) -> dict[str, str]:
    """Return an alert's title in every language, by its code; one that is not known as it is."""
    return _in_languages(title, _TITLE_BOOK)


def reason_in_languages(reason: str) -> dict[str, str]:
    """Return an alert's reason in every language, by its code.

    What a node says about its own health, and what was raised in French, stays as it is.
    """
    return _in_languages(reason, _REASON_BOOK)


def _in_languages(text: str, book: Wordbook) -> dict[str, str]:
    return {Language.EN.value: text, Language.FR.value: book.retold(text)}
