"""Whom the last compared frames of every track named."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection


class Agreement:
    """Counts, per track, how many of the last compared frames named a person.

    Args:
        window: compared frames that are looked back at. max_age_ns: older ones do not count.
    """

    def __init__(self, *, window: int, max_age_ns: int) -> None:
        self._window = window
        self._max_age_ns = max_age_ns
        self._votes: dict[int, deque[tuple[int, str]]] = {}

    @property
    def track_ids(self) -> Collection[int]:
        """The tracks that were compared not too long ago."""
        return self._votes.keys()

    def clear(self) -> None:
        """Forget everything."""
        self._votes.clear()

    def forget_old(self, stamp_ns: int) -> None:
        """Drop what is too old at a time, and tracks of which nothing is left."""
        for track_id, votes in list(self._votes.items()):
            while votes and votes[0][0] < stamp_ns - self._max_age_ns:
                votes.popleft()
            if not votes:
                del self._votes[track_id]

    def add(self, track_id: int, stamp_ns: int, person_id: str) -> None:
        """Note whom a frame named; empty for nobody."""
        votes = self._votes.setdefault(track_id, deque(maxlen=self._window))
        votes.append((stamp_ns, person_id))

    def count(self, track_id: int | None, person_id: str) -> int:
        """Return how many of the track's last frames named the person; 0 without either."""
        if track_id is None or not person_id:
            return 0
        return sum(voted == person_id for _, voted in self._votes.get(track_id, ()))
