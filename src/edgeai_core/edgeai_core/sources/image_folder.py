"""Pictures as a source: one output frame each, in natural name order."""

from __future__ import annotations

import logging
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

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm"})


class ImageFolderSource:
    """Plays pictures at the configured rate, letterboxed to the configured size.

    A picture that cannot be decoded is passed over and counted in ``unreadable_images``.

    Args:
        paths: the pictures, in the order to play. name: what the user asked for.
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
        self._position: int | None = None
        self._first: Image | None = None
        self._last_number = -1
        self._sequence = 0
        self.unreadable_images = 0
        self.description = f"{len(self._paths)} pictures of {name}"

    @property
    def dropped_frames(self) -> int:
        return self._pacer.skipped + self.unreadable_images

    def open(self) -> None:
        self.close()
        self.unreadable_images = 0
        self._sequence = 0
        self._last_number = -1
        self._position = 0
        self._first = self._next_image()
        if self._first is None:
            self._position = None
            raise SourceError(
                f"{self.description}: none can be decoded; expected files of the kinds "
                f"{', '.join(sorted(IMAGE_SUFFIXES))}"
            )
        self._pacer.restart()

    def read(self) -> Frame:
        if self._position is None:
            raise SourceError(f"{self.description}: read before open")
        number = self._pacer.choose()
        image, self._first = self._first, None
        if image is None:
            self._position += number - self._last_number - 1  # pictures whose time is over
            image = self._next_image()
        if image is None:
            raise SourceEndedError(f"{self.description}: played to the end")
        self._last_number = number
        stamp_ns = self._pacer.wait(number)
        frame = frame_from_image(
            image, stamp_ns=stamp_ns, frame_id=self._frame_id, sequence=self._sequence
        )
        self._sequence += 1
        return frame

    def interrupt(self) -> None:
        """Do nothing: no wait here is longer than one frame interval."""

    def close(self) -> None:
        self._position = None
        self._first = None

    def _next_image(self) -> Image | None:
        """Return the next readable picture, or None at the end or after a round without one."""
        assert self._position is not None
        for _ in self._paths:
            if self._position >= len(self._paths):
                if not self._config.loop:
                    return None
                self._position %= len(self._paths)
            path = self._paths[self._position]
            self._position += 1
            try:
                return self._decoded(path)
            except FrameError as exc:
                self.unreadable_images += 1
                _LOG.warning("picture %s: %s; it is passed over", path, exc)
        return None

    def _decoded(self, path: Path) -> Image:
        try:
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        except cv2.error as exc:
            raise FrameError(f"cannot be decoded ({exc.err})") from exc
        if image is None:
            raise FrameError("cannot be decoded")
        return letterboxed(cast(Image, image), self._config)
