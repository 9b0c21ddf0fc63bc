"""One file per taught thing: weights, what is known about it, and its cut-outs. No pickles."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.objects.taught import LevelHead
from edgeai_core.analyzers.objects.taught_closer import CloserLook
from edgeai_core.errors import ModelError

FORMAT = 2
_CARD, _PICTURES, _ENDS = "card", "cutouts", "cutout_ends"
# What NumPy and the archive's reader raise for a file that is no such archive.
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)
_WEIGHTS = tuple(entry.name for entry in fields(LevelHead))
_CLOSER_WEIGHTS = tuple(entry.name for entry in fields(CloserLook))


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtCard:
    """What is known about a taught thing.

    Attributes:
        name: as the person calls it. taught_at_ns: when, nanoseconds since 1970, UTC.
        trunk_sha256: of the model file whose trunk it was taught on. levels: of its pyramid.
        cutouts: pictures of it that were learned from. source: what kind of material they are of.
        figures: measured at teaching by name (validation AP, seconds …).
    """

    name: str
    taught_at_ns: int
    trunk_sha256: str
    levels: int
    cutouts: int
    source: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaughtThing:
    """A card with the weights, finest level first, and those of the closer look."""

    card: TaughtCard
    levels: tuple[LevelHead, ...]
    closer: CloserLook


def encode_thing(thing: TaughtThing, cutouts: Sequence[bytes] = ()) -> bytes:
    """Return the content of a thing's file.

    Args:
        cutouts: PNG files of the thing, kept so that it can be taught again on another trunk and
            told from things that are taught later; running never reads them.
    """
    content: dict[str, npt.NDArray[np.generic]] = {}
    card = json.dumps({"format": FORMAT, **asdict(thing.card)}, allow_nan=False)
    content[_CARD] = np.frombuffer(card.encode(), np.uint8)
    for number, level in enumerate(thing.levels):
        for name in _WEIGHTS:
            content[f"{number}.{name}"] = np.asarray(getattr(level, name), np.float32)
    for name in _CLOSER_WEIGHTS:
        content[f"closer.{name}"] = np.asarray(getattr(thing.closer, name), np.float32)
    content[_PICTURES] = np.frombuffer(b"".join(cutouts), np.uint8)
    content[_ENDS] = np.cumsum([len(cutout) for cutout in cutouts], dtype=np.int64)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **content)
    return buffer.getvalue()


def read_card(path: Path) -> TaughtCard:
    """Return the card of a thing's file.

    Raises:
        ModelError: it cannot be read or is no such file.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return _card(bytes(stored[_CARD]))
    except _UNREADABLE as exc:
        raise _damaged(path, exc) from exc


def read_thing(path: Path) -> TaughtThing:
    """Return card and weights of a thing's file; errors as of :func:`read_card`."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            card = _card(bytes(stored[_CARD]))
            return TaughtThing(
                card=card,
                levels=tuple(_level(stored, number) for number in range(card.levels)),
                closer=CloserLook(**_arrays(stored, "closer", _CLOSER_WEIGHTS)),
            )
    except _UNREADABLE as exc:
        raise _damaged(path, exc) from exc


def read_cutout_files(path: Path) -> list[npt.NDArray[np.uint8]]:
    """Return the PNG files in a thing's file as bytes; errors as of :func:`read_card`."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            pictures = np.asarray(stored[_PICTURES], np.uint8)
            ends = [int(end) for end in stored[_ENDS]]
    except _UNREADABLE as exc:
        raise _damaged(path, exc) from exc
    return [pictures[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _card(content: bytes) -> TaughtCard:
    values = json.loads(content)
    if values.pop("format") != FORMAT:
        raise ValueError("written by another version; --again keeps its cut-outs")
    card = TaughtCard(**values)
    if not (isinstance(card.name, str) and card.name and 1 <= card.levels <= 8):
        raise ValueError("its card names no thing")
    return card


def _level(stored: Mapping[str, npt.NDArray[np.generic]], number: int) -> LevelHead:
    arrays = _arrays(stored, str(number), _WEIGHTS)
    least = float(arrays.pop("gate_least"))
    if not math.isfinite(least):
        raise ValueError("the gate's threshold is not finite")
    return LevelHead(gate_least=least, **arrays)


def _arrays(
    stored: Mapping[str, npt.NDArray[np.generic]], part: str, names: Sequence[str]
) -> dict[str, npt.NDArray[np.float32]]:
    arrays = {name: np.asarray(stored[f"{part}.{name}"], np.float32) for name in names}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("a weight is not finite")
    return arrays


def _damaged(path: Path, exc: Exception) -> ModelError:
    return ModelError(
        f"taught thing {path} cannot be read ({exc}); delete the file and teach the thing again"
    )
