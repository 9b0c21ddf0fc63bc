"""The fire node: fire and smoke on `hazards`, where they are on `hazards/detections`."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from dataclasses import dataclass

from edgeai_msgs.msg import Explanation as ExplanationMsg
from edgeai_msgs.msg import FaceMatchArray
from edgeai_msgs.msg import HazardReport as HazardReportMsg
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray

from edgeai_core import catalog
from edgeai_core.analyzers.fire.explained import fire_case
from edgeai_core.analyzers.fire.logic import FireConfig, FireWatch
from edgeai_core.config import group, param
from edgeai_core.errors import ConfigError
from edgeai_core.explaining.config import ExplainConfig
from edgeai_core.explaining.explainer import Case, Explainer, Question
from edgeai_core.geometry import Box
from edgeai_core.types import Frame, HazardReport, HazardState
from edgeai_perception.inference_config import InferenceConfig
from edgeai_ros_common import qos
from edgeai_ros_common.analyzer_node import AnalyzerNode
from edgeai_ros_common.convert import (
    box_from_msg,
    detections_from_msg,
    detections_to_msg,
    time_from_msg,
    time_of_day,
)
from edgeai_ros_common.convert_explanations import explanation_to_msg
from edgeai_ros_common.convert_hazards import hazard_to_msg
from edgeai_ros_common.diagnostics import Health, Level
from edgeai_ros_common.running import run_node

_PERSON = "person"
# Which fires are explained; one that burns goes before one that begins.
_URGENCY = {HazardState.START_FIRE: 1, HazardState.FIRE: 2}
# Between two frames of the slowest rate that is allowed; the newest say who is near now.
_MAX_PEOPLE = 64
# Others may be ahead of this node by a few frames.
_AHEAD_NS = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FireInferenceConfig(InferenceConfig):
    """Which model looks for fire, and how it is run."""

    model: str = param(catalog.DEFAULT_FIRE_MODEL, "Name of the model in the catalog")


@dataclass(frozen=True, slots=True, kw_only=True)
class FireDetectorConfig:
    """Parameters of the fire node.

    Raises:
        ConfigError: frames are looked at so seldom that no alarm could ever be confirmed.
    """

    inference: FireInferenceConfig = group(FireInferenceConfig)
    fire: FireConfig = group(FireConfig)
    explain: ExplainConfig = group(ExplainConfig)

    def __post_init__(self) -> None:
        round_s = self.fire.frames_per_round / self.inference.max_results_per_s
        decision = self.fire.decision
        needed_s = round_s * decision.confirm_rounds
        if needed_s > decision.max_age_s:
            raise ConfigError(
                f"no fire could be confirmed: {decision.confirm_rounds} rounds of {round_s:.1f} s "
                f"take {needed_s:.1f} s, and rounds count for {decision.max_age_s:.1f} s; raise "
                "inference.max_results_per_s, fire.crops_per_frame or fire.decision.max_age_s"
            )


class FireDetectorNode(AnalyzerNode[FireDetectorConfig, HazardReport]):
    """Watch for flames and smoke, and for flames that nobody attends."""

    config_class = FireDetectorConfig
    _model_name = ""

    def setup(self, config: FireDetectorConfig) -> None:
        inference = config.inference
        self._fire_model = catalog.create_fire_model(
            inference.model,
            runtime=inference.runtime,
            threads=inference.threads,
            precision=inference.precision,
            report=self.note_runtime,
        )
        self.release_on_cleanup(self._fire_model.close)
        self._model_name = inference.model
        self._hazards = self.publisher(HazardReportMsg, "hazards", qos.RESULTS)
        self._regions = self.publisher(Detection2DArray, "hazards/detections", qos.RESULTS)
        self._explanations = self.publisher(ExplanationMsg, "explanations", qos.RESULTS)

    def start(self, config: FireDetectorConfig) -> None:
        self._watch = FireWatch(self._fire_model, config.fire)
        self._people: deque[tuple[int, Box]] = deque(maxlen=_MAX_PEOPLE)
        self._people_lock = threading.Lock()
        self._latest: HazardReport | None = None
        self._explainer = Explainer(config.explain, clock=time.monotonic)
        self._sees_people = False
        # Before the pictures: of what has come rclpy hands out first what was subscribed first, and
        # what others saw in earlier frames must be known when the next one comes.
        self._look_for_people(config)
        super().start(config)

    def change(self, config: FireDetectorConfig) -> None:
        if self.is_active:
            self._look_for_people(config)
        super().change(config)

    def retune(self, config: FireDetectorConfig) -> None:
        self._watch.retune(config.fire)

    def _look_for_people(self, config: FireDetectorConfig) -> None:
        """Listen for people once there is a place where they attend a flame."""
        if config.fire.normal_flames.zones and not self._sees_people:
            self._sees_people = True
            self.subscribe(Detection2DArray, "objects", self._on_objects, qos.RESULTS)
            self.subscribe(FaceMatchArray, "faces", self._on_faces, qos.RESULTS)

    def model_description(self) -> tuple[str, str]:
        return self._model_name, self._fire_model.runtime_name if self._model_name else ""

    def min_period_s(self, config: FireDetectorConfig) -> float:
        return config.inference.min_period_s

    def lock_step(self, config: FireDetectorConfig) -> bool:
        return config.inference.lock_step

    def analyze(self, frame: Frame) -> HazardReport:
        people = self._people_before(frame.stamp_ns)
        known, self._latest = (
            self._latest,
            self._watch.update(frame, local_time=time_of_day(frame.stamp_ns), people=people),
        )
        if self._latest.state in _URGENCY and (known is None or known.state != self._latest.state):
            self._explainer.ask(
                Question(
                    asked_ns=frame.stamp_ns,
                    urgency=_URGENCY[self._latest.state],
                    open=self._burning,
                )
            )
        return self._latest

    def rest(self, frame: Frame, until_s: float) -> None:
        explanation = self._explainer.work(frame, until_s=until_s)
        if explanation is not None:
            self._explanations.publish(explanation_to_msg(explanation))

    def _burning(self, frame: Frame) -> Case | None:
        local_time = time_of_day(frame.stamp_ns)
        judged, part = self._watch.telling_part(frame, local_time=local_time)
        return fire_case(self._fire_model, judged, part)

    def publish(self, result: HazardReport, frame: Frame) -> None:
        self._hazards.publish(hazard_to_msg(result, frame))
        self._regions.publish(detections_to_msg(result.regions, frame))

    def health(self) -> Health:
        health = super().health()
        latest = self._latest
        if health.level != Level.OK or latest is None:
            return health
        state = f"{latest.state.name.lower()}: {latest.reason}"
        told = (health.message, self._explainer.told(), state)
        return Health(message=", ".join(part for part in told if part))

    # Callbacks run on the executor, the watch belongs to the worker: boxes wait in between.

    def _on_objects(self, message: Detection2DArray) -> None:
        people = [found.box for found in detections_from_msg(message) if found.label == _PERSON]
        self._see_people(people, message.header)

    def _on_faces(self, message: FaceMatchArray) -> None:
        self._see_people([box_from_msg(match.bbox) for match in message.matches], message.header)

    def _see_people(self, boxes: list[Box], header: Header) -> None:
        stamp_ns = time_from_msg(header.stamp)
        with self._people_lock:
            self._people.extend((stamp_ns, box) for box in boxes)

    def _people_before(self, stamp_ns: int) -> tuple[Box, ...]:
        """Take whom earlier frames showed.

        Whether the others' answers to this very frame are here already is a matter of luck, and
        what is decided must not be. What lies far ahead was seen before the stamps went back.
        """
        with self._people_lock:
            seen = tuple(self._people)
            self._people.clear()
            self._people.extend(
                (at_ns, box) for at_ns, box in seen if 0 <= at_ns - stamp_ns <= _AHEAD_NS
            )
        return tuple(box for at_ns, box in seen if at_ns < stamp_ns)


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(FireDetectorNode, node_name="fire_detector")


if __name__ == "__main__":
    sys.exit(main())
