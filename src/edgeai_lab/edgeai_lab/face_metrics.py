"""Error rates of face recognition from distances. Small distances mean "the same person".

The rule everywhere is the product's: accepted when ``distance <= threshold``. A picture in which no
face was found has an infinite distance to everything: it is never accepted, so it counts against
the true accepts and never for a false one. Terms follow ISO/IEC 19795-1 and Huang et al., "Labeled
Faces in the Wild" (2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """What one threshold does.

    Attributes:
        threshold: largest accepted distance, in the unit of the distances.
        tar: share of genuine attempts accepted, 0..1; FRR is ``1 - tar``.
        far: share of impostor attempts accepted, 0..1.
    """

    threshold: float
    tar: float
    far: float

    @property
    def frr(self) -> float:
        """Share of genuine attempts refused, 0..1."""
        return 1.0 - self.tar


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RocCurve:
    """Every operating point that the data can tell apart, by rising threshold.

    Attributes:
        thresholds, tar, far: (K,) float64; the first point accepts nothing.
        auc: area under the curve, 0..1: the chance that a genuine distance is below an impostor's,
            a tie counting half.
    """

    thresholds: Floats
    tar: Floats
    far: Floats
    auc: float

    @property
    def equal_error_rate(self) -> float:
        """Mean of FAR and FRR at the threshold where they are nearest to each other, 0..1."""
        frr = 1.0 - self.tar
        nearest = int(np.argmin(np.abs(frr - self.far)))
        return float((frr[nearest] + self.far[nearest]) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidation:
    """Accuracy over held-out folds.

    Attributes:
        accuracy: share of all pairs that were judged rightly while held out, 0..1.
        fold_accuracies: the same per fold. thresholds: the one used on each fold.
    """

    accuracy: float
    fold_accuracies: tuple[float, ...]
    thresholds: tuple[float, ...]


def operating_point(
    genuine: Sequence[float] | Floats, impostor: Sequence[float] | Floats, *, threshold: float
) -> OperatingPoint:
    """Return the rates at a threshold.

    Args:
        genuine, impostor: (N,) and (M,) distances, not NaN, inf where no face was found.

    Raises:
        ValueError: one of them is empty or holds a NaN.
    """
    accepted = _accepted(_checked(genuine), threshold)
    false = _accepted(_checked(impostor), threshold)
    return OperatingPoint(threshold=threshold, tar=float(accepted.mean()), far=float(false.mean()))


def tar_at_far(
    genuine: Sequence[float] | Floats, impostor: Sequence[float] | Floats, *, max_far: float
) -> OperatingPoint:
    """Return the point with the largest threshold whose FAR is at most `max_far`.

    With M impostors ``floor(max_far * M)`` of them may be accepted; the threshold lies just below
    the distance of the next one.

    Args:
        genuine, impostor: as for :func:`operating_point`. max_far: 0..1.

    Raises:
        ValueError: as for :func:`operating_point`.
    """
    distances = np.sort(_checked(impostor))
    allowed = int(np.floor(max_far * len(distances) + 1e-9))
    next_one = distances[allowed] if allowed < len(distances) else np.inf
    return operating_point(genuine, impostor, threshold=float(np.nextafter(next_one, -np.inf)))


def roc(genuine: Sequence[float] | Floats, impostor: Sequence[float] | Floats) -> RocCurve:
    """Return the whole curve; arguments and errors as for :func:`operating_point`."""
    same, different = np.sort(_checked(genuine)), np.sort(_checked(impostor))
    both = np.concatenate([same, different])
    levels = np.unique(both[np.isfinite(both)])
    thresholds = np.concatenate([[-np.inf], levels])
    below = np.searchsorted(same, different, side="left")
    up_to = np.searchsorted(same, different, side="right")
    return RocCurve(
        thresholds=thresholds,
        tar=np.searchsorted(same, thresholds, side="right") / len(same),
        far=np.searchsorted(different, thresholds, side="right") / len(different),
        auc=float((below + up_to).sum() / (2.0 * len(same) * len(different))),
    )


def contiguous_folds(same: Sequence[bool] | Bools, *, count: int = 10) -> npt.NDArray[np.int64]:
    """Return a fold number for every pair of a list that names none.

    Genuine pairs are cut in `count` runs in the order of the list, impostor pairs likewise: lists
    are sorted by person, so the pairs of one person stay together as far as possible.

    Raises:
        ValueError: there are fewer pairs of a kind than folds.
    """
    kinds = np.asarray(same, bool)
    folds = np.empty(len(kinds), np.int64)
    for kind in (True, False):
        indices = np.flatnonzero(kinds == kind)
        if len(indices) < count:
            raise ValueError(
                f"{count} folds need at least {count} pairs of the same person and as many of "
                f"different people, got {len(indices)} of one kind"
            )
        for fold, part in enumerate(np.array_split(indices, count)):
            folds[part] = fold
    return folds


def cross_validated_accuracy(
    distances: Sequence[float] | Floats,
    same: Sequence[bool] | Bools,
    folds: Sequence[int] | npt.NDArray[np.int64],
) -> CrossValidation:
    """Return the accuracy on each fold at the threshold that is best on all others.

    The protocol of Huang et al. for LFW's View 2. Thresholds lie half-way between neighbouring
    distances; where several are equally good the middle one of them is taken. Errors are counted as
    by :func:`accuracy_at`.

    Args:
        distances: (N,) not NaN. same: (N,) whether a pair shows one person. folds: (N,) numbers.

    Raises:
        ValueError: the lengths differ, or there are fewer than two folds.
    """
    values, labels, numbers = _checked(distances), np.asarray(same, bool), np.asarray(folds)
    if not len(values) == len(labels) == len(numbers):
        raise ValueError(
            f"expected as many distances, labels and folds, got {len(values)}, {len(labels)}, "
            f"{len(numbers)}"
        )
    names = np.unique(numbers)
    if len(names) < 2:
        raise ValueError(f"cross-validation needs at least two folds, got {len(names)}")
    accuracies, thresholds, right = [], [], 0
    for name in names:
        held_out = numbers == name
        threshold = best_threshold(values[~held_out], labels[~held_out])
        accuracies.append(accuracy_at(values[held_out], labels[held_out], threshold=threshold))
        thresholds.append(threshold)
        right += round(accuracies[-1] * int(held_out.sum()))
    return CrossValidation(
        accuracy=right / len(values),
        fold_accuracies=tuple(accuracies),
        thresholds=tuple(thresholds),
    )


def accuracy_at(distances: Floats, same: Bools, *, threshold: float) -> float:
    """Return the share of pairs that a threshold judges rightly, 0..1.

    A pair without a face is always an error, also where its two pictures do show different people.

    Args:
        distances: (N,) not NaN. same: (N,) whether a pair shows one person.
    """
    rightly = np.isfinite(distances) & (_accepted(distances, threshold) == same)
    return float(rightly.mean())


def best_threshold(distances: Floats, same: Bools) -> float:
    """Return the threshold of the highest accuracy; see :func:`cross_validated_accuracy`.

    Raises:
        ValueError: no distance is finite.
    """
    levels = np.unique(distances[np.isfinite(distances)])
    if not len(levels):
        raise ValueError("no pair has a distance: no face was found in any picture")
    between = (levels[1:] + levels[:-1]) / 2
    candidates = np.concatenate([[levels[0] - 1.0], between, [levels[-1] + 1.0]])
    genuine, impostor = np.sort(distances[same]), np.sort(distances[~same])
    found_impostors = int(np.isfinite(impostor).sum())
    right = np.searchsorted(genuine, candidates, side="right")
    right = right + found_impostors - np.searchsorted(impostor, candidates, side="right")
    best = np.flatnonzero(right == right.max())
    return float(candidates[best[len(best) // 2]])


def _accepted(distances: Floats, threshold: float) -> Bools:
    return np.isfinite(distances) & (distances <= threshold)


def _checked(distances: Sequence[float] | Floats) -> Floats:
    values = np.asarray(distances, np.float64)
    if values.ndim != 1 or not len(values) or np.isnan(values).any():
        raise ValueError(f"expected a row of distances without NaN, got shape {values.shape}")
    return values
