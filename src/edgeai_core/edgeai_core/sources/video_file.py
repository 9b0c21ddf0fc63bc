"""Clips as a source: one file, or a folder whose clips are played in name order."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import cv2

from edgeai_core.errors import FrameError, SourceEndedError, SourceError
from edgeai_core.sources.base import (
    Image,
    SourceContext,
    StreamConfig,
    frame_from_image,
    letterboxed,
)
from edgeai_core.sources.pacing import Pacer
from edgeai_core.types import Frame

_LOG = logging.getLogger(__name__)

# A closed list, because FFmpeg also "plays" text files (as terminal art).
VIDEO_SUFFIXES = frozenset(
    {".3gp", ".avi", ".flv", ".h264", ".h265", ".m4v", ".mjpeg", ".mjpg", ".mkv"}
    | {".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ts", ".webm", ".wmv"}
)
_ASSUMED_FPS = 25.0
# Containers without a rate report 0, NaN or their clock (1000 or 90000 ticks a second).
_PLAUSIBLE_FPS = (0.5, 240.0)


class Clip:
    """A video file that is read forwards.

    Args:
        path: the file. config: size to letterbox to.

    Raises:
        SourceError: the file is missing, empty or not a video that can be decoded.
    """

    def __init__(self, path: Path, config: StreamConfig) -> None:
        _check_file(path)
        self._config = config
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        self._index = -1
        self._image: Image | None = None
        try:
            readable = self._capture.isOpened() and self.image_at(0) is not None
        except FrameError as exc:
            self.close()
            raise SourceError(f"clip {path}: {exc}") from exc
        if not readable:
            self.close()
            raise SourceError(
                f"clip {path}: no picture can be decoded; expected a video file, so check that "
                "it is one and that it was copied completely"
            )
        self.fps = self._native_fps(path)

    @property
    def frames_read(self) -> int:
        return self._index + 1

    def _native_fps(self, path: Path) -> float:
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        low, high = _PLAUSIBLE_FPS
        if math.isfinite(fps) and low <= fps <= high:
            return float(fps)
        _LOG.warning("clip %s: its frame rate reads %s; %.0f is assumed", path, fps, _ASSUMED_FPS)
        return _ASSUMED_FPS

    def image_at(self, index: int) -> Image | None:
        """Return native frame `index` letterboxed, or None after the end.

        `index` must not decrease. Frames before it are decoded but not converted.
        """
        if index == self._index:
            return self._image
        while self._index < index:
            if not self._capture.grab():
                return None
            self._index += 1
        decoded, image = self._capture.retrieve()
        if not decoded:
            return None
        self._image = letterboxed(cast(Image, image), self._config)
        return self._image

    def close(self) -> None:
        """Free the decoder; calling it twice is harmless."""
        self._capture.release()


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise SourceError(f"clip {path}: there is no such file; check the name")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as exc:
        raise SourceError(f"clip {path}: cannot be read ({exc.strerror})") from exc
    if empty:
        raise SourceError(f"clip {path}: the file is empty; copy it again")


class VideoFileSource:
    """Plays clips one after the other at the configured rate and size.

    Output frame n shows the native frame of time n / fps: a slow clip's frames are repeated, a
    fast clip's left out. In a folder a clip that cannot be read is passed over with a warning.

    Args:
        paths: the clips, in the order to play. name: what the user asked for.
        config: size, rate, pacing and loop. context: clocks and frame name.
    """

    live = False

    def __init__(
        self, paths: Sequence[Path], *, name: str, config: StreamConfig, context: SourceContext
    ) -> None:
        self._paths = tuple(paths)
        self._config = config
        self._frame_id = context.frame_id
        self._pacer = Pacer(config, context)
        self._clip: Clip | None = None
        self._next_path = 0
        self._clip_start_s = 0.0
        self._sequence = 0
        self.description = f"clip {name}" if len(paths) == 1 else f"{len(paths)} clips of {name}"

    @property
    def dropped_frames(self) -> int:
        return self._pacer.skipped

    def open(self) -> None:
        self.close()
        self._next_path = 0
        self._clip_start_s = 0.0
        self._sequence = 0
        self._clip = self._next_clip()
        self._pacer.restart()

    def read(self) -> Frame:
        number = self._pacer.choose()
        image = self._image_at(number / self._config.fps)
        stamp_ns = self._pacer.wait(number)
        frame = frame_from_image(
            image, stamp_ns=stamp_ns, frame_id=self._frame_id, sequence=self._sequence
        )
        self._sequence += 1
        return frame

    def interrupt(self) -> None:
        """Do nothing: no wait here is longer than one frame interval."""

    def close(self) -> None:
        if self._clip is not None:
            self._clip.close()
            self._clip = None

    def _image_at(self, time_s: float) -> Image:
        if self._clip is None:
            raise SourceError(f"{self.description}: read before open")
        while True:
            # The small term undoes rounding where a native frame begins exactly now.
            index = math.floor((time_s - self._clip_start_s) * self._clip.fps + 1e-6)
            image = self._clip.image_at(max(index, 0))
            if image is not None:
                return image
            self._clip_start_s += self._clip.frames_read / self._clip.fps
            self._clip.close()
            self._clip = self._next_clip()

    def _next_clip(self) -> Clip:
        """Open the next clip that can be read, from the first again when looping."""
        failure: SourceError | None = None
        for _ in self._paths:
            if self._next_path == len(self._paths):
                if not self._config.loop:
                    break
                self._next_path = 0
            path = self._paths[self._next_path]
            self._next_path += 1
            try:
                return Clip(path, self._config)
            except SourceError as exc:
                failure = exc
                if len(self._paths) > 1:
                    _LOG.warning("%s; it is passed over", exc)
        if failure is not None and (self._config.loop or self._sequence == 0):
            raise failure
        raise SourceEndedError(f"{self.description}: played to the end")
