"""The camera node: frames from a camera, stream, clip or folder onto `image_raw`, how the camera
forms them onto `camera_info`, where it is onto `/tf_static`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rclpy.context import Context
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from tf2_msgs.msg import TFMessage

from edgeai_core.camera_mount import MountConfig, camera_frame, camera_transforms
from edgeai_core.config import group, param
from edgeai_core.source_choice import choose_source
from edgeai_core.sources.base import StreamConfig
from edgeai_core.sources.opening import open_source
from edgeai_core.sources.stream import FrameStream, StreamState
from edgeai_core.types import Frame
from edgeai_perception.camera_view import CameraView, CameraViewConfig
from edgeai_ros_common import qos
from edgeai_ros_common.compressed_pictures import CompressedConfig, publish_compressed
from edgeai_ros_common.convert import image_to_msg
from edgeai_ros_common.convert_camera import transforms_to_msg
from edgeai_ros_common.diagnostics import Health, Level
from edgeai_ros_common.frame_hub import FrameHub
from edgeai_ros_common.node import EdgeNode
from edgeai_ros_common.running import run_node

_STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbCamConfig:
    """Parameters of the camera node."""

    stream: StreamConfig = group(StreamConfig)
    compressed: CompressedConfig = group(CompressedConfig)
    camera: CameraViewConfig = group(CameraViewConfig)
    mount: MountConfig = group(MountConfig)
    frame_id: str = param(
        "",
        "Name of the optical frame (x right, y down, z forward; REP-103); empty makes it of the "
        "camera's namespace: door_optical_frame.",
    )


class UsbCamNode(EdgeNode[UsbCamConfig]):
    """Publish frames, reconnecting for as long as it takes.

    The Image topic costs two copies a frame, so it is filled only while somebody subscribes;
    analyzers of the same process get frames by reference from the hub.
    """

    config_class = UsbCamConfig

    def __init__(
        self,
        *,
        node_name: str = "usb_cam",
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
        self._hub = frame_hub
        self._topic = self.resolve_topic_name("image_raw")
        if frame_hub is not None:
            frame_hub.offer(self._topic)
        self._stream: FrameStream | None = None

    def setup(self, config: UsbCamConfig) -> None:
        # Not a lifecycle publisher: get_subscription_count is asked from the stream's thread.
        self._publisher = self.create_publisher(Image, "image_raw", qos.IMAGE_OFFERED)
        self.release_on_cleanup(lambda: self.destroy_publisher(self._publisher))
        self._compressed = self.create_publisher(
            CompressedImage, "image_raw/compressed", qos.IMAGE_OFFERED
        )
        self.release_on_cleanup(lambda: self.destroy_publisher(self._compressed))
        self._jpeg_quality = config.compressed.jpeg_quality
        self._view = CameraView(config.camera)
        self._infos = self.create_publisher(CameraInfo, "camera_info", qos.IMAGE_OFFERED)
        self.release_on_cleanup(lambda: self.destroy_publisher(self._infos))
        self._frame_id = config.frame_id or camera_frame(self.get_namespace(), "optical_frame")
        if config.mount.publish_tf:
            self._say_where(config.mount)

    def _say_where(self, mount: MountConfig) -> None:
        # Not a lifecycle publisher: where the camera is fixed holds while it does not run.
        publisher = self.create_publisher(TFMessage, "/tf_static", qos.STATE)
        self.release_on_cleanup(lambda: self.destroy_publisher(publisher))
        transforms = camera_transforms(
            mount, link=camera_frame(self.get_namespace(), "link"), optical=self._frame_id
        )
        publisher.publish(transforms_to_msg(transforms, stamp_ns=self.now_ns()))

    def start(self, config: UsbCamConfig) -> None:
        choice = choose_source(config.stream.source)
        stream_config = replace(
            config.stream, source=choice.source, loop=config.stream.loop or choice.is_demo
        )
        source = open_source(
            stream_config,
            clock_ns=self.now_ns,
            monotonic_s=time.monotonic,
            sleep=time.sleep,
            frame_id=self._frame_id,
        )
        self.get_logger().info(f"source: {source.description}")
        self._stream = FrameStream(
            source, config=stream_config, monotonic_s=time.monotonic, on_frame=self._on_frame
        )
        self._stream.start()
        self.release_on_deactivate(self._end_stream)

    def health(self) -> Health:
        if self._stream is None:
            return Health(level=Level.ERROR, message="no stream")
        health = self._stream.health()
        details = (
            ("stream_state", health.state.value),
            ("measured_fps", f"{health.fps:.1f}"),
            ("reconnects", str(health.reconnects)),
            ("rejected_frames", str(health.rejected_frames)),
            ("source_dropped", str(health.dropped_frames)),
            ("source", self._stream.description),
        )
        if health.state is StreamState.ENDED:
            return Health(level=Level.WARN, message="the footage is over", details=details)
        if health.state in (StreamState.RECONNECTING, StreamState.FAILED):
            return Health(level=Level.ERROR, message=health.last_error, details=details)
        if self._view.problem:
            return Health(level=Level.WARN, message=self._view.problem, details=details)
        return Health(message=f"{health.fps:.1f} frames/s", details=details)

    def _on_frame(self, frame: Frame) -> None:
        self.meter.frame_received(dropped=False)
        if self._hub is not None:
            self._hub.publish(self._topic, frame)
        if self._publisher.get_subscription_count() > 0:
            self._publisher.publish(image_to_msg(frame))
        publish_compressed(self._compressed, frame, jpeg_quality=self._jpeg_quality)
        info = self._view.message_for(frame)
        if info is not None and self._infos.get_subscription_count() > 0:
            self._infos.publish(info)
        self.meter.result_published(latency_ms=(self.now_ns() - frame.stamp_ns) / 1e6)

    def _end_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.stop(_STOP_TIMEOUT_S)


def main() -> int:
    """Run the node; return the exit code."""
    return run_node(UsbCamNode, node_name="usb_cam")


if __name__ == "__main__":
    sys.exit(main())
