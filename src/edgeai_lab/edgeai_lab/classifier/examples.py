"""Which pictures teach, which say when to stop, and which only measure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeai_core.errors import ConfigError, DataError
from edgeai_lab.data.sets import DataSet, LabelledPicture, Layout
from edgeai_lab.data.split import SplitRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A picture, the place of its class among the classes, and its group."""

    path: Path
    name: str
    label: int
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """The parts of a data set; no group is in two of them."""

    classes: tuple[str, ...]
    training: tuple[Example, ...]
    validation: tuple[Example, ...]
    held_out: tuple[Example, ...]

    def digest(self) -> str:
        """Return a sha256 over classes, names, contents and parts."""
        total = hashlib.sha256("\0".join(self.classes).encode())
        for part in (self.training, self.validation, self.held_out):
            for example in part:
                total.update(f"{example.name}\0{example.label}\0".encode())
                total.update(hashlib.sha256(example.path.read_bytes()).digest())
            total.update(b"\1")
        return total.hexdigest()


def label_pictures(
    data: DataSet, *, rules: Sequence[str] = (), no_boxes: str = ""
) -> tuple[LabelledPicture, ...]:
    """Return the pictures that have a class, each under that class.

    Args:
        data: folders are taken as they are. rules, no_boxes: of the recipe, for YOLO data.

    Raises:
        ConfigError: a rule is malformed or names a class that the data do not have, or rules were
            given for folders.
    """
    if data.layout is Layout.FOLDERS:
        if rules or no_boxes:
            raise ConfigError("recipe: classes and no_boxes are for YOLO data, these are folders")
        return data.pictures
    table = [_rule(rule, data.classes) for rule in rules]
    labelled = []
    for picture in data.pictures:
        label = _label(picture, table) if picture.boxes else no_boxes
        if label:
            labelled.append(
                LabelledPicture(
                    path=picture.path, name=picture.name, label=label, boxes=picture.boxes
                )
            )
    return tuple(labelled)


def divide(
    rows: Sequence[SplitRow], pictures: Mapping[str, LabelledPicture], *, held_out_fold: int
) -> Examples:
    """Return the parts: one fold is held out, the next one validates, the others teach.

    Args:
        rows: the split. pictures: by name; rows without a picture are left out.

    Raises:
        DataError: a fold is missing, or a class is in no teaching picture or only there.
    """
    folds = sorted({row.fold for row in rows})
    if held_out_fold not in folds or len(folds) < 3:
        raise DataError(
            f"split: fold {held_out_fold} is to be held out of folds {folds}; needs three or more"
        )
    validating = folds[(folds.index(held_out_fold) + 1) % len(folds)]
    classes = tuple(sorted({picture.label for picture in pictures.values()}))
    parts: dict[str, list[Example]] = {"training": [], "validation": [], "held_out": []}
    names = {held_out_fold: "held_out", validating: "validation"}
    for row in rows:
        picture = pictures.get(row.name)
        if picture is not None:
            parts[names.get(row.fold, "training")].append(
                Example(
                    path=picture.path,
                    name=picture.name,
                    label=classes.index(picture.label),
                    group=row.group,
                )
            )
    _require_every_class(classes, parts)
    return Examples(classes=classes, **{name: tuple(part) for name, part in parts.items()})


def _require_every_class(classes: Sequence[str], parts: Mapping[str, Sequence[Example]]) -> None:
    if len(classes) < 2:
        raise DataError(f"training: needs two classes or more, got {', '.join(classes) or 'none'}")
    for part, examples in parts.items():
        counts = Counter(example.label for example in examples)
        for label, name in enumerate(classes):
            if not counts[label]:
                raise DataError(
                    f"training: no picture of {name} in the {part.replace('_', '-')} part; it has "
                    "too few groups: take fewer folds, another seed, or more data"
                )


def _rule(text: str, known: Sequence[str]) -> tuple[str, frozenset[str]]:
    name, mark, members = text.partition("=")
    classes = frozenset(member.strip() for member in members.split(",") if member.strip())
    if not mark or not name.strip() or not classes:
        raise ConfigError(f"recipe: {text!r} is no rule; expected fire = Flame, Large fire")
    if unknown := sorted(classes - set(known)):
        raise ConfigError(
            f"recipe: {text!r} names {', '.join(unknown)}; the data have {', '.join(known)}"
        )
    return name.strip(), classes


def _label(picture: LabelledPicture, rules: Sequence[tuple[str, frozenset[str]]]) -> str:
    """Return the class of a picture with boxes; "" where no rule fits."""
    if not rules:
        return picture.label
    inside = {box.label for box in picture.boxes}
    return next((name for name, classes in rules if classes & inside), "")
