"""Why analyzers and the access say what they say: one table, in English and French.

A module for each family; the analyzers compose their sentences from it.
"""

from __future__ import annotations

from types import ModuleType

from edgeai_core.language import Language
from edgeai_core.reasons import (
    access,
    accidents,
    actions,
    areas,
    bags,
    explanations,
    faces,
    fire,
    weapons,
)
from edgeai_core.reasons.template import Reason, Word
from edgeai_core.reasons.wordbook import Wordbook

FAMILIES: tuple[ModuleType, ...] = (
    fire,
    actions,
    accidents,
    bags,
    weapons,
    areas,
    faces,
    access,
    explanations,
)
WORDBOOK = Wordbook(
    value
    for family in FAMILIES
    for value in vars(family).values()
    if isinstance(value, Reason) and not isinstance(value, Word)
)


def translated(text: str, language: Language) -> str:
    """Return a reason in a language; text that no analyzer composes stays as it is.

    Nothing is remembered of the text, which may name a person.
    """
    return text if language is Language.EN else WORDBOOK.retold(text)


def in_languages(text: str) -> dict[str, str]:
    """Return a reason in every language, by the language's code."""
    return {language.value: translated(text, language) for language in Language}
