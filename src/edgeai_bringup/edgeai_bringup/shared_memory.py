"""Give back the shared memory of processes that were killed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_TIMEOUT_S = 10.0


def remove_dead_segments(*, run: Callable[..., Any] = subprocess.run) -> str:
    """Let Fast DDS's own tool remove what dead processes left; return what went wrong, or nothing.

    Each killed node leaves 70 MB, and a small /dev/shm is full after a few. What a living process
    holds is locked and stays. Nothing is done where the tool is missing: with another middleware.

    Args:
        run: runs a command, as `subprocess.run` does.
    """
    # Beside the interpreter first: an environment need not be on the path.
    tool = shutil.which("fastdds", path=str(Path(sys.executable).parent)) or shutil.which("fastdds")
    if tool is None:
        return ""
    try:
        ended = run([tool, "shm", "clean"], capture_output=True, text=True, timeout=_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError) as exc:
        return f"{tool} shm clean: {exc}"
    if ended.returncode == 0:
        return ""
    said = " ".join(ended.stderr.split()[-20:])
    return f"{tool} shm clean ended with code {ended.returncode}: {said}"
