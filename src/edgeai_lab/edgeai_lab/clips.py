"""From a clip to pictures on disk."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edgeai_core.errors import DataError
from edgeai_core.sources.base import StreamConfig
from edgeai_core.sources.video_file import Clip
from edgeai_lab.pictures import Image, write_picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClipFrame:
    """A frame in the size it was filmed in: (H, W, 3) uint8 BGR, and its index from 0."""

    index: int
    image: Image


def frames_every(path: Path, *, every_s: float) -> Iterator[ClipFrame]:
    """Yield the frame at 0, every_s, 2 every_s, … seconds; each frame at most once.

    Raises:
        DataError: every_s is not above 0. SourceError: the clip is missing or cannot be decoded.
    """
    if not (math.isfinite(every_s) and every_s > 0):
        raise DataError(f"clip {path}: the step must be above 0 seconds, got {every_s:g}")
    # The core's reader says what is wrong with a file; it letterboxes, so it is not read with.
    with closing(Clip(path, StreamConfig())) as clip:
        fps = clip.fps
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        index, step = -1, 0
        while True:
            wanted = max(index + 1, math.floor(step * every_s * fps + 1e-6))
            while index < wanted:
                if not capture.grab():
                    return
                index += 1
            decoded, image = capture.retrieve()
            if decoded:
                yield ClipFrame(index=index, image=np.asarray(image, np.uint8))
            step = max(step + 1, math.floor(index / (every_s * fps) + 1e-6))
    finally:
        capture.release()


def save_frames(path: Path, folder: Path, *, every_s: float) -> int:
    """Write frames of a clip as ``<clip>_<frame index>.jpg`` and return how many.

    Raises:
        DataError: every_s is not above 0, or the folder cannot be written.
        SourceError: the clip is missing or cannot be decoded.
    """
    count = 0
    for frame in frames_every(path, every_s=every_s):
        write_picture(folder / f"{path.stem}_{frame.index:06d}.jpg", frame.image)
        count += 1
    return count
