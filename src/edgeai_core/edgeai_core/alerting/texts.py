"""What people read, in their language."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from string import Formatter

from edgeai_core.alerting.phrases import PHRASES, Phrase
from edgeai_core.language import Language
from edgeai_core.reasons import translated
from edgeai_core.reasons.labels import LABELS


class _FrenchFormatter(Formatter):
    """Writes fractions with a decimal comma."""

    def format_field(self, value: object, format_spec: str) -> str:
        written = str(super().format_field(value, format_spec))
        return written.replace(".", ",") if isinstance(value, float) else written


class Texts:
    """Phrases of one language.

    Args:
        language: of everything said.
    """

    def __init__(self, language: Language = Language.EN) -> None:
        self.language = language
        self._phrases: Mapping[Phrase, str] = PHRASES[language]
        self._formatter = Formatter() if language is Language.EN else _FrenchFormatter()

    def say(self, phrase: Phrase, **values: object) -> str:
        """Return a phrase with its values filled in.

        Raises:
            KeyError: a value is missing.
        """
        return self._formatter.vformat(self._phrases[phrase], (), values)

    def reason(self, text: str) -> str:
        """Return an analyzer's explanation in the language; what none composes as it is."""
        return translated(text, self.language)

    def label(self, label: str) -> str:
        """Return a detector's label in the language; one without a translation as it is."""
        return label if self.language is Language.EN else LABELS.get(label, label)

    def word(self, value: Enum) -> str:
        """Return the name of a severity or a state of alerts."""
        return self._phrases[Phrase[f"{type(value).__name__.upper()}_{value.name}"]]


ENGLISH = Texts()
