"""Labelled pictures on disk: a folder per class, or YOLO's pictures and label files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from edgeai_core.errors import DataError
from edgeai_core.sources.base import natural_order
from edgeai_core.sources.image_folder import IMAGE_SUFFIXES


class Layout(Enum):
    """How labels lie beside pictures."""

    FOLDERS = "folders"  # CLASS/picture.jpg
    YOLO = "yolo"  # images/picture.jpg with labels/picture.txt


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelBox:
    """A labelled box; sides are fractions of the picture, from its top left corner."""

    label: str
    x_min: float
    y_min: float
    x_max: float
    y_max: float

    @property
    def area(self) -> float:
        """Share of the picture, 0..1."""
        return (self.x_max - self.x_min) * (self.y_max - self.y_min)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPicture:
    """A picture with what is said about it.

    Attributes:
        path: the file. name: its path below the data set, with slashes.
        label: its class; in YOLO that with the largest boxes, "" without any box.
        boxes: in YOLO.
    """

    path: Path
    name: str
    label: str
    boxes: tuple[LabelBox, ...] = ()

    @property
    def content(self) -> str:
        """All classes in the picture, by name and joined with +; "" for none."""
        return "+".join(sorted({box.label for box in self.boxes})) if self.boxes else self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """Pictures in natural order, and what is wrong with their labels, a sentence each."""

    root: Path
    layout: Layout
    pictures: tuple[LabelledPicture, ...]
    problems: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class by name."""
        named = {picture.label for picture in self.pictures if picture.label}
        return tuple(sorted(named | {box.label for p in self.pictures for box in p.boxes}))


def read_data_set(root: Path, *, layout: Layout | None = None) -> DataSet:
    """Return the pictures of a folder with their labels; nothing is decoded.

    Args:
        root: the folder. layout: None to tell by whether there is a folder `labels`.

    Raises:
        DataError: there is no such folder, or no picture in it.
    """
    if not root.is_dir():
        raise DataError(
            f"data: {root} is not a folder; give a folder of classes or a YOLO data set"
        )
    if layout is None:
        yolo = any(path.is_dir() for path in (*root.glob("labels"), *root.glob("*/labels")))
        layout = Layout.YOLO if yolo else Layout.FOLDERS
    if layout is Layout.YOLO:
        from edgeai_lab.data.yolo import read_yolo

        return read_yolo(root)
    return _read_folders(root)


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures of a folder and of those below it, in natural order."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    return sorted(found, key=lambda path: (path.parent, natural_order(path)))


def require_pictures(pictures: Iterable[LabelledPicture], root: Path, expected: str) -> None:
    """Refuse an empty data set.

    Raises:
        DataError: there is no picture.
    """
    if not any(True for _ in pictures):
        raise DataError(
            f"data: no picture in {root}; expected {expected} ({', '.join(sorted(IMAGE_SUFFIXES))})"
        )


def _read_folders(root: Path) -> DataSet:
    folders = sorted((path for path in root.iterdir() if path.is_dir()), key=natural_order)
    pictures = tuple(
        LabelledPicture(path=path, name=path.relative_to(root).as_posix(), label=folder.name)
        for folder in folders
        for path in pictures_in(folder)
    )
    require_pictures(pictures, root, "CLASS/picture.jpg")
    return DataSet(root=root, layout=Layout.FOLDERS, pictures=pictures)
