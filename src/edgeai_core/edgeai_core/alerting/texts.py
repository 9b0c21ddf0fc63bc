"""What people read, in their language. The reasons of analyzers stay in English."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from edgeai_core.alerting.phrases import LABELS, PHRASES, Language, Phrase


class Texts:
    """Phrases of one language.

    Args:
        language: of everything said.
    """

    def __init__(self, language: Language = Language.EN) -> None:
        self.language = language
        self._phrases: Mapping[Phrase, str] = PHRASES[language]

    def say(self, phrase: Phrase, **values: object) -> str:
        """Return a phrase with its values filled in.

        Raises:
            KeyError: a value is missing.
        """
        return self._phrases[phrase].format(**values)

    def label(self, label: str) -> str:
        """Return a detector's label in the language; one without a translation as it is."""
        return label if self.language is Language.EN else LABELS.get(label, label)

    def word(self, value: Enum) -> str:
        """Return the name of a severity or a state of alerts."""
        return self._phrases[Phrase[f"{type(value).__name__.upper()}_{value.name}"]]


ENGLISH = Texts()
