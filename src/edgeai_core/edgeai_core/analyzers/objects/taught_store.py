"""All taught things of a machine: a private folder with one file each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.objects.features import FeatureMaps
from edgeai_core.analyzers.objects.taught import TaughtHead, detect_all
from edgeai_core.analyzers.objects.taught_file import (
    TaughtCard,
    TaughtThing,
    encode_thing,
    read_card,
    read_thing,
)
from edgeai_core.errors import ConfigError, ModelError, ModelMissingError
from edgeai_core.types import Detection

SUFFIX = ".thing"
_MOST_NAME = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredThing:
    """A file of the folder, and its card; None with the sentence why it cannot be read."""

    path: Path
    card: TaughtCard | None
    problem: str = ""


class ThingStore:
    """The folder of the taught things.

    Args:
        folder: need not exist; made with the first thing, for its owner only.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, name: str) -> Path:
        """Return the file of a thing; upper and lower case do not matter.

        Raises:
            ConfigError: the name cannot be one.
        """
        return self.folder / (quote(checked_name(name).casefold(), safe=" ") + SUFFIX)

    def things(self) -> list[StoredThing]:
        """Return all things by name of file, unreadable ones too."""
        found = []
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            try:
                found.append(StoredThing(path=path, card=read_card(path)))
            except ModelError as exc:
                found.append(StoredThing(path=path, card=None, problem=str(exc)))
        return found

    def save(self, thing: TaughtThing, cutouts: Sequence[bytes] = ()) -> Path:
        """Write a thing, in the place of one of that name; a reader sees the old or the new one.

        Raises:
            ConfigError: the name cannot be one. ModelError: the file cannot be written.
        """
        path = self.path_of(thing.card.name)
        draft = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(draft, flags, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(encode_thing(thing, cutouts))
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as exc:
            raise ModelError(f"taught thing {path} cannot be written: {exc.strerror}") from exc
        return path

    def forget(self, name: str) -> None:
        """Delete a thing with its pictures.

        Raises:
            ModelMissingError: there is none of that name. ModelError: it cannot be deleted.
        """
        path = self.path_of(name)
        try:
            path.unlink()
        except FileNotFoundError as exc:
            known = ", ".join(thing.card.name for thing in self.things() if thing.card)
            raise ModelMissingError(
                f"no thing named {name!r} was taught; there are: {known or 'none'}"
            ) from exc
        except OSError as exc:
            raise ModelError(f"taught thing {path} cannot be deleted: {exc.strerror}") from exc

    def signature(self) -> tuple[tuple[str, int, int], ...]:
        """Return what changes when a thing comes, goes or is taught again; takes microseconds."""
        try:
            with os.scandir(self.folder) as entries:
                files = [entry for entry in entries if entry.name.endswith(SUFFIX)]
                stats = [(entry.name, entry.stat()) for entry in files]
        except FileNotFoundError:
            return ()
        return tuple(sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats))


class TaughtThings:
    """Finds every thing of a folder. One worker owns an instance.

    Args:
        store: the folder. trunk_sha256: of the model file whose maps :meth:`detect` will get.
        min_score: 0..1; fainter findings are dropped. 0.5 is what each thing was calibrated for.
    """

    def __init__(self, store: ThingStore, *, trunk_sha256: str, min_score: float = 0.5) -> None:
        self._store = store
        self._trunk_sha256 = trunk_sha256
        self._min_score = min_score
        self._signature: tuple[tuple[str, int, int], ...] = ()
        self._heads: tuple[TaughtHead, ...] = ()
        self.problems: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the things that are looked for."""
        return tuple(head.label for head in self._heads)

    def refresh(self) -> bool:
        """Load anew what changed in the folder; return whether anything did.

        What cannot be used stands in `problems`, a sentence each; the other things are found.
        """
        signature = self._store.signature()
        if signature == self._signature:
            return False
        heads, problems = [], []
        for stored in self._store.things():
            try:
                heads.append(self._head(stored.path))
            except ModelError as exc:
                problems.append(str(exc))
        self._signature, self._heads, self.problems = signature, tuple(heads), tuple(problems)
        return True

    def detect(self, features: FeatureMaps, image: npt.NDArray[np.uint8]) -> list[Detection]:
        """Return the things in a frame, best score first, boxes in its pixels.

        Args:
            features: the trunk's maps of the frame. image: the frame, (H, W, 3) uint8 BGR.

        Raises:
            ModelError: the maps are not those of the trunk that was named.
        """
        return detect_all(self._heads, features, image) if self._heads else []

    def _head(self, path: Path) -> TaughtHead:
        thing = read_thing(path)
        require_trunk(thing.card, self._trunk_sha256)
        return TaughtHead(thing.card.name, thing.levels, thing.closer, min_score=self._min_score)


def require_trunk(card: TaughtCard, trunk_sha256: str) -> None:
    """Refuse a thing that was taught on another trunk: its weights mean nothing there.

    Raises:
        ModelError: the trunks differ.
    """
    if card.trunk_sha256 != trunk_sha256:
        raise ModelError(
            f"taught thing {card.name}: it was taught on the detector {card.trunk_sha256[:12]}…, "
            f"this one is {trunk_sha256[:12]}…; teach it again: ./edgeai objects teach "
            f'"{card.name}" --again'
        )


def checked_name(name: str) -> str:
    """Return a thing's name without spaces around it.

    Raises:
        ConfigError: it is empty, too long or cannot be printed.
    """
    stripped = name.strip()
    if not (0 < len(stripped) <= _MOST_NAME and stripped.isprintable()):
        raise ConfigError(
            f"name of a thing: expected 1 to {_MOST_NAME} printable characters, got {name!r}"
        )
    return stripped
