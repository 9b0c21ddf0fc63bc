"""The camera node on synthetic frames, short footage and a camera that is not there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from tf2_msgs.msg import TFMessage

from edgeai_core.source_choice import SourceChoice
from edgeai_core.types import Frame
from edgeai_perception import usb_cam_node
from edgeai_perception.usb_cam_node import UsbCamNode
from edgeai_ros_common import qos
from edgeai_ros_common.convert import frame_from_msg
from edgeai_ros_common.diagnostics import Level
from edgeai_ros_common.frame_hub import FrameHub


@pytest.fixture
def make(ros, overrides):
    def made(hub: FrameHub | None = None, **values) -> UsbCamNode:
        dotted = {name.replace("__", "."): value for name, value in values.items()}
        node = ros.add(
            UsbCamNode(
                context=ros.context,
                namespace="/camera",
                parameter_overrides=overrides(
                    {"stream.width_px": 64, "stream.height_px": 48} | dotted
                ),
                frame_hub=hub,
            )
        )
        assert node.trigger_configure() is TransitionCallbackReturn.SUCCESS
        return node

    return made


def test_frames_go_to_the_hub_with_stamp_and_optical_frame(ros, make):
    hub = FrameHub()
    got: list[Frame] = []
    hub.subscribe("/camera/image_raw", got.append)
    node = make(hub, stream__source="synthetic", frame_id="door_optical_frame")
    assert hub.offers("/camera/image_raw")
    node.trigger_activate()
    ros.until(lambda: len(got) >= 3)
    assert got[0].image.shape == (48, 64, 3)
    assert got[0].frame_id == "door_optical_frame"
    assert abs(got[0].stamp_ns - node.now_ns()) < 60_000_000_000
    ros.until(lambda: node.health().level is Level.OK)


def test_the_image_topic_is_filled_while_somebody_listens(ros, make):
    node = make(stream__source="synthetic")
    node.trigger_activate()
    got: list[Image] = []
    ros.listener().create_subscription(Image, "/camera/image_raw", got.append, qos.IMAGE_WANTED)
    ros.until(lambda: got)
    frame = frame_from_msg(got[0])
    assert (frame.width_px, frame.height_px, got[0].encoding) == (64, 48, "bgr8")
    assert frame.frame_id == "camera_optical_frame"


def test_a_camera_that_is_not_there_is_an_error_and_tried_again(ros, make):
    node = make(
        stream__source="/dev/video99",
        stream__reconnect_delay_s=0.01,
        stream__reconnect_delay_max_s=0.02,
    )
    opens: list[int] = []
    assert node.trigger_activate() is TransitionCallbackReturn.SUCCESS
    opened = node._stream._source.open
    node._stream._source.open = lambda: (opens.append(1), opened())
    ros.until(lambda: node.health().level is Level.ERROR)
    assert "/dev/video99" in node.health().message
    assert dict(node.health().details)["stream_state"] == "reconnecting"
    ros.until(lambda: len(opens) >= 3)
    assert node.is_active


def test_footage_that_is_over_is_a_warning(ros, make, tmp_path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((48, 64, 3), number, np.uint8))
    node = make(stream__source=str(tmp_path), stream__pacing="fast")
    node.trigger_activate()
    ros.until(lambda: node.health().level is Level.WARN)
    health = node.health()
    assert health.message == "the footage is over"
    assert dict(health.details)["stream_state"] == "ended"
    assert node.meter.read().results == 3


def test_a_source_that_cannot_be_read_keeps_the_node_inactive_until_it_can(make, tmp_path):
    folder = tmp_path / "later"
    node = make(stream__source=str(folder), stream__pacing="fast")
    assert node.trigger_activate() is TransitionCallbackReturn.FAILURE
    assert not node.is_active
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), np.zeros((48, 64, 3), np.uint8))
    assert node.trigger_activate() is TransitionCallbackReturn.SUCCESS


def test_ten_rounds_end_their_streams(make):
    node = make(stream__source="synthetic")
    for _ in range(10):
        node.trigger_activate()
        stream = node._stream
        node.trigger_deactivate()
        assert stream.wait(0.0)
        assert node._stream is None
        node.trigger_cleanup()
        node.trigger_configure()


def test_without_camera_auto_plays_the_looped_footage(make, monkeypatch, tmp_path):
    node = make(stream__source="auto", stream__pacing="fast")
    footage = tmp_path / "footage"
    footage.mkdir()
    cv2.imwrite(str(footage / "a.png"), np.zeros((48, 64, 3), np.uint8))
    choice = SourceChoice(source=str(footage), is_demo=True)
    monkeypatch.setattr(usb_cam_node, "choose_source", lambda text: choice)
    node.trigger_activate()
    assert (node._stream._config.source, node._stream._config.loop) == (str(footage), True)


def test_jpegs_go_to_the_compressed_topic_while_somebody_listens(ros, make):
    hub = FrameHub()
    frames: dict[int, Frame] = {}
    hub.subscribe("/camera/image_raw", lambda frame: frames.setdefault(frame.stamp_ns, frame))
    node = make(hub, stream__source="synthetic", compressed__jpeg_quality=95)
    node.trigger_activate()
    got: list[CompressedImage] = []
    ros.listener().create_subscription(
        CompressedImage, "/camera/image_raw/compressed", got.append, qos.IMAGE_WANTED
    )
    ros.until(lambda: got)
    stamp = got[0].header.stamp
    sent = frames[stamp.sec * 1_000_000_000 + stamp.nanosec].image
    assert got[0].format == "bgr8; jpeg compressed bgr8"
    received = cv2.imdecode(np.frombuffer(got[0].data, np.uint8), cv2.IMREAD_COLOR)
    assert received.shape == sent.shape == (48, 64, 3)
    assert np.abs(received.astype(int) - sent).mean() < 8.0


CALIBRATION = """\
image_width: 64
image_height: 48
camera_matrix: {rows: 3, cols: 3, data: [50, 0, 32, 0, 51, 24, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [-0.1, 0, 0, 0, 0]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
projection_matrix: {rows: 3, cols: 4, data: [50, 0, 32, 0, 0, 51, 24, 0, 0, 0, 1, 0]}
"""


def test_camera_info_has_the_stamp_and_frame_of_its_image(ros, make):
    node = make(stream__source="synthetic", camera__horizontal_fov_deg=90.0)
    node.trigger_activate()
    images: list[Image] = []
    infos: list[CameraInfo] = []
    listener = ros.listener()
    listener.create_subscription(Image, "/camera/image_raw", images.append, qos.IMAGE_WANTED)
    listener.create_subscription(CameraInfo, "/camera/camera_info", infos.append, qos.IMAGE_WANTED)
    ros.until(
        lambda: {i.header.stamp.nanosec for i in images} & {i.header.stamp.nanosec for i in infos}
    )
    info = infos[-1]
    assert info.header.frame_id == images[-1].header.frame_id == "camera_optical_frame"
    assert (info.width, info.height, info.distortion_model) == (64, 48, "plumb_bob")
    assert list(info.k) == pytest.approx([32, 0, 31.5, 0, 32, 23.5, 0, 0, 1])
    assert list(info.p) == pytest.approx([32, 0, 31.5, 0, 0, 32, 23.5, 0, 0, 0, 1, 0])
    assert list(info.d) == [0.0] * 5


def test_a_calibration_file_is_what_camera_info_says(ros, make, tmp_path):
    file = tmp_path / "ost.yaml"
    file.write_text(CALIBRATION, encoding="utf-8")
    node = make(stream__source="synthetic", camera__info_url=str(file))
    infos: list[CameraInfo] = []
    ros.listener().create_subscription(
        CameraInfo, "/camera/camera_info", infos.append, qos.IMAGE_WANTED
    )
    node.trigger_activate()
    ros.until(lambda: infos)
    assert list(infos[0].k) == [50, 0, 32, 0, 51, 24, 0, 0, 1]
    assert list(infos[0].d) == [-0.1, 0, 0, 0, 0]


def test_a_calibration_for_another_size_is_a_warning_and_no_camera_info(ros, make, tmp_path):
    file = tmp_path / "ost.yaml"
    file.write_text(CALIBRATION.replace("64", "128"), encoding="utf-8")
    node = make(stream__source="synthetic", camera__info_url=str(file))
    node.trigger_activate()
    ros.until(lambda: node.health().level is Level.WARN)
    assert "is for 128x48 px, the camera delivers 64x48; calibrate" in node.health().message


def test_a_calibration_that_is_not_there_keeps_the_node_unconfigured(ros, overrides, tmp_path):
    node = ros.add(
        UsbCamNode(
            context=ros.context,
            parameter_overrides=overrides({"camera.info_url": str(tmp_path / "none.yaml")}),
        )
    )
    assert node.trigger_configure() is TransitionCallbackReturn.FAILURE


def test_where_the_camera_is_reaches_who_comes_later(ros, make):
    make(mount__parent_frame="base_link", mount__z_m=1.5)
    found: list[TFMessage] = []
    ros.listener().create_subscription(TFMessage, "/tf_static", found.append, qos.STATE)
    ros.until(lambda: found)
    outer, inner = found[0].transforms
    assert (outer.header.frame_id, outer.child_frame_id) == ("base_link", "camera_link")
    assert outer.transform.translation.z == 1.5
    assert (inner.header.frame_id, inner.child_frame_id) == ("camera_link", "camera_optical_frame")
    turn = inner.transform.rotation
    assert (turn.x, turn.y, turn.z, turn.w) == pytest.approx((-0.5, 0.5, -0.5, 0.5))


def test_where_a_robots_description_says_it_the_camera_does_not(ros, make):
    make(mount__publish_tf=False)
    listener = ros.listener()
    ros.until(lambda: listener.count_publishers("/camera/camera_info"))
    assert listener.count_publishers("/tf_static") == 0
