"""Run the shipped chain over clips: detect, track, place joints, decide."""

from __future__ import annotations

import csv
import datetime
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edgeai_core import catalog
from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.analyzers.actions.fight_model import FightModel
from edgeai_core.analyzers.actions.pose import PoseEstimator
from edgeai_core.analyzers.actions.vehicles import VEHICLE_LABELS
from edgeai_core.analyzers.actions.watch import PERSON_LABEL, ActionWatch, ActionWatchConfig
from edgeai_core.analyzers.objects.model import ObjectDetector
from edgeai_core.errors import DataError, SourceError
from edgeai_core.sources.base import StreamConfig
from edgeai_core.sources.video_file import VIDEO_SUFFIXES, Clip
from edgeai_core.tracking import Tracker, TrackerConfig
from edgeai_lab.pictures import Image
from edgeai_lab.progress import Track, silent

DECISIONS_PER_S = 10.0
# Cameras of the product give at most this much; larger pictures only cost time.
_MAX_SIDE_PX = 960
_COLUMNS = (
    *("folder", "clip", "action", "incident", "probability", "track_ids"),
    *("start_s", "end_s", "decided_s", "box_xyxy_px", "reason"),
)
_NOON = datetime.time(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipResult:
    """What was told of one clip.

    Attributes:
        path: the clip. folder: name of its class folder. events: in order.
        frames: how many were decided on. people: sights of tracked people.
        watch_ms: milliseconds that joints and decisions took.
    """

    path: Path
    folder: str
    events: tuple[ActionEvent, ...]
    frames: int
    people: int
    watch_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The shipped models, opened; without a fight model no fights are watched for."""

    detector: ObjectDetector
    poses: PoseEstimator
    fights: FightModel | None = None


@contextmanager
def opened_chain() -> Iterator[Chain]:
    """Open the models of the catalog that the chain runs, then close them.

    Raises:
        ModelMissingError, ModelIntegrityError: set-up did not put them here.
    """
    # The tracker goes on with faint sights, so it must get them.
    labels = (PERSON_LABEL, *VEHICLE_LABELS)
    with ExitStack() as stack:
        detector = stack.enter_context(
            closing(
                catalog.create_object_detector(labels=labels, min_score=TrackerConfig().low_score)
            )
        )
        poses = stack.enter_context(closing(catalog.create_pose_estimator()))
        fights = stack.enter_context(closing(catalog.create_fight_model()))
        yield Chain(detector=detector, poses=poses, fights=fights)


def clips_below(root: Path) -> list[tuple[str, Path]]:
    """Return class and path of every clip below a folder, in a fixed order.

    The class is the first folder below the root; clips in the root itself take its name.

    Raises:
        DataError: it is no folder, or there is no clip.
    """
    if not root.is_dir():
        raise DataError(f"actions: {root} is not a folder; expected CLASS/clip.mp4 in it")
    found = sorted(p for p in root.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES)
    if not found:
        raise DataError(f"actions: no clip below {root}; expected CLASS/clip.mp4 in it")
    return [
        (parts[0] if len(parts := path.relative_to(root).parts) > 1 else root.resolve().name, path)
        for path in found
    ]


def evaluate_folder(
    root: Path,
    chain: Chain,
    *,
    config: ActionWatchConfig | None = None,
    track: Track[tuple[str, Path]] = silent,
) -> list[ClipResult]:
    """Return what is told of every clip below a folder.

    Raises:
        DataError: there is no clip. SourceError: one cannot be decoded.
    """
    return [
        evaluate_clip(path, chain, folder=folder, config=config)
        for folder, path in track(clips_below(root), "clips")
    ]


def evaluate_clip(
    path: Path,
    chain: Chain,
    *,
    folder: str = "",
    config: ActionWatchConfig | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> ClipResult:
    """Return what is told of one clip, as if a camera had filmed it.

    Raises:
        SourceError: it cannot be decoded.
    """
    tracker = Tracker()
    watch = ActionWatch(config, poses=chain.poses, motion=chain.fights)
    events: list[ActionEvent] = []
    frames = people = 0
    spent_s = 0.0
    for stamp_ns, image in frames_of(path):
        detections = tracker.update(chain.detector.detect(image), stamp_ns)
        begun = clock()
        events += watch.update(image, detections, stamp_ns=stamp_ns, local_time=_NOON)
        spent_s += clock() - begun
        frames += 1
        people += len(watch.people())
    return ClipResult(
        path=path,
        folder=folder,
        events=tuple(events),
        frames=frames,
        people=people,
        watch_ms=1e3 * spent_s,
    )


def frames_of(path: Path, *, fps: float = DECISIONS_PER_S) -> Iterator[tuple[int, Image]]:
    """Yield stamp in nanoseconds and (H, W, 3) uint8 BGR, at most `fps` frames a second.

    Raises:
        SourceError: the clip is missing or cannot be decoded.
    """
    # The core's reader says what is wrong with a file; it letterboxes, so it is not read with.
    clip = Clip(path, StreamConfig())
    native_fps = clip.fps
    clip.close()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        index, due_s = 0, 0.0
        while True:
            if not capture.grab():
                break
            now_s = index / native_fps
            index += 1
            if now_s + 1e-9 < due_s:
                continue
            due_s = max(due_s + 1 / fps, now_s)
            decoded, image = capture.retrieve()
            if decoded:
                yield round(now_s * 1e9), _small(np.asarray(image, np.uint8))
    finally:
        capture.release()
    if index == 0:
        raise SourceError(f"clip {path}: no picture can be decoded")


def count_folders(results: Sequence[ClipResult]) -> dict[str, dict[str, int]]:
    """Return for every class folder the number of clips, and of those with each action."""
    counts: dict[str, dict[str, int]] = {}
    for result in results:
        row = counts.setdefault(result.folder, {"n": 0, **{action.value: 0 for action in Action}})
        row["n"] += 1
        for action in {event.action for event in result.events}:
            row[action.value] += 1
    return counts


def write_events(path: Path, results: Sequence[ClipResult]) -> None:
    """Write a row per event.

    Raises:
        DataError: it cannot be written.
    """
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            for result in results:
                writer.writerows(_row(result, event) for event in result.events)
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc


def _row(result: ClipResult, event: ActionEvent) -> tuple[object, ...]:
    return (
        result.folder,
        result.path.name,
        event.action.value,
        event.incident,
        round(event.probability, 3),
        " ".join(map(str, event.track_ids)),
        round(event.start_ns / 1e9, 3),
        round(event.end_ns / 1e9, 3) if event.end_ns > event.start_ns else "",
        round(event.stamp_ns / 1e9, 3),
        " ".join(f"{edge:.0f}" for edge in event.box.as_xyxy()),
        event.reason,
    )


def _small(image: Image) -> Image:
    scale = _MAX_SIDE_PX / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
