"""All pictures of a clip or folder, one after the other, as fast as they can be read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import numpy.typing as npt

from edgeai_core.errors import FrameError, SourceEndedError, SourceError
from edgeai_core.sources.base import StreamConfig
from edgeai_core.sources.opening import open_source

# An hour at 10 fps: nobody enrols from more, and a test pattern never ends.
_MOST_PICTURES = 36_000


def images_of(
    source: str, *, fps: float = 10.0, live_pictures: int = 0
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield (480, 640, 3) uint8 BGR pictures, letterboxed; unusable ones are left out.

    Args:
        source: a clip, a folder of clips or pictures, or a picture. fps: pictures per second of a
            clip; neighbouring frames say the same about a face.
        live_pictures: how many are taken of a camera or a stream, which never ends; 0 refuses it.

    Raises:
        SourceError: it cannot be read, or it never ends and is refused.
    """
    config = StreamConfig(source=source, pacing="fast", fps=fps, loop=False)
    opened = open_source(
        config, clock_ns=lambda: 0, monotonic_s=time.monotonic, sleep=time.sleep, frame_id="file"
    )
    if opened.live and not live_pictures:
        raise SourceError(f"source {opened.description}: expected a clip or a folder of pictures")
    with closing(opened):
        opened.open()
        for _ in range(live_pictures if opened.live else _MOST_PICTURES):
            try:
                yield opened.read().image
            except SourceEndedError:
                return
            except FrameError:
                continue
