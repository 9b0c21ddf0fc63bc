"""The object node: tracked objects on `objects`, what they do on `objects/events`, where things
were seen last on `things`.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from edgeai_msgs.msg import Explanation as ExplanationMsg
from edgeai_msgs.msg import ObjectEventArray
from edgeai_msgs.msg import Sighting as SightingMsg
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2DArray, LabelInfo, VisionClass

from edgeai_core import catalog
from edgeai_core.analyzers.objects.appearance import colour_appearance
from edgeai_core.analyzers.objects.model import ObjectDetector
from edgeai_core.analyzers.objects.search import ObjectSearch
from edgeai_core.analyzers.objects.sightings import (
    Sighting,
    SightingsMemory,
)
from edgeai_core.analyzers.objects.taught_store import TaughtThings, ThingStore
from edgeai_core.analyzers.objects.tracked import Appearance
from edgeai_core.analyzers.objects.watch import ObjectWatch
from edgeai_core.model_card import Task
from edgeai_core.object_events import ObjectEvent
from edgeai_core.overlay import draw_objects, draw_zones
from edgeai_core.privacy.masks import PrivacyMask, masks_of
from edgeai_core.tracking import Tracker
from edgeai_core.types import Detection, Frame
from edgeai_core.zones import parse_zones
from edgeai_perception.object_detector_config import ObjectDetectorConfig, refuse_unknown_labels
from edgeai_perception.object_explainer import ObjectExplainer
from edgeai_ros_common import qos
from edgeai_ros_common.analyzer_node import AnalyzerNode
from edgeai_ros_common.convert import detections_to_msg, header_of, image_to_msg, time_of_day
from edgeai_ros_common.convert_events import events_to_msg
from edgeai_ros_common.convert_explanations import explanation_to_msg
from edgeai_ros_common.convert_sightings import sighting_to_msg
from edgeai_ros_common.diagnostics import Health, Level
from edgeai_ros_common.running import run_node


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectResult:
    """What one frame shows.

    Attributes:
        objects: with identities. events: what changed in what they do. current: what goes on.
        sightings: of things whose last place is worth telling now.
    """

    objects: tuple[Detection, ...]
    events: tuple[ObjectEvent, ...] = ()
    current: tuple[ObjectEvent, ...] = ()
    sightings: tuple[Sighting, ...] = ()


class ObjectDetectorNode(AnalyzerNode[ObjectDetectorConfig, ObjectResult]):
    """Detect and track objects, and remember where things are."""

    config_class = ObjectDetectorConfig
    _model_name = ""

    def setup(self, config: ObjectDetectorConfig) -> None:
        inference = config.inference
        self._detector: ObjectDetector = catalog.create_object_detector(
            inference.model,
            runtime=inference.runtime,
            threads=inference.threads,
            precision=inference.precision,
            report=self.note_runtime,
            min_score=inference.score_threshold,
            labels=config.labels,
        )
        self.release_on_cleanup(self._detector.close)
        self._taught = self._own_things(config)
        refuse_unknown_labels(config, self._detector.labels)
        self._model_name = inference.model
        self._objects = self.publisher(Detection2DArray, "objects", qos.RESULTS)
        self._events = self.publisher(ObjectEventArray, "objects/events", qos.RESULTS)
        self._explanations = self.publisher(ExplanationMsg, "explanations", qos.RESULTS)
        self._current = self.publisher(ObjectEventArray, "objects/current", qos.STATE)
        self._debug_image = self.publisher(Image, "objects/debug_image", qos.IMAGE_OFFERED)
        self._mask = self._mask_of(config)
        self._things = self.publisher(SightingMsg, "things", qos.ALERTS)
        self._label_info = self.publisher(LabelInfo, "objects/label_info", qos.STATE)

    def start(self, config: ObjectDetectorConfig) -> None:
        self._zones = parse_zones(config.watch.areas.zones)
        self._tracker = Tracker(config.tracking)
        self._search = ObjectSearch(self._detector, tiles=config.tiles, taught=self._taught)
        self._explainer = ObjectExplainer(
            config.explain,
            # Without tiles: which part of a frame has its turn must not depend on explanations.
            detect=ObjectSearch(self._detector, taught=self._taught).detect,
            clock=time.monotonic,
        )
        self._watch = ObjectWatch(config.watch)
        self._watches_bags = bool(config.watch.bags.labels)
        self._told_current: frozenset[tuple[str, int]] | None = None
        self._sightings = SightingsMemory(config.things, mask=self._mask)
        self._least_score = config.tracking.high_score
        self._load_own_things()
        self._tell_labels()
        super().start(config)

    def change(self, config: ObjectDetectorConfig) -> None:
        refuse_unknown_labels(config, self._detector.labels)
        self._mask.become(self._mask_of(config))
        super().change(config)

    def retune(self, config: ObjectDetectorConfig) -> None:
        self._watch.retune(config.watch)
        self._sightings.retune(config.things)
        self._zones = parse_zones(config.watch.areas.zones)

    def _mask_of(self, config: ObjectDetectorConfig) -> PrivacyMask:
        camera = self.get_namespace().strip("/")
        return masks_of(config.privacy.masks, cameras=[camera])[camera]

    def _own_things(self, config: ObjectDetectorConfig) -> TaughtThings | None:
        if not config.taught.enabled:
            return None
        card = catalog.card_for(config.inference.model, Task.OBJECT_DETECTION)
        return TaughtThings(
            ThingStore(config.taught.folder()),
            trunk_sha256=card.sha256,
            min_score=config.taught.min_score,
        )

    def _load_own_things(self) -> bool:
        """Load what was taught or forgotten meanwhile; return whether anything was."""
        if self._taught is None or not self._taught.refresh():
            return False
        for problem in self._taught.problems:
            self.get_logger().warning(problem)
        self.get_logger().info(f"own things: {', '.join(self._taught.names) or 'none'}")
        return True

    def _tell_labels(self) -> None:
        names = (*self._detector.labels, *self._search.taught_names)
        self._label_info.publish(
            LabelInfo(
                class_map=[
                    VisionClass(class_id=index, class_name=name) for index, name in enumerate(names)
                ],
                threshold=self._least_score,
            )
        )

    def model_description(self) -> tuple[str, str]:
        return self._model_name, self._detector.runtime_name if self._model_name else ""

    def min_period_s(self, config: ObjectDetectorConfig) -> float:
        return config.inference.min_period_s

    def lock_step(self, config: ObjectDetectorConfig) -> bool:
        return config.inference.lock_step

    def health(self) -> Health:
        health = super().health()
        problems = self._taught.problems if self._taught is not None else ()
        if health.level == Level.OK and problems:
            return Health(level=Level.WARN, message="; ".join(problems))
        told = self._explainer.told()
        if health.level == Level.OK and told:
            return dataclasses.replace(health, message=f"{health.message}, {told}")
        return health

    def analyze(self, frame: Frame) -> ObjectResult:
        if self._load_own_things():
            self._tell_labels()
        objects = self._tracker.update(self._search.detect(frame.image), frame.stamp_ns)
        events = self._watch.update(
            objects,
            stamp_ns=frame.stamp_ns,
            width_px=frame.width_px,
            height_px=frame.height_px,
            local_time=time_of_day(frame.stamp_ns),
            appearances=self._appearances(frame, objects),
        )
        self._explainer.see(objects, events)
        return ObjectResult(
            objects=objects,
            events=events,
            current=self._watch.current(),
            sightings=self._sightings.update(frame, objects, taught=self._search.taught_names),
        )

    def rest(self, frame: Frame, until_s: float) -> None:
        explanation = self._explainer.work(frame, until_s=until_s)
        if explanation is not None:
            self._explanations.publish(explanation_to_msg(explanation))

    def _appearances(self, frame: Frame, objects: Sequence[Detection]) -> dict[int, Appearance]:
        """Return what people look like: only the owners of bags must be known again."""
        if not self._watches_bags:
            return {}
        return {
            found.track_id: colours
            for found in objects
            if found.label == "person"
            and found.track_id is not None
            and (colours := colour_appearance(frame.image, found.box)) is not None
        }

    def publish(self, result: ObjectResult, frame: Frame) -> None:
        header = header_of(frame)
        self._objects.publish(detections_to_msg(result.objects, frame))
        if result.events:
            self._events.publish(events_to_msg(result.events, header))
        # The state of what goes on is for late joiners: new when something begins, turns or ends.
        current = frozenset((event.state.value, event.incident) for event in result.current)
        if current != self._told_current:
            self._told_current = current
            self._current.publish(events_to_msg(result.current, header))
        for sighting in result.sightings:
            self._things.publish(sighting_to_msg(sighting, frame_id=frame.frame_id))
        if self._debug_image.get_subscription_count() > 0:
            self._debug_image.publish(image_to_msg(self._drawn(result, frame)))

    def _drawn(self, result: ObjectResult, frame: Frame) -> Frame:
        canvas = np.array(frame.image)
        draw_zones(canvas, self._zones)
        draw_objects(canvas, result.objects, result.current)
        return dataclasses.replace(frame, image=canvas)


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(ObjectDetectorNode, node_name="object_detector")


if __name__ == "__main__":
    sys.exit(main())
