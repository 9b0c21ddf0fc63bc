"""What the sources `auto` and `demo` stand for on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgeai_core.errors import SourceError
from edgeai_core.model_store import demo_directory
from edgeai_core.sources.usb import first_camera

AUTO = "auto"
DEMO = "demo"
TOPIC = "topic"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChoice:
    """The source that is played.

    Attributes:
        source: as :func:`edgeai_core.sources.opening.open_source` reads it.
        is_demo: whether it is the demo footage, which is played again and again.
        is_topic: whether pictures come from elsewhere in the graph, and no camera is opened.
        topic: their topic where it is not the camera's own `image_raw`.
    """

    source: str
    is_demo: bool = False
    is_topic: bool = False
    topic: str = ""


def footage_directory() -> Path:
    """Return the folder whose clips the demo plays in the order of their names."""
    return demo_directory() / "footage"


def choose_source(
    text: str, *, find_camera: Callable[[], str | None] = first_camera
) -> SourceChoice:
    """Return what a user's word for a source stands for.

    Args:
        text: `auto` or nothing: the first USB camera, without one the demo footage. `demo`: the
            demo footage. `topic`, or `topic:NAME`: no source of ours. Everything else stands for
            itself.
        find_camera: returns the path of the first USB camera, None without one.

    Raises:
        SourceError: the demo footage is wanted and not set up.
    """
    word = text.strip().casefold()
    if word.partition(":")[0] == TOPIC:
        return SourceChoice(source="", is_topic=True, topic=text.strip().partition(":")[2])
    if word not in ("", AUTO, DEMO):
        return SourceChoice(source=text)
    camera = None if word == DEMO else find_camera()
    if camera is not None:
        return SourceChoice(source=camera)
    folder = footage_directory()
    if not folder.is_dir():
        missing = "" if word == DEMO else "no USB camera was found and "
        raise SourceError(
            f"source: {missing}the demo footage is not set up; run ./edgeai setup, plug a camera "
            "in, or name a source: /dev/videoN, rtsp://…, a clip or a folder"
        )
    return SourceChoice(source=str(folder), is_demo=True)
