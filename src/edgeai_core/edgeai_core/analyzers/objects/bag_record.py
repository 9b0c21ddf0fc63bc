"""One bag over time: where it rests, whether it is moved, and who carries it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from edgeai_core.analyzers.objects.people import PersonPlace
from edgeai_core.analyzers.objects.proximity import is_within_reach, overlap, scale_px
from edgeai_core.analyzers.objects.tracked import NS_PER_S
from edgeai_core.geometry import Box
from edgeai_core.object_events import ObjectState
from edgeai_core.types import Detection

# A bag rests when its centre stays within this share of its longer side for so long. The
# detector's jitter is 5 %; a walker moves it by several of its sides a second.
_STILL_SIDES = 0.35
_STILL_S = 1.0
# It is moved when it is this far from its place, for so long: what covers half of it moves the
# centre of what is seen by half a side at most.
_MOVED_SIDES = 0.9
_MOVED_S = 0.5
# Of the evidence for a carrier, half is forgotten in this time.
_CARRY_HALF_LIFE_S = 2.0
_PLACE_RATE = 0.1
_MIN_IOU = 0.3
_MAX_AREA_RATIO = 3.0
# A carried bag between two looks: a runner makes three heights a second, a bag is a third of one.
_MAX_SPEED_SIDES = 12.0
_MAX_JUMP_SIDES = 2.0


@dataclass(slots=True)
class BagRecord:
    """What is remembered of one bag.

    Attributes:
        number: of the incident. track_id: newest track. box: where it was seen last, pixels.
        score: 0..1, of that sight. first_ns, last_ns: stamps of the first and last sight.
        place: where it rests, None while it is moved. rested_ns: since when.
        carrier: identity of who carried it in its present or last move.
        reach_s: identity to seconds (fading) for which the moving bag was within reach.
        owners: identities of who may leave nobody else with it, the first is the owner.
        body_px: height of a body where it rests. furniture: it was there before the watch.
        fresh: it came to its place while the watch looked on.
        travelled: it was seen away from where it rests.
        unclaimed: it rests and nobody was looked for yet.
        attended_ns: when an owner was near last. returned_ns: since when one is near again.
        seen, looks: frames with it, and frames in which it could be seen, since then.
        absent_ns: since when its place is free to view and it is not there.
        touched: identity to stamp of who had it within reach last.
        beside: identity to seconds for which somebody stayed by it, and stamp of the last sight.
        state: what was decided, None while nothing is wrong. since_ns, reason: of that.
        removed: who made it vanish is decided.
    """

    number: int
    track_id: int
    box: Box
    score: float
    first_ns: int
    last_ns: int
    labels: dict[str, float] = field(default_factory=dict)
    place: Box | None = None
    rested_ns: int = 0
    carrier: int | None = None
    reach_s: dict[int, float] = field(default_factory=dict)
    owners: list[int] = field(default_factory=list)
    body_px: float | None = None
    furniture: bool = False
    fresh: bool = False
    travelled: bool = False
    unclaimed: bool = False
    attended_ns: int = 0
    returned_ns: int | None = None
    seen: int = 0
    looks: int = 0
    absent_ns: int | None = None
    touched: dict[int, int] = field(default_factory=dict)
    beside: dict[int, tuple[float, int]] = field(default_factory=dict)
    state: ObjectState | None = None
    since_ns: int = 0
    reason: str = ""
    removed: bool = False
    _still_at: tuple[float, float] = (0.0, 0.0)
    _still_ns: int = 0
    _displaced_ns: int | None = None

    @classmethod
    def begin(cls, number: int, detection: Detection, stamp_ns: int) -> BagRecord:
        """Return the record of a bag that was not known; the detection has a track."""
        assert detection.track_id is not None
        return cls(
            number=number,
            track_id=detection.track_id,
            box=detection.box,
            score=detection.score,
            first_ns=stamp_ns,
            last_ns=stamp_ns,
            labels={detection.label: detection.score},
            attended_ns=stamp_ns,
            _still_at=detection.box.center_px,
            _still_ns=stamp_ns,
        )

    @property
    def label(self) -> str:
        """What it was called most: detectors waver between kinds of bags."""
        return max(self.labels, key=lambda label: self.labels[label])

    @property
    def side_px(self) -> float:
        """Longer side where it rests, else where it is."""
        return scale_px(self.label, self.place or self.box)

    def continue_as(self, other: BagRecord) -> None:
        """Go on as a moving bag that was taken for another one."""
        self.track_id, self.box, self.score = other.track_id, other.box, other.score
        self.last_ns, self.carrier, self.reach_s = other.last_ns, other.carrier, other.reach_s
        self.place, self._displaced_ns = None, None
        self._still_at, self._still_ns = other._still_at, other._still_ns
        for label, score in other.labels.items():
            self.labels[label] = self.labels.get(label, 0.0) + score

    def place_cost(self, detection: Detection) -> float:
        """Return how far a detection is from the resting place, in sides; infinite for not it."""
        if self.place is None:
            return math.inf
        distance = math.dist(self.place.center_px, detection.box.center_px) / self.side_px
        if overlap(self.place, detection.box) < _MIN_IOU and distance > 0.5:
            return math.inf
        if not _alike(self.place, detection.box):
            return math.inf
        return distance + (0.0 if detection.track_id == self.track_id else 0.2)

    def may_jump_to(self, box: Box, stamp_ns: int) -> bool:
        """Return whether the same track can have moved there since the last sight."""
        elapsed_s = (stamp_ns - self.last_ns) / NS_PER_S
        reach_px = self.side_px * (_MAX_JUMP_SIDES + _MAX_SPEED_SIDES * elapsed_s)
        return math.dist(self.box.center_px, box.center_px) <= reach_px

    def see(self, detection: Detection, stamp_ns: int, people: list[PersonPlace]) -> None:
        """Take in a sight: rest, displacement and whose reach it is in."""
        assert detection.track_id is not None
        elapsed_s = (stamp_ns - self.last_ns) / NS_PER_S
        self.track_id, self.box, self.score = detection.track_id, detection.box, detection.score
        self.last_ns = stamp_ns
        self.labels[detection.label] = self.labels.get(detection.label, 0.0) + detection.score
        if self.place is not None:
            self._check_displacement(stamp_ns)
        if self.place is None or self._displaced_ns is not None:
            self._note_reach(people, elapsed_s)
        self._check_rest(stamp_ns)

    def _check_displacement(self, stamp_ns: int) -> None:
        assert self.place is not None
        distance = math.dist(self.place.center_px, self.box.center_px) / self.side_px
        if distance < _MOVED_SIDES:
            self._displaced_ns = None
            self.reach_s.clear()
            if distance < _STILL_SIDES:
                self.place = _blend(self.place, self.box)
            return
        if self._displaced_ns is None:
            self._displaced_ns = stamp_ns
        elif stamp_ns - self._displaced_ns >= _MOVED_S * NS_PER_S:
            self.place, self._displaced_ns, self.carrier = None, None, None
            self._still_at, self._still_ns = self.box.center_px, stamp_ns

    def _note_reach(self, people: list[PersonPlace], elapsed_s: float) -> None:
        # A bag that was not seen for a second says nothing about who had it meanwhile.
        elapsed_s = min(elapsed_s, 1.0)
        fade = 0.5 ** (elapsed_s / _CARRY_HALF_LIFE_S)
        self.reach_s = {who: s * fade for who, s in self.reach_s.items() if s * fade > 0.05}
        for person in people:
            if is_within_reach(self.box, person.box):
                self.reach_s[person.identity] = self.reach_s.get(person.identity, 0.0) + elapsed_s

    def _check_rest(self, stamp_ns: int) -> None:
        if self.place is not None:
            return
        if math.dist(self._still_at, self.box.center_px) > _STILL_SIDES * self.side_px:
            self._still_at, self._still_ns = self.box.center_px, stamp_ns
            self.travelled = True
        elif stamp_ns - self._still_ns >= _STILL_S * NS_PER_S:
            self.place, self.rested_ns, self.unclaimed = self.box, self._still_ns, True
            self.attended_ns, self.fresh = stamp_ns, True
            self.seen = self.looks = 0
            self.touched.clear()


def _alike(a: Box, b: Box) -> bool:
    small, large = sorted((max(a.area_px2, 1.0), max(b.area_px2, 1.0)))
    return large / small <= _MAX_AREA_RATIO


def _blend(a: Box, b: Box) -> Box:
    pairs = zip(a.as_xyxy(), b.as_xyxy(), strict=True)
    return Box(*((1 - _PLACE_RATE) * old + _PLACE_RATE * new for old, new in pairs))
