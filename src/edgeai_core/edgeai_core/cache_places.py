"""Where the product keeps what can be made or fetched anew: models, footage, engines."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory(variable: str, leaf: str) -> Path:
    """Return the folder that an environment variable names, else edgeai/`leaf` in the user's cache.

    Args:
        variable: name of the environment variable. leaf: last part of the path without it.
    """
    configured = os.environ.get(variable, "")
    if configured:
        return Path(configured).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME", "") or "~/.cache"
    return Path(cache).expanduser() / "edgeai" / leaf
