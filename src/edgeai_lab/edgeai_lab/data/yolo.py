"""YOLO's layout: a text file beside each picture, a box a line, classes by number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import yaml

from edgeai_core.errors import DataError
from edgeai_lab.data.sets import (
    DataSet,
    LabelBox,
    LabelledPicture,
    Layout,
    pictures_in,
    require_pictures,
)

_NAME_FILES = ("data.yaml", "data.yml")
# Annotation tools round to six digits: a box may end this far outside of its picture.
_SLACK = 2e-3


def read_yolo(root: Path) -> DataSet:
    """Return the pictures of `images` folders with the boxes of the `labels` folders beside them.

    A picture without a label file, and one whose file is empty, has no boxes. A line of more than
    five numbers is an outline: its box is taken. A line that cannot be read is left out and told.

    Raises:
        DataError: no picture there, or the list of classes cannot be read.
    """
    names = _class_names(root)
    pictures: list[LabelledPicture] = []
    problems: list[str] = []
    for folder in _image_folders(root):
        for path in pictures_in(folder):
            relative = path.relative_to(folder).with_suffix(".txt")
            boxes = read_boxes(folder.parent / "labels" / relative, names, problems)
            pictures.append(
                LabelledPicture(
                    path=path,
                    name=path.relative_to(root).as_posix(),
                    label=largest_label(boxes),
                    boxes=boxes,
                )
            )
    require_pictures(pictures, root, "images/picture.jpg and labels/picture.txt")
    return DataSet(
        root=root, layout=Layout.YOLO, pictures=tuple(pictures), problems=tuple(problems)
    )


def largest_label(boxes: Sequence[LabelBox]) -> str:
    """Return the class whose boxes cover most, the first by name of equal ones; "" for no box."""
    areas: dict[str, float] = {}
    for box in boxes:
        areas[box.label] = areas.get(box.label, 0.0) + box.area
    return min(areas, key=lambda label: (-areas[label], label), default="")


def _image_folders(root: Path) -> list[Path]:
    return [
        path for path in sorted([*root.glob("images"), *root.glob("*/images")]) if path.is_dir()
    ]


def _class_names(root: Path) -> tuple[str, ...]:
    for name in _NAME_FILES:
        path = root / name
        if path.is_file():
            return _names_of_yaml(path)
    path = root / "classes.txt"
    if path.is_file():
        return tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return ()


def _names_of_yaml(path: Path) -> tuple[str, ...]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise DataError(f"data: {path} cannot be read: {exc}") from exc
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, dict):
        names = [names[number] for number in sorted(names)]
    if not isinstance(names, list) or not names:
        raise DataError(f"data: {path} names no classes; expected a line such as names: [fire]")
    return tuple(str(name) for name in names)


def read_boxes(path: Path, names: Sequence[str], problems: list[str]) -> tuple[LabelBox, ...]:
    """Return the boxes of a label file, none where there is no file.

    Args:
        path: the file. names: of the classes by number; without them the number is the label.
        problems: gets a sentence for each line that is left out.
    """
    if not path.is_file():
        return ()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        problems.append(f"{path.name} cannot be read: {exc}")
        return ()
    boxes = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            boxes.append(_box(line.split(), names))
        except ValueError as exc:
            problems.append(f"{path.name} line {number}: {exc}")
    return tuple(boxes)


def _box(words: Sequence[str], names: Sequence[str]) -> LabelBox:
    """Return the box of a line: class, then centre and size, or the corners of an outline.

    Raises:
        ValueError: it is none; says why.
    """
    index, values = int(words[0]), [float(word) for word in words[1:]]
    if names and not 0 <= index < len(names):
        raise ValueError(f"class {index}, but there are {len(names)}")
    if len(values) == 4:
        x, y, width, height = values
        sides = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    elif len(values) >= 6 and len(values) % 2 == 0:
        sides = [min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])]
    else:
        raise ValueError(f"{len(values)} numbers behind the class, expected 4")
    if not all(math.isfinite(side) and -_SLACK <= side <= 1 + _SLACK for side in sides):
        raise ValueError(f"the box {[round(side, 3) for side in sides]} leaves the picture")
    x_min, y_min, x_max, y_max = (min(max(side, 0.0), 1.0) for side in sides)
    if x_min >= x_max or y_min >= y_max:
        raise ValueError("the box is empty")
    return LabelBox(
        label=names[index] if names else str(index),
        x_min=x_min,
        y_min=y_min,
        x_max=x_max,
        y_max=y_max,
    )
