"""The camera node on synthetic frames, short footage and a camera that is not there."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import Image

from edgeai_core.board_state import BoardGauge
from edgeai_core.source_choice import SourceChoice
from edgeai_core.types import Frame
from edgeai_perception import usb_cam_node
from edgeai_perception.usb_cam_node import UsbCamNode
from edgeai_ros_common import qos
from edgeai_ros_common.convert import frame_from_msg
from edgeai_ros_common.diagnostics import Level
from edgeai_ros_common.frame_hub import FrameHub


@pytest.fixture
def make(ros, overrides, tmp_path):
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
        # A machine that has no sensors: this one may be hot.
        node.board = BoardGauge(monotonic_s=time.monotonic, root=tmp_path / "sys")
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


def test_a_board_that_slows_itself_down_is_a_warning(ros, make, tmp_path):
    device = tmp_path / "sys" / "class" / "thermal" / "cooling_device0"
    device.mkdir(parents=True)
    (device / "type").write_text("gpu-throttle-alert\n")
    (device / "cur_state").write_text("1\n")
    node = make(stream__source="synthetic")
    node.trigger_activate()
    ros.until(lambda: node.health().level is Level.WARN)
    assert "the board slows itself down (gpu-throttle-alert)" in node.health().message


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
