"""Exact search of a face among the enrolled people, in memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.access.people import Person, PersonTemplates
from edgeai_core.access.search import nearest_two
from edgeai_core.reasons import faces

NOBODY_ENROLLED = faces.NOBODY_ENROLLED.say()


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchResult:
    """The enrolled person nearest to a face; whether near enough is the caller's decision.

    Attributes:
        person: the nearest. distance: L2 to the mean of the person's templates, in the unit of two
            single templates (see `TemplateIndex`).
        margin: distance of the second-nearest person minus `distance`, >= 0; inf with one person.
        nearest_template_distance: L2 to the nearest single template of `person`.
        gallery_size: how many people were compared; the more, the nearer some stranger comes.
    """

    person: Person
    distance: float
    margin: float
    nearest_template_distance: float
    gallery_size: int

    @property
    def person_id(self) -> str:
        return self.person.person_id

    @property
    def person_name(self) -> str:
        return self.person.name

    @property
    def authorised(self) -> bool:
        return self.person.authorised

    def refusal_at(self, now_ns: int) -> str:
        return self.person.refusal_at(now_ns)


class TemplateIndex:
    """Immutable index of templates; any number of threads may search it.

    People are ranked by the distance to their mean template, which separates better than the
    nearest single template.

    A mean of n templates lies nearer to every probe than a single template would: templates of one
    person scatter with a variance s^2 (summed over the dimensions), their mean only with s^2 / n.
    Adding what is missing, d = sqrt(d_mean^2 + s^2 (1 - 1/n)), makes distances to people with few
    and with many templates comparable with each other and with a threshold chosen on pairs of
    pictures.

    Args:
        entries: people with their templates, all of one dimension D.
        template_variance: s^2 above, of the embedding model, L2 squared, >= 0.
        empty_reason: why a search finds nobody while `entries` is empty.
        faiss_above: with more people than this faiss searches; None for NumPy always.

    Raises:
        ConfigError: faiss is asked for and not installed.
        ValueError: the dimensions differ, or the variance is negative or not finite.
    """

    def __init__(
        self,
        entries: Sequence[PersonTemplates] = (),
        *,
        template_variance: float = 0.0,
        empty_reason: str = NOBODY_ENROLLED,
        faiss_above: int | None = None,
    ) -> None:
        dimensions = {entry.templates.shape[1] for entry in entries}
        if len(dimensions) > 1:
            raise ValueError(f"templates of different dimensions: {sorted(dimensions)}")
        if not (math.isfinite(template_variance) and template_variance >= 0.0):
            raise ValueError(f"template variance: expected 0 or more, got {template_variance}")
        self._entries = tuple(entries)
        self._variance = template_variance
        self._empty_reason = "" if entries else empty_reason
        # The missing variance is the square of one more coordinate, in which every probe is 0: so
        # any search by L2 ranks by the corrected distance.
        self._means = np.array(
            [
                [
                    *entry.templates.mean(axis=0, dtype=np.float64),
                    math.sqrt(self._missing_variance(len(entry.templates))),
                ]
                for entry in entries
            ],
            np.float32,
        )
        self._search = nearest_two(self._means, faiss_above=faiss_above)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def empty_reason(self) -> str:
        """Why nobody can be found; empty when there is somebody to find."""
        return self._empty_reason

    def match(self, embedding: npt.NDArray[np.float32], *, mean_of: int = 1) -> MatchResult | None:
        """Return the person nearest to the face, None when nobody is enrolled.

        Args:
            embedding: (D,) float32, finite, of the model that the templates come from.
            mean_of: how many templates of one face `embedding` is the mean of; the variance that
                it lacks is added as well.

        Raises:
            ValueError: wrong dimension or a number that is not finite.
        """
        if not self._entries:
            return None
        shape = (self._means.shape[1] - 1,)
        if embedding.shape != shape or not np.isfinite(embedding).all():
            raise ValueError(
                f"embedding: expected {shape} finite, got {embedding.shape}; "
                f"was the gallery made with another model?"
            )
        probe = np.append(np.asarray(embedding, np.float32), np.float32(0.0))
        # The few best are then measured directly: the difference of squares by which a search
        # ranks loses digits near zero.
        candidates = self._search(probe)
        distances = np.hypot(
            np.linalg.norm(self._means[candidates] - probe, axis=1),
            math.sqrt(self._missing_variance(mean_of)),
        )
        order = np.argsort(distances, kind="stable")
        best = self._entries[candidates[order[0]]]
        distance = float(distances[order[0]])
        second = float(distances[order[1]]) if len(order) > 1 else math.inf
        return MatchResult(
            person=best.person,
            distance=distance,
            margin=second - distance,
            nearest_template_distance=float(
                np.linalg.norm(best.templates - probe[:-1], axis=1).min()
            ),
            gallery_size=len(self._entries),
        )

    def _missing_variance(self, count: int) -> float:
        """Return by how much a mean of `count` templates varies less than one, L2 squared."""
        return self._variance * (1.0 - 1.0 / count)
