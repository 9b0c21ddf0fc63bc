"""People of clips, found once: what the rules, the skeleton network and the counts are made of."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.actions.motion import STEP_S
from edgeai_core.analyzers.actions.pose import Pose, PoseRegion
from edgeai_core.geometry import Box
from edgeai_core.tracking import Tracker
from edgeai_lab.actions.evaluation import Chain
from edgeai_lab.pictures import Image

# The clips are small: detector and joints see more in twice their size.
_ENLARGED = 2.0
_POSED_PEOPLE = 4
_MIN_POSED_PX = 60.0
# Nose, then shoulders, elbows, wrists, hips, knees, ankles, left before right.
_JOINTS = [0, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
_WRISTS_ANKLES, _HIPS = [5, 6, 11, 12], [7, 8]
_PER_PERSON = 2 * len(_JOINTS) + 5
SKELETON_CHANNELS = 2 * _PER_PERSON
SKELETON_MOMENTS = 16
_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A tracked person at a moment.

    Attributes:
        track_id: of the tracker. box: (4,) x_min, y_min, x_max, y_max. joints: (13, 2), or None
            where none could be placed. Pixels of the enlarged frame.
    """

    track_id: int
    box: _Floats
    joints: _Floats | None

    @property
    def centre(self) -> _Floats:
        return np.asarray((self.box[:2] + self.box[2:]) / 2, np.float32)

    @property
    def height(self) -> float:
        return max(1.0, float(self.box[3] - self.box[1]))


def people_in(frames: Sequence[Image], chain: Chain) -> list[list[Seen]]:
    """Return who is seen at each moment of a clip's (H, W, 3) uint8 BGR frames."""
    tracker = Tracker()
    regions: dict[int, PoseRegion | None] = {}
    moments: list[list[Seen]] = []
    for number, frame in enumerate(frames):
        large = cv2.resize(frame, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_CUBIC)
        image = np.asarray(large, np.uint8)
        found = tracker.update(chain.detector.detect(image), round(number * STEP_S * 1e9))
        tracked = [(d.track_id, d.box) for d in found if d.track_id is not None]
        tracked.sort(key=lambda pair: -pair[1].area_px2)
        moment = []
        for rank, (track_id, box) in enumerate(tracked):
            pose = None
            if rank < _POSED_PEOPLE and box.height_px >= _MIN_POSED_PX:
                pose = chain.poses.estimate(image, box, region=regions.get(track_id))
                regions[track_id] = None if pose is None else pose.region
            moment.append(_seen(track_id, box, pose))
        moments.append(moment)
    return moments


def count_features(moments: Sequence[Sequence[Seen]]) -> _Floats:
    """Return (2,): how many people are seen on average and at most. A baseline, not a feature."""
    counts = [len(moment) for moment in moments]
    return np.array([np.mean(counts), np.max(counts)], np.float32)


def pair_features(moments: Sequence[Sequence[Seen]]) -> _Floats:
    """Return (4,) kinematics of the pairs of a clip, all in body heights and seconds.

    Closeness (0..1) of the closest pair on average, how fast close pairs move against each other,
    how fast limbs of close people move against their hips, how fast their boxes change shape.
    """
    close, against, limbs, shapes = [0.0], [0.0], [0.0], [0.0]
    for before, now in itertools.pairwise(moments):
        earlier = {seen.track_id: seen for seen in before}
        nearest = 0.0
        for first, second in itertools.combinations(now, 2):
            height = max(first.height, second.height)
            gap = float(np.linalg.norm(first.centre - second.centre)) / height
            nearness = float(np.exp(-gap))
            nearest = max(nearest, nearness)
            if first.track_id not in earlier or second.track_id not in earlier:
                continue
            old_first, old_second = earlier[first.track_id], earlier[second.track_id]
            moved = first.centre - old_first.centre - (second.centre - old_second.centre)
            against.append(nearness * float(np.linalg.norm(moved)) / height / STEP_S)
            for seen, old in ((first, old_first), (second, old_second)):
                shapes.append(nearness * abs(_slimness(seen) - _slimness(old)) / STEP_S)
                limbs.append(nearness * _limb_speed(seen, old))
        close.append(nearest)
    return np.array([np.mean(close), *map(_upper, (against, limbs, shapes))], np.float32)


def skeleton_of(moments: Sequence[Sequence[Seen]]) -> _Floats:
    """Return (SKELETON_CHANNELS, T) float32 of the two closest people at each of T moments.

    Joints and boxes are about the middle of the pair, in body heights; zeros where nobody is.
    """
    rows = [_pair_row(moment) for moment in moments]
    return np.ascontiguousarray(np.stack(rows, axis=1), np.float32)


def _seen(track_id: int, box: Box, pose: Pose | None) -> Seen:
    return Seen(
        track_id=track_id,
        box=np.array(box.as_xyxy(), np.float32),
        joints=None if pose is None else np.asarray(pose.points_xy_px[_JOINTS], np.float32),
    )


def _slimness(seen: Seen) -> float:
    return float(seen.box[2] - seen.box[0]) / seen.height


def _limb_speed(seen: Seen, old: Seen) -> float:
    if seen.joints is None or old.joints is None:
        return 0.0
    now = seen.joints[_WRISTS_ANKLES] - seen.joints[_HIPS].mean(axis=0)
    before = old.joints[_WRISTS_ANKLES] - old.joints[_HIPS].mean(axis=0)
    return float(np.linalg.norm(now - before, axis=1).max()) / seen.height / STEP_S


def _upper(values: Sequence[float]) -> float:
    return float(np.percentile(values, 80))


def _pair_row(moment: Sequence[Seen]) -> _Floats:
    row = np.zeros(SKELETON_CHANNELS, np.float32)
    chosen = _closest(moment)
    if not chosen:
        return row
    middle = np.mean([seen.centre for seen in chosen], axis=0)
    height = max(seen.height for seen in chosen)
    for number, seen in enumerate(sorted(chosen, key=lambda s: float(s.centre[0]))):
        part = row[number * _PER_PERSON : (number + 1) * _PER_PERSON]
        if seen.joints is not None:
            part[: 2 * len(_JOINTS)] = ((seen.joints - middle) / height).ravel()
        part[-5:-1] = ((seen.box.reshape(2, 2) - middle) / height).ravel()
        part[-1] = 1.0
    return np.clip(row, -3.0, 3.0)


def _closest(moment: Sequence[Seen]) -> Sequence[Seen]:
    if len(moment) < 2:
        return moment
    return min(
        itertools.combinations(moment, 2),
        key=lambda pair: (
            float(np.linalg.norm(pair[0].centre - pair[1].centre))
            / max(pair[0].height, pair[1].height)
        ),
    )
