"""The action node: what people do on `actions`, what goes on now on `actions/current`, where
their joints are on `actions/joints`.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass

import numpy as np
from edgeai_msgs.msg import ActionEventArray
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2DArray

from edgeai_core import catalog
from edgeai_core.action_events import ActionEvent
from edgeai_core.analyzers.actions.drawing import draw_people, skeletons_of
from edgeai_core.analyzers.actions.vehicles import VEHICLE_LABELS
from edgeai_core.analyzers.actions.watch import ActionWatch, ActionWatchConfig
from edgeai_core.config import group, param
from edgeai_core.tracking import Tracker, TrackerConfig
from edgeai_core.types import Frame
from edgeai_perception.inference_config import InferenceConfig
from edgeai_ros_common import qos
from edgeai_ros_common.analyzer_node import AnalyzerNode
from edgeai_ros_common.convert import header_of, image_to_msg, time_of_day
from edgeai_ros_common.convert_actions import actions_to_msg
from edgeai_ros_common.convert_skeletons import skeletons_to_msg
from edgeai_ros_common.running import run_node

_PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionInferenceConfig(InferenceConfig):
    """Which models find people, their joints and vehicles, and how they are run."""

    detector: str = param(
        catalog.DEFAULT_OBJECT_DETECTOR,
        "Name of the detector that finds people and vehicles in the catalog",
    )
    score_threshold: float = param(
        0.1,
        "People and vehicles below are dropped before the tracker sees them; lower follows them "
        "through more cover and is wrong more often",
        minimum=0.0,
        maximum=1.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRecognizerConfig:
    """Parameters of the action node."""

    inference: ActionInferenceConfig = group(ActionInferenceConfig)
    tracking: TrackerConfig = group(TrackerConfig)
    watch: ActionWatchConfig = group(ActionWatchConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionResult:
    """What one frame shows: what changed, and what goes on."""

    events: tuple[ActionEvent, ...]
    current: tuple[ActionEvent, ...]


class ActionRecognizerNode(AnalyzerNode[ActionRecognizerConfig, ActionResult]):
    """Watch how people and vehicles move: falls, gaits, flight, accidents, fights."""

    config_class = ActionRecognizerConfig
    _model_name = ""

    def setup(self, config: ActionRecognizerConfig) -> None:
        inference = config.inference
        self._detector = catalog.create_object_detector(
            inference.detector,
            runtime=inference.runtime,
            threads=inference.threads,
            precision=inference.precision,
            report=self.note_runtime,
            min_score=inference.score_threshold,
            labels=(_PERSON, *VEHICLE_LABELS),
        )
        self.release_on_cleanup(self._detector.close)
        self._poses = catalog.create_pose_estimator(
            runtime=inference.runtime,
            threads=inference.threads,
            precision=inference.precision,
            report=self.note_runtime,
        )
        self.release_on_cleanup(self._poses.close)
        self._fights = catalog.create_fight_model(
            runtime=inference.runtime,
            threads=inference.threads,
            precision=inference.precision,
            report=self.note_runtime,
        )
        self.release_on_cleanup(self._fights.close)
        self._model_name = inference.detector
        self._actions = self.publisher(ActionEventArray, "actions", qos.RESULTS)
        self._current = self.publisher(ActionEventArray, "actions/current", qos.STATE)
        self._joints = self.publisher(Detection2DArray, "actions/joints", qos.RESULTS)
        self._debug_image = self.publisher(Image, "actions/debug_image", qos.IMAGE_OFFERED)

    def start(self, config: ActionRecognizerConfig) -> None:
        self._tracker = Tracker(config.tracking)
        self._watch = ActionWatch(config.watch, poses=self._poses, motion=self._fights)
        self._told_current: frozenset[tuple[str, int]] | None = None
        super().start(config)

    def retune(self, config: ActionRecognizerConfig) -> None:
        self._watch.retune(config.watch)

    def model_description(self) -> tuple[str, str]:
        return self._model_name, self._detector.runtime_name if self._model_name else ""

    def min_period_s(self, config: ActionRecognizerConfig) -> float:
        return config.inference.min_period_s

    def lock_step(self, config: ActionRecognizerConfig) -> bool:
        return config.inference.lock_step

    def analyze(self, frame: Frame) -> ActionResult:
        people = self._tracker.update(self._detector.detect(frame.image), frame.stamp_ns)
        events = self._watch.update(
            frame.image,
            people,
            stamp_ns=frame.stamp_ns,
            local_time=time_of_day(frame.stamp_ns),
        )
        return ActionResult(events=events, current=self._watch.current())

    def publish(self, result: ActionResult, frame: Frame) -> None:
        header = header_of(frame)
        if result.events:
            self._actions.publish(actions_to_msg(result.events, header))
        # The state of what goes on is for late joiners: new when something begins, turns or ends.
        current = frozenset((event.action.value, event.incident) for event in result.current)
        if current != self._told_current:
            self._told_current = current
            self._current.publish(actions_to_msg(result.current, header))
        if self._joints.get_subscription_count() > 0:
            skeletons = skeletons_of(self._watch.people())
            self._joints.publish(skeletons_to_msg(skeletons, frame))
        if self._debug_image.get_subscription_count() > 0:
            self._debug_image.publish(image_to_msg(self._drawn(result, frame)))

    def _drawn(self, result: ActionResult, frame: Frame) -> Frame:
        canvas = np.array(frame.image)
        draw_people(canvas, self._watch.people(), result.current)
        return dataclasses.replace(frame, image=canvas)


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(ActionRecognizerNode, node_name="action_recognizer")


if __name__ == "__main__":
    sys.exit(main())
