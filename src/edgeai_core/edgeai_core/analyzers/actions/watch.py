"""The watch over the movements of one camera's people and vehicles."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgeai_core.action_events import ActionEvent
from edgeai_core.analyzers.actions.accident_rules import AccidentsConfig
from edgeai_core.analyzers.actions.accidents import Accidents
from edgeai_core.analyzers.actions.fall_rules import FallsConfig
from edgeai_core.analyzers.actions.falls import Falls
from edgeai_core.analyzers.actions.fights import Fights, FightsConfig, MotionJudge
from edgeai_core.analyzers.actions.flight import Flight, FlightConfig
from edgeai_core.analyzers.actions.gaits import Gaits, GaitsConfig
from edgeai_core.analyzers.actions.pose import Pose, PoseRegion
from edgeai_core.analyzers.actions.sights import Person, sight_of
from edgeai_core.config import group, param
from edgeai_core.geometry import Box
from edgeai_core.types import Detection
from edgeai_core.view import ViewWatch

PERSON_LABEL = "person"
# What is remembered of one person; falls look back 1.5 s and at the body's height before.
_WINDOW_S = 3.0
_MAX_PEOPLE = 64


class PoseSource(Protocol):
    """Places joints on a person of a picture; `pose.PoseEstimator` does."""

    def estimate(
        self, image: npt.NDArray[np.uint8], box: Box, *, region: PoseRegion | None = None
    ) -> Pose | None:
        """Return the pose of the person in a box, None where there is none to be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PosesConfig:
    """On whom joints are placed; group ``poses``."""

    enabled: bool = param(True, "Place joints on people; without them boxes alone decide.")
    min_height_px: float = param(
        90.0,
        "Joints are placed on people whose box is at least this high or wide; on smaller ones "
        "they are wrong too often.",
        unit="px",
        minimum=16.0,
        maximum=4096.0,
    )
    max_people: int = param(
        6,
        "Joints are placed on so many people of a picture, the largest first. Each takes 7 to 15 "
        "ms on one core.",
        minimum=0,
        maximum=64,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionWatchConfig:
    """What is watched for."""

    poses: PosesConfig = group(PosesConfig)
    falls: FallsConfig = group(FallsConfig)
    gaits: GaitsConfig = group(GaitsConfig)
    flight: FlightConfig = group(FlightConfig)
    accidents: AccidentsConfig = group(AccidentsConfig)
    fights: FightsConfig = group(FightsConfig)


class ActionWatch:
    """Turns the tracked people and vehicles of one camera into events; owned by one thread.

    Time is the frames' stamps, so a replayed recording gives the same events: a stamp that goes
    back starts anew, a repeated one adds nothing. A cut, or a camera that is turned, starts anew
    too: what was before has nothing to do with what is seen now. Bars around the picture are none
    of it. Memory is bounded.

    Args:
        config: what is watched for. poses: places joints; None to decide by boxes alone.
            motion: judges pictures of motion; None to watch for no fights.

    Raises:
        ConfigError: a zone is not written as it should be.
    """

    def __init__(
        self,
        config: ActionWatchConfig | None = None,
        *,
        poses: PoseSource | None = None,
        motion: MotionJudge | None = None,
    ) -> None:
        self._config = config or ActionWatchConfig()
        self._poses = poses if self._config.poses.enabled else None
        numbers = itertools.count(1)
        self._falls = Falls(self._config.falls, next_incident=lambda: next(numbers))
        self._gaits = Gaits(self._config.gaits, next_incident=lambda: next(numbers))
        self._flight = Flight(self._config.flight, next_incident=lambda: next(numbers))
        self._accidents = Accidents(self._config.accidents, next_incident=lambda: next(numbers))
        self._view = ViewWatch()
        self._fights = Fights(
            self._config.fights, judge=motion, next_incident=lambda: next(numbers)
        )
        self._people: dict[int, Person] = {}
        self._last_ns: int | None = None

    def retune(self, config: ActionWatchConfig) -> None:
        """Take live parameters from the next frame on; what goes on is kept.

        Raises:
            ConfigError: a zone is not written as it should be.
        """
        self._falls.retune(config.falls)

    def reset(self) -> None:
        """Forget everything; incidents go on counting."""
        self._last_ns = None
        self._view.reset()
        self._forget()

    def _forget(self) -> None:
        self._people.clear()
        parts = (self._falls, self._gaits, self._flight, self._accidents, self._fights)
        for part in parts:
            part.reset()

    def update(
        self,
        image: npt.NDArray[np.uint8],
        detections: Sequence[Detection],
        *,
        stamp_ns: int,
        local_time: time,
    ) -> tuple[ActionEvent, ...]:
        """Return what changed with a frame.

        Args:
            image: (H, W, 3) uint8 BGR. detections: what the tracker returned for the frame, any
                labels, pixels of the image. stamp_ns: the frame's stamp. local_time: time of day
                at the camera, for zones that count for some hours.

        Raises:
            ModelError: a model does not take or give what its card says.
        """
        if self._last_ns is not None and stamp_ns == self._last_ns:
            return ()
        if self._last_ns is not None and stamp_ns < self._last_ns:
            self.reset()
        self._last_ns = stamp_ns
        height_px, width_px = image.shape[:2]
        view = self._view.update(image, stamp_ns)
        if view.changed:
            self._forget()
        self._see(image, detections, view.area, stamp_ns)
        poses = self._poses
        falls = self._falls.update(
            self._people,
            stamp_ns=stamp_ns,
            width_px=width_px,
            height_px=height_px,
            area=view.area,
            local_time=local_time,
            search=None if poses is None else lambda box: poses.estimate(image, box),
        )
        gaits = self._gaits.update(
            self._people,
            stamp_ns=stamp_ns,
            width_px=width_px,
            height_px=height_px,
            down=self._falls.down_tracks(),
        )
        flight = self._flight.update(self._gaits.running(), self._people, stamp_ns=stamp_ns)
        accidents = self._accidents.update(
            detections, self._falls.current(stamp_ns), stamp_ns=stamp_ns, area=view.area
        )
        fights = self._fights.update(
            image,
            self._people,
            stamp_ns=stamp_ns,
            fallen=bool(self._falls.down_tracks() or self._falls.current(stamp_ns)),
        )
        return (*falls, *gaits, *flight, *accidents, *fights)

    def current(self) -> tuple[ActionEvent, ...]:
        """Return what goes on: falls, people who lie, gaits, flight, accidents, fights."""
        if self._last_ns is None:
            return ()
        return (
            *self._falls.current(self._last_ns),
            *self._gaits.current(self._people, self._last_ns),
            *self._flight.current(self._last_ns),
            *self._accidents.current(self._last_ns),
            *self._fights.current(self._last_ns),
        )

    def people(self) -> tuple[Person, ...]:
        """Return the people of the last frame, for drawing joints; owned by the watch."""
        return tuple(p for p in self._people.values() if p.last.stamp_ns == self._last_ns)

    def _see(
        self,
        image: npt.NDArray[np.uint8],
        detections: Sequence[Detection],
        area: Box,
        stamp_ns: int,
    ) -> None:
        tracked = [
            (detection.track_id, detection.box)
            for detection in detections
            if detection.label == PERSON_LABEL and detection.track_id is not None
        ]
        # Python's sort is stable: the same input gives the same order.
        tracked.sort(key=lambda pair: -pair[1].area_px2)
        for index, (track_id, box) in enumerate(tracked[:_MAX_PEOPLE]):
            pose = self._pose_of(image, track_id, box) if self._affords(index, box) else None
            sight = sight_of(box, pose, stamp_ns=stamp_ns, area=area)
            if track_id not in self._people:
                self._people[track_id] = Person(track_id, window_s=_WINDOW_S)
            self._people[track_id].add(sight)
        self._people = {
            track_id: person
            for track_id, person in self._people.items()
            if stamp_ns - person.last.stamp_ns <= _WINDOW_S * 1e9
        }

    def _affords(self, index: int, box: Box) -> bool:
        config = self._config.poses
        size_px = max(box.height_px, box.width_px)
        return index < config.max_people and size_px >= config.min_height_px

    def _pose_of(self, image: npt.NDArray[np.uint8], track_id: int, box: Box) -> Pose | None:
        if self._poses is None:
            return None
        person = self._people.get(track_id)
        known = None if person is None else person.last.pose
        return self._poses.estimate(image, box, region=None if known is None else known.region)
