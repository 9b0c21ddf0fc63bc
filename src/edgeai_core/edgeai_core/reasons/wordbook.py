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
# Where no part begins.
_END = -1


class Wordbook:
    """Reasons by which texts are recognised.

    Args:
        reasons: of any order; what has more words of its own is tried first, so that a name never
            swallows the words of another reason.
    """

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self.reasons = tuple(sorted(reasons, key=lambda r: -r.weight))

    def retold(self, text: str) -> str:
        """Return a text in French; as it is when any part of it is unknown or it is too long."""
        marks = list(_MARK.finditer(text)) if len(text) <= MAX_CHARS else []
        if not text or len(text) > MAX_CHARS or len(marks) > MAX_MARKS:
            return text
        # By where it begins: how many words are recognised from there to the end, and the French.
        # Made from the end on, so that no part is looked at twice; of several ways to divide the
        # text the one with the most words of reasons has the fewest in names.
        told: dict[int, tuple[int, str]] = {_END: (0, "")}
        for begin in reversed([0, *(mark.end() for mark in marks)]):
            ends = [(mark.start(), mark.end(), _MARKS[mark[0]]) for mark in marks]
            ways = [
                (part[0] + told[then][0], part[1] + joint + told[then][1])
                for end, then, joint in (*ends, (len(text), _END, ""))
                if end > begin and then in told and (part := self._part(text[begin:end]))
            ]
            if ways:
                told[begin] = max(ways)
        return told.get(0, (0, text))[1]

    def part_of(self, text: str) -> Reason | None:
        """Return the reason that a single part is recognised by."""
        return next((reason for reason in self.reasons if reason.retold(text) is not None), None)

    def _part(self, text: str) -> tuple[int, str] | None:
        told = ((reason.weight, reason.retold(text)) for reason in self.reasons)
        return next(((weight, french) for weight, french in told if french is not None), None)
