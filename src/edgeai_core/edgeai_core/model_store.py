"""Find model files and demo footage on this machine and refuse what is not the pinned file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from edgeai_core.cache_places import cache_directory
from edgeai_core.errors import ModelError, ModelIntegrityError, ModelMissingError
from edgeai_core.model_card import ModelCard, Training

_MEND = "run ./edgeai setup"
# Files that were hashed by this process and found right: (path, size, mtime) -> sha256. It lives
# only in memory: a stamp on disk could be swapped together with the model.
_verified: dict[tuple[str, int, int], str] = {}


def model_directory() -> Path:
    """Return $EDGEAI_MODEL_DIR, else edgeai/models in the user's cache directory."""
    return cache_directory("EDGEAI_MODEL_DIR", "models")


def demo_directory() -> Path:
    """Return $EDGEAI_DEMO_DIR, else edgeai/demo in the user's cache directory."""
    return cache_directory("EDGEAI_DEMO_DIR", "demo")


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file as 64 hex digits; OSError when it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def model_path(card: ModelCard) -> Path:
    """Return where the file of a model belongs, whether it is there or not."""
    if isinstance(card.source, Training):
        return Path(__file__).parent / "weights" / card.file_name
    return model_directory() / card.file_name


def resolve(card: ModelCard) -> Path:
    """Return the file of a model after checking that it is the one on the card.

    Raises:
        ModelMissingError: there is no such file or it cannot be read.
        ModelIntegrityError: its sha256 differs.
    """
    return resolve_file(model_path(card), name=f"model {card.name}", sha256=card.sha256, mend=_MEND)


def resolve_file(path: Path, *, name: str, sha256: str, mend: str) -> Path:
    """Return a file after checking its sha256.

    Args:
        path: the file. name: what to call it in errors. sha256: 64 hex digits.
        mend: what brings the right file.

    Raises:
        ModelMissingError, ModelIntegrityError: as for :func:`resolve`.
    """
    try:
        status = path.stat()
        key = (str(path), status.st_size, status.st_mtime_ns)
        if key not in _verified:
            _verified[key] = sha256_of(path)
    except OSError as exc:
        raise ModelMissingError(f"{name}: cannot read {path} ({exc.strerror}); {mend}") from exc
    if _verified[key] != sha256:
        raise ModelIntegrityError(
            f"{name}: {path} has sha256 {_verified[key][:12]}…, expected {sha256[:12]}…; it is "
            f"damaged or was replaced: delete it and {mend}"
        )
    return path


def problems(cards: Iterable[ModelCard]) -> list[str]:
    """Return one sentence for every model that cannot be used; empty when all are in order."""
    found = []
    for card in cards:
        try:
            resolve(card)
        except ModelError as exc:
            found.append(str(exc))
    return found
