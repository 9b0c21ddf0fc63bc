"""Where the product keeps its data on a machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeai_core.config import param

DATA_DIR_VARIABLE = "EDGEAI_DATA_DIR"
GALLERY_FILE_NAME = "gallery.sqlite3"
THINGS_DIRECTORY_NAME = "things"


def data_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for data that must survive a restart; it need not exist yet.

    ``$EDGEAI_DATA_DIR`` if set, else ``$XDG_DATA_HOME/edgeai``, else ``~/.local/share/edgeai``.
    A relative ``$XDG_DATA_HOME`` is ignored, as the XDG base directory specification demands.
    """
    chosen = environ.get(DATA_DIR_VARIABLE, "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    shared = Path(environ.get("XDG_DATA_HOME", ""))
    base = shared if shared.is_absolute() else Path.home() / ".local" / "share"
    return base / "edgeai"


def gallery_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the face gallery; it need not exist yet."""
    return data_directory(environ) / GALLERY_FILE_NAME


def things_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the taught things; it need not exist yet."""
    return data_directory(environ) / THINGS_DIRECTORY_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryConfig:
    """Where the enrolled people are."""

    path: str = param(
        "",
        "Gallery file; empty takes the one of this user's data directory. The face node and the "
        "supervisor must name the same",
    )

    def file(self) -> Path:
        """Return the gallery file."""
        return Path(self.path) if self.path else gallery_path()
