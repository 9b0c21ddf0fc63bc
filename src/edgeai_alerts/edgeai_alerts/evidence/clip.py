"""Clips that browsers play, of pictures with their own times.

VP9 in WebM: free of royalties, played by all present browsers. libvpx (BSD-3-Clause) encodes it;
PyAV's wheels also bundle encoders under the GPL (x264, x265), which nothing here asks for.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.errors import EvidenceError
from edgeai_core.heap import return_free_memory

CLIP_MEDIA_TYPE = "video/webm"
_CODEC = "libvpx-vp9"
# Matroska counts in milliseconds.
_TIME_BASE = Fraction(1, 1000)
_NS_PER_MS = 1_000_000
# On one core the fastest setting of the library: 9 ms for a VGA picture. By itself it looks 25
# pictures ahead, which takes 27 MB more at VGA and gains 0.05 dB.
_OPTIONS = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
# ITU-T H.273, table 4 and AVCOL_RANGE_MPEG.
_BT_601, _LIMITED_RANGE = 5, 1
# So that a player can jump: at five pictures a second every four seconds.
_KEY_FRAME_EVERY = 20


def can_encode() -> bool:
    """Return whether PyAV is installed."""
    return importlib.util.find_spec("av") is not None


def encode_clip(
    pictures: Iterable[tuple[npt.NDArray[np.uint8], int]],
    *,
    bits_per_s: int,
    frames_per_s: float,
    comment: str = "",
) -> bytes:
    """Return a WebM file that shows each picture from its stamp on.

    Args:
        pictures: (H, W, 3) uint8 BGR and stamp in nanoseconds, rising, all of the first one's
            size; others are left out. An odd last row or column is cut off.
        bits_per_s: what the encoder aims at. frames_per_s: about how many there are.
        comment: stored with the title.

    Raises:
        EvidenceError: there is no picture, PyAV is missing or cannot encode.
    """
    try:
        import av
    except ImportError as exc:
        raise EvidenceError(
            f"no clip: PyAV cannot be loaded ({exc}); run the set-up again"
        ) from exc
    buffer = io.BytesIO()
    try:
        with av.open(buffer, "w", format="webm") as container:
            if comment:
                container.metadata["COMMENT"] = comment
            count = _encode(av, container, pictures, bits_per_s, frames_per_s)
    except (av.FFmpegError, ValueError) as exc:
        raise EvidenceError(f"no clip: {type(exc).__name__}: {exc}") from exc
    finally:
        # The encoder leaves 12 MB on the heap that nobody needs until the next alert.
        return_free_memory()
    if count == 0:
        raise EvidenceError("no clip: there is no picture of that time")
    return buffer.getvalue()


def _encode(
    av: Any,
    container: Any,
    pictures: Iterable[tuple[npt.NDArray[np.uint8], int]],
    bits_per_s: int,
    frames_per_s: float,
) -> int:
    stream, begin_ns, shape, count = None, 0, (0, 0), 0
    for image, stamp_ns in pictures:
        even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
        if stream is None:
            shape, begin_ns = even.shape[:2], stamp_ns
            rate = Fraction(frames_per_s).limit_denominator(1000)
            stream = container.add_stream(_CODEC, rate=rate, options=_OPTIONS)
            stream.height, stream.width = shape
            stream.pix_fmt = "yuv420p"
            stream.bit_rate = bits_per_s
            stream.gop_size = _KEY_FRAME_EVERY
            stream.codec_context.time_base = _TIME_BASE
            # What OpenCV converts to; unsaid, players guess by the size of the picture.
            stream.codec_context.colorspace = _BT_601
            stream.codec_context.color_range = _LIMITED_RANGE
            # Detection needs the other cores.
            stream.codec_context.thread_count = 1
        if even.shape[:2] != shape:
            continue
        # FFmpeg's own conversion is up to four steps of 255 too dark and tints grey.
        planes = cv2.cvtColor(np.ascontiguousarray(even), cv2.COLOR_BGR2YUV_I420)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = (stamp_ns - begin_ns) // _NS_PER_MS
        frame.time_base = _TIME_BASE
        container.mux(stream.encode(frame))
        count += 1
    if stream is not None:
        container.mux(stream.encode(None))
    return count
