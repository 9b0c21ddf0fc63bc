"""Recognises sentences by the reasons that they are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable

from edgeai_core.reasons.template import Reason

# What joins the parts of a sentence, and what does in French.
CLAUSE, ITEM = "; ", ", "
_MARKS = {CLAUSE: " ; ", ITEM: ", "}
_MARK = re.compile("|".join(map(re.escape, _MARKS)))
# Analyzers stay far below both (eleven marks and 300 characters with four flames left alone): what
# somebody sends who is no analyzer costs little time.
MAX_CHARS, MAX_MARKS = 2000, 32


class Wordbook:
    """Reasons by which texts are recognised.

    Args:
        reasons: of any order; what has more words of its own is tried first, so that a name never
            swallows the words of another reason.
    """

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self.reasons = tuple(sorted(reasons, key=lambda r: -sum(map(len, r.literals))))

    def retold(self, text: str) -> str:
        """Return a text in French; as it is when any part of it is unknown or it is too long."""
        marks = list(_MARK.finditer(text)) if len(text) <= MAX_CHARS else []
        if not text or len(text) > MAX_CHARS or len(marks) > MAX_MARKS:
            return text
        # told[begin]: the French from there to the end; made from the end on, so that each part
        # of the text is looked at once however many ways there are to divide it.
        told: dict[int, str] = {}
        begins = [0, *(mark.end() for mark in marks)]
        for begin in reversed(begins):
            later = [mark for mark in marks if mark.start() > begin]
            for mark in later:
                if mark.end() in told and (french := self._part(text[begin : mark.start()])):
                    told[begin] = f"{french}{_MARKS[mark[0]]}{told[mark.end()]}"
                    break
            else:
                if (french := self._part(text[begin:])) is not None:
                    told[begin] = french
        return told.get(0, text)

    def part_of(self, text: str) -> Reason | None:
        """Return the reason that a single part is recognised by."""
        return next((reason for reason in self.reasons if reason.retold(text) is not None), None)

    def _part(self, text: str) -> str | None:
        told = (reason.retold(text) for reason in self.reasons)
        return next((french for french in told if french is not None), None)
