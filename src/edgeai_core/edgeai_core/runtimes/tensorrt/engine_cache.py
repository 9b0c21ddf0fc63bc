"""Built engines on disk: what they are built for is in their name and in their header.

A file is one line of magic, one line of JSON, then the engine. It is written beside and renamed, so
that a power cut leaves the old file or the new one. A file that is cut short, changed or built for
something else is not used; the engine is then built anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeai_core.cache_places import cache_directory

# What building.py does beyond precision; another recipe makes another engine.
RECIPE = "open1-16"
_MAGIC = b"edgeai TensorRT engine 1\n"
_log = logging.getLogger(__name__)


def engine_directory() -> Path:
    """Return $EDGEAI_ENGINE_DIR, else edgeai/engines in the user's cache directory."""
    return cache_directory("EDGEAI_ENGINE_DIR", "engines")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKey:
    """Everything that makes an engine unusable when it changes.

    Attributes:
        model: stem of the model file. model_sha256: of that file, its input shapes included.
        tensorrt: version. gpu: name of the device. capability: "8.7". precision: "f32", "f16" or
            "int8". recipe: how open sides and flags are set when building.
    """

    model: str
    model_sha256: str
    tensorrt: str
    gpu: str
    capability: str
    precision: str
    recipe: str = RECIPE

    @property
    def file_name(self) -> str:
        """A name that people can read."""
        parts = (
            self.model,
            f"trt{self.tensorrt}",
            self.gpu,
            f"sm{self.capability.replace('.', '')}",
            self.precision,
            self.recipe,
            self.model_sha256[:16],
        )
        return "_".join(re.sub(r"[^A-Za-z0-9.]+", "-", part).strip("-") for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEngine:
    """An engine of the cache.

    Attributes:
        plan: the serialized engine. difference: how far its answers were from the stand-in's,
            relative; None while it has not been tried. refusal: why it is not to be used, or "".
    """

    plan: bytes
    difference: float | None = None
    refusal: str = ""


class EngineCache:
    """The engines of one folder.

    Args:
        folder: made at the first write, for this user alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: EngineKey) -> Path:
        """Return where an engine belongs, whether it is there or not."""
        return self.folder / f"{key.file_name}.engine"

    def calibration_path(self, key: EngineKey) -> Path:
        """Return where the INT8 ranges of a model belong; they hold for every GPU."""
        portable = dataclasses.replace(key, gpu="any", capability="any")
        return self.folder / f"{portable.file_name}.calibration"

    def find(self, key: EngineKey) -> StoredEngine | None:
        """Return an engine, or None where there is none that can be trusted."""
        path = self.path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            _log.warning("engine %s cannot be read (%s); it is built anew", path, exc.strerror)
            return None
        try:
            return _decoded(content, key)
        except ValueError as exc:
            _log.warning("engine %s is not used: %s; it is built anew", path, exc)
            return None

    def store(self, key: EngineKey, engine: StoredEngine) -> Path:
        """Write an engine and return its path; OSError when the folder cannot be written."""
        header = {
            "key": dataclasses.asdict(key),
            "plan_sha256": hashlib.sha256(engine.plan).hexdigest(),
            "difference": engine.difference,
            "refusal": engine.refusal,
        }
        path = self.path(key)
        self.write(path, _MAGIC + json.dumps(header).encode() + b"\n" + engine.plan)
        return path

    def write(self, path: Path, content: bytes) -> None:
        """Write a file of the cache whole or not at all."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.part{os.getpid()}")
        try:
            with partial.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Wait for every other build of this board: two at once only spoil each other's timings."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "building.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _decoded(content: bytes, key: EngineKey) -> StoredEngine:
    """Return the engine of a file; ValueError says what is wrong with it."""
    if not content.startswith(_MAGIC):
        raise ValueError("it was not written by this product")
    line, _, plan = content[len(_MAGIC) :].partition(b"\n")
    header = json.loads(line)
    if not isinstance(header, dict) or header.get("key") != dataclasses.asdict(key):
        raise ValueError("it was built for another model, GPU or TensorRT")
    if header.get("plan_sha256") != hashlib.sha256(plan).hexdigest():
        raise ValueError("it is damaged")
    difference = header.get("difference")
    return StoredEngine(
        plan=plan,
        difference=None if difference is None else float(difference),
        refusal=str(header.get("refusal", "")),
    )
