"""One reason in both languages: said in English, recognised again, told in French.

What travels is the English sentence: messages, recordings and logs stay readable, and nothing has
to be added to them. The template that made a sentence also recognises it, so no English word is
written twice, and none exists without French.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from string import Formatter

from edgeai_core.reasons.labels import LABELS

# Names of people, places and classes; longer ones than that are not recognised.
MAX_TEXT_CHARS = 200
_TEXT = rf".{{1,{MAX_TEXT_CHARS}}}?"
# What format specifications give: d, g, .1f and the digits of .1%; bounded, so that no text is
# tried in endless ways.
_NUMBER = r"-?(?:\d{1,20}(?:\.\d{1,20})?(?:e[+-]\d{1,3})?|inf)|nan"
_NOT_FINITE = {"nan": "indéterminé", "inf": "infini", "-inf": "moins l'infini"}
# The least number that French counts as several.
_SEVERAL = 2.0


class Reason:
    """A sentence, or a part of one, with named values; `values` are their formats by name.

    English values with a format specification are numbers, others are text. In French
    ``{count:singular/plural}`` gives one of two endings by a number: ``image{count:/s}``; a value
    without that is told as it is, numbers with a decimal comma.

    Args:
        english: ``"hips by {hips:.2f}"``. french: ``"hanches de {hips}"``, with the same values.
        kinds: of the texts that are words themselves, by name of the value.

    Raises:
        ValueError: the languages do not tell the same values, or a kind is of none of them.
    """

    def __init__(self, english: str, french: str, **kinds: Text) -> None:
        self.english, self.french, self.kinds = english, french, kinds
        self.values = {name: spec for _, name, spec in _parts(english) if name}
        told = {name for _, name, _ in _parts(french) if name}
        if told != set(self.values) or not kinds.keys() <= told:
            raise ValueError(
                f"reason {english!r}: got the values {sorted(told)} in French and kinds of "
                f"{sorted(kinds)}, expected both of {sorted(self.values)}"
            )

    def __repr__(self) -> str:
        return f"Reason({self.english!r})"

    def say(self, **values: object) -> str:
        """Return the English sentence.

        Raises:
            KeyError: a value is missing.
        """
        return self.english.format(**values)

    def retold(self, text: str) -> str | None:
        """Return a sentence of `say` in French; None for any other text."""
        if self.landmark not in text:
            return None
        match = self._regex.fullmatch(text)
        return None if match is None else self._told(match.groupdict())

    @cached_property
    def landmark(self) -> str:
        """The longest of the words that every such sentence holds."""
        return max(self.literals, key=len)

    @property
    def literals(self) -> list[str]:
        """The words between the values."""
        return [literal for literal, _, _ in _parts(self.english)]

    @cached_property
    def weight(self) -> int:
        """How many characters are its own words at least: more are recognised more surely."""
        return sum(map(len, self.literals)) + sum(kind.weight for kind in self.kinds.values())

    @cached_property
    def pattern(self) -> str:
        """Regular expression of its sentences; its groups have no names."""
        return self._pattern(named=False)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(self._pattern(named=True), re.DOTALL)

    def _pattern(self, *, named: bool) -> str:
        written = []
        for literal, name, spec in _parts(self.english):
            written.append(re.escape(literal))
            if name:
                kind = self.kinds.get(name)
                value = kind.pattern if kind is not None else _NUMBER if spec else _TEXT
                written.append(f"(?P<{name}>{value})" if named else f"(?:{value})")
                # The sign of a share belongs to the sentence, which puts it elsewhere.
                written.append("%" if spec.endswith("%") else "")
        return "".join(written)

    def _told(self, values: dict[str, str]) -> str:
        french = {}
        for name, value in values.items():
            kind = self.kinds.get(name)
            french[name] = _Number(value) if self.values[name] else value
            if kind is not None:
                french[name] = kind.retold(value)
        return self.french.format(**french)


class Word(Reason):
    """A part that stands only as a value of another reason: ``left``, ``person 4``."""


class Text:
    """Value that is any text and stays as it is: a name."""

    @property
    def pattern(self) -> str:
        """Regular expression of it; its groups have no names."""
        return _TEXT

    @property
    def weight(self) -> int:
        """How many characters are its own words at least."""
        return 0

    def retold(self, text: str) -> str:
        """Return a text that the pattern fits, in French."""
        return text


class Label(Text):
    """Value that is a class of a detector; one without French stays as it is."""

    def retold(self, text: str) -> str:
        """Return the label in French."""
        return LABELS.get(text, text)


class OneOf(Text):
    """Value that is one of some reasons.

    Args:
        reasons: at least one; the first that recognises a text tells it.
    """

    def __init__(self, *reasons: Reason) -> None:
        self.reasons = reasons

    @property
    def pattern(self) -> str:
        """Regular expression of all of them."""
        return "|".join(reason.pattern for reason in self.reasons)

    @property
    def weight(self) -> int:
        """As a reason's: of the one with the fewest."""
        return min(reason.weight for reason in self.reasons)

    def retold(self, text: str) -> str:
        """Return a text that the pattern fits, in French."""
        told = (reason.retold(text) for reason in self.reasons)
        return next((french for french in told if french is not None), text)


class _Number(str):
    """A number as French writes it."""

    _several: bool

    def __new__(cls, english: str) -> _Number:
        made = super().__new__(cls, _NOT_FINITE.get(english, english.replace(".", ",")))
        # A NaN is not several.
        made._several = abs(float(english)) >= _SEVERAL
        return made

    def __format__(self, endings: str) -> str:
        # Anything else is how a number is to be written; it is written already.
        if "/" not in endings:
            return str(self)
        singular, _, plural = endings.partition("/")
        return plural if self._several else singular


def _parts(template: str) -> Iterator[tuple[str, str, str]]:
    """Return literal, name and format specification of each part; the last may have no name."""
    for literal, name, spec, _ in Formatter().parse(template):
        yield literal, name or "", spec or ""
