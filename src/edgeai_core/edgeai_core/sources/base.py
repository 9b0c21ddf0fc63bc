"""What every source of frames offers, and its configuration."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.config import param
from edgeai_core.errors import FrameError
from edgeai_core.geometry import Letterbox
from edgeai_core.types import Frame

Image = npt.NDArray[np.uint8]

ACCEPTED_SOURCES = (
    "a camera (/dev/video0, /dev/v4l/by-id/... or its number), rtsp://... or rtsps://..., "
    "a clip, a folder of clips or of pictures, a picture, or the word synthetic"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamConfig:
    """Parameters of one stream of frames; group ``stream`` of the camera node."""

    source: str = param(
        "",
        "Where frames come from: a device path, an rtsp:// address, a clip, a folder of clips or "
        "pictures, demo, or synthetic. Empty or auto takes the first USB camera, else the demo.",
    )
    width_px: int = param(
        640,
        "Width asked from a camera; files are letterboxed to it. Wider costs more time everywhere.",
        unit="px",
        minimum=16,
        maximum=7680,
    )
    height_px: int = param(
        480,
        "Height asked from a camera; files are letterboxed to it.",
        unit="px",
        minimum=16,
        maximum=4320,
    )
    fps: float = param(
        30.0,
        "Rate asked from a camera; files are played at it by repeating or leaving out frames.",
        unit="1/s",
        minimum=1.0,
        maximum=240.0,
    )
    pixel_format: str = param(
        "auto",
        "Format asked from a USB camera. auto keeps the driver's choice up to VGA and asks for "
        "mjpg above it, where raw pictures do not fit through USB 2 at full rate.",
        choices=("auto", "mjpg", "yuyv"),
    )
    pacing: str = param(
        "real_time",
        "How files are played: real_time keeps their speed and leaves out frames when late; fast "
        "delivers every frame at once, with stamps as if it had been played at fps.",
        choices=("real_time", "fast"),
    )
    loop: bool = param(False, "Start a clip or folder again at its end instead of ending.")
    max_frames: int = param(
        0, "End the stream after this many frames; 0 never does.", minimum=0, maximum=1e9
    )
    reconnect_delay_s: float = param(
        0.5,
        "Wait before the first try to reconnect a camera; doubles with every failed try.",
        unit="s",
        minimum=0.01,
        maximum=60.0,
    )
    reconnect_delay_max_s: float = param(
        10.0,
        "Longest wait between tries. A camera that delivered for this long starts again with the "
        "shortest wait.",
        unit="s",
        minimum=0.01,
        maximum=600.0,
    )
    stall_timeout_s: float = param(
        3.0,
        "A camera that delivers no frame for this long counts as lost and is opened again.",
        unit="s",
        minimum=0.05,
        maximum=60.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceContext:
    """What a source needs from its surroundings.

    Attributes:
        clock_ns: clock of the stamps, nanoseconds (ROS time in a node).
        monotonic_s: clock that never jumps, seconds; paces files.
        sleep: waits the given seconds.
        frame_id: optical frame that the frames name.
    """

    clock_ns: Callable[[], int]
    monotonic_s: Callable[[], float]
    sleep: Callable[[float], None]
    frame_id: str = "camera_optical_frame"


class FrameSource(Protocol):
    """A camera, stream, clip or folder. One thread opens, reads and closes it."""

    @property
    def description(self) -> str:
        """What is read, for people; never holds a password."""
        ...

    @property
    def live(self) -> bool:
        """Whether opening it again after a failure makes sense."""
        ...

    @property
    def dropped_frames(self) -> int:
        """Frames that existed but were passed over since the source was opened."""
        ...

    def open(self) -> None:
        """Make the source ready to read, from the beginning where it has one.

        Raises:
            SourceUnavailableError: it does not answer now. SourceError: it never will.
        """
        ...

    def read(self) -> Frame:
        """Return the next frame; waits for a camera at most ``stall_timeout_s``.

        Raises:
            SourceUnavailableError: unplugged or stalled. SourceEndedError: no further frame.
            FrameError: this one picture is unusable; the next may be good.
        """
        ...

    def interrupt(self) -> None:
        """Make an open or read that waits for a camera fail at once, until ``close``.

        The only method that another thread may call. Files need none of it: they never wait
        longer than one frame interval.
        """
        ...

    def close(self) -> None:
        """Free the device or file; calling it twice is harmless."""
        ...


def frame_from_image(image: object, *, stamp_ns: int, frame_id: str, sequence: int) -> Frame:
    """Return a read-only BGR frame from whatever a driver delivered.

    Args:
        image: (H, W, 3) BGR, (H, W[, 1]) grey or (H, W, 4) BGRA, uint8.
        stamp_ns: nanoseconds of the source's clock. frame_id, sequence: see :class:`Frame`.

    Raises:
        FrameError: not an image, empty, too large, or of another type.
    """
    if not isinstance(image, np.ndarray) or image.size == 0:
        raise FrameError("the source delivered an empty image; the frame is dropped")
    if image.dtype != np.uint8:
        raise FrameError(f"the source delivered {image.dtype} pixels, expected uint8")
    channels = 1 if image.ndim == 2 else image.shape[-1]
    if image.ndim in (2, 3) and channels in (1, 4):
        code = cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_BGRA2BGR
        image = cv2.cvtColor(image, code)
    pixels = np.ascontiguousarray(image)
    pixels.flags.writeable = False
    try:
        return Frame(image=pixels, stamp_ns=stamp_ns, frame_id=frame_id, sequence=sequence)
    except ValueError as exc:
        raise FrameError(f"the source delivered an unusable image: {exc}") from exc


def letterboxed(image: Image, config: StreamConfig) -> Image:
    """Return the (height_px, width_px, 3) uint8 picture that shows all of `image`, black around.

    Raises:
        FrameError: the picture is so thin that nothing of it would be left.
    """
    height_px, width_px = image.shape[:2]
    box = Letterbox.fit(
        image_width_px=width_px,
        image_height_px=height_px,
        canvas_width_px=config.width_px,
        canvas_height_px=config.height_px,
    )
    if min(round(width_px * box.scale), round(height_px * box.scale)) < 1:
        raise FrameError(
            f"a picture of {width_px}x{height_px} px is too thin for "
            f"{config.width_px}x{config.height_px} px"
        )
    return box.apply(image)


def natural_order(path: Path) -> tuple[Any, ...]:
    """Return a sort key that puts picture_2 before picture_10, and is total."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return (*((part.isdigit(), int(part) if part.isdigit() else part) for part in parts), path.name)
