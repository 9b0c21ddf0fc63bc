"""The node for viewers: pictures with what was found on `image_annotated`, the same before the
camera in 3-D on `markers`, and as lines over the picture on `image_markers`.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from edgeai_msgs.msg import ActionEventArray, FaceMatchArray, HazardReport, ObjectEventArray
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from vision_msgs.msg import Detection2DArray
from visualization_msgs.msg import ImageMarker, MarkerArray

from edgeai_core import catalog
from edgeai_core.camera_model import CameraModel
from edgeai_core.errors import EdgeAiError
from edgeai_core.figures import Scene, figures_of
from edgeai_core.overlay import draw_actions, draw_bones, draw_faces, draw_hazard, draw_objects
from edgeai_core.privacy.live import LivePrivacy
from edgeai_core.privacy.masks import PrivacyMask, masks_of
from edgeai_core.scene_log import SceneLog
from edgeai_core.types import Frame
from edgeai_perception.visualizer_config import VisualizerConfig
from edgeai_ros_common import qos
from edgeai_ros_common.analyzer_node import NO_FRAMES_AFTER_S, AnalyzerNode
from edgeai_ros_common.compressed_pictures import publish_compressed
from edgeai_ros_common.convert import (
    detections_from_msg,
    faces_from_msg,
    header_of,
    image_to_msg,
    time_from_msg,
)
from edgeai_ros_common.convert_actions import actions_from_msg
from edgeai_ros_common.convert_camera import camera_info_from_msg
from edgeai_ros_common.convert_events import events_from_msg
from edgeai_ros_common.convert_hazards import hazard_from_msg
from edgeai_ros_common.convert_markers import MarkerBoard, image_marker_of
from edgeai_ros_common.convert_skeletons import skeletons_from_msg
from edgeai_ros_common.diagnostics import Health, Level
from edgeai_ros_common.running import run_node

# How soon a viewer that comes is seen. rclpy of Humble cannot be told of it.
_LOOK_ROUND_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A picture whose results are there, and what is known about it."""

    frame: Frame
    scene: Scene


class VisualizerNode(AnalyzerNode[VisualizerConfig, View | None]):
    """Draw what the analyzers of a camera found, for rviz2, Foxglove and the like.

    What may not be shown of a camera's pictures is taken out of drawn ones.
    """

    config_class = VisualizerConfig

    def setup(self, config: VisualizerConfig) -> None:
        self._lazy = config.lazy
        self._images = self.publisher(Image, "image_annotated", qos.IMAGE_OFFERED)
        self._compressed = self.publisher(
            CompressedImage, "image_annotated/compressed", qos.IMAGE_OFFERED
        )
        self._markers = self.publisher(MarkerArray, "markers", qos.RESULTS)
        self._image_markers = self.publisher(ImageMarker, "image_markers", qos.RESULTS)
        self._quality = config.compressed.jpeg_quality
        self._delay_ns = round(config.delay_s * 1e9)
        make_finder = functools.partial(
            catalog.create_face_finder, min_score=config.privacy.face_score
        )
        self._privacy = LivePrivacy(
            self._mask(config),
            make_finder if config.privacy.blur_unknown_faces else None,
        )
        self.release_on_cleanup(self._privacy.close)

    def change(self, config: VisualizerConfig) -> None:
        self._privacy.change_mask(self._mask(config))
        super().change(config)

    def _mask(self, config: VisualizerConfig) -> PrivacyMask:
        camera = self.get_namespace().strip("/")
        return masks_of(config.privacy.masks, cameras=[camera])[camera]

    def start(self, config: VisualizerConfig) -> None:
        self._log = SceneLog(
            max_age_s=config.max_age_s, faces=self._privacy.faces, objects=self._privacy.objects
        )
        self._board = MarkerBoard(config.markers)
        self._info: CameraInfo | None = None
        self._problem = ""
        self._waiting: deque[Frame] = deque()
        self._open: ExitStack | None = None
        self._open_since_s = 0.0
        self._screening = False
        super().start(config)

    def listen(self, config: VisualizerConfig) -> None:
        self.release_on_deactivate(self._stop_screening)
        self.release_on_deactivate(self._stop_taking)
        self._look_round()
        self.every(_LOOK_ROUND_S, self._look_round)

    def min_period_s(self, config: VisualizerConfig) -> float:
        return 1.0 / config.max_pictures_per_s

    def health(self) -> Health:
        if self._open is None:
            return Health(message="nobody is looking")
        if time.monotonic() - self._open_since_s < NO_FRAMES_AFTER_S:
            return Health(message="somebody is looking")
        health = super().health()
        if health.level is Level.OK and self._problem:
            return Health(level=Level.WARN, message=self._problem)
        return health

    def analyze(self, frame: Frame) -> View | None:
        waiting = self._waiting
        if waiting and frame.stamp_ns < waiting[-1].stamp_ns:
            waiting.clear()  # footage that begins anew
        waiting.append(frame)
        shown = None
        while waiting and waiting[0].stamp_ns <= frame.stamp_ns - self._delay_ns:
            shown = waiting.popleft()
        return None if shown is None else View(frame=shown, scene=self._log.at(shown.stamp_ns))

    def publish(self, result: View | None, frame: Frame) -> None:
        if result is None:
            return
        frame, scene = result.frame, result.scene
        self._problem = ""
        self._publish_pictures(scene, frame)
        flat, deep = _anybody(self._image_markers), _anybody(self._markers)
        if not (flat or deep):
            return
        figures = figures_of(scene)
        if flat:
            self._image_markers.publish(image_marker_of(figures, header_of(frame)))
        model = self._model_for(frame) if deep else None
        if model is not None:
            self._markers.publish(self._board.update(figures, model, header_of(frame)))

    def _publish_pictures(self, scene: Scene, frame: Frame) -> None:
        if not _anybody(self._images, self._compressed):
            return
        canvas = np.array(frame.image)
        try:
            self._screen(canvas, frame)
        except EdgeAiError as exc:
            # Whoever looked is gone, or the model is: no picture, and the next one tries again.
            self._screening = False
            self._problem = f"no pictures: {exc}"
            return
        _draw(canvas, scene)
        drawn = dataclasses.replace(frame, image=canvas)
        if _anybody(self._images):
            self._images.publish(image_to_msg(drawn))
        publish_compressed(self._compressed, drawn, jpeg_quality=self._quality)

    def _screen(self, canvas: npt.NDArray[np.uint8], frame: Frame) -> None:
        if not self._screening:
            # What finds faces is in memory while somebody looks only. Loaded here: it takes long
            # enough to hold up the other nodes of the executor.
            self._privacy.open()
            self._screening = True
        self._privacy.screen(canvas, stamp_ns=frame.stamp_ns, scale=1.0)

    def _model_for(self, frame: Frame) -> CameraModel | None:
        """Return how the camera forms the frame; without it there is no place in 3-D."""
        topic = self._info_topic()
        if self._info is None:
            self._problem = f"no markers: nothing on {topic}; does the camera's driver publish it?"
            return None
        try:
            model = camera_info_from_msg(self._info)
        except ValueError as exc:
            self._problem = f"no markers: {topic}: {exc}; calibrate the camera"
            return None
        size = (model.width_px, model.height_px)
        if size != (frame.width_px, frame.height_px):
            self._problem = (
                f"no markers: {topic} is for {size[0]}x{size[1]} px, the pictures have "
                f"{frame.width_px}x{frame.height_px}; calibrate at that size"
            )
            return None
        return model

    def _info_topic(self) -> str:
        """Return where the camera's numbers are: beside its pictures, wherever those come from."""
        return f"{self.resolve_topic_name('image_raw').rpartition('/')[0]}/camera_info"

    # Who listens decides what is listened to. All of this runs on the executor.

    def _look_round(self) -> None:
        drawn = _anybody(self._images, self._compressed)
        if not drawn:
            self._stop_screening()
        wanted = drawn or not self._lazy or _anybody(self._markers, self._image_markers)
        if wanted and self._open is None:
            self._start_taking()
        elif not wanted:
            self._stop_taking()

    def _stop_screening(self) -> None:
        self._screening = False
        self._privacy.close()

    def _start_taking(self) -> None:
        taken = self._open = ExitStack()
        self._open_since_s = time.monotonic()
        self._waiting = deque()
        for message, topic, take, profile in (
            (CameraInfo, self._info_topic(), self._take_info, qos.IMAGE_WANTED),
            (FaceMatchArray, "faces", self._take_faces, qos.RESULTS),
            (Detection2DArray, "objects", self._take_objects, qos.RESULTS),
            (ObjectEventArray, "objects/current", self._take_events, qos.STATE),
            (HazardReport, "hazards", self._take_hazard, qos.RESULTS),
            (Detection2DArray, "actions/joints", self._take_joints, qos.RESULTS),
            (ActionEventArray, "actions/current", self._take_actions, qos.STATE),
        ):
            created = self.create_subscription(message, topic, self._checked(take), profile)
            taken.callback(self.destroy_subscription, created)
        taken.callback(self.take_frames())

    def _stop_taking(self) -> None:
        taken, self._open = self._open, None
        if taken is not None:
            taken.close()
            self._waiting = deque()

    def _checked(self, take: Callable[[Any], None]) -> Callable[[Any], None]:
        def taken(message: Any) -> None:
            try:
                take(message)
            except ValueError as exc:
                self.meter.frame_rejected()
                self.get_logger().warning(f"dropped a message: {exc}", throttle_duration_sec=5.0)

        return taken

    def _take_info(self, message: CameraInfo) -> None:
        self._info = message

    def _take_faces(self, message: FaceMatchArray) -> None:
        self._log.faces.add(time_from_msg(message.header.stamp), faces_from_msg(message))

    def _take_objects(self, message: Detection2DArray) -> None:
        self._log.objects.add(time_from_msg(message.header.stamp), detections_from_msg(message))

    def _take_events(self, message: ObjectEventArray) -> None:
        self._log.events = events_from_msg(message)

    def _take_hazard(self, message: HazardReport) -> None:
        self._log.hazards.add(time_from_msg(message.header.stamp), hazard_from_msg(message))

    def _take_joints(self, message: Detection2DArray) -> None:
        self._log.skeletons.add(time_from_msg(message.header.stamp), skeletons_from_msg(message))

    def _take_actions(self, message: ActionEventArray) -> None:
        self._log.actions = actions_from_msg(message)


def _anybody(*publishers: Publisher) -> bool:
    return any(publisher.get_subscription_count() > 0 for publisher in publishers)


def _draw(canvas: npt.NDArray[np.uint8], scene: Scene) -> None:
    draw_objects(canvas, scene.objects, scene.events)
    for skeleton in scene.skeletons:
        draw_bones(canvas, skeleton)
    draw_faces(canvas, scene.faces)
    draw_actions(canvas, scene.actions)
    if scene.hazard is not None:
        draw_hazard(canvas, scene.hazard)


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(VisualizerNode, node_name="visualizer")


if __name__ == "__main__":
    sys.exit(main())
