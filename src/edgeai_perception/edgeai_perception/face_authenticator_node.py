"""The face node: who is in the picture, on `faces`; enrolment as a service."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from edgeai_msgs.msg import AuthState, FaceMatchArray
from edgeai_msgs.srv import EnrolPerson
from rclpy.context import Context
from rclpy.parameter import Parameter
from rclpy.task import Future

from edgeai_core import catalog
from edgeai_core.access.gallery import Gallery
from edgeai_core.access.guard import AuthStateGuard
from edgeai_core.access.keys import default_key_source
from edgeai_core.access.live_index import LiveIndex
from edgeai_core.access.locations import GalleryConfig
from edgeai_core.access.people import Role
from edgeai_core.access.permissions import Permission, roles_with
from edgeai_core.access.search import require_faiss
from edgeai_core.analyzers.faces.enrolment import EnrolmentConfig
from edgeai_core.analyzers.faces.liveness import LivenessChecker, LivenessConfig
from edgeai_core.analyzers.faces.logic import FaceAuthenticator, FaceConfig
from edgeai_core.analyzers.faces.registration import enrol_person
from edgeai_core.config import group, param
from edgeai_core.errors import AccessError, EdgeAiError
from edgeai_core.sources.reading import images_of
from edgeai_core.types import FaceMatch, Frame, SessionState
from edgeai_perception.inference_config import InferenceConfig
from edgeai_ros_common import qos
from edgeai_ros_common.analyzer_node import AnalyzerNode
from edgeai_ros_common.convert import auth_state_from_msg, faces_to_msg
from edgeai_ros_common.diagnostics import Health, Level
from edgeai_ros_common.frame_hub import FrameHub
from edgeai_ros_common.running import run_node

# How the log names whoever enrols into an empty gallery.
_FIRST = "first enrolment"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceInferenceConfig(InferenceConfig):
    """Which models look at faces, and how they are run."""

    detector: str = param(catalog.DEFAULT_FACE_DETECTOR, "Name of the detector in the catalog")
    embedder: str = param(catalog.DEFAULT_FACE_EMBEDDER, "Name of the embedder in the catalog")
    passive_liveness: str = param(
        catalog.DEFAULT_PASSIVE_LIVENESS, "Name of the passive liveness model in the catalog"
    )
    score_threshold: float = param(
        0.5,
        "Faces below are dropped; lower finds more and is wrong more often",
        minimum=0.0,
        maximum=1.0,
    )
    max_results_per_s: float = param(
        20.0,
        "Frames looked at per second at most; lower leaves more of the processor to the others "
        "and decides later",
        unit="1/s",
        minimum=0.1,
        maximum=240.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedGalleryConfig(GalleryConfig):
    """Where the enrolled people are, and how they are searched."""

    faiss_above: int = param(
        0,
        "With more people than this faiss searches, if installed; 0 searches with NumPy always, "
        "which was faster where it was measured (bench/results/gallery_search.json)",
        minimum=0,
        maximum=10000000,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceAuthenticatorConfig:
    """Parameters of the face node."""

    inference: FaceInferenceConfig = group(FaceInferenceConfig)
    gallery: SearchedGalleryConfig = group(SearchedGalleryConfig)
    faces: FaceConfig = group(FaceConfig)
    liveness: LivenessConfig = group(LivenessConfig)
    enrolment: EnrolmentConfig = group(EnrolmentConfig)


class FaceAuthenticatorNode(AnalyzerNode[FaceAuthenticatorConfig, tuple[FaceMatch, ...]]):
    """Recognise enrolled people and say whether they may unlock."""

    config_class = FaceAuthenticatorConfig
    _model = ("", "")

    def __init__(
        self,
        *,
        node_name: str = "face_authenticator",
        context: Context | None = None,
        parameter_overrides: Sequence[Parameter] = (),
        namespace: str | None = None,
        cli_args: Sequence[str] = (),
        frame_hub: FrameHub | None = None,
    ) -> None:
        super().__init__(
            node_name=node_name,
            context=context,
            parameter_overrides=parameter_overrides,
            namespace=namespace,
            cli_args=cli_args,
            frame_hub=frame_hub,
        )
        self._access = AuthStateGuard(clock_s=time.monotonic)
        self._enrolling = threading.Lock()

    def setup(self, config: FaceAuthenticatorConfig) -> None:
        inference = config.inference
        detector = catalog.create_face_detector(
            inference.detector,
            runtime=inference.runtime,
            threads=inference.threads,
            min_score=inference.score_threshold,
        )
        self.release_on_cleanup(detector.close)
        embedder = catalog.create_face_embedder(
            inference.embedder, runtime=inference.runtime, threads=inference.threads
        )
        self.release_on_cleanup(embedder.close)
        self._model = (
            f"{inference.detector} + {inference.embedder}",
            f"{detector.runtime_name} + {embedder.runtime_name}",
        )
        self._gallery_file = config.gallery.file()
        if config.gallery.faiss_above:
            require_faiss()
        self._index = LiveIndex(
            self._open_gallery,
            model_id=embedder.model_id,
            template_variance=embedder.template_variance,
            clock_s=time.monotonic,
            faiss_above=config.gallery.faiss_above or None,
        )
        self.release_on_cleanup(self._index.close)
        self._authenticator = FaceAuthenticator(
            detector=detector,
            embedder=embedder,
            index=self._index,
            config=config.faces,
            liveness=self._liveness_checker(config) if config.liveness.enabled else None,
        )
        self._faces = self.publisher(FaceMatchArray, "faces", qos.RESULTS)

    def start(self, config: FaceAuthenticatorConfig) -> None:
        self._authenticator.reset()
        super().start(config)
        self.subscribe(AuthState, "/auth_state", self._on_auth_state, qos.STATE)
        service = self.create_service(EnrolPerson, "~/enrol", self._on_enrol)
        self.release_on_deactivate(lambda: self.destroy_service(service))

    def min_period_s(self, config: FaceAuthenticatorConfig) -> float:
        return config.inference.min_period_s

    def model_description(self) -> tuple[str, str]:
        return self._model

    def health(self) -> Health:
        health = super().health()
        if health.level is Level.OK and self._index.fault:
            return Health(level=Level.WARN, message=self._index.fault)
        return health

    def analyze(self, frame: Frame) -> tuple[FaceMatch, ...]:
        return self._authenticator.analyze(frame)

    def publish(self, result: tuple[FaceMatch, ...], frame: Frame) -> None:
        self._faces.publish(faces_to_msg(result, frame))

    def _liveness_checker(self, config: FaceAuthenticatorConfig) -> LivenessChecker:
        inference = config.inference
        passive = catalog.create_passive_liveness(
            inference.passive_liveness, runtime=inference.runtime, threads=inference.threads
        )
        self.release_on_cleanup(passive.close)
        return LivenessChecker(passive, config.liveness)

    def _open_gallery(self, *, create: bool = False, actor: str = "") -> Gallery:
        return Gallery.open(
            self._gallery_file,
            key_source=default_key_source(self._gallery_file),
            create=create,
            actor=actor,
        )

    def _on_auth_state(self, message: AuthState) -> None:
        self._access.accept(auth_state_from_msg(message), self.now_ns())

    async def _on_enrol(
        self, request: EnrolPerson.Request, response: EnrolPerson.Response
    ) -> EnrolPerson.Response:
        # A clip takes seconds to read: off the executor, with models of its own, because the
        # worker owns the running ones.
        try:
            actor = self._enrolling_actor()
        except EdgeAiError as exc:
            response.message = str(exc)
            return response
        done: Future = Future(executor=self.executor)
        thread = threading.Thread(
            target=self._enrol, args=(request, response, done, actor), name="enrolment", daemon=True
        )
        thread.start()
        await done
        return response

    def _enrolling_actor(self) -> str:
        """Return how the log names whoever may enrol now.

        Raises:
            AccessError: nobody may. GalleryError: the gallery cannot be used.
        """
        if self._enrolling.locked():
            raise AccessError("another enrolment is running; wait for it")
        with self._open_gallery(create=True) as gallery:
            if not gallery.people():
                return _FIRST
            access = self._access.current()
            if access.state is not SessionState.ACTIVE:
                raise AccessError(
                    "refused: an authorised person must be recognised by the camera first"
                )
            if Permission.ENROL not in gallery.permissions(access.person_id):
                raise AccessError(
                    f"refused: {access.person_name} may not {Permission.ENROL.value}; roles that "
                    f"may: {roles_with(Permission.ENROL)}"
                )
            person = gallery.person(access.person_id)
            return f"person {person.audit_ref}" if person is not None else ""

    def _enrol(
        self,
        request: EnrolPerson.Request,
        response: EnrolPerson.Response,
        done: Future,
        actor: str,
    ) -> None:
        config = self._config
        assert config is not None  # the service exists only while active
        with self._enrolling:
            try:
                with (
                    self._open_gallery(create=True, actor=actor) as gallery,
                    catalog.face_models(config.inference.detector, config.inference.embedder) as (
                        detector,
                        embedder,
                    ),
                ):
                    registration = enrol_person(
                        request.name,
                        images_of(request.source),
                        detector=detector,
                        embedder=embedder,
                        gallery=gallery,
                        # Somebody must be able to enrol the others.
                        role=Role.OWNER if actor == _FIRST else Role.MEMBER,
                        authorised=bool(request.authorised),
                        config=config.enrolment,
                    )
                response.success = True
                response.accepted = len(registration.result.accepted)
                response.rejected = len(registration.result.rejections)
                response.message = f"enrolled {registration.person.name}"
            except EdgeAiError as exc:
                response.message = str(exc)
            except Exception as exc:
                response.message = f"enrolment failed: {type(exc).__name__}; read the node's log"
                self.get_logger().error(f"enrolment failed: {exc!r}")
            finally:
                done.set_result(None)


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(FaceAuthenticatorNode, node_name="face_authenticator")


if __name__ == "__main__":
    sys.exit(main())
