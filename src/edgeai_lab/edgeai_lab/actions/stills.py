"""Run the shipped chain over stills of accidents, in the order in which they were filmed."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edgeai_core.action_events import Action
from edgeai_core.analyzers.actions.vehicles import VEHICLE_LABELS
from edgeai_core.analyzers.actions.watch import ActionWatch, ActionWatchConfig
from edgeai_core.errors import DataError
from edgeai_core.tracking import Tracker
from edgeai_lab.actions.evaluation import Chain
from edgeai_lab.progress import Track, silent

ACCIDENT_FOLDER, QUIET_FOLDER = "Accident", "Non_Accident"
# CLIP__NAME_12.jpg or CLIP__NAME_(12).jpg: the clip before the two underscores, the still's number
# at the end.
_NAME = re.compile(r"(?P<clip>.+?)__.*?\(?(?P<number>\d+)\)?$")
_NOON = datetime.time(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One picture of a clip.

    Attributes:
        number: counts along the clip, with gaps. accident: an accident is to be seen. path: of it.
    """

    number: int
    accident: bool
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StillsScore:
    """What was told of clips of which only stills are known.

    Attributes:
        clips: how many. with_accident: of these. told: of those with an accident, in how many one
            was told once it was to be seen. told_before: clips in which one was told before that,
            or without any. stills: pictures. vehicles: tracked ones.
    """

    clips: int
    with_accident: int
    told: int
    told_before: int
    stills: int
    vehicles: int


def clips_of_stills(root: Path) -> dict[str, tuple[Still, ...]]:
    """Return the stills of every clip below ROOT/Accident and ROOT/Non_Accident, by number.

    Raises:
        DataError: there are none, or one is not named CLIP__NAME_NUMBER.
    """
    clips: dict[str, list[Still]] = {}
    for folder in (ACCIDENT_FOLDER, QUIET_FOLDER):
        for path in sorted((root / folder).glob("*.jpg")):
            found = _NAME.fullmatch(path.stem)
            if found is None:
                raise DataError(f"stills: {path} is not named CLIP__NAME_NUMBER.jpg")
            still = Still(
                number=int(found["number"]), accident=folder == ACCIDENT_FOLDER, path=path
            )
            clips.setdefault(found["clip"], []).append(still)
    if not clips:
        raise DataError(
            f"stills: no picture below {root}; expected {ACCIDENT_FOLDER}/CLIP__NAME_1.jpg and "
            f"{QUIET_FOLDER}/CLIP__NAME_2.jpg in it"
        )
    return {
        clip: tuple(sorted(stills, key=lambda still: still.number))
        for clip, stills in sorted(clips.items())
    }


def evaluate_stills(
    root: Path,
    chain: Chain,
    *,
    numbers_per_s: float,
    config: ActionWatchConfig | None = None,
    track: Track[tuple[str, tuple[Still, ...]]] = silent,
) -> StillsScore:
    """Return what is told of clips when their stills come at a rate.

    Args:
        numbers_per_s: how many of the stills' numbers make a second.

    Raises:
        DataError: there are no stills, or one cannot be decoded.
    """
    clips = clips_of_stills(root)
    told = told_before = vehicles = 0
    for _, stills in track(list(clips.items()), "clips"):
        numbers, tracks = _accidents_of(stills, chain, numbers_per_s, config)
        vehicles += tracks
        begin = _begin_of(stills)
        told += begin is not None and any(number >= begin for number in numbers)
        told_before += any(begin is None or number < begin for number in numbers)
    return StillsScore(
        clips=len(clips),
        with_accident=sum(_begin_of(stills) is not None for stills in clips.values()),
        told=told,
        told_before=told_before,
        stills=sum(len(stills) for stills in clips.values()),
        vehicles=vehicles,
    )


def _begin_of(stills: Sequence[Still]) -> int | None:
    return min((still.number for still in stills if still.accident), default=None)


def _accidents_of(
    stills: Sequence[Still], chain: Chain, numbers_per_s: float, config: ActionWatchConfig | None
) -> tuple[list[int], int]:
    """Return the numbers of the stills at which an accident was told, and how many vehicles."""
    tracker, watch = Tracker(), ActionWatch(config, poses=chain.poses)
    numbers: list[int] = []
    tracks: set[int] = set()
    for still in stills:
        image = cv2.imread(str(still.path))
        if image is None:
            raise DataError(f"stills: {still.path} cannot be decoded")
        pixels = np.asarray(image, np.uint8)
        stamp_ns = round(still.number / numbers_per_s * 1e9)
        seen = tracker.update(chain.detector.detect(pixels), stamp_ns)
        tracks |= {d.track_id for d in seen if d.track_id and d.label in VEHICLE_LABELS}
        events = watch.update(pixels, seen, stamp_ns=stamp_ns, local_time=_NOON)
        numbers += [still.number for event in events if event.action is Action.ACCIDENT]
    return numbers, len(tracks)
