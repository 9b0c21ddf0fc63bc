"""Who is who beyond the tracker: identities that survive the end of a track.

A tracker gives up what it does not see for a second. Here a new track takes over the identity of
one that ended nearby a short while ago and was of the same size. Where a description of the
appearance is given, one that differs forbids it, and one that agrees bridges minutes and places.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgeai_core.analyzers.objects.proximity import (
    feet,
    is_at_border,
    scale_px,
)
from edgeai_core.analyzers.objects.tracked import (
    NS_PER_S,
    Appearance,
    IdentitiesConfig,
    TrackedObject,
)
from edgeai_core.geometry import Box, iou_matrix
from edgeai_core.types import Detection

_MAX_IDENTITIES = 512
# A walker covers 0.8 of the own height in a second (1.4 m/s, 1.75 m); the search grows by more.
_SEARCH_SPEED = 1.0
_SEARCH_START = 0.5
_MAX_SEARCH = 2.5
_MAX_SIZE_RATIO = 1.5
# Of an identity's appearance, how much of it the newest sight is.
_APPEARANCE_RATE = 0.1
# Two boxes that overlap more than this can swap their tracks.
_MIXING_IOU = 0.3
_MIXING_S = 2.0


@dataclass(slots=True)
class _Known:
    number: int
    label: str
    track_id: int
    box: Box
    last_ns: int
    at_border: bool
    appearance: Appearance | None = None
    mixed_with: int = 0
    mixed_ns: int = 0


class Identities:
    """Numbers the tracked objects of one camera; owned by one thread."""

    def __init__(self, config: IdentitiesConfig | None = None) -> None:
        self._config = config or IdentitiesConfig()
        self._next_number = 1
        self._known: dict[int, _Known] = {}
        self._number_of_track: dict[int, int] = {}
        self._doubts: list[tuple[int, int]] = []

    @property
    def doubts(self) -> tuple[tuple[int, int], ...]:
        """Pairs of identities that may be each other since the last frame.

        Their boxes overlap, so that the tracker can swap them, or a new track fits both.
        """
        return tuple(self._doubts)

    def reset(self) -> None:
        """Forget everybody; numbers go on counting."""
        self._known.clear()
        self._number_of_track.clear()
        self._doubts.clear()

    def track_of(self, number: int) -> int | None:
        """Return the newest track of an identity, None when it is forgotten."""
        known = self._known.get(number)
        return None if known is None else known.track_id

    def update(
        self,
        detections: Sequence[Detection],
        *,
        stamp_ns: int,
        width_px: int,
        height_px: int,
        appearances: Mapping[int, Appearance] | None = None,
    ) -> tuple[TrackedObject, ...]:
        """Return the tracked detections of a frame with their identities; others are left out.

        Args:
            detections: of one frame, in pixels of a picture of `width_px` x `height_px`.
            stamp_ns: the frame's stamp, later than the one before.
            appearances: track to (D,) float32 of length 1, for any of the tracks.
        """
        appearances = appearances or {}
        self._doubts.clear()
        tracked = [(d, d.track_id) for d in detections if d.track_id is not None]
        present = {self._number_of_track.get(track_id) for _, track_id in tracked}
        numbers: dict[int, int] = {}
        for detection, track_id in sorted(tracked, key=lambda pair: pair[1]):
            number = self._number_of_track.get(track_id)
            if number is None:
                looks = appearances.get(track_id)
                number = self._continued(detection, looks, stamp_ns, present)
            if number is None:
                number, self._next_number = self._next_number, self._next_number + 1
            present.add(number)
            self._number_of_track[track_id] = number
            numbers[track_id] = number
            self._see(number, detection, track_id, stamp_ns, width_px, height_px)
        self._note_meetings(numbers, stamp_ns)
        self._unmix(numbers, appearances, stamp_ns)
        self._describe(numbers.values(), appearances, stamp_ns)
        self._forget(stamp_ns)
        return tuple(
            TrackedObject(
                identity=self._number_of_track[track_id],
                track_id=track_id,
                label=detection.label,
                score=detection.score,
                box=detection.box,
            )
            for detection, track_id in tracked
        )

    def _see(
        self,
        number: int,
        detection: Detection,
        track_id: int,
        stamp_ns: int,
        width_px: int,
        height_px: int,
    ) -> None:
        at_border = is_at_border(detection.box, width_px=width_px, height_px=height_px)
        known = self._known.get(number)
        if known is None:
            self._known[number] = _Known(
                number, detection.label, track_id, detection.box, stamp_ns, at_border
            )
            return
        known.track_id, known.box = track_id, detection.box
        known.last_ns, known.at_border = stamp_ns, at_border

    def _continued(
        self,
        detection: Detection,
        looks: Appearance | None,
        stamp_ns: int,
        present: set[int | None],
    ) -> int | None:
        """Return the identity that a new track continues; note which others it could."""
        costs = {
            known.number: self._cost(known, detection.box, looks, stamp_ns)
            for known in self._known.values()
            if known.number not in present and known.label == detection.label
        }
        possible = [number for number, cost in costs.items() if cost < math.inf]
        if not possible:
            return None
        best = min(possible, key=lambda number: (costs[number], number))
        self._doubts += [(best, other) for other in possible if other != best]
        return best

    def _cost(self, known: _Known, box: Box, looks: Appearance | None, stamp_ns: int) -> float:
        """Return how little speaks for a continuation, infinite for not at all."""
        gap_s = (stamp_ns - known.last_ns) / NS_PER_S
        likeness = _likeness(known.appearance, looks)
        if likeness is not None:
            if likeness < self._config.other_appearance:
                return math.inf
            if likeness >= self._config.same_appearance and gap_s <= self._config.memory_s:
                return 1.0 - likeness
        # Who went out of the picture is gone; at the border sooner somebody else comes.
        if gap_s > self._config.max_gap_s or (known.at_border and gap_s > 1.0):
            return math.inf
        size_px = scale_px(known.label, known.box)
        ratio = scale_px(known.label, box) / size_px
        if not 1 / _MAX_SIZE_RATIO <= ratio <= _MAX_SIZE_RATIO:
            return math.inf
        distance = math.dist(feet(known.box), feet(box)) / size_px
        if distance > min(_SEARCH_START + _SEARCH_SPEED * gap_s, _MAX_SEARCH):
            return math.inf
        return 1.0 + distance + gap_s

    def _note_meetings(self, numbers: Mapping[int, int], stamp_ns: int) -> None:
        """Remember whose boxes overlap: the tracker may swap them."""
        present = [self._known[number] for number in numbers.values()]
        boxes = np.array([known.box.as_xyxy() for known in present], np.float64)
        for row, column in np.argwhere(np.triu(iou_matrix(boxes, boxes), 1) > _MIXING_IOU):
            a, b = present[row], present[column]
            if a.label == b.label:
                a.mixed_with, a.mixed_ns = b.number, stamp_ns
                b.mixed_with, b.mixed_ns = a.number, stamp_ns
                self._doubts.append((a.number, b.number))

    def _unmix(
        self, numbers: Mapping[int, int], appearances: Mapping[int, Appearance], stamp_ns: int
    ) -> None:
        """Give identities back that the tracker swapped when two boxes met."""
        present = set(numbers.values())
        for number in sorted(present):
            a = self._known[number]
            b = self._known.get(a.mixed_with)
            lately = 0 < stamp_ns - a.mixed_ns <= _MIXING_S * NS_PER_S
            if b is None or b.number not in present or b.mixed_with != number or not lately:
                continue
            if self._look_swapped(a, b, appearances):
                self._swap(a, b)

    def _look_swapped(self, a: _Known, b: _Known, appearances: Mapping[int, Appearance]) -> bool:
        straight = (
            _likeness(a.appearance, appearances.get(a.track_id)),
            _likeness(b.appearance, appearances.get(b.track_id)),
        )
        crossed = (
            _likeness(a.appearance, appearances.get(b.track_id)),
            _likeness(b.appearance, appearances.get(a.track_id)),
        )
        pairs = zip(straight, crossed, strict=True)
        return all(
            kept is not None
            and swapped is not None
            and swapped > kept
            and swapped >= self._config.same_appearance
            for kept, swapped in pairs
        )

    def _swap(self, a: _Known, b: _Known) -> None:
        a.track_id, b.track_id = b.track_id, a.track_id
        a.box, b.box = b.box, a.box
        a.at_border, b.at_border = b.at_border, a.at_border
        self._number_of_track[a.track_id] = a.number
        self._number_of_track[b.track_id] = b.number

    def _describe(
        self, numbers: Iterable[int], appearances: Mapping[int, Appearance], stamp_ns: int
    ) -> None:
        """Learn appearances, of those alone who cannot have been mixed up."""
        for number in numbers:
            known = self._known[number]
            looks = appearances.get(known.track_id)
            mixed = known.mixed_with and stamp_ns - known.mixed_ns <= _MIXING_S * NS_PER_S
            if looks is None or (mixed and known.appearance is not None):
                continue
            if known.appearance is None:
                known.appearance = looks
                continue
            blend = (1 - _APPEARANCE_RATE) * known.appearance + _APPEARANCE_RATE * looks
            length = max(float(np.linalg.norm(blend)), 1e-9)
            known.appearance = (blend / length).astype(np.float32)

    def _forget(self, stamp_ns: int) -> None:
        config = self._config
        for known in sorted(self._known.values(), key=lambda entry: entry.last_ns):
            limit_s = config.max_gap_s
            if known.appearance is not None:
                limit_s = max(limit_s, config.memory_s)
            too_many = len(self._known) > _MAX_IDENTITIES
            if too_many or stamp_ns - known.last_ns > limit_s * NS_PER_S:
                del self._known[known.number]
        self._number_of_track = {
            track: number
            for track, number in self._number_of_track.items()
            if number in self._known and self._known[number].track_id == track
        }


def _likeness(a: Appearance | None, b: Appearance | None) -> float | None:
    if a is None or b is None:
        return None
    return float(np.dot(a, b))
