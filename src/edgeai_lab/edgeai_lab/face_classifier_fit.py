"""Fit a classifier on the templates of a few people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeai_core.errors import DataError
from edgeai_lab.face_classifier import ClassifierKind, FaceClassifier

Floats = npt.NDArray[np.float32]
_MAX_FOLDS = 5
_NEIGHBOURS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A classifier, and its accuracy (0..1) on held-out pictures of the same people.

    `accuracy` is None where somebody has a single picture; `folds` is how often it was held out.
    """

    classifier: FaceClassifier
    accuracy: float | None
    folds: int


def fit_classifier(
    templates: Floats,
    people: Sequence[str],
    *,
    kind: ClassifierKind,
    model_id: str,
    threshold: float,
    seed: int = 0,
) -> Fit:
    """Fit on all templates, and measure by stratified folds.

    The SVM is scikit-learn's LinearSVC, one against the rest, on the raw templates: their lengths
    were calibrated, and scaling them did not help.

    Args:
        templates: (N, D) float32 of one model. people: N names, at least two different ones.
        kind: how people are told apart. model_id: of the embedder.
        threshold: L2 to the mean beyond which it is nobody. seed: of folds and solver.

    Raises:
        DataError: there are fewer than two people.
    """
    names = tuple(dict.fromkeys(people))
    if len(names) < 2:
        raise DataError(
            f"classifier: got pictures of {len(names)} person, needs at least two to tell apart"
        )
    labels = np.array([names.index(person) for person in people])
    estimator = _estimator(kind, count=len(labels), seed=seed)
    folds = min(_MAX_FOLDS, int(np.bincount(labels).min()))
    accuracy = _held_out_accuracy(estimator, templates, labels, folds=folds, seed=seed)
    means = np.stack([templates[labels == index].mean(axis=0) for index in range(len(names))])
    vectors, offsets = templates, labels.astype(np.float32)
    if kind is ClassifierKind.LINEAR_SVM:
        estimator.fit(templates, labels)
        vectors, offsets = _planes(estimator)
    return Fit(
        classifier=FaceClassifier(
            kind=kind,
            people=names,
            model_id=model_id,
            threshold=threshold,
            means=means.astype(np.float32),
            vectors=vectors,
            offsets=offsets,
            neighbours=min(_NEIGHBOURS, len(vectors)),
        ),
        accuracy=accuracy,
        folds=folds if accuracy is not None else 0,
    )


def _estimator(kind: ClassifierKind, *, count: int, seed: int) -> Any:
    # Imported here: the default set-up does not carry scikit-learn.
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import LinearSVC

    if kind is ClassifierKind.LINEAR_SVM:
        return LinearSVC(C=1.0, random_state=seed)
    return KNeighborsClassifier(n_neighbors=min(_NEIGHBOURS, count))


def _held_out_accuracy(
    estimator: Any, templates: Floats, labels: npt.NDArray[np.int64], *, folds: int, seed: int
) -> float | None:
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    if folds < 2:
        return None
    splits = StratifiedKFold(n_splits=folds, shuffle=True, random_state=seed)
    return float(np.mean(cross_val_score(estimator, templates, labels, cv=splits)))


def _planes(estimator: Any) -> tuple[Floats, Floats]:
    """Return (C, D) weights and (C,) biases; for two people scikit-learn keeps one plane only."""
    weights = np.asarray(estimator.coef_, np.float32)
    biases = np.asarray(estimator.intercept_, np.float32)
    if len(weights) == 1:
        return np.concatenate([-weights, weights]), np.concatenate([-biases, biases])
    return weights, biases
