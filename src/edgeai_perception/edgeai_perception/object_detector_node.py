"""The object node: objects with tracks on `objects`, the last place of things on `things`."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from edgeai_msgs.msg import Sighting as SightingMsg
from vision_msgs.msg import Detection2DArray, LabelInfo, VisionClass

from edgeai_core import catalog
from edgeai_core.analyzers.objects.model import ObjectDetector
from edgeai_core.analyzers.objects.sightings import (
    Sighting,
    SightingsConfig,
    SightingsMemory,
)
from edgeai_core.config import group, param
from edgeai_core.errors import ConfigError
from edgeai_core.tracking import Tracker, TrackerConfig
from edgeai_core.types import Detection, Frame
from edgeai_ros_common import qos
from edgeai_ros_common.analyzer_node import AnalyzerNode
from edgeai_ros_common.convert import detections_to_msg
from edgeai_ros_common.convert_sightings import sighting_to_msg
from edgeai_ros_common.running import run_node


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceConfig:
    """How a model is run."""

    model: str = param(catalog.DEFAULT_OBJECT_DETECTOR, "Name of the model in the catalog")
    runtime: str = param(
        "auto", "Inference runtime by name; auto measures those that work and takes the fastest"
    )
    threads: int = param(
        1,
        "CPU threads of one inference; more are faster alone and slower beside other analyzers",
        minimum=1,
        maximum=64,
    )
    score_threshold: float = param(
        0.4,
        "Detections below are dropped; lower finds more and is wrong more often",
        minimum=0.0,
        maximum=1.0,
    )
    max_results_per_s: float = param(
        10.0,
        "Frames analysed per second at most; lower leaves more of the processor to the others",
        unit="1/s",
        minimum=0.1,
        maximum=240.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectDetectorConfig:
    """Parameters of the object node."""

    inference: InferenceConfig = group(InferenceConfig)
    tracking: TrackerConfig = group(TrackerConfig)
    labels: tuple[str, ...] = param((), "Classes to publish; empty publishes all the model knows")
    things: SightingsConfig = group(SightingsConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectResult:
    """What one frame shows.

    Attributes:
        objects: with identities. sightings: of things whose last place is worth telling now.
    """

    objects: tuple[Detection, ...]
    sightings: tuple[Sighting, ...] = ()


class ObjectDetectorNode(AnalyzerNode[ObjectDetectorConfig, ObjectResult]):
    """Detect and track objects, and remember where things are."""

    config_class = ObjectDetectorConfig
    _model = ("", "")

    def setup(self, config: ObjectDetectorConfig) -> None:
        inference = config.inference
        self._detector: ObjectDetector = catalog.create_object_detector(
            inference.model,
            runtime=inference.runtime,
            threads=inference.threads,
            min_score=inference.score_threshold,
            labels=config.labels,
        )
        self.release_on_cleanup(self._detector.close)
        unknown = sorted(set(config.things.labels) - set(self._detector.labels))
        if unknown:
            raise ConfigError(
                f"parameter things.labels: got {', '.join(unknown)}, which is never detected; "
                f"expected names among {', '.join(self._detector.labels)}"
            )
        self._model = (inference.model, self._detector.runtime_name)
        self._objects = self.publisher(Detection2DArray, "objects", qos.RESULTS)
        self._things = self.publisher(SightingMsg, "things", qos.ALERTS)
        self._label_info = self.publisher(LabelInfo, "objects/label_info", qos.STATE)

    def start(self, config: ObjectDetectorConfig) -> None:
        self._tracker = Tracker(config.tracking)
        self._sightings = SightingsMemory(config.things)
        super().start(config)
        self._label_info.publish(
            LabelInfo(
                class_map=[
                    VisionClass(class_id=index, class_name=name)
                    for index, name in enumerate(self._detector.labels)
                ],
                threshold=config.inference.score_threshold,
            )
        )

    def model_description(self) -> tuple[str, str]:
        return self._model

    def min_period_s(self, config: ObjectDetectorConfig) -> float:
        return 1.0 / config.inference.max_results_per_s

    def analyze(self, frame: Frame) -> ObjectResult:
        objects = self._tracker.update(self._detector.detect(frame.image), frame.stamp_ns)
        return ObjectResult(objects=objects, sightings=self._sightings.update(frame, objects))

    def publish(self, result: ObjectResult, frame: Frame) -> None:
        self._objects.publish(detections_to_msg(result.objects, frame))
        for sighting in result.sightings:
            self._things.publish(sighting_to_msg(sighting, frame_id=frame.frame_id))


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(ObjectDetectorNode, node_name="object_detector")


if __name__ == "__main__":
    sys.exit(main())
