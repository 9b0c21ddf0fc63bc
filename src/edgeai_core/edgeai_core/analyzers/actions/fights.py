"""Fights over time: pictures of motion judged over two seconds, told when they go on.

What decides is how things move where most of it happens, so that a fight is seen in a crowd of
small people whom no detector finds. Somebody who is alone in the picture does not fight.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.analyzers.actions.motion import (
    Floats,
    Moments,
    Square,
    busiest_square,
    cut_out,
)
from edgeai_core.analyzers.actions.sights import Person
from edgeai_core.config import param
from edgeai_core.geometry import Box
from edgeai_core.reasons import actions as reasons
from edgeai_core.reasons.wordbook import CLAUSE

# Parts of the picture's short side that are judged: fights near the camera and far from it.
SHARES = (0.35, 0.5, 0.75)
# Every so many moments a reading: 0.2 s.
STRIDE = 2
# A square whose pixels change by less on average, of 255, shows a still scene.
_STILL = 0.5
# Of readings in which exactly one person is seen: so many and the person is taken to be alone. In
# CCTV the detector finds one of several people now and then, so most is not enough.
_ALONE_SHARE = 0.8
_MAX_READINGS = 128
# A fight is told again when its probability has risen by so much since it was told last: it may
# begin as a guess that nobody is woken for.
_SURER = 0.1


class MotionJudge(Protocol):
    """Says how much pictures of motion look like a fight; `fight_model.FightModel` does."""

    def features(self, pictures: Sequence[Floats]) -> Floats:
        """Return (N, D) features of N (side, side, 3) pictures, 0..255."""

    def logit(self, features: Floats) -> float:
        """Return the logarithm of the odds of a fight for (N, D) features."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FightsConfig:
    """When a fight is told; group ``fights``."""

    enabled: bool = param(True, "Tell when people fight.")
    begin_probability: float = param(
        0.5,
        "A fight begins when the window's probability reaches this. Raise it for a camera that "
        "sees much harmless haste; lower tells more fights and more false ones.",
        minimum=0.01,
        maximum=0.99,
    )
    end_probability: float = param(
        0.35,
        "A fight is over when the window's probability falls below this; keep it under "
        "begin_probability, or one fight is told as many.",
        minimum=0.0,
        maximum=0.99,
    )
    window_s: float = param(
        2.5,
        "So much time is judged as a whole. Longer is calmer and ends later.",
        unit="s",
        minimum=0.5,
        maximum=30.0,
    )
    min_duration_s: float = param(
        1.2,
        "Nothing is told before so much of the window was seen.",
        unit="s",
        minimum=0.3,
        maximum=30.0,
    )
    ignore_alone: bool = param(
        True,
        "Somebody who is alone in the picture cannot fight. Turn it off where the detector misses "
        "most people.",
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reading:
    """What four moments show, from the oldest to the newest; no features of a still scene."""

    begun_ns: int
    stamp_ns: int
    features: Floats | None
    box: Box
    alone: bool


class Fights:
    """Watches one camera for fights; owned by one thread. Time is stamps, memory is bounded.

    Args:
        config: when a fight is told. judge: the network; None to tell nothing. next_incident:
            gives a number that was never given.
    """

    def __init__(
        self, config: FightsConfig, *, judge: MotionJudge | None, next_incident: Callable[[], int]
    ) -> None:
        self._config = config
        self._judge = judge
        self._next_incident = next_incident
        self._moments = Moments()
        self._kept = 0
        self._readings: deque[_Reading] = deque(maxlen=_MAX_READINGS)
        self._event: ActionEvent | None = None
        self._told_probability = 0.0

    def reset(self) -> None:
        """Forget everything."""
        self._moments.reset()
        self._kept = 0
        self._readings.clear()
        self._event = None

    def update(
        self,
        image: npt.NDArray[np.uint8],
        people: Mapping[int, Person],
        *,
        stamp_ns: int,
        fallen: bool = False,
    ) -> tuple[ActionEvent, ...]:
        """Return what changed with a frame.

        Args:
            image: (H, W, 3) uint8 BGR. people: by track; those whose last sight has this stamp
                are seen now. stamp_ns: the frame's. fallen: somebody drops or is down, whom the
                detector may have lost.

        Raises:
            ModelError: the model does not take or give what its card says.
        """
        judge = self._judge if self._config.enabled else None
        if judge is None or not self._moments.add(image, stamp_ns):
            return ()
        self._kept += 1
        if (self._kept - 4) % STRIDE:
            return ()
        changes = self._moments.changes()
        if changes is None:
            return ()
        seen = sum(person.last.stamp_ns == stamp_ns for person in people.values())
        alone = seen == 1 or (seen == 0 and fallen)
        self._readings.append(self._read(judge, changes, image.shape[:2], stamp_ns, alone=alone))
        window_ns = self._config.window_s * 1e9
        while len(self._readings) > 1 and stamp_ns - self._readings[0].begun_ns > window_ns:
            self._readings.popleft()
        return self._decide(people, stamp_ns)

    def current(self, stamp_ns: int) -> tuple[ActionEvent, ...]:
        """Return the fight that goes on, if one does."""
        if self._event is None:
            return ()
        return (dataclasses.replace(self._event, stamp_ns=stamp_ns),)

    def _read(
        self,
        judge: MotionJudge,
        changes: Floats,
        shape: tuple[int, ...],
        stamp_ns: int,
        *,
        alone: bool,
    ) -> _Reading:
        squares = [busiest_square(changes, share=share) for share in SHARES]
        middle = squares[len(squares) // 2]
        features = None
        if _mean_inside(changes, middle) >= _STILL:
            features = judge.features([cut_out(changes, square) for square in squares])
        return _Reading(
            begun_ns=self._moments.begun_ns(),
            stamp_ns=stamp_ns,
            features=features,
            box=middle.box_in(width_px=shape[1], height_px=shape[0]),
            alone=alone,
        )

    def _decide(self, people: Mapping[int, Person], stamp_ns: int) -> tuple[ActionEvent, ...]:
        config = self._config
        probability = self._probability()
        before = self._event
        if before is None:
            seen_s = (stamp_ns - self._readings[0].begun_ns) / 1e9
            if seen_s + 1e-6 < config.min_duration_s or probability < config.begin_probability:
                return ()
            self._event = self._begun(probability, people, stamp_ns)
            self._told_probability = probability
            return (self._event,)
        if probability >= min(config.end_probability, config.begin_probability):
            tracks, box = self._taking_part(people)
            self._event = dataclasses.replace(
                before,
                probability=probability,
                track_ids=tuple(sorted({*before.track_ids, *tracks})),
                box=box,
                stamp_ns=stamp_ns,
            )
            if probability < self._told_probability + _SURER:
                return ()
            self._told_probability = probability
            return (self._event,)
        self._event = None
        return (dataclasses.replace(before, end_ns=before.stamp_ns, stamp_ns=stamp_ns),)

    def _probability(self) -> float:
        """Return the window's probability; 0 of somebody alone and of a scene that is still."""
        lively = [reading for reading in self._readings if reading.features is not None]
        if 2 * len(lively) < len(self._readings):
            return 0.0
        alone = sum(reading.alone for reading in self._readings)
        if self._config.ignore_alone and alone >= _ALONE_SHARE * len(self._readings):
            return 0.0
        logit = max(-30.0, min(30.0, self._logit(lively)))
        return 1.0 / (1.0 + math.exp(-logit))

    def _logit(self, readings: Sequence[_Reading]) -> float:
        features = [r.features for r in readings if r.features is not None]
        if self._judge is None or not features:
            return 0.0
        return self._judge.logit(np.concatenate(features))

    def _begun(
        self, probability: float, people: Mapping[int, Person], stamp_ns: int
    ) -> ActionEvent:
        lively = [reading for reading in self._readings if reading.features is not None]
        whole = self._logit(lively)
        # A reading speaks for a fight by as much as the odds sink without it.
        weights = [
            whole - self._logit([other for other in lively if other is not reading])
            for reading in lively
        ]
        decisive = [r for r, weight in zip(lively, weights, strict=True) if weight > 0] or lively
        strongest = lively[int(np.argmax(weights))]
        begun_ns = decisive[0].begun_ns
        tracks, box = self._taking_part(people)
        moved = reasons.MOVES_LIKE_A_FIGHT.say(
            decisive=len(decisive),
            moments=len(self._readings),
            span_s=(stamp_ns - self._readings[0].begun_ns) / 1e9,
            before_s=(stamp_ns - strongest.stamp_ns) / 1e9,
        )
        return ActionEvent(
            action=Action.FIGHT,
            incident=self._next_incident(),
            probability=probability,
            track_ids=tracks,
            box=box,
            start_ns=begun_ns,
            end_ns=begun_ns,
            stamp_ns=stamp_ns,
            reason=CLAUSE.join([moved, _people(len(tracks))]),
        )

    def _taking_part(self, people: Mapping[int, Person]) -> tuple[tuple[int, ...], Box]:
        """Return the tracks at the place of the newest reading, and the box around all."""
        place = self._readings[-1].box
        there = {
            track_id: person.place
            for track_id, person in people.items()
            if _takes_part(person.place, place)
        }
        return tuple(sorted(there)), _around([place, *there.values()])


def _mean_inside(changes: Floats, square: Square) -> float:
    rows = slice(square.y_px, square.y_px + square.side_px)
    return float(changes[:, rows, square.x_px : square.x_px + square.side_px].mean())


def _takes_part(person: Box, place: Box) -> bool:
    """Whether the middle of a person, or of the place, lies in the other."""
    return _holds(place, person.center_px) or _holds(person, place.center_px)


def _holds(box: Box, point_xy_px: tuple[float, float]) -> bool:
    x, y = point_xy_px
    return box.x_min_px <= x <= box.x_max_px and box.y_min_px <= y <= box.y_max_px


def _around(boxes: Sequence[Box]) -> Box:
    edges = list(zip(*(box.as_xyxy() for box in boxes), strict=True))
    return Box(min(edges[0]), min(edges[1]), max(edges[2]), max(edges[3]))


def _people(count: int) -> str:
    if count == 0:
        return reasons.NOBODY_THERE.say()
    return reasons.ONE_THERE.say() if count == 1 else reasons.PEOPLE_THERE.say(people=count)
