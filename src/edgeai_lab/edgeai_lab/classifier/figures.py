"""How good a classifier is on pictures that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """Of one class: how many pictures there are, recall, precision and area under ROC, 0..1.

    The area is that of this class against all others, nan without pictures of both kinds; the
    precision is nan where nothing was taken for the class, the recall where it has no picture.
    """

    pictures: int
    recall: float
    precision: float
    auc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierFigures:
    """All shares are 0..1.

    Attributes:
        accuracy: right answers. balanced_accuracy: mean recall of the classes that have pictures.
        loss: mean negative logarithm of the right class's score.
        classes: by name. confusion: pictures by true class (row) and answer (column).
    """

    pictures: int
    accuracy: float
    balanced_accuracy: float
    loss: float
    classes: dict[str, ClassFigures]
    confusion: tuple[tuple[int, ...], ...]

    def result(self) -> dict[str, object]:
        """Return the figures for JSON, null for what is not defined."""
        return {
            "pictures": self.pictures,
            "accuracy": round(self.accuracy, 6),
            "balanced_accuracy": round(self.balanced_accuracy, 6),
            "loss": round(self.loss, 6),
            "classes": {
                name: {
                    "pictures": found.pictures,
                    "recall": _json(found.recall),
                    "precision": _json(found.precision),
                    "auc": _json(found.auc),
                }
                for name, found in self.classes.items()
            },
            "confusion": [list(row) for row in self.confusion],
        }


def measure(
    scores: npt.NDArray[np.floating], labels: Sequence[int], classes: Sequence[str]
) -> ClassifierFigures:
    """Return the figures of (N, C) scores, each row adding up to 1, for N true classes.

    Raises:
        ValueError: there is no picture.
    """
    if not len(labels):
        raise ValueError("no picture to measure")
    truth = np.asarray(labels)
    answers = scores.argmax(axis=1)
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(confusion, (truth, answers), 1)
    by_class = {
        name: ClassFigures(
            pictures=int(confusion[number].sum()),
            recall=_share(confusion[number, number], confusion[number].sum()),
            precision=_share(confusion[number, number], confusion[:, number].sum()),
            auc=area_under_roc(scores[:, number], truth == number),
        )
        for number, name in enumerate(classes)
    }
    right = scores[np.arange(len(truth)), truth].astype(np.float64)
    return ClassifierFigures(
        pictures=len(truth),
        accuracy=float((answers == truth).mean()),
        balanced_accuracy=float(np.nanmean([found.recall for found in by_class.values()])),
        loss=float(-np.log(np.clip(right, 1e-12, 1.0)).mean()),
        classes=by_class,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
    )


def area_under_roc(scores: npt.NDArray[np.floating], positive: npt.NDArray[np.bool_]) -> float:
    """Return the chance that a positive scores above a negative, equal scores counting half.

    By ranks (Mann and Whitney, 1947); nan without positives or negatives.
    """
    count = int(positive.sum())
    others = len(positive) - count
    if not count or not others:
        return float("nan")
    _, inverse, repeats = np.unique(scores, return_inverse=True, return_counts=True)
    middle = np.cumsum(repeats) - (repeats - 1) / 2
    ranks = middle[inverse]
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * others))


def describe(figures: ClassifierFigures) -> str:
    """Return the figures as lines of text."""
    lines = [
        f"{figures.pictures} pictures: accuracy {100 * figures.accuracy:.2f} %, balanced "
        f"{100 * figures.balanced_accuracy:.2f} %"
    ]
    for (name, found), row in zip(figures.classes.items(), figures.confusion, strict=True):
        taken = ", ".join(
            f"{count} as {other}"
            for other, count in zip(figures.classes, row, strict=True)
            if count and other != name
        )
        lines.append(
            f"  {name}: {found.pictures} pictures, recall {_percent(found.recall)}, precision "
            f"{_percent(found.precision)}, area under ROC {found.auc:.3f}"
            + (f"; taken {taken}" if taken else "")
        )
    return "\n".join(lines)


def _share(part: int, whole: int) -> float:
    return float(part) / float(whole) if whole else float("nan")


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _json(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 6)
