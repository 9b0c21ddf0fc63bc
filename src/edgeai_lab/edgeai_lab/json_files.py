"""JSON results on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path

from edgeai_core.errors import DataError


def write_json(path: Path, content: object) -> None:
    """Write JSON so that a reader sees the old file or the whole new one.

    Raises:
        DataError: it cannot be written. ValueError: a number is not finite.
    """
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    draft = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc
