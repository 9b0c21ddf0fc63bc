"""What the decisions about faces need from models and gallery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgeai_core.types import DetectedFace


class DetectsFaces(Protocol):
    """Finds faces in a picture."""

    def detect(self, image: npt.NDArray[np.uint8]) -> Sequence[DetectedFace]:
        """Return the faces of a (H, W, 3) uint8 BGR image, in any order."""
        ...


class EmbedsFaces(Protocol):
    """Turns a face into a template that can be compared."""

    @property
    def model_id(self) -> str:
        """Name and version of the model; templates of different models are not comparable."""
        ...

    @property
    def template_variance(self) -> float:
        """Variance of one person's templates, summed over the dimensions, L2 squared."""
        ...

    def embed(self, image: npt.NDArray[np.uint8], face: DetectedFace) -> npt.NDArray[np.float32]:
        """Return the (D,) float32 template of a face of the (H, W, 3) uint8 BGR image."""
        ...


class Identification(Protocol):
    """The enrolled person nearest to a face."""

    @property
    def person_id(self) -> str: ...

    @property
    def person_name(self) -> str: ...

    def refusal_at(self, now_ns: int) -> str:
        """Return why the gallery lets this person unlock nothing at a time; empty when it does.

        Args:
            now_ns: wall clock, nanoseconds since 1970.
        """
        ...

    @property
    def distance(self) -> float:
        """L2 between the face and the person's mean template, as if that were a single one."""
        ...

    @property
    def gallery_size(self) -> int:
        """How many people the face was compared with, >= 1."""
        ...

    @property
    def margin(self) -> float:
        """Distance of the second-nearest person minus `distance`; inf with one person."""
        ...


class IdentifiesFaces(Protocol):
    """Searches the enrolled people."""

    @property
    def empty_reason(self) -> str:
        """Why nobody can be found; empty when somebody is enrolled."""
        ...

    def match(
        self, embedding: npt.NDArray[np.float32], *, mean_of: int = 1
    ) -> Identification | None:
        """Return the person nearest to a (D,) mean of templates, None when nobody is enrolled."""
        ...
