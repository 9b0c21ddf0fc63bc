"""What a recording must show, as people write it: YAML, read strictly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from edgeai_core.config import build, param
from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box
from edgeai_core.regression.happenings import Kind

_KINDS = tuple(kind.value for kind in Kind)
_MAX_BYTES = 1_000_000
_HOUR_S = 86_400.0
EntryT = TypeVar("EntryT")


def _number(default: float, description: str, *, low: float, high: float) -> Any:
    return param(default, description, minimum=low, maximum=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One thing that must be seen; each happening answers one of them at most.

    Raises:
        ConfigError: a part is missing or contradicts itself.
    """

    kind: str = param("", "What tells of it", choices=_KINDS)
    label: str = param("", "Class, name, state, action or category")
    at_s: float = _number(0.0, "Seconds after the first picture", low=-_HOUR_S, high=_HOUR_S)
    tolerance_s: float = _number(0.5, "How much earlier or later", low=0.0, high=_HOUR_S)
    box: tuple[float, ...] = param((), "Left, top, right, bottom in pixels; empty is anywhere")
    min_iou: float = _number(0.5, "Overlap with the box", low=0.0, high=1.0)
    score: tuple[float, ...] = param((), "Lowest and highest score; empty is any")
    track: int = param(0, "Identity; 0 is any", minimum=0)

    def __post_init__(self) -> None:
        _require_about(self.kind, self.label)
        if len(self.box) not in (0, 4):
            raise ConfigError(f"box: got {len(self.box)} numbers, expected 4: x0, y0, x1, y1")
        if self.box and not (self.box[0] < self.box[2] and self.box[1] < self.box[3]):
            raise ConfigError(f"box: {list(self.box)} is inside out; expected x0 < x1 and y0 < y1")
        if self.score and not (len(self.score) == 2 and self.score[0] <= self.score[1]):
            raise ConfigError(f"score: got {list(self.score)}, expected the lowest and the highest")

    @property
    def place(self) -> Box | None:
        """Where it must be; None for anywhere."""
        return Box(*self.box) if self.box else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """What must not be seen. An empty label is every label of the kind."""

    kind: str = param("", "What would tell of it", choices=_KINDS)
    label: str = param("", "Class, name, state, action or category; empty is any")
    min_score: float = _number(0.0, "Fainter ones do not matter", low=0.0, high=1.0)

    def __post_init__(self) -> None:
        _require_about(self.kind, "any")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many happenings of one sort there must be."""

    kind: str = param("", "What tells of them", choices=_KINDS)
    label: str = param("", "Class, name, state, action or category")
    at_least: int = param(0, "Fewer are too few", minimum=0)
    at_most: int = param(1_000_000, "More are too many", minimum=0)

    def __post_init__(self) -> None:
        _require_about(self.kind, self.label)
        if self.at_least > self.at_most:
            raise ConfigError(f"at_least {self.at_least} is more than at_most {self.at_most}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """All that is expected of a recording, and how it is looked at.

    Attributes:
        profile: whose parameters hold. settings: ``NODE.PARAMETER=VALUE`` that win over them.
        events: what must come. absent: what must not. counts: how many.
    """

    profile: str = "home"
    settings: tuple[str, ...] = ()
    events: tuple[Expected, ...] = ()
    absent: tuple[Absent, ...] = ()
    counts: tuple[Count, ...] = ()

    def kinds(self) -> frozenset[Kind]:
        """Return the kinds that anything is expected of."""
        entries: tuple[Expected | Absent | Count, ...]
        entries = (*self.events, *self.absent, *self.counts)
        return frozenset(Kind(entry.kind) for entry in entries)


def read_expectations(path: Path) -> Expectations:
    """Return what a file expects.

    Raises:
        ConfigError: it cannot be read, is no YAML, or an entry has an unknown key, a value that
            does not fit, or contradicts itself; the sentence names file and entry.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"{path}: has {path.stat().st_size} B, expected at most {_MAX_BYTES}")
        return parse_expectations(path.read_text(encoding="utf-8"), source=str(path))
    except (OSError, UnicodeError) as exc:
        raise ConfigError(
            f"expectations {path}: cannot be read ({exc}); --write {path} makes them of what is "
            "seen now"
        ) from exc


def parse_expectations(text: str, *, source: str = "expectations") -> Expectations:
    """Return what a text expects.

    Args:
        text: YAML. source: what messages call it.

    Raises:
        ConfigError: as for :func:`read_expectations`.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise ConfigError(f"{source}: is no YAML: {' '.join(str(exc).split())}") from exc
    if not isinstance(content, dict):
        raise ConfigError(f"{source}: expected the keys {', '.join(_KEYS)}; got {content!r:.60}")
    unknown = [key for key in content if key not in _KEYS]
    if unknown:
        raise ConfigError(f"{source}: unknown key {unknown[0]!r}; known: {', '.join(_KEYS)}")
    settings = content.get("settings") or []
    if not isinstance(settings, list) or not all(isinstance(one, str) for one in settings):
        raise ConfigError(f"{source}: settings: expected a list of NODE.PARAMETER=VALUE")
    expectations = Expectations(
        profile=str(content.get("profile", "home")),
        settings=tuple(settings),
        events=_entries(Expected, content, "events", source),
        absent=_entries(Absent, content, "absent", source),
        counts=_entries(Count, content, "counts", source),
    )
    if not (expectations.events or expectations.absent or expectations.counts):
        raise ConfigError(f"{source}: expects nothing; give events, absent or counts")
    return expectations


_KEYS = ("profile", "settings", "events", "absent", "counts")


def _entries(
    entry_class: type[EntryT], content: dict[str, Any], key: str, source: str
) -> tuple[EntryT, ...]:
    listed = content.get(key) or []
    if not isinstance(listed, list):
        raise ConfigError(f"{source}: {key}: expected a list, each entry begun with a dash")
    entries: list[EntryT] = []
    for number, values in enumerate(listed, start=1):
        if not isinstance(values, dict):
            raise ConfigError(f"{source}: {key}, entry {number}: expected keys and values")
        try:
            entries.append(build(entry_class, {str(name): v for name, v in values.items()}))
        except ConfigError as exc:
            raise ConfigError(f"{source}: {key}, entry {number}: {exc}") from exc
    return tuple(entries)


def _require_about(kind: str, label: str) -> None:
    missing: Sequence[str] = [
        name for name, given in (("kind", kind), ("label", label)) if not given
    ]
    if missing:
        raise ConfigError(f"{missing[0]} is missing; kinds: {', '.join(_KINDS)}")
