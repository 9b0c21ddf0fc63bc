"""Numbers that are never used twice."""

from __future__ import annotations


class Numbering:
    """Counts up from 1; the parts of one watch share one."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """Return the next number."""
        self._last += 1
        return self._last
