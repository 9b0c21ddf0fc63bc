"""What a detector and a tracker with their faults make of a world.

The faults: edges that jitter, frames without an object, seconds without it (which break a track),
what somebody else covers, kinds of bags that waver, boxes of nothing, and tracks that swap where
people meet.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from edgeai_core.analyzers.objects.proximity import covered_share, overlap
from edgeai_core.config import param
from edgeai_core.geometry import Box
from edgeai_core.types import Detection
from edgeai_lab.bags.world import HEIGHT_PX, WIDTH_PX, Held, World

BAG_LABELS = ("backpack", "handbag", "suitcase")
_HIDDEN_SHARE, _PARTLY_SHARE = 0.65, 0.35
_SWAP_IOU = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How bad the detector and the tracker are; rates are per frame of 0.2 s."""

    jitter: float = param(0.03, "Standard deviation of an edge, in sides of the box", minimum=0.0)
    person_miss: float = param(0.04, "Chance that a person is missed in a frame", minimum=0.0)
    bag_miss: float = param(0.15, "Chance that a standing bag is missed in a frame", minimum=0.0)
    held_miss: float = param(0.4, "Chance that a carried bag is missed in a frame", minimum=0.0)
    blackout: float = param(
        0.004, "Chance that an object begins to be missed for 1.2 to 2.5 s", minimum=0.0
    )
    label_flip: float = param(0.08, "Chance that a bag is called another kind", minimum=0.0)
    false_bags: float = param(0.01, "Boxes of no bag that begin, for 1 to 4 frames", minimum=0.0)
    swap: float = param(
        0.2, "Chance that two people whose boxes meet swap their tracks", minimum=0.0
    )


class Sensor:
    """Detects with faults; the same seed gives the same faults."""

    def __init__(self, world: World, faults: Faults, rng: np.random.Generator) -> None:
        self._world = world
        self._faults = faults
        self._rng = rng
        self._dark_until: dict[str, float] = {}
        self._kinds = {name: str(rng.choice(BAG_LABELS)) for name in sorted(world.bags)}
        self._ghost: tuple[Box, float] | None = None

    def detect(self, second: float) -> list[tuple[str, Detection]]:
        """Return what is detected, with the name of what it is ("" for boxes of nothing)."""
        people = self._world.person_boxes(second)
        found = []
        for name, box in people.items():
            others = [other for who, other in people.items() if who != name]
            seen = self._seen(name, box, others, self._faults.person_miss, second)
            if seen is not None:
                score = self._score(0.8, 0.08)
                found.append((name, Detection(label="person", score=score, box=seen)))
        for name, box in self._world.bag_boxes(second).items():
            held = isinstance(self._world.bags[name].at(second), Held)
            miss = self._faults.held_miss if held else self._faults.bag_miss
            # Who carries it stands no nearer to the camera than it does.
            others = [other for other in people.values() if other.y_max_px > box.y_max_px + 3]
            seen = self._seen(name, box, [] if held else others, miss, second)
            if seen is not None:
                score = self._score(0.6, 0.08)
                found.append((name, Detection(label=self._kind(name), score=score, box=seen)))
        return [*found, *self._ghosts(second)]

    def _seen(
        self, name: str, box: Box, others: list[Box], miss: float, second: float
    ) -> Box | None:
        rng, faults = self._rng, self._faults
        chance, begin, length = rng.random(), rng.random(), rng.uniform(1.2, 2.5)
        edges = rng.normal(0.0, faults.jitter, 4)
        cover = max(
            (covered_share(box, other) for other in others if other.y_max_px > box.y_max_px),
            default=0.0,
        )
        if begin < faults.blackout:
            self._dark_until[name] = second + length
        if second < self._dark_until.get(name, -1.0) or cover > _HIDDEN_SHARE:
            return None
        if chance < (0.5 if cover > _PARTLY_SHARE else miss):
            return None
        if cover > _PARTLY_SHARE:
            edges = edges * 3
        x_min, y_min, x_max, y_max = box.as_xyxy()
        sides = (box.width_px, box.height_px, box.width_px, box.height_px)
        moved = [v + e * s for v, e, s in zip(box.as_xyxy(), edges, sides, strict=True)]
        if moved[2] - moved[0] < 2 or moved[3] - moved[1] < 2:
            moved = [x_min, y_min, x_max, y_max]
        seen = Box(*map(float, moved)).clipped(width_px=WIDTH_PX, height_px=HEIGHT_PX)
        return seen if seen.width_px >= 2 and seen.height_px >= 2 else None

    def _score(self, mean: float, spread: float) -> float:
        return float(np.clip(self._rng.normal(mean, spread), 0.3, 0.98))

    def _kind(self, name: str) -> str:
        flips = self._rng.random() < self._faults.label_flip
        other = str(self._rng.choice(BAG_LABELS))
        return other if flips else self._kinds[name]

    def _ghosts(self, second: float) -> list[tuple[str, Detection]]:
        rng = self._rng
        begins, x, y = rng.random(), rng.uniform(50, WIDTH_PX - 50), rng.uniform(300, 700)
        frames = int(rng.integers(1, 5))
        if begins < self._faults.false_bags:
            self._ghost = (Box(x - 20, y - 40, x + 20, y), second + 0.2 * frames)
        if self._ghost is None or second >= self._ghost[1]:
            return []
        return [("", Detection(label="handbag", score=0.62, box=self._ghost[0]))]


class TrackSwapper:
    """Swaps the tracks of people who meet, by chance, once a meeting and for good."""

    def __init__(self, chance: float, rng: np.random.Generator) -> None:
        self._chance = chance
        self._rng = rng
        self._renamed: dict[int, int] = {}
        self._meeting: set[tuple[int, int]] = set()

    def apply(self, detections: tuple[Detection, ...]) -> tuple[Detection, ...]:
        """Return the tracked detections of a frame with what was swapped until now."""
        people = [d for d in detections if d.label == "person" and d.track_id is not None]
        meeting = set()
        for index, a in enumerate(people):
            for b in people[index + 1 :]:
                if overlap(a.box, b.box) < _SWAP_IOU:
                    continue
                assert a.track_id is not None
                assert b.track_id is not None
                pair = (min(a.track_id, b.track_id), max(a.track_id, b.track_id))
                meeting.add(pair)
                if pair not in self._meeting and self._rng.random() < self._chance:
                    first, second = (self._renamed.get(t, t) for t in pair)
                    self._renamed[pair[0]], self._renamed[pair[1]] = second, first
        self._meeting = meeting
        return tuple(
            dataclasses.replace(d, track_id=self._renamed.get(d.track_id, d.track_id))
            if d.track_id is not None
            else d
            for d in detections
        )
