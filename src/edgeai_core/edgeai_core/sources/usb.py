"""USB cameras through V4L2."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import cv2

from edgeai_core.errors import SourceUnavailableError
from edgeai_core.sources.base import SourceContext, StreamConfig
from edgeai_core.sources.capture import Capture, CaptureSource
from edgeai_core.sources.v4l2 import (
    SYSTEM_DEVICES,
    CameraInfo,
    DeviceTree,
    first_camera,
    list_cameras,
    stable_path,
)

__all__ = ["CameraInfo", "DeviceTree", "UsbSource", "first_camera", "list_cameras", "stable_path"]

_LOG = logging.getLogger(__name__)

_FOURCC = {"mjpg": "MJPG", "yuyv": "YUYV"}
_VGA_PX2 = 640 * 480
# One damaged MJPEG picture fails one read (users see it after plugging in and on long cables);
# ten in a row do not come from the cable.
_TOLERATED_FAILURES = 10
_OPEN_TIMEOUT_S = 10.0


def open_v4l2(device: str) -> Capture:
    """Return OpenCV's V4L2 capture of a device path, opened or not."""
    return cv2.VideoCapture(device, cv2.CAP_V4L2)


class UsbSource(CaptureSource):
    """A V4L2 camera that is found again when it is plugged in under another number.

    At the first successful look the device path is replaced by its link in /dev/v4l, which every
    later open resolves anew.

    Args:
        device: /dev/videoN or a link to it. config: format, size, rate, time-outs.
        context: clocks and frame name. tree: where devices are looked for.
        open_capture: makes the capture of a device path.
    """

    def __init__(
        self,
        device: Path,
        *,
        config: StreamConfig,
        context: SourceContext,
        tree: DeviceTree = SYSTEM_DEVICES,
        open_capture: Callable[[str], Capture] = open_v4l2,
    ) -> None:
        super().__init__(
            description=f"camera {device}",
            config=config,
            context=context,
            tolerated_failures=_TOLERATED_FAILURES,
            open_timeout_s=_OPEN_TIMEOUT_S,
        )
        self._device = device
        self._tree = tree
        self._open_capture = open_capture

    def _connect(self) -> Capture:
        if not self._device.exists():
            raise self._missing()
        self._device = stable_path(self._device, self._tree)
        target = self._device.resolve()
        if not self._tree.accessible(target):
            raise SourceUnavailableError(
                f"{self.description}: permission denied for {target}; add yourself to the group "
                "video (sudo usermod -aG video $USER) and log in again"
            )
        capture = self._open_capture(str(target))
        if not capture.isOpened():
            capture.release()
            raise SourceUnavailableError(
                f"{self.description}: {target} does not open as a camera; close other programs "
                "that use it, or choose another device"
            )
        self._configure(capture)
        return capture

    def _lost(self) -> SourceUnavailableError | None:
        return None if self._device.exists() else self._missing()

    def _missing(self) -> SourceUnavailableError:
        others = ", ".join(str(camera.device) for camera in list_cameras(self._tree))
        return SourceUnavailableError(
            f"{self.description}: it is not plugged in; cameras on this machine: {others or 'none'}"
        )

    def _configure(self, capture: Capture) -> None:
        wanted = self._config
        fourcc = _FOURCC.get(wanted.pixel_format, "")
        if not fourcc and wanted.width_px * wanted.height_px > _VGA_PX2:
            fourcc = "MJPG"
        if fourcc:  # first: sizes and rates depend on the format
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*fourcc))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.width_px)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.height_px)
        capture.set(cv2.CAP_PROP_FPS, wanted.fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        code = int(capture.get(cv2.CAP_PROP_FOURCC))
        got_fourcc = code.to_bytes(4, "little", signed=code < 0).decode("ascii", "replace")
        got = (
            int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            round(capture.get(cv2.CAP_PROP_FPS), 2),
        )
        asked = (wanted.width_px, wanted.height_px, round(wanted.fps, 2))
        as_asked = got == asked and fourcc in ("", got_fourcc)
        _LOG.log(
            logging.INFO if as_asked else logging.WARNING,
            "%s delivers %dx%d at %g fps as %s; asked for %dx%d at %g fps as %s",
            *(self.description, *got, got_fourcc, *asked, fourcc or "any format"),
        )
