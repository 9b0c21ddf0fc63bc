"""What the gate's own rule says to the pictures of a list, one by one and fused."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgeai_core.access.index import TemplateIndex
from edgeai_core.access.people import Person, PersonTemplates, Role
from edgeai_core.analyzers.faces.acceptance import distance_limit
from edgeai_core.analyzers.faces.logic import FaceConfig, identity_objection
from edgeai_core.errors import DataError
from edgeai_lab.face_lists import ENROLMENT_PICTURES, FaceLists
from edgeai_lab.face_templates import Template, Templates

#: How many pictures of a face are judged together, as frames of a track can be.
FUSED_PICTURES = (2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the gate's rule says to one face.

    Attributes:
        person: the nearest, empty without a face. accepted: whether the rule names that person.
        threshold: the match threshold from which on it would, L2; inf for never.
    """

    person: str
    accepted: bool
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedRate:
    """How faces fare whose templates are averaged before they are searched.

    Attributes:
        pictures: how many templates each mean is of. decisions: means of known people.
        recognised, misidentified: shares of these that the gate's rule with its defaults names as
            themselves and as somebody else, 0..1; None without decisions.
        strangers: means of strangers, 0 where the list has single pictures of them only.
        strangers_accepted: share of these that the rule names; None without any.
    """

    pictures: int
    decisions: int
    recognised: float | None
    misidentified: float | None
    strangers: int
    strangers_accepted: float | None

    def as_json(self) -> dict[str, float | None]:
        """Return the rate as JSON takes it, fractions with six digits."""
        return {
            "pictures": self.pictures,
            "decisions": self.decisions,
            "recognised": _rounded(self.recognised),
            "misidentified": _rounded(self.misidentified),
            "strangers": self.strangers,
            "strangers_accepted": _rounded(self.strangers_accepted),
        }


def enrolled_index(
    lists: FaceLists, templates: Templates, *, template_variance: float
) -> TemplateIndex:
    """Return the index of the gallery's people, each from the first pictures in which a face is.

    Raises:
        DataError: nobody could be enrolled.
    """
    entries = []
    for name, pictures in lists.gallery:
        usable = _found(templates, pictures[:ENROLMENT_PICTURES])
        if usable:
            person = Person(
                person_id=name, name=name, role=Role.MEMBER, authorised=True, created_ns=0
            )
            entries.append(PersonTemplates(person=person, templates=np.stack(usable)))
    if not entries:
        raise DataError("face data: in no enrolment picture of the gallery a face was found")
    return TemplateIndex(entries, template_variance=template_variance)


def answer_to(
    index: TemplateIndex, template: Template | None, config: FaceConfig, *, mean_of: int = 1
) -> Answer:
    """Return what the gate's rule says to a template.

    Args:
        template: (D,) float32, None without a face. config: the rule's limits.
        mean_of: how many templates of one face it is the mean of.
    """
    found = None if template is None else index.match(template, mean_of=mean_of)
    if found is None:
        return Answer(person="", accepted=False, threshold=math.inf)
    at_any_distance = replace(config, match_threshold=math.inf)
    threshold = math.inf
    if not identity_objection(found, at_any_distance):
        # The limit falls with the size of the gallery; by as much the threshold must be higher.
        threshold = found.distance - distance_limit(
            0.0, gallery_penalty=config.gallery_penalty, gallery_size=found.gallery_size
        )
    return Answer(
        person=found.person_id,
        accepted=not identity_objection(found, config),
        threshold=threshold,
    )


def fused_rates(
    lists: FaceLists, templates: Templates, index: TemplateIndex, config: FaceConfig
) -> tuple[FusedRate, ...]:
    """Return the rates for means of 2, 3 and 4 pictures of a person.

    The pictures of a person that did not enrol and in which a face was found are taken in the order
    of the list, each in one mean; what is left over is not judged. A stranger is who has the
    pictures of one folder.
    """
    known = {name: _found(templates, names[ENROLMENT_PICTURES:]) for name, names in lists.gallery}
    folders: dict[str, list[str]] = {}
    for name in lists.unknown:
        folders.setdefault(name.rpartition("/")[0], []).append(name)
    strangers = {folder: _found(templates, names) for folder, names in folders.items()}
    return tuple(
        _fused_rate(
            list(_answers(known, index, config, count)),
            list(_answers(strangers, index, config, count)),
            pictures=count,
        )
        for count in FUSED_PICTURES
    )


def _answers(
    people: Mapping[str, Sequence[Template]], index: TemplateIndex, config: FaceConfig, count: int
) -> Iterator[tuple[str, Answer]]:
    for person, found in people.items():
        for start in range(0, len(found) - count + 1, count):
            mean = np.asarray(np.mean(found[start : start + count], axis=0), np.float32)
            yield person, answer_to(index, mean, config, mean_of=count)


def _fused_rate(
    known: Sequence[tuple[str, Answer]], strangers: Sequence[tuple[str, Answer]], *, pictures: int
) -> FusedRate:
    right = [answer.accepted and answer.person == person for person, answer in known]
    wrong = [answer.accepted and answer.person != person for person, answer in known]
    return FusedRate(
        pictures=pictures,
        decisions=len(known),
        recognised=_share(right),
        misidentified=_share(wrong),
        strangers=len(strangers),
        strangers_accepted=_share([answer.accepted for _, answer in strangers]),
    )


def _found(templates: Templates, names: Sequence[str]) -> list[Template]:
    every = [templates.by_picture[name] for name in names]
    return [template for template in every if template is not None]


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
