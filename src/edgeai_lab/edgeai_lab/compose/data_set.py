"""Composed pictures on disk: pictures, annotations.csv and YOLO's label files."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from edgeai_core.contact_sheet import contact_sheet
from edgeai_core.errors import DataError
from edgeai_core.geometry import Letterbox
from edgeai_lab.compose.composition import ComposeConfig, Composition, compose
from edgeai_lab.compose.cutouts import Cutout
from edgeai_lab.compose.pool import BackgroundPool
from edgeai_lab.pictures import Image, write_picture
from edgeai_lab.progress import Track, silent

ANNOTATIONS_NAME = "annotations.csv"
SHEET_NAME = "sheet.jpg"
_COLUMNS = ("image", "label", "x_min_px", "y_min_px", "x_max_px", "y_max_px", "visible_share")
_SHEET_PICTURES, _SHEET_SIDE_PX = 24, 240


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedSet:
    """What was written: the folder, how many pictures and things, and pictures left out."""

    folder: Path
    pictures: int
    things: int
    unreadable_backgrounds: int


def compose_set(
    folder: Path,
    classes: Mapping[str, Sequence[Cutout]],
    backgrounds: BackgroundPool,
    *,
    count: int,
    rng: Generator,
    config: ComposeConfig,
    track: Track[int] = silent,
) -> ComposedSet:
    """Write `count` pictures with their labels; equal seeds give equal files.

    The folder gets images/, labels/ (YOLO), data.yaml with the names, annotations.csv and a sheet
    of the first pictures with their boxes.

    Raises:
        DataError: the folder holds something already, or cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty; give a new folder, labels must not mix")
    names = list(classes)
    rows: list[tuple[object, ...]] = []
    shown: list[Image] = []
    for number in track(range(count), "composing"):
        composition = compose(backgrounds.draw(), classes, rng, config=config)
        name = f"{number:06d}.jpg"
        write_picture(folder / "images" / name, composition.image)
        lines = []
        for thing in composition.things:
            box = thing.box
            rows.append((name, thing.label, *box.as_xyxy(), round(thing.visible_share, 3)))
            x, y = box.center_px
            values = (
                x / config.width_px,
                y / config.height_px,
                box.width_px / config.width_px,
                box.height_px / config.height_px,
            )
            numbers = " ".join(f"{value:.6f}" for value in values)
            lines.append(f"{names.index(thing.label)} {numbers}\n")
        _write(folder / "labels" / f"{number:06d}.txt", "".join(lines))
        if len(shown) < _SHEET_PICTURES:
            shown.append(_with_boxes(composition))
    _write(folder / "data.yaml", f"names: {names!r}\n")
    _write_annotations(folder / ANNOTATIONS_NAME, rows)
    if shown:
        captions = [str(number) for number in range(len(shown))]
        write_picture(folder / SHEET_NAME, contact_sheet(shown, captions))
    return ComposedSet(
        folder=folder,
        pictures=count,
        things=len(rows),
        unreadable_backgrounds=len(backgrounds.unreadable),
    )


def _with_boxes(composition: Composition) -> Image:
    image = composition.image.copy()
    for thing in composition.things:
        x_min, y_min, x_max, y_max = (round(edge) for edge in thing.box.as_xyxy())
        cv2.rectangle(image, (x_min, y_min), (x_max - 1, y_max - 1), (0, 255, 0), 2)
        at = (x_min + 3, max(16, y_min - 4))
        cv2.putText(image, thing.label, at, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 255, 0), 2)
    height, width = image.shape[:2]
    letterbox = Letterbox.fit(
        image_width_px=width,
        image_height_px=height,
        canvas_width_px=_SHEET_SIDE_PX,
        canvas_height_px=_SHEET_SIDE_PX,
    )
    return np.asarray(letterbox.apply(image), np.uint8)


def _write_annotations(path: Path, rows: Sequence[tuple[object, ...]]) -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            writer.writerows(rows)
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc
