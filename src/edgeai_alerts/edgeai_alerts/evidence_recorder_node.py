"""The evidence node: it remembers the last seconds of each camera and keeps them with an alert.

A node of its own, so that neither an encoder nor a slow disk can hold up an alert.
"""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeai_msgs.msg import ActionEventArray, FaceMatchArray, HazardReport
from edgeai_msgs.msg import Alert as AlertMsg
from edgeai_msgs.msg import Explanation as ExplanationMsg
from rclpy.context import Context
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Detection2DArray

from edgeai_alerts.evidence.config import EvidenceConfig
from edgeai_alerts.evidence.desk import EvidenceDesk
from edgeai_alerts.evidence.feed import CameraFeed
from edgeai_alerts.evidence.pictures import PictureMaker
from edgeai_alerts.evidence.shelf import EVIDENCE_FOLDER, EvidenceShelf
from edgeai_alerts.store import EventStore
from edgeai_alerts.topics import camera_of
from edgeai_core import catalog
from edgeai_core.access.locations import data_directory
from edgeai_core.config import group, param
from edgeai_core.privacy.masks import masks_of
from edgeai_core.types import Alert
from edgeai_ros_common import qos
from edgeai_ros_common.convert import (
    alert_to_msg,
    detections_from_msg,
    faces_from_msg,
    time_from_msg,
)
from edgeai_ros_common.convert_actions import actions_from_msg
from edgeai_ros_common.convert_alerts import alert_from_msg
from edgeai_ros_common.convert_explanations import explanation_from_msg
from edgeai_ros_common.convert_hazards import hazard_from_msg
from edgeai_ros_common.diagnostics import Health, Level
from edgeai_ros_common.frame_hub import FrameHub
from edgeai_ros_common.node import EdgeNode
from edgeai_ros_common.running import run_node

_STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTopicsConfig:
    """What is remembered; the graph table fills this in."""

    images: tuple[str, ...] = param((), "Topics of pictures, one per camera")
    compressed: bool = param(
        False, "Take pictures as JPEG, from /compressed below each topic: for cameras elsewhere."
    )
    faces: tuple[str, ...] = param((), "Topics of face matches, one per camera")
    objects: tuple[str, ...] = param((), "Topics of tracked objects, one per camera")
    hazards: tuple[str, ...] = param((), "Topics of fire and smoke, one per camera")
    actions: tuple[str, ...] = param((), "Topics of what people do, one per camera")
    explanations: tuple[str, ...] = param((), "Topics of heat-maps, one per camera")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecorderConfig(EvidenceConfig):
    """All parameters of the evidence node."""

    topics: RecordedTopicsConfig = group(RecordedTopicsConfig)


class EvidenceRecorderNode(EdgeNode[EvidenceRecorderConfig]):
    """Keep a snapshot, a clip and a heat-map of alerts; tell the alert node so on `~/kept`.

    Args of the constructor beyond EdgeNode's: `frame_hub`, the frames of a camera in this process;
    without one, or when the camera is elsewhere, frames come as messages.
    """

    config_class = EvidenceRecorderConfig

    def __init__(
        self,
        *,
        node_name: str,
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
        )
        self._frame_hub = frame_hub

    def setup(self, config: EvidenceRecorderConfig) -> None:
        folder = data_directory()
        store = EventStore(
            folder / Path(config.store.path).expanduser(),
            config.store,
            wall_clock_ns=time.time_ns,
            report=self.get_logger().warning,
        )
        self.release_on_cleanup(store.close)
        self._shelf = EvidenceShelf(
            folder / EVIDENCE_FOLDER, store.evidence, config.limits, wall_clock_ns=time.time_ns
        )
        self._shelf.tidy()
        cameras = [camera_of(topic) for topic in config.topics.images]
        self._masks = masks_of(config.privacy.masks, cameras=cameras)
        finder = None
        if config.privacy.blur_unknown_faces:
            # Not to be had: no evidence at all, rather than with everybody's face in it.
            finder = catalog.create_face_finder(min_score=config.privacy.face_score)
        self._maker = PictureMaker(finder, jpeg_quality=config.ring.jpeg_quality)
        self.release_on_cleanup(self._maker.close)
        self._kept = self.publisher(AlertMsg, "~/kept", qos.RESULTS)

    def start(self, config: EvidenceRecorderConfig) -> None:
        feeds = {
            camera: CameraFeed(config, mask=mask, on_rejected=self._reject)
            for camera, mask in self._masks.items()
        }
        desk = EvidenceDesk(
            config,
            cameras={camera: feed.memory for camera, feed in feeds.items()},
            explained=[camera_of(topic) for topic in config.topics.explanations],
            maker=self._maker,
            shelf=self._shelf,
            clock=time.monotonic,
            on_kept=self._publish,
            report=self.get_logger().warning,
        )
        self._desk = desk
        self._feeds = feeds
        self._run(desk.work, desk.close, name="evidence-writer")
        for topic in config.topics.images:
            feed = feeds[camera_of(topic)]
            self._run(feed.work, feed.close, name=f"evidence-{camera_of(topic)}")
            self._listen(topic, feed, compressed=config.topics.compressed)
        self._watch_results(config, feeds)
        self.subscribe(AlertMsg, "alerts", self._on_alert, qos.ALERTS)

    def change(self, config: EvidenceRecorderConfig) -> None:
        for camera, mask in masks_of(config.privacy.masks, cameras=[*self._masks]).items():
            self._masks[camera].become(mask)

    def health(self) -> Health:
        desk = self._desk.health()
        held_mb = sum(feed.memory.ring.bytes for feed in self._feeds.values()) / 1e6
        told = f"{desk.kept} files kept, {desk.lost} lost, {held_mb:.1f} MB in memory"
        if desk.clips_skipped:
            told += f", {desk.clips_skipped} alerts without a clip"
        if desk.problem:
            return Health(level=Level.WARN, message=f"{desk.problem}; {told}")
        return Health(message=told)

    def _run(self, work: Callable[[], None], close: Callable[[], None], *, name: str) -> None:
        # At ordinary priority: one that waits for a core while it holds Python's lock would hold up
        # the analyzers of its process.
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()

        def stop() -> None:
            close()
            thread.join(_STOP_TIMEOUT_S)
            if thread.is_alive():
                self.get_logger().error(f"{name} did not stop within {_STOP_TIMEOUT_S:.0f} s")

        self.release_on_deactivate(stop)

    def _listen(self, topic: str, feed: CameraFeed, *, compressed: bool) -> None:
        offered = self.resolve_topic_name(topic)
        if self._frame_hub is not None and self._frame_hub.offers(offered):
            self.release_on_deactivate(self._frame_hub.subscribe(offered, feed.take_frame))
        elif compressed:
            jpegs = f"{topic}/compressed"
            self.subscribe(CompressedImage, jpegs, feed.take_message, qos.IMAGE_WANTED)
        else:
            self.subscribe(Image, topic, feed.take_message, qos.IMAGE_WANTED)

    def _watch_results(self, config: EvidenceRecorderConfig, feeds: dict[str, CameraFeed]) -> None:
        topics = config.topics
        for message, names, handle in (
            (FaceMatchArray, topics.faces, self._on_faces),
            (Detection2DArray, topics.objects, self._on_objects),
            (HazardReport, topics.hazards, self._on_hazard),
            (ActionEventArray, topics.actions, self._on_actions),
            (ExplanationMsg, topics.explanations, self._on_explanation),
        ):
            for topic in names:
                if (feed := feeds.get(camera_of(topic))) is not None:
                    self.subscribe(message, topic, functools.partial(handle, feed), qos.RESULTS)

    # Callbacks run on the executor: they only put things where the workers find them.

    def _on_faces(self, feed: CameraFeed, message: FaceMatchArray) -> None:
        self._checked(
            lambda: feed.memory.sights.faces.add(
                time_from_msg(message.header.stamp), faces_from_msg(message)
            )
        )

    def _on_objects(self, feed: CameraFeed, message: Detection2DArray) -> None:
        self._checked(
            lambda: feed.memory.sights.objects.add(
                time_from_msg(message.header.stamp), detections_from_msg(message)
            )
        )

    def _on_hazard(self, feed: CameraFeed, message: HazardReport) -> None:
        self._checked(
            lambda: feed.memory.sights.hazards.add(
                time_from_msg(message.header.stamp), hazard_from_msg(message)
            )
        )

    def _on_actions(self, feed: CameraFeed, message: ActionEventArray) -> None:
        self._checked(
            lambda: feed.memory.sights.actions.add(
                time_from_msg(message.header.stamp), actions_from_msg(message)
            )
        )

    def _on_explanation(self, feed: CameraFeed, message: ExplanationMsg) -> None:
        self._checked(
            lambda: feed.memory.sights.explanations.add(
                time_from_msg(message.header.stamp), explanation_from_msg(message)
            )
        )

    def _on_alert(self, message: AlertMsg) -> None:
        self.meter.frame_received(dropped=False)
        self._checked(lambda: self._desk.take(alert_from_msg(message)))

    def _checked(self, take: Callable[[], object]) -> None:
        try:
            take()
        except ValueError as exc:
            self._reject(str(exc))

    def _reject(self, why: str) -> None:
        self.meter.frame_rejected()
        self.get_logger().warning(f"dropped a message: {why}", throttle_duration_sec=5.0)

    def _publish(self, alert: Alert, kinds: tuple[str, ...]) -> None:
        """Say what is kept of an alert; called on the writer's thread."""
        message = alert_to_msg(alert)
        message.evidence = list(kinds)
        self._kept.publish(message)
        self.meter.result_published(latency_ms=(self.now_ns() - alert.raised_ns) / 1e6)


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(EvidenceRecorderNode, node_name="evidence_recorder")


if __name__ == "__main__":
    sys.exit(main())
