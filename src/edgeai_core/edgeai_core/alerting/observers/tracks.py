"""Memory of what was seen when, per track; bounded."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

NS_PER_S = 1_000_000_000
KeyT = TypeVar("KeyT", bound=Hashable)


def to_ns(seconds: float) -> int:
    """Return whole nanoseconds."""
    return round(seconds * NS_PER_S)


def to_s(nanoseconds: int) -> float:
    """Return seconds."""
    return nanoseconds / NS_PER_S


class Track:
    """One stay of something in the picture.

    Attributes:
        first_ns, last_ns: stamps of the first and the latest frame with it.
        cleared_ns: latest frame that spoke against an event; None for none.
    """

    __slots__ = ("_counted", "_reported_ns", "cleared_ns", "first_ns", "last_ns")

    def __init__(self, *, stamp_ns: int, frames: int) -> None:
        self.first_ns = stamp_ns
        self.last_ns = stamp_ns
        self.cleared_ns: int | None = None
        self._counted: deque[int] = deque(maxlen=frames)
        self._reported_ns: int | None = None

    def count(self, stamp_ns: int) -> None:
        """Count a frame; a second sighting in the same frame adds nothing."""
        if not self._counted or self._counted[-1] != stamp_ns:
            self._counted.append(stamp_ns)

    def span_ns(self) -> int | None:
        """Return how long the last `frames` counted frames took; None while there are fewer."""
        if len(self._counted) < (self._counted.maxlen or 0):
            return None
        return self._counted[-1] - self._counted[0]

    def take_report(self, stamp_ns: int, *, repeat_ns: int) -> bool:
        """Return True for the first report and then once per `repeat_ns`."""
        if self._reported_ns is not None and stamp_ns - self._reported_ns < repeat_ns:
            return False
        self._reported_ns = stamp_ns
        return True


class TrackMemory(Generic[KeyT]):
    """The tracks that were seen lately.

    Args:
        gap_ns: unseen for longer, or seen before its own past (a looped recording): a new stay.
        frames: how many counted frames a track remembers.
        max_tracks: the one that was not seen for longest is forgotten first.
    """

    def __init__(self, *, gap_ns: int, frames: int = 1, max_tracks: int = 256) -> None:
        self._gap_ns = gap_ns
        self._frames = frames
        self._max_tracks = max_tracks
        self._tracks: OrderedDict[KeyT, Track] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tracks)

    def seen(self, key: KeyT, stamp_ns: int) -> Track:
        """Return the track of this stay, begun now if there is none."""
        track = self._tracks.get(key)
        if track is None or not 0 <= stamp_ns - track.last_ns <= self._gap_ns:
            track = self._tracks[key] = Track(stamp_ns=stamp_ns, frames=self._frames)
        track.last_ns = stamp_ns
        self._tracks.move_to_end(key)
        if len(self._tracks) > self._max_tracks:
            self._tracks.popitem(last=False)
        return track

    def clear(self) -> None:
        """Forget every track."""
        self._tracks.clear()
