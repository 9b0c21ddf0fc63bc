"""Sheets for people who look whether labels are right: boxes drawn, twins that disagree."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from edgeai_core.contact_sheet import contact_sheet
from edgeai_core.errors import DataError
from edgeai_lab.data.groups import NearPair
from edgeai_lab.data.sets import DataSet, LabelledPicture
from edgeai_lab.pictures import Image, read_picture, write_picture
from edgeai_lab.progress import Track, silent

TWINS_NAME = "twins.csv"
_SIDE_PX = 240
_PER_SHEET = 30
_LONGEST_CAPTION = 34
# BGR; told apart by people who do not see red and green alike (Okabe and Ito, 2008).
_COLOURS = ((0, 94, 213), (178, 114, 0), (115, 158, 0), (167, 121, 204), (66, 228, 240))


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was written: sheets, and the twins whose labels differ among all near twins."""

    sheets: tuple[Path, ...]
    twins: int
    disagreeing: tuple[NearPair, ...]


def audit(
    data: DataSet,
    pairs: Sequence[NearPair],
    out: Path,
    *,
    track: Track[tuple[str, int]] = silent,
) -> Audit:
    """Write sheets of thirty pictures by class, and the near twins that are labelled otherwise.

    Args:
        data: the pictures. pairs: near ones, by place in `data.pictures`.
        out: gets CLASS_1.jpg …, twins_1.jpg … (twin beside twin) and twins.csv.

    Raises:
        DataError: a picture cannot be decoded, or the folder cannot be written.
    """
    pictures = data.pictures
    differing = [p for p in pairs if pictures[p.first].content != pictures[p.second].content]
    differing.sort(key=lambda pair: -pair.cosine)
    by_class: dict[str, list[LabelledPicture]] = {}
    for picture in pictures:
        by_class.setdefault(picture.label or "no label", []).append(picture)
    twins = [pictures[place] for pair in differing for place in (pair.first, pair.second)]
    shelves = {**by_class, "twins": twins} if twins else by_class
    jobs = [
        (title, start)
        for title, shelf in sorted(shelves.items())
        for start in range(0, len(shelf), _PER_SHEET)
    ]
    colours = {label: _COLOURS[n % len(_COLOURS)] for n, label in enumerate(data.classes)}
    sheets = []
    for title, start in track(jobs, "draw sheets"):
        shown = shelves[title][start : start + _PER_SHEET]
        tiles = [_tile(picture, colours) for picture in shown]
        path = out / f"{_file_name(title)}_{start // _PER_SHEET + 1}.jpg"
        write_picture(path, contact_sheet(tiles, [_caption(picture) for picture in shown]))
        sheets.append(path)
    _write_twins(out / TWINS_NAME, pictures, differing)
    return Audit(sheets=tuple(sheets), twins=len(pairs), disagreeing=tuple(differing))


def _tile(picture: LabelledPicture, colours: dict[str, tuple[int, int, int]]) -> Image:
    """Return the whole picture, letterboxed, with its boxes: (240, 240, 3) uint8 BGR."""
    image = read_picture(picture.path)
    height, width = image.shape[:2]
    scale = _SIDE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    for box in picture.boxes:
        corner = (round(box.x_min * size[0]), round(box.y_min * size[1]))
        opposite = (round(box.x_max * size[0]) - 1, round(box.y_max * size[1]) - 1)
        cv2.rectangle(small, corner, opposite, colours[box.label], 2)
        at = (corner[0] + 3, corner[1] + 13)
        cv2.putText(small, box.label, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(
            small, box.label, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colours[box.label], 1, cv2.LINE_AA
        )
    tile = np.zeros((_SIDE_PX, _SIDE_PX, 3), np.uint8)
    tile[: size[1], : size[0]] = small
    return tile


def _caption(picture: LabelledPicture) -> str:
    name = PurePosixPath(picture.name).name
    ascii_name = name.encode("ascii", "replace").decode("ascii")
    return ascii_name[:_LONGEST_CAPTION]


def _file_name(title: str) -> str:
    return re.sub(r"[^0-9A-Za-z_-]+", "_", title)


def _write_twins(
    path: Path, pictures: Sequence[LabelledPicture], pairs: Sequence[NearPair]
) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("first", "classes_first", "second", "classes_second", "cosine"))
            for pair in pairs:
                first, second = pictures[pair.first], pictures[pair.second]
                row = (first.name, first.content, second.name, second.content)
                writer.writerow((*row, f"{pair.cosine:.4f}"))
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc
