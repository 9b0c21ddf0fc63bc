"""The lists that say which pictures measure faces: pairs, a gallery, strangers."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from edgeai_core.errors import DataError

PAIRS_NAME, GALLERY_NAME, UNKNOWN_NAME = "pairs.csv", "gallery.txt", "unknown.txt"
ENROLMENT_PICTURES = 4
_SHOWN_MISSING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two pictures, by path below the root, and whether they show one person.

    `fold` is the fold that the list gives the pair, None where the list gives none.
    """

    first: str
    second: str
    same: bool
    fold: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceLists:
    """What is measured; an empty part is not measured.

    Attributes:
        root: folder of the pictures. pairs: for verification.
        gallery: pictures of known people by the person's name, in the order of the list.
        unknown: pictures of people who are not in the gallery.
    """

    root: Path
    pairs: tuple[Pair, ...] = ()
    gallery: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def pictures(self) -> tuple[str, ...]:
        """Every picture once, in the order of the lists."""
        paired = [name for pair in self.pairs for name in (pair.first, pair.second)]
        known = [name for _, names in self.gallery for name in names]
        return tuple(dict.fromkeys([*paired, *known, *self.unknown]))


def read_face_lists(
    root: Path,
    *,
    pairs: Path | None = None,
    gallery: Path | None = None,
    unknown: Path | None = None,
) -> FaceLists:
    """Read the lists and check that every picture they name exists.

    A list that is left out is taken from the root by its usual name (pairs.csv, gallery.txt,
    unknown.txt) where it is there. A relative name is looked for here first, then in the root.

    Raises:
        DataError: a list or a picture is missing, a row is malformed, there is nothing to measure,
            or the lists contradict each other.
    """
    if not root.is_dir():
        raise DataError(f"face data: {root} is not a folder; give the folder of the pictures")
    lists = FaceLists(
        root=root,
        pairs=_pairs(found) if (found := _locate(root, pairs, PAIRS_NAME)) else (),
        gallery=_gallery(found) if (found := _locate(root, gallery, GALLERY_NAME)) else (),
        unknown=_names(found) if (found := _locate(root, unknown, UNKNOWN_NAME)) else (),
    )
    if not lists.pairs and not lists.gallery:
        raise DataError(
            f"face data: {root} holds neither {PAIRS_NAME} nor {GALLERY_NAME}; "
            "give --pairs, or --gallery and --unknown"
        )
    if lists.unknown and not lists.gallery:
        raise DataError("face data: --unknown measures strangers to a gallery; give --gallery too")
    _check_strangers(lists)
    _check_pictures(lists)
    return lists


def _locate(root: Path, given: Path | None, name: str) -> Path | None:
    if given is None:
        usual = root / name
        return usual if usual.is_file() else None
    for path in (given, root / given):
        if path.is_file():
            return path
    raise DataError(f"face data: the list {given} does not exist, neither here nor in {root}")


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError(f"face data: {path} cannot be read as UTF-8 text: {exc}") from exc


def _pairs(path: Path) -> tuple[Pair, ...]:
    """Read ``same,a,b`` with an optional column ``fold``."""
    rows = list(csv.reader(_read_text(path).splitlines()))
    header = [cell.strip() for cell in rows[0]] if rows else []
    if header not in (["same", "a", "b"], ["same", "a", "b", "fold"]):
        raise DataError(
            f"face data: {path} begins with {','.join(header) or 'nothing'!r}, expected the header "
            "same,a,b or same,a,b,fold"
        )
    pairs = []
    for line, row in enumerate(rows[1:], start=2):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) != len(header) or cells[0] not in ("0", "1") or not all(cells):
            raise DataError(
                f"face data: {path}, line {line}: got {','.join(row)!r}, expected 1 (same person) "
                f"or 0, then two pictures{' and a fold number' if 'fold' in header else ''}"
            )
        pairs.append(
            Pair(
                first=_below_root(cells[1], path, line),
                second=_below_root(cells[2], path, line),
                same=cells[0] == "1",
                fold=_fold(cells[3], path, line) if len(cells) == 4 else None,
            )
        )
    kinds = {pair.same for pair in pairs}
    if kinds != {True, False}:
        raise DataError(
            f"face data: {path} holds {len(pairs)} pairs of {len(kinds)} kind, expected pairs of "
            "the same person (1) and of different people (0)"
        )
    return tuple(pairs)


def _fold(text: str, path: Path, line: int) -> int:
    if not text.isascii() or not text.isdigit():
        raise DataError(f"face data: {path}, line {line}: fold {text!r} is not a whole number")
    return int(text)


def _names(path: Path) -> tuple[str, ...]:
    """Read one picture a line; blank lines are passed over."""
    names = [
        _below_root(text.strip(), path, line)
        for line, text in enumerate(_read_text(path).splitlines(), start=1)
        if text.strip()
    ]
    if not names:
        raise DataError(f"face data: {path} is empty, expected one picture a line")
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise DataError(f"face data: {path} names {repeated[0]} more than once; name it once")
    return tuple(names)


def _gallery(path: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Group the list by the folder that a picture lies in: the person."""
    people: dict[str, list[str]] = {}
    for name in _names(path):
        person = PurePosixPath(name).parent.name
        if not person:
            raise DataError(f"face data: {path}: {name} lies in no folder that names its person")
        people.setdefault(person, []).append(name)
    if all(len(names) <= ENROLMENT_PICTURES for names in people.values()):
        raise DataError(
            f"face data: {path}: nobody has more than {ENROLMENT_PICTURES} pictures; the first "
            f"{ENROLMENT_PICTURES} of a person enrol, and only the rest can be recognised"
        )
    return tuple((person, tuple(names)) for person, names in people.items())


def _below_root(name: str, path: Path, line: int) -> str:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts:
        raise DataError(
            f"face data: {path}, line {line}: {name!r} leaves the root, expected a path below it"
        )
    return name


def _check_strangers(lists: FaceLists) -> None:
    """A person of the gallery among the strangers would count every right answer as wrong."""
    pictures = {name for _, names in lists.gallery for name in names}
    folders = {str(PurePosixPath(name).parent) for name in pictures}
    for name in lists.unknown:
        if name in pictures or str(PurePosixPath(name).parent) in folders:
            raise DataError(
                f"face data: {name} is listed as unknown, but its person is in the gallery; "
                "take it out of one of the lists"
            )


def _check_pictures(lists: FaceLists) -> None:
    missing = _missing(lists.root, lists.pictures)
    if missing:
        shown = ", ".join(missing[:_SHOWN_MISSING])
        more = f" and {len(missing) - _SHOWN_MISSING} more" if len(missing) > _SHOWN_MISSING else ""
        raise DataError(
            f"face data: {len(missing)} of {len(lists.pictures)} listed pictures are not in "
            f"{lists.root}: {shown}{more}"
        )


def _missing(root: Path, names: Iterable[str]) -> Sequence[str]:
    return [name for name in names if not (root / name).is_file()]
