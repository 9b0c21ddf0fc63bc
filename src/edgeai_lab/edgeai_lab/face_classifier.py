"""Who is it, among the people a classifier was fitted on, or nobody of them.

The classical flow: one network turns faces into templates, and a small classifier is fitted on the
templates of a few people. Deciding needs NumPy only; fitting is in face_classifier_fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class ClassifierKind(Enum):
    """How the person is chosen; the value is what the command line calls it."""

    LINEAR_SVM = "svm"
    NEAREST_NEIGHBOURS = "knn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The chosen person, empty for nobody, and the L2 distance to the chosen one's mean."""

    person: str
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FaceClassifier:
    """A fitted classifier. It holds faces in numbers: in memory or sealed, never plain on disk.

    Attributes:
        kind: how the person is chosen. people: C names.
        model_id: of the embedder; templates of another one mean nothing here.
        threshold: L2; farther than this from the chosen person's mean it is nobody.
        means: (C, D) mean template of each person.
        vectors: SVM: (C, D) weights. Nearest neighbours: (N, D) templates.
        offsets: SVM: (C,) biases. Nearest neighbours: (N,) indices of people.
        neighbours: how many templates vote; unused by the SVM.

    Raises:
        ValueError: the shapes do not fit each other.
    """

    kind: ClassifierKind
    people: tuple[str, ...]
    model_id: str
    threshold: float
    means: Floats
    vectors: Floats
    offsets: Floats
    neighbours: int = 1

    def __post_init__(self) -> None:
        people, dimension = len(self.people), self.means.shape[-1]
        rows = people if self.kind is ClassifierKind.LINEAR_SVM else len(self.vectors)
        shapes = (self.means.shape, self.vectors.shape, self.offsets.shape)
        if not people or shapes != ((people, dimension), (rows, dimension), (rows,)):
            raise ValueError(f"classifier of {people} people: arrays {shapes} do not fit")
        if not 1 <= self.neighbours <= len(self.vectors):
            raise ValueError(f"{self.neighbours} neighbours of {len(self.vectors)} templates")
        if self.kind is ClassifierKind.NEAREST_NEIGHBOURS and not (
            np.isin(self.offsets, np.arange(people)).all()
        ):
            raise ValueError("classifier: a template belongs to nobody of the people")

    def __repr__(self) -> str:
        return f"FaceClassifier({self.kind.value}, {len(self.people)} people, hidden)"

    def predict(self, template: Floats) -> Prediction:
        """Return the person of a (D,) float32 template.

        Raises:
            ValueError: the template has another dimension or is not finite.
        """
        if template.shape != self.means.shape[1:] or not np.isfinite(template).all():
            raise ValueError(
                f"template: expected {self.means.shape[1:]} finite, got {template.shape}"
            )
        chosen = (
            self._svm(template) if self.kind is ClassifierKind.LINEAR_SVM else self._vote(template)
        )
        distance = float(np.linalg.norm(self.means[chosen] - template))
        known = distance <= self.threshold
        return Prediction(person=self.people[chosen] if known else "", distance=distance)

    def _svm(self, template: Floats) -> int:
        return int(np.argmax(self.vectors @ template + self.offsets))

    def _vote(self, template: Floats) -> int:
        """Return the person with most of the nearest templates; the nearest decides a tie."""
        distances = np.linalg.norm(self.vectors - template, axis=1)
        nearest = np.argsort(distances, kind="stable")[: self.neighbours]
        voters = self.offsets[nearest].astype(np.int64)
        votes = np.bincount(voters, minlength=len(self.people))
        return int(next(voter for voter in voters if votes[voter] == votes.max()))
