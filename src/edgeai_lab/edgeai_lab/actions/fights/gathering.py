"""What all architectures see of the clips, gathered in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_lab.actions.evaluation import Chain
from edgeai_lab.actions.fights.material import FightClip, frames_in
from edgeai_lab.actions.fights.people import (
    count_features,
    pair_features,
    people_in,
    skeleton_of,
)
from edgeai_lab.actions.fights.views import FastTrunk, Motion, motion_of, series_of
from edgeai_lab.pictures import Image
from edgeai_lab.progress import Track, silent

_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What all architectures see of the clips, a row or an entry for each clip.

    Attributes:
        metadata: (N, 3) frames a second, seconds, aspect. counts: (N, 2) and
            pairs: (N, 4) of people. skeletons: (channels, T) each. motion: pictures of motion.
            series: features and maps of colour frames.
    """

    metadata: _Floats
    counts: _Floats
    pairs: _Floats
    skeletons: Sequence[_Floats]
    motion: Sequence[Motion]
    series: Sequence[tuple[_Floats, npt.NDArray[np.float16]]]


def material_of(
    clips: Sequence[FightClip],
    chain: Chain,
    trunk: FastTrunk,
    *,
    seed: int,
    track: Track[FightClip] = silent,
) -> Material:
    """Return what all architectures see; one pass over the clips.

    Raises:
        SourceError: a clip cannot be decoded.
    """
    metadata, counts, pairs, skeletons = [], [], [], []
    motion, series = [], []
    for number, clip in enumerate(track(clips, "clips")):
        frames = frames_in(clip.path)
        people = people_in(frames, chain)
        metadata.append(_metadata_of(clip.path, frames))
        counts.append(count_features(people))
        pairs.append(pair_features(people))
        skeletons.append(skeleton_of(people))
        motion.append(motion_of(frames, trunk, _drawing(seed, number), keep_maps=True))
        series.append(series_of(frames, trunk, _drawing(seed, number)))
    return Material(
        metadata=np.stack(metadata),
        counts=np.stack(counts),
        pairs=np.stack(pairs),
        skeletons=skeletons,
        motion=motion,
        series=series,
    )


def motion_alone(
    clips: Sequence[FightClip],
    trunk: FastTrunk,
    *,
    seed: int,
    track: Track[FightClip] = silent,
) -> list[Motion]:
    """Return the pictures of motion of all clips: what the winner sees, the same as for all.

    Raises:
        SourceError: a clip cannot be decoded.
    """
    return [
        motion_of(frames_in(clip.path), trunk, _drawing(seed, number))
        for number, clip in enumerate(track(clips, "clips"))
    ]


def _drawing(seed: int, number: int) -> np.random.Generator:
    """Return what a clip is varied with: the same whatever else is computed of other clips."""
    return np.random.default_rng([seed, number])


def _metadata_of(path: Path, frames: Sequence[Image]) -> _Floats:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    fps, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    capture.release()
    height, width = frames[0].shape[:2]
    return np.array([fps, count / max(fps, 1.0), width / height], np.float32)
