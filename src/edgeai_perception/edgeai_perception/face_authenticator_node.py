"""The face node: who is in the picture, on `faces`; enrolment as a service."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from edgeai_msgs.msg import AuthState, FaceMatchArray
from rclpy.context import Context
from rclpy.parameter import Parameter

from edgeai_core import catalog
from edgeai_core.access.gallery import Gallery
from edgeai_core.access.guard import AuthStateGuard
from edgeai_core.access.keys import default_key_source
from edgeai_core.access.live_index import LiveIndex
from edgeai_core.access.locations import GalleryConfig, data_directory
from edgeai_core.access.search import require_faiss
from edgeai_core.analyzers.faces.enrolment import EnrolmentConfig
from edgeai_core.analyzers.faces.liveness import LivenessChecker, LivenessConfig
from edgeai_core.analyzers.faces.logic import FaceAuthenticator, FaceConfig
from edgeai_core.config import group, param
from edgeai_core.types import FaceMatch, Frame
from edgeai_perception.inference_config import InferenceConfig
from edgeai_perception.people_services import PeopleServices, PeopleSetup
from edgeai_ros_common import qos
from edgeai_ros_common.analyzer_node import AnalyzerNode
from edgeai_ros_common.convert import auth_state_from_msg, faces_to_msg
from edgeai_ros_common.diagnostics import Health, Level
from edgeai_ros_common.frame_hub import FrameHub
from edgeai_ros_common.running import run_node


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
    _model_name = ""

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

    def setup(self, config: FaceAuthenticatorConfig) -> None:
        inference = config.inference
        detector = catalog.create_face_detector(
            inference.detector,
            runtime=inference.runtime,
            threads=inference.threads,
            precision=inference.precision,
            report=self.note_runtime,
            min_score=inference.score_threshold,
        )
        self.release_on_cleanup(detector.close)
        embedder = catalog.create_face_embedder(
            inference.embedder,
            runtime=inference.runtime,
            threads=inference.threads,
            precision=inference.precision,
            report=self.note_runtime,
        )
        self.release_on_cleanup(embedder.close)
        self._model_name = f"{inference.detector} + {inference.embedder}"
        self._runtimes = lambda: f"{detector.runtime_name} + {embedder.runtime_name}"
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
        people = PeopleServices(
            PeopleSetup(
                gallery_file=self._gallery_file,
                detector=config.inference.detector,
                embedder=config.inference.embedder,
                enrolment=config.enrolment,
                state_folder=data_directory(),
            ),
            access=self._access.current,
            report=self.get_logger().error,
        )
        for service in people.offer(self):
            self.release_on_deactivate(functools.partial(self.destroy_service, service))

    def min_period_s(self, config: FaceAuthenticatorConfig) -> float:
        return config.inference.min_period_s

    def lock_step(self, config: FaceAuthenticatorConfig) -> bool:
        return config.inference.lock_step

    def model_description(self) -> tuple[str, str]:
        return self._model_name, self._runtimes() if self._model_name else ""

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
            inference.passive_liveness,
            runtime=inference.runtime,
            threads=inference.threads,
            precision=inference.precision,
            report=self.note_runtime,
        )
        self.release_on_cleanup(passive.close)
        if config.inference.lock_step:
            # The same frames, the same answers: what is asked for is the same every time too.
            return LivenessChecker(passive, config.liveness, rng=lambda: np.random.default_rng(0))
        return LivenessChecker(passive, config.liveness)

    def _open_gallery(self) -> Gallery:
        return Gallery.open(self._gallery_file, key_source=default_key_source(self._gallery_file))

    def _on_auth_state(self, message: AuthState) -> None:
        self._access.accept(auth_state_from_msg(message), self.now_ns())


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(FaceAuthenticatorNode, node_name="face_authenticator")


if __name__ == "__main__":
    sys.exit(main())
