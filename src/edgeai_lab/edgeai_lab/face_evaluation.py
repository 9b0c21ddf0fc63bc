"""How good the shipped face pipeline is: verification of pairs, and an open set of strangers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgeai_core.analyzers.faces.logic import FaceConfig
from edgeai_core.errors import DataError
from edgeai_lab.face_gate import FusedRate, answer_to, enrolled_index, fused_rates
from edgeai_lab.face_lists import ENROLMENT_PICTURES, FaceLists, Pair
from edgeai_lab.face_metrics import (
    CrossValidation,
    Floats,
    OperatingPoint,
    RocCurve,
    accuracy_at,
    contiguous_folds,
    cross_validated_accuracy,
    operating_point,
    roc,
    tar_at_far,
)
from edgeai_lab.face_templates import Templates

TARGET_FAR = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verification:
    """Are two pictures of one person?

    Attributes:
        genuine, impostor: distances of the pairs. curve: all thresholds.
        cross_validation: over the list's folds; None where the list is too short for ten of its
            own making.
        at_far: at FAR 1 %. at_shipped: at the threshold of the model card.
        accuracy_at_shipped: share of the pairs judged rightly at that threshold, 0..1.
    """

    genuine: Floats
    impostor: Floats
    curve: RocCurve
    cross_validation: CrossValidation | None
    at_far: OperatingPoint
    at_shipped: OperatingPoint
    accuracy_at_shipped: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenSet:
    """Who of the gallery is it, or nobody?

    Attributes:
        probes: of each probe the match threshold from which on it is recognised as its own person,
            L2; inf where another is nearer or the next is too near.
        strangers: likewise, as anybody; empty without a list of strangers.
        at_far: at FAR 1 % of the strangers, None without strangers.
        recognised, misidentified: shares of the probes that the gate's own rule with its defaults
            names as themselves and as somebody else, 0..1.
        strangers_accepted: share of the strangers that it names; None without strangers.
        fused: the same for several pictures that are judged together, as those of a track can be.
    """

    probes: Floats
    strangers: Floats
    at_far: OperatingPoint | None
    recognised: float
    misidentified: float
    strangers_accepted: float | None
    fused: tuple[FusedRate, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceEvaluation:
    """Everything that was measured; a part that was not asked for is None.

    Attributes:
        model_id: of the embedder. threshold: the shipped one, L2.
        pictures: how many were looked at. faces_not_found: in how many of them no face was found.
        stage_ms: median milliseconds by stage.
    """

    model_id: str
    threshold: float
    pictures: int
    faces_not_found: int
    stage_ms: dict[str, float | None]
    verification: Verification | None
    open_set: OpenSet | None

    def result(self) -> dict[str, object]:
        """Return the summary as JSON takes it; rates are fractions, None was not measured.

        ``far_at_shipped_threshold`` is the share of strangers taken for somebody of the gallery;
        without a list of strangers, the share of impostor pairs.
        """
        pairs, people = self.verification, self.open_set
        validated = pairs.cross_validation if pairs else None
        far = people.strangers_accepted if people else None
        if far is None and pairs is not None:
            far = pairs.at_shipped.far
        return {
            "verification_accuracy": _rounded(validated.accuracy if validated else None),
            "tar_at_far_1pct": _rounded(pairs.at_far.tar if pairs else None),
            "open_set_tar_at_far_1pct": _rounded(
                people.at_far.tar if people and people.at_far else None
            ),
            "open_set_tar_at_shipped_threshold": _rounded(people.recognised if people else None),
            "far_at_shipped_threshold": _rounded(far),
            "faces_not_found": self.faces_not_found,
            "ms": self.stage_ms,
            "open_set_fused": [rate.as_json() for rate in people.fused] if people else None,
        }


def evaluate(
    lists: FaceLists,
    templates: Templates,
    *,
    model_id: str,
    template_variance: float,
    config: FaceConfig,
) -> FaceEvaluation:
    """Return what the templates of the lists' pictures are worth.

    Args:
        lists: what is measured. templates: of every picture of the lists.
        model_id, template_variance: of the embedder. config: how the gate compares faces.

    Raises:
        DataError: no face was found where one is needed to measure anything.
    """
    threshold = config.match_threshold
    people = None
    if lists.gallery:
        people = identify(lists, templates, template_variance=template_variance, config=config)
    return FaceEvaluation(
        model_id=model_id,
        threshold=threshold,
        pictures=len(templates.by_picture),
        faces_not_found=templates.faces_not_found,
        stage_ms=templates.times.medians_ms(),
        verification=verify(lists.pairs, templates, threshold=threshold) if lists.pairs else None,
        open_set=people,
    )


def verify(pairs: tuple[Pair, ...], templates: Templates, *, threshold: float) -> Verification:
    """Return the error rates of a list of pairs.

    The folds are the list's own where it names them for every pair, else ten contiguous runs.

    Raises:
        DataError: no pair has a face in both pictures.
    """
    same = np.array([pair.same for pair in pairs])
    distances = np.array([templates.distance(pair.first, pair.second) for pair in pairs])
    if not np.isfinite(distances).any():
        raise DataError("face data: in no pair a face was found in both pictures; check them")
    genuine, impostor = distances[same], distances[~same]
    return Verification(
        genuine=genuine,
        impostor=impostor,
        curve=roc(genuine, impostor),
        cross_validation=_cross_validation(pairs, distances),
        at_far=tar_at_far(genuine, impostor, max_far=TARGET_FAR),
        at_shipped=operating_point(genuine, impostor, threshold=threshold),
        accuracy_at_shipped=accuracy_at(distances, same, threshold=threshold),
    )


def _cross_validation(pairs: tuple[Pair, ...], distances: Floats) -> CrossValidation | None:
    same = np.array([pair.same for pair in pairs])
    named = [pair.fold for pair in pairs if pair.fold is not None]
    try:
        folds = np.array(named) if len(named) == len(pairs) else contiguous_folds(same)
        return cross_validated_accuracy(distances, same, folds)
    except ValueError:
        return None


def identify(
    lists: FaceLists, templates: Templates, *, template_variance: float, config: FaceConfig
) -> OpenSet:
    """Return how the rest of the gallery and the strangers fare against the enrolled people.

    The first four pictures of a person enrol, through the index that the product searches and the
    rule by which the gate names a person. Who has no face in any of these stays unknown, and each
    of that person's probes counts as refused.

    Raises:
        DataError: nobody could be enrolled.
    """
    index = enrolled_index(lists, templates, template_variance=template_variance)
    own, recognised, misidentified = [], 0, 0
    for person, names in lists.gallery:
        for name in names[ENROLMENT_PICTURES:]:
            answer = answer_to(index, templates.by_picture[name], config)
            own.append(answer.threshold if answer.person == person else math.inf)
            recognised += answer.accepted and answer.person == person
            misidentified += answer.accepted and answer.person != person
    found = [answer_to(index, templates.by_picture[name], config) for name in lists.unknown]
    probes, strangers = np.array(own), np.array([answer.threshold for answer in found])
    return OpenSet(
        probes=probes,
        strangers=strangers,
        at_far=tar_at_far(probes, strangers, max_far=TARGET_FAR) if found else None,
        recognised=recognised / len(probes),
        misidentified=misidentified / len(probes),
        strangers_accepted=sum(answer.accepted for answer in found) / len(found) if found else None,
        fused=fused_rates(lists, templates, index, config),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
