"""Clips of fights and of none, and how they are parted into five that do not share a scene."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.actions.motion import SHORT_SIDE_PX, STEP_S
from edgeai_core.errors import DataError
from edgeai_core.sources.video_file import VIDEO_SUFFIXES
from edgeai_lab.actions.evaluation import frames_of
from edgeai_lab.pictures import Image

FIGHT_FOLDER, OTHER_FOLDER = "fight", "noFight"
FOLDS = 5
# Neighbouring numbers can be of one scene: they stay together. A random split reads 8 points more.
_RANGE = 20
# Longer clips are cut: none of the set counts more than a few times another.
_MOST_S = 6.0
_NUMBER = re.compile(r"(\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class FightClip:
    """A clip with its label.

    Attributes:
        path: the file. fight: whether people fight in it. fold: 0..4, by the number in its name.
    """

    path: Path
    fight: bool
    fold: int


def clips_of(data: Path) -> list[FightClip]:
    """Return the clips of ``data/fight`` and ``data/noFight`` in a fixed order.

    Raises:
        DataError: a folder is missing or empty, a name carries no number, or a fold has not both.
    """
    clips = [
        FightClip(path=path, fight=folder == FIGHT_FOLDER, fold=_fold_of(path))
        for folder in (FIGHT_FOLDER, OTHER_FOLDER)
        for path in _videos(data / folder)
    ]
    for fold in range(FOLDS):
        if {clip.fight for clip in clips if clip.fold == fold} != {True, False}:
            raise DataError(
                f"fights: expected clips of both kinds in each range of {_RANGE} numbers below "
                f"{data}, range {fold + 1} of {FOLDS} lacks one; fetch the whole set"
            )
    return clips


def labels_of(clips: Sequence[FightClip]) -> npt.NDArray[np.int64]:
    """Return (N,) int64: 1 where people fight, else 0."""
    return np.array([int(clip.fight) for clip in clips], np.int64)


def folds_of(clips: Sequence[FightClip]) -> npt.NDArray[np.int64]:
    """Return (N,) int64 numbers of the folds, 0..4."""
    return np.array([clip.fold for clip in clips], np.int64)


def frames_in(path: Path) -> list[Image]:
    """Return a clip's (H, W, 3) uint8 BGR frames, ten a second, the short side SHORT_SIDE_PX.

    Raises:
        SourceError: it cannot be decoded.
    """
    return list(_small(path))


def _small(path: Path) -> Iterator[Image]:
    for stamp_ns, image in frames_of(path, fps=1 / STEP_S):
        if stamp_ns > _MOST_S * 1e9:
            return
        scale = SHORT_SIDE_PX / min(image.shape[:2])
        size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        yield np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def _videos(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.glob("*") if p.suffix.lower() in VIDEO_SUFFIXES)
    if not found:
        raise DataError(
            f"fights: no clip in {folder}; expected DATA/{FIGHT_FOLDER} and DATA/{OTHER_FOLDER}"
        )
    return found


def _fold_of(path: Path) -> int:
    match = _NUMBER.search(path.stem)
    if match is None:
        raise DataError(f"fights: {path.name} carries no number at its end, so it has no range")
    return ((int(match.group(1)) - 1) // _RANGE) % FOLDS
