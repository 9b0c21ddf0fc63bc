"""For tests: what is left of English in a sentence that should be French."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from edgeai_core.reasons import FAMILIES
from edgeai_core.reasons.labels import LABELS
from edgeai_core.reasons.template import OneOf, Reason

_WORD = re.compile(r"[^\W\d_]+")


def all_reasons() -> Iterator[Reason]:
    """Give every reason of the table, words that stand only inside of others among them."""
    for family in FAMILIES:
        for value in vars(family).values():
            if isinstance(value, Reason):
                yield value
            elif isinstance(value, OneOf):
                yield from value.reasons


def english_left(text: str) -> set[str]:
    """Return the words of a text that the table knows in English and not in French."""
    return _words([text]) & _ENGLISH_ONLY


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in _WORD.findall(text.lower())}


_REASONS = tuple(all_reasons())
_ENGLISH = _words([*LABELS, *(part for reason in _REASONS for part in reason.literals)])
_ENGLISH_ONLY = _ENGLISH - _words([*LABELS.values(), *(reason.french for reason in _REASONS)])
