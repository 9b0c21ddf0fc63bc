"""Entering a new person into the gallery, with every check that must come before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.faces.acceptance import distance_limit
from edgeai_core.analyzers.faces.enrolment import (
    EnrolmentConfig,
    EnrolmentResult,
    enrol_from_images,
)
from edgeai_core.analyzers.faces.interfaces import DetectsFaces, EmbedsFaces, IdentifiesFaces
from edgeai_core.errors import EnrolmentError

PersonT = TypeVar("PersonT")
PersonT_co = TypeVar("PersonT_co", covariant=True)
RoleT = TypeVar("RoleT")
RoleT_contra = TypeVar("RoleT_contra", contravariant=True)


class KeepsPeople(Protocol[RoleT_contra, PersonT_co]):
    """A gallery that a person can be added to."""

    def find(self, name: str) -> PersonT_co | None:
        """Return the person of that name, None if there is none."""
        ...

    def index(self, model_id: str, *, template_variance: float) -> IdentifiesFaces:
        """Return the people enrolled with that model, to be searched."""
        ...

    def add_person(
        self,
        name: str,
        templates: npt.NDArray[np.float32],
        *,
        model_id: str,
        role: RoleT_contra,
        authorised: bool,
        valid_from_ns: int | None,
        valid_until_ns: int | None,
    ) -> PersonT_co:
        """Store a person, whole or not at all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registration(Generic[PersonT]):
    """A person who was just enrolled, and what became of each frame."""

    person: PersonT
    result: EnrolmentResult


def enrol_person(
    name: str,
    frames: Iterable[npt.NDArray[np.uint8]],
    *,
    detector: DetectsFaces,
    embedder: EmbedsFaces,
    gallery: KeepsPeople[RoleT, PersonT],
    role: RoleT,
    authorised: bool,
    config: EnrolmentConfig,
    valid_from_ns: int | None = None,
    valid_until_ns: int | None = None,
) -> Registration[PersonT]:
    """Enrol a person from frames that show nobody else; nothing is stored unless all checks pass.

    Args:
        name: for people. frames: (H, W, 3) uint8 BGR images, read one at a time.
        detector, embedder: the models. gallery: where the person goes.
        role, authorised, valid_from_ns, valid_until_ns: as the gallery knows them.
        config: what is asked of the frames.

    Raises:
        EnrolmentError: the name is taken, the face is enrolled under another name, or the frames
            do not serve.
        GalleryError: the gallery cannot be used, or was made with another face model.
    """
    if gallery.find(name) is not None:
        raise EnrolmentError(
            f"{name} is already enrolled; choose another name, or forget and enrol again"
        )
    # Before the frames: a gallery that cannot be used should not cost the reading of a clip.
    known = gallery.index(embedder.model_id, template_variance=embedder.template_variance)
    result = enrol_from_images(frames, detector, embedder, config)
    refuse_other_person(result.templates, known, config)
    person = gallery.add_person(
        name,
        result.templates,
        model_id=embedder.model_id,
        role=role,
        authorised=authorised,
        valid_from_ns=valid_from_ns,
        valid_until_ns=valid_until_ns,
    )
    return Registration(person=person, result=result)


def refuse_other_person(
    templates: npt.NDArray[np.float32], known: IdentifiesFaces, config: EnrolmentConfig
) -> None:
    """Check that the templates are not those of somebody who is enrolled already.

    The name is told to the operator in the error; do not write this error into a log.

    Args:
        templates: (N, D) float32 of the new person. known: the gallery's people, same model.

    Raises:
        EnrolmentError: the mean template or most single ones lie within the threshold of a person,
            lowered for the size of the gallery as the gate does it. The distance of two means is
            corrected for both, so that it is in the unit of the threshold as well.
    """
    mean = known.match(templates.mean(axis=0), mean_of=len(templates))
    if mean is None:
        return
    limit = distance_limit(
        config.other_person_threshold,
        gallery_penalty=config.gallery_penalty,
        gallery_size=mean.gallery_size,
    )
    near = Counter(
        match.person_name
        for template in templates
        if (match := known.match(template)) is not None and match.distance <= limit
    )
    name, count = near.most_common(1)[0] if near else ("", 0)
    if mean.distance <= limit:
        name = mean.person_name
    elif 2 * count <= len(templates):
        return
    raise EnrolmentError(
        f"this face is already enrolled as {name} (distance {mean.distance:.2f}, "
        f"need over {limit:.2f}); rename or forget {name} instead of enrolling twice"
    )
