"""Network cameras through RTSP."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import cv2

from edgeai_core.errors import SourceUnavailableError
from edgeai_core.sources.base import SourceContext, StreamConfig
from edgeai_core.sources.capture import Capture, CaptureSource

_OPEN_TIMEOUT_S = 10.0
# While opening, the guard waits a little longer than FFmpeg, so that FFmpeg gives up by itself and
# its thread ends instead of being left behind.
_GUARD_MARGIN_S = 2.0


def redacted(url: str) -> str:
    """Return a stream address that may be shown: no user, password, query or settings in paths.

    Everything up to the last @ counts as credentials, because passwords may hold unescaped
    slashes; some cameras take user and password as settings within the path.
    """
    scheme, _, rest = url.partition("://")
    rest = re.split(r"[?#]", rest.rpartition("@")[2], maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    shown = "..." if re.search(r"[=&;]", path) else path
    return f"{scheme}://{host}{slash}{shown}"


def open_ffmpeg(url: str, open_timeout_s: float, read_timeout_s: float) -> Capture:
    """Return OpenCV's FFmpeg capture of an address, opened or not.

    OpenCV asks FFmpeg for RTP over TCP (``rtsp_flags prefer_tcp``) unless the user sets
    OPENCV_FFMPEG_CAPTURE_OPTIONS: over UDP a lost packet smears pictures.
    """
    options = (
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, math.ceil(open_timeout_s * 1000)),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, math.ceil(read_timeout_s * 1000)),
    )
    return cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)


class RtspSource(CaptureSource):
    """A network camera; frames keep the camera's size and rate.

    Args:
        url: rtsp:// or rtsps:// address, may hold user and password; it is never shown.
        config: time-outs. context: clocks and frame name.
        open_capture: makes the capture of (address, open time-out, read time-out in seconds).
        open_timeout_s: how long connecting may take.
    """

    def __init__(
        self,
        url: str,
        *,
        config: StreamConfig,
        context: SourceContext,
        open_capture: Callable[[str, float, float], Capture] = open_ffmpeg,
        open_timeout_s: float = _OPEN_TIMEOUT_S,
    ) -> None:
        super().__init__(
            description=f"stream {redacted(url)}",
            config=config,
            context=context,
            tolerated_failures=0,
            open_timeout_s=open_timeout_s + _GUARD_MARGIN_S,
        )
        self._url = url
        self._connect_timeout_s = open_timeout_s
        self._open_capture = open_capture

    def _connect(self) -> Capture:
        try:
            capture = self._open_capture(
                self._url, self._connect_timeout_s, self._config.stall_timeout_s
            )
        except cv2.error:
            # Its text may quote the address with the password, so it is not chained either.
            raise SourceUnavailableError(f"{self.description}: OpenCV cannot open it") from None
        if not capture.isOpened():
            capture.release()
            raise SourceUnavailableError(
                f"{self.description}: no connection; check address, port, path, user and password"
            )
        return capture

    def _lost(self) -> SourceUnavailableError | None:
        return SourceUnavailableError(
            f"{self.description}: the connection ended; check the camera and the network"
        )
