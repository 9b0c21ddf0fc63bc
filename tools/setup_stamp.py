"""Remembers what set-up has done, and for which inputs, so that nothing is done twice."""

import dataclasses
import hashlib
import json
import os
import pathlib
from collections.abc import Iterable, Mapping

_FORMAT = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stamp:
    """What a set-up has finished.

    Attributes:
        made_with: The ROS 2 of the environment (see ros_installation).
        steps: For each finished step the digest of its inputs.
        running: The step that was begun and not finished, or None. Found after a start, it tells
            that the earlier set-up was killed in this step.
        assets: Sizes in bytes of the models and clips that were installed, by path: they are
            outside of the clone, where somebody may tidy up.
        lab_assets: The same of the weights that the lab trains from.
    """

    made_with: str
    steps: dict[str, str] = dataclasses.field(default_factory=dict)
    running: str | None = None
    assets: dict[str, int] = dataclasses.field(default_factory=dict)
    lab_assets: dict[str, int] = dataclasses.field(default_factory=dict)

    def has_assets(self) -> bool:
        """Return whether every installed model and clip is still there in its size."""
        return _all_there(self.assets)

    def has_lab_assets(self) -> bool:
        """Return whether all weights of the lab are still there in their size."""
        return _all_there(self.lab_assets)

    def begin(self, step: str) -> "Stamp":
        steps = {name: value for name, value in self.steps.items() if name != step}
        return dataclasses.replace(self, steps=steps, running=step)

    def finish(self, step: str, digest: str) -> "Stamp":
        return dataclasses.replace(self, steps={**self.steps, step: digest}, running=None)


def read(path: pathlib.Path) -> Stamp | None:
    """Return the stamp; None where there is none or it is not one of ours."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(fields, dict) or fields.pop("format", None) != _FORMAT:
        return None
    try:
        return Stamp(**fields)
    except TypeError:
        return None


def write(path: pathlib.Path, stamp: Stamp) -> None:
    """Write the stamp so that a reader sees the old one or the new one, never half of it."""
    text = json.dumps({"format": _FORMAT, **dataclasses.asdict(stamp)}, indent=1)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text + "\n", encoding="utf-8")
    os.replace(draft, path)


def measure(paths: Iterable[pathlib.Path]) -> dict[str, int]:
    """Return the sizes of those files that exist, in the form of Stamp.assets."""
    sizes = {str(path): _size(path) for path in paths}
    return {path: size for path, size in sizes.items() if size is not None}


def digest(*, files: Iterable[pathlib.Path] = (), words: Iterable[object] = ()) -> str:
    """Return the sha256 over words and over names and contents of files, in the order given."""
    total = hashlib.sha256()
    for word in words:
        total.update(f"{word}\0".encode())
    for file in files:
        total.update(f"{file.name}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _all_there(sizes: Mapping[str, int]) -> bool:
    return bool(sizes) and all(_size(pathlib.Path(path)) == size for path, size in sizes.items())


def _size(path: pathlib.Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
