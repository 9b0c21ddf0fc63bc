"""The files for viewers, with the camera's name in them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from edgeai_bringup.graph import PROFILES
from edgeai_bringup.locations import rviz_directory

#: The camera that the files are written for.
WRITTEN_FOR = "camera"
_VISUALIZER = "visualizer"


def is_viewable(profile: str) -> bool:
    """Return whether a profile runs the node that viewers listen to."""
    return _VISUALIZER in PROFILES[profile]


def rviz_file(profile: str, *, camera: str) -> Path:
    """Return the rviz2 configuration of a profile: a temporary copy for a camera of another name.

    Args:
        profile: one that is_viewable. camera: its full namespace, for instance ``door``.
    """
    file = rviz_directory() / f"{profile}.rviz"
    name = camera.strip("/")
    if name == WRITTEN_FOR:
        return file
    handle, path = tempfile.mkstemp(prefix=f"{profile}_", suffix=".rviz")
    with os.fdopen(handle, "w", encoding="utf-8") as copy:
        copy.write(renamed(file.read_text(encoding="utf-8"), camera=name))
    return Path(path)


def renamed(content: str, *, camera: str) -> str:
    """Return a viewer's file with the topics of another camera."""
    return content.replace(f"/{WRITTEN_FOR}/", f"/{camera}/")
