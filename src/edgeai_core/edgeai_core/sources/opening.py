"""From the text a user writes to a source."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from edgeai_core.errors import SourceError
from edgeai_core.sources.base import (
    ACCEPTED_SOURCES,
    FrameSource,
    SourceContext,
    StreamConfig,
    natural_order,
)
from edgeai_core.sources.image_folder import IMAGE_SUFFIXES, ImageFolderSource
from edgeai_core.sources.rtsp import RtspSource, redacted
from edgeai_core.sources.synthetic import SyntheticSource
from edgeai_core.sources.usb import UsbSource
from edgeai_core.sources.video_file import VIDEO_SUFFIXES, VideoFileSource


def open_source(
    config: StreamConfig,
    *,
    clock_ns: Callable[[], int],
    monotonic_s: Callable[[], float],
    sleep: Callable[[float], None],
    frame_id: str = "camera_optical_frame",
) -> FrameSource:
    """Return the source that ``config.source`` names, not opened yet.

    Args:
        config: what to read and how. clock_ns: clock of the stamps, nanoseconds.
        monotonic_s: clock that never jumps, seconds. sleep: waits seconds; paces files.
        frame_id: optical frame that the frames name.

    Raises:
        SourceError: the text names nothing that can be read.
    """
    context = SourceContext(
        clock_ns=clock_ns, monotonic_s=monotonic_s, sleep=sleep, frame_id=frame_id
    )
    text = config.source.strip()
    if text.casefold() == "synthetic":
        return SyntheticSource(config=config, context=context)
    if text.casefold().startswith(("rtsp://", "rtsps://")):
        return RtspSource(text, config=config, context=context)
    if "://" in text:
        raise _unknown(redacted(text), "no such kind of address is read")
    if re.fullmatch(r"\d+", text):
        return UsbSource(Path(f"/dev/video{text}"), config=config, context=context)
    if text.startswith("/dev/"):
        return UsbSource(Path(text), config=config, context=context)
    if text.casefold() in ("", "auto"):
        raise _unknown(text, "nothing is named")
    return _from_path(Path(text).expanduser(), text, config, context)


def _from_path(path: Path, name: str, config: StreamConfig, context: SourceContext) -> FrameSource:
    try:
        found = list(path.iterdir()) if path.is_dir() else [path]
    except OSError as exc:
        raise SourceError(f"source {name}: cannot be read ({exc.strerror})") from exc
    if not path.exists():
        raise _unknown(name, "there is no such file or folder")
    visible = (file for file in found if file == path or not file.name.startswith("."))
    files = sorted(visible, key=natural_order)
    clips = [file for file in files if file.suffix.casefold() in VIDEO_SUFFIXES]
    if clips:
        return VideoFileSource(clips, name=name, config=config, context=context)
    pictures = [file for file in files if file.suffix.casefold() in IMAGE_SUFFIXES]
    if pictures:
        return ImageFolderSource(pictures, name=name, config=config, context=context)
    kinds = ", ".join(sorted(VIDEO_SUFFIXES | IMAGE_SUFFIXES))
    why = "the folder holds no clip and no picture" if path.is_dir() else "no such kind is read"
    raise SourceError(f"source {name}: {why}; expected files ending in {kinds}")


def _unknown(name: str, why: str) -> SourceError:
    # A mistyped address ("rtsp:/user:password@host") ends here too, and its secret stays out.
    shown = f"...@{name.rpartition('@')[2]}" if "@" in name and ":" in name else name
    return SourceError(f"source: got {shown!r}, {why}; expected {ACCEPTED_SOURCES}")
