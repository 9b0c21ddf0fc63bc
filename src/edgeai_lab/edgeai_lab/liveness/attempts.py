"""The spoof set: who or what stands before the camera, one attempt at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np

from edgeai_core.types import Instruction
from edgeai_lab.liveness.camera import photograph, to_light
from edgeai_lab.liveness.instruments import Framing, Presentation
from edgeai_lab.liveness.relief import HeadMotion, LivingHead, draw_sway
from edgeai_lab.liveness.rendering import render
from edgeai_lab.liveness.scene import Scene, draw_scene, fill_frame
from edgeai_lab.pictures import Image

_ASPECT = 640 / 480
ATTACKS = tuple(
    (presentation, framing)
    for presentation in (Presentation.PRINT, Presentation.SCREEN, Presentation.REPLAY)
    for framing in Framing
)
# A turn that is asked for, and how fast people make it.
_TURN_RAD, _TURN_RAD_PER_S, _REACTION_S = math.radians(35.0), math.radians(70.0), 0.4


class Origin(Enum):
    """Where the person comes from: a real clip, or a still picture with simulated relief."""

    CLIP = "clip"
    RELIEF = "relief"


class Actor(Protocol):
    """Somebody or something before the camera."""

    def frame(self, time_s: float, asked: Instruction) -> Image:
        """Return the next frame, (480, 640, 3) uint8 BGR; `asked` was said after the last one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempt:
    """One attempt to be found living.

    Attributes:
        subject: a number that tells people apart; names stay out of results.
        origin, presentation, framing: what is before the camera. turning: the head is turned, as
            asked by a living person and at random in a recording. begin: makes the actor.
    """

    subject: int
    origin: Origin
    presentation: Presentation
    framing: Framing
    turning: bool
    begin: Callable[[], Actor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Length and rate of an attempt."""

    seconds: float
    frame_rate_hz: float

    @property
    def count(self) -> int:
        """Frames of an attempt."""
        return max(1, round(self.seconds * self.frame_rate_hz))

    def times_s(self) -> list[float]:
        """Time of each frame from 0."""
        return [index / self.frame_rate_hz for index in range(self.count)]


class _Playback:
    """Shows rendered frames and does not care what it is asked."""

    def __init__(self, frames: Generator[Image, None, None]) -> None:
        self._frames = frames

    def frame(self, time_s: float, asked: Instruction) -> Image:
        return next(self._frames)


class _Obedient:
    """A living head that turns as it is asked, after a time to react."""

    def __init__(self, head: LivingHead, scene: Scene) -> None:
        self._head, self._scene = head, scene
        rng = np.random.default_rng((scene.seed, 2))
        self._noise, self._sway = rng, draw_sway(rng)
        self._yaw_rad, self._last_s = 0.0, 0.0
        self._asked, self._asked_s = Instruction.NONE, 0.0

    def frame(self, time_s: float, asked: Instruction) -> Image:
        if asked is not self._asked:
            self._asked, self._asked_s = asked, time_s
        goal_rad = 0.0
        if time_s - self._asked_s >= _REACTION_S:
            goal_rad = {Instruction.TURN_LEFT: _TURN_RAD, Instruction.TURN_RIGHT: -_TURN_RAD}.get(
                self._asked, 0.0
            )
        reach_rad = _TURN_RAD_PER_S * (time_s - self._last_s)
        self._yaw_rad += float(np.clip(goal_rad - self._yaw_rad, -reach_rad, reach_rad))
        self._last_s = time_s
        picture = self._head.view(_turned(self._sway(time_s), self._yaw_rad))
        living = to_light(fill_frame(picture, zoom=self._scene.zoom))
        return photograph(living, self._scene.camera, self._noise)


def attempts_of_still(
    head: LivingHead, picture: Image, *, subject: int, seed: int, timing: Timing
) -> Iterator[Attempt]:
    """Yield one living attempt and one of each attack of a person with a single picture.

    Living and replay move with simulated relief; print and screen show the picture.
    """
    sway = draw_sway(np.random.default_rng((seed, 3)))
    cells = ((Presentation.BONA_FIDE, Framing.FULL), *ATTACKS)
    for number, (presentation, framing) in enumerate(cells):

        def pictures(presentation: Presentation = presentation) -> Sequence[Image]:
            if presentation in (Presentation.PRINT, Presentation.SCREEN):
                return [picture]
            return [head.view(sway(time_s)) for time_s in timing.times_s()]

        yield _attempt(
            pictures,
            subject=subject,
            origin=Origin.RELIEF,
            cell=(presentation, framing),
            seed=seed * 16 + number,
            timing=timing,
        )


def attempts_of_clip(
    pictures: Sequence[Image], *, subject: int, seed: int, timing: Timing
) -> Iterator[Attempt]:
    """Yield one living attempt and one of each attack of a stretch of a real clip."""
    for number, cell in enumerate(((Presentation.BONA_FIDE, Framing.FULL), *ATTACKS)):
        yield _attempt(
            lambda: pictures,
            subject=subject,
            origin=Origin.CLIP,
            cell=cell,
            seed=seed * 16 + number,
            timing=timing,
        )


def turning_attempts(
    head: LivingHead, *, subject: int, seed: int, timing: Timing
) -> Iterator[Attempt]:
    """Yield a living person who obeys and replays of somebody who turned at random."""
    living = draw_scene(Presentation.BONA_FIDE, Framing.FULL, aspect=_ASPECT, seed=seed * 16 + 8)
    yield Attempt(
        subject=subject,
        origin=Origin.RELIEF,
        presentation=Presentation.BONA_FIDE,
        framing=Framing.FULL,
        turning=True,
        begin=lambda: _Obedient(head, living),
    )
    for number, framing in enumerate(Framing):
        rng = np.random.default_rng((seed, 4 + number))
        sway, yaw = draw_sway(rng), _random_turns(timing, rng)

        def pictures(
            sway: Callable[[float], HeadMotion] = sway, yaw: Sequence[float] = yaw
        ) -> Sequence[Image]:
            times = timing.times_s()
            return [head.view(_turned(sway(t), y)) for t, y in zip(times, yaw, strict=True)]

        yield _attempt(
            pictures,
            subject=subject,
            origin=Origin.RELIEF,
            cell=(Presentation.REPLAY, framing),
            seed=seed * 16 + 9 + number,
            timing=timing,
            turning=True,
        )


def _attempt(
    pictures: Callable[[], Sequence[Image]],
    *,
    subject: int,
    origin: Origin,
    cell: tuple[Presentation, Framing],
    seed: int,
    timing: Timing,
    turning: bool = False,
) -> Attempt:
    presentation, framing = cell

    def begin() -> Actor:
        shown = pictures()
        aspect = shown[0].shape[1] / shown[0].shape[0]
        scene = draw_scene(presentation, framing, aspect=aspect, seed=seed)
        return _Playback(
            render(scene, shown, count=timing.count, frame_rate_hz=timing.frame_rate_hz)
        )

    return Attempt(
        subject=subject,
        origin=origin,
        presentation=presentation,
        framing=framing,
        turning=turning,
        begin=begin,
    )


def _turned(sway: HeadMotion, yaw_rad: float) -> HeadMotion:
    return HeadMotion(
        yaw_rad=sway.yaw_rad + yaw_rad,
        pitch_rad=sway.pitch_rad,
        right=sway.right,
        down=sway.down,
    )


def _random_turns(timing: Timing, rng: np.random.Generator) -> list[float]:
    """Return yaws, radians, of somebody who turns left or right and back every two seconds."""
    phase_s = float(rng.uniform(0.0, 2.0))
    sides = rng.choice([-1.0, 1.0], math.ceil(timing.seconds / 2.0) + 2)
    yaws = []
    for time_s in timing.times_s():
        turns, within = divmod(time_s + phase_s, 2.0)
        yaws.append(_TURN_RAD * float(sides[int(turns)]) * math.sin(math.pi * within / 2.0))
    return yaws
