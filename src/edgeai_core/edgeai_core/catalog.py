"""The factories that build analyzers from the model table.

A new model is a new card in ``model_table.py`` (and a decoder in ``analyzers`` when its
architecture is new).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager

from edgeai_core import model_store
from edgeai_core.analyzers.actions.fight_model import FightModel
from edgeai_core.analyzers.actions.pose import PoseEstimator
from edgeai_core.analyzers.faces.face_mesh import FaceMeshEstimator
from edgeai_core.analyzers.faces.model import (
    ALIGNMENT,
    FaceDetector,
    FaceEmbedder,
    MeshFaceDetector,
)
from edgeai_core.analyzers.faces.passive_liveness import PassiveLiveness
from edgeai_core.analyzers.fire.model import FireModel
from edgeai_core.analyzers.objects.model import ObjectDetector
from edgeai_core.errors import ConfigError
from edgeai_core.fight_cards import DEFAULT_FIGHT_MODEL, DEFAULT_MOTION_TRUNK
from edgeai_core.model_card import ModelCard, Task
from edgeai_core.model_table import (
    CARDS,
    CATALOG,
    DEFAULT_FACE_DETECTOR,
    DEFAULT_FACE_EMBEDDER,
    DEFAULT_FACE_MESH,
    DEFAULT_FIRE_MODEL,
    DEFAULT_OBJECT_DETECTOR,
    DEFAULT_PASSIVE_LIVENESS,
)
from edgeai_core.pose_cards import DEFAULT_BODY_FINDER, DEFAULT_POSE_MODEL
from edgeai_core.runtimes.base import (
    FLOAT32,
    InferenceSession,
    Report,
    SessionOptions,
    unreported,
)
from edgeai_core.runtimes.selection import AUTO, open_session

__all__ = [
    "CATALOG",
    "DEFAULT_FACE_DETECTOR",
    "DEFAULT_FACE_EMBEDDER",
    "DEFAULT_FACE_MESH",
    "DEFAULT_FIGHT_MODEL",
    "DEFAULT_FIRE_MODEL",
    "DEFAULT_OBJECT_DETECTOR",
    "DEFAULT_PASSIVE_LIVENESS",
    "DEFAULT_POSE_MODEL",
    "card_for",
    "create_face_detector",
    "create_face_embedder",
    "create_fight_model",
    "create_fire_model",
    "create_object_detector",
    "create_passive_liveness",
    "create_pose_estimator",
    "face_model_id",
    "face_models",
    "names",
    "verify_all",
]


def names(task: Task) -> tuple[str, ...]:
    """Return the names of the models for a task, the default first."""
    return tuple(card.name for card in CARDS if card.task is task)


def card_for(name: str, task: Task) -> ModelCard:
    """Return the card of a model.

    Raises:
        ConfigError: there is no model of that name for the task.
    """
    card = CATALOG.get(name)
    if card is None or card.task is not task:
        raise ConfigError(
            f"{task.value}: unknown model {name!r}; choose one of {', '.join(names(task))}"
        )
    return card


def verify_all() -> list[str]:
    """Return one sentence for every model that is missing or damaged; empty when all are right."""
    return model_store.problems(CARDS)


def create_face_detector(
    name: str = DEFAULT_FACE_DETECTOR,
    *,
    runtime: str = AUTO,
    threads: int = 1,
    precision: str = FLOAT32,
    report: Report = unreported,
    min_score: float | None = None,
) -> MeshFaceDetector:
    """Return a face detector.

    Args:
        name: a face detection model of the catalog. runtime: a runtime's name or "auto".
        threads: CPU threads of one inference. min_score: 0..1; None for the card's.
        precision: "f32", "f16" or "int8", see SessionOptions. report: told when a model runs other
            than asked for.

    Raises:
        ConfigError: unknown name. ModelMissingError, ModelIntegrityError: the file is not the
            card's. RuntimeUnavailableError, ModelError: it cannot be run here.
    """
    card = card_for(name, Task.FACE_DETECTION)
    mesh_card = card_for(DEFAULT_FACE_MESH, Task.FACE_MESH)
    score = card.recommended_threshold if min_score is None else min_score
    with ExitStack() as stack:
        session = _session(card, runtime, threads, precision, report)
        stack.callback(session.close)
        mesh = FaceMeshEstimator(_session(mesh_card, runtime, threads, precision, report))
        stack.pop_all()
    return MeshFaceDetector(
        FaceDetector(session, min_score=score),
        mesh,
        min_presence=mesh_card.recommended_threshold,
    )


def create_face_finder(
    name: str = DEFAULT_FACE_DETECTOR,
    *,
    runtime: str = AUTO,
    threads: int = 1,
    min_score: float | None = None,
) -> FaceDetector:
    """Return what finds faces without a second look at them: more of them, and some textures.

    Arguments and errors as for :func:`create_face_detector`.
    """
    card = card_for(name, Task.FACE_DETECTION)
    score = card.recommended_threshold if min_score is None else min_score
    return FaceDetector(_session(card, runtime, threads), min_score=score)


def face_model_id(name: str = DEFAULT_FACE_EMBEDDER) -> str:
    """Return the id that templates of an embedder carry: its weights and how chips are cut.

    Raises:
        ConfigError: there is no such embedder.
    """
    return f"{card_for(name, Task.FACE_EMBEDDING).model_id}-{ALIGNMENT}"


def create_face_embedder(
    name: str = DEFAULT_FACE_EMBEDDER,
    *,
    runtime: str = AUTO,
    threads: int = 1,
    precision: str = FLOAT32,
    report: Report = unreported,
) -> FaceEmbedder:
    """Return a face embedder; arguments and errors as for :func:`create_face_detector`."""
    card = card_for(name, Task.FACE_EMBEDDING)
    return FaceEmbedder(
        _session(card, runtime, threads, precision, report),
        model_id=face_model_id(name),
        recommended_threshold=card.recommended_threshold,
        template_variance=card.template_variance,
    )


def create_passive_liveness(
    name: str = DEFAULT_PASSIVE_LIVENESS,
    *,
    runtime: str = AUTO,
    threads: int = 1,
    precision: str = FLOAT32,
    report: Report = unreported,
) -> PassiveLiveness:
    """Return a passive liveness model; arguments and errors as for create_face_detector."""
    card = card_for(name, Task.PASSIVE_LIVENESS)
    return PassiveLiveness(_session(card, runtime, threads, precision, report))


@contextmanager
def face_models(
    detector: str = DEFAULT_FACE_DETECTOR,
    embedder: str = DEFAULT_FACE_EMBEDDER,
    *,
    runtime: str = AUTO,
) -> Iterator[tuple[MeshFaceDetector, FaceEmbedder]]:
    """Open the two face models for a piece of work such as an enrolment, then close them.

    Args and errors as for :func:`create_face_detector`.
    """
    with (
        closing(create_face_detector(detector, runtime=runtime)) as opened_detector,
        closing(create_face_embedder(embedder, runtime=runtime)) as opened_embedder,
    ):
        yield opened_detector, opened_embedder


def create_fire_model(
    name: str = DEFAULT_FIRE_MODEL,
    *,
    runtime: str = AUTO,
    threads: int = 1,
    precision: str = FLOAT32,
    report: Report = unreported,
) -> FireModel:
    """Return a fire model; arguments and errors as for :func:`create_face_detector`."""
    return FireModel(_session(card_for(name, Task.FIRE), runtime, threads, precision, report))


def create_fight_model(
    name: str = DEFAULT_FIGHT_MODEL,
    *,
    runtime: str = AUTO,
    threads: int = 1,
    precision: str = FLOAT32,
    report: Report = unreported,
) -> FightModel:
    """Return a fight model; arguments and errors as for :func:`create_face_detector`."""
    card = card_for(name, Task.FIGHT)
    trunk_card = card_for(DEFAULT_MOTION_TRUNK, Task.MOTION)
    with ExitStack() as stack:
        trunk = _session(trunk_card, runtime, threads, precision, report)
        stack.callback(trunk.close)
        head = _session(card, runtime, threads, precision, report)
        stack.pop_all()
    return FightModel(trunk, head)


def create_object_detector(
    name: str = DEFAULT_OBJECT_DETECTOR,
    *,
    runtime: str = AUTO,
    threads: int = 1,
    precision: str = FLOAT32,
    report: Report = unreported,
    min_score: float | None = None,
    own_min_scores: Mapping[str, float] | None = None,
    labels: Collection[str] = (),
) -> ObjectDetector:
    """Return an object detector.

    Args:
        min_score: 0..1; None for the card's. own_min_scores: the same for some classes by name,
            instead of `min_score`; None for the card's. labels: classes to report, empty for all.
            The others as for :func:`create_face_detector`.

    Raises:
        ConfigError: unknown model or class. The others as for :func:`create_face_detector`.
    """
    card = card_for(name, Task.OBJECT_DETECTION)
    score = card.recommended_threshold if min_score is None else min_score
    session = _session(card, runtime, threads, precision, report)
    return ObjectDetector(
        session,
        labels=card.labels,
        min_score=score,
        own_min_scores=card.own_thresholds if own_min_scores is None else own_min_scores,
        only=labels,
    )


def create_pose_estimator(
    name: str = DEFAULT_POSE_MODEL,
    *,
    runtime: str = AUTO,
    threads: int = 1,
    precision: str = FLOAT32,
    report: Report = unreported,
) -> PoseEstimator:
    """Return a pose estimator; arguments and errors as for :func:`create_face_detector`."""
    card = card_for(name, Task.POSE)
    finder_card = card_for(DEFAULT_BODY_FINDER, Task.BODY_FINDING)
    with ExitStack() as stack:
        finder = _session(finder_card, runtime, threads, precision, report)
        stack.callback(finder.close)
        placer = _session(card, runtime, threads, precision, report)
        stack.pop_all()
    return PoseEstimator(
        finder,
        placer,
        min_found=finder_card.recommended_threshold,
        min_presence=card.recommended_threshold,
    )


def _session(
    card: ModelCard,
    runtime: str,
    threads: int,
    precision: str = FLOAT32,
    report: Report = unreported,
) -> InferenceSession:
    return open_session(
        model_store.resolve(card),
        sample=card.blank_inputs(),
        runtime=runtime,
        options=SessionOptions(threads=threads, precision=precision, report=report),
    )
