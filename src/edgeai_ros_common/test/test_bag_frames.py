"""Pictures of a bag without a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image

from edgeai_core.errors import BagError
from edgeai_core.types import Frame
from edgeai_ros_common.bags.definitions import installed_definitions
from edgeai_ros_common.bags.frames import bag_frames, is_bag
from edgeai_ros_common.bags.writing import BagWriter, Topic
from edgeai_ros_common.convert import header_of, image_to_msg

RAW, PACKED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"


def frame(shade: int, stamp_ns: int) -> Frame:
    return Frame(
        image=np.full((24, 32, 3), shade, np.uint8), stamp_ns=stamp_ns, frame_id="hall_optical"
    )


def packed(picture: Frame) -> CompressedImage:
    data = cv2.imencode(".png", picture.image)[1].tobytes()
    return CompressedImage(header=header_of(picture), format="png", data=data)


def bag(path: Path, *messages: tuple[str, str, Any]) -> Path:
    with BagWriter(path, definitions=installed_definitions()) as writer:
        for number, (name, type_name, message) in enumerate(messages):
            topic = Topic(name=name, type_name=type_name)
            writer.write(topic, stamp_ns=number, data=serialize_message(message))
    return path


def test_a_cameras_pictures_come_in_order_with_their_stamps(tmp_path: Path) -> None:
    path = bag(
        tmp_path / "bag",
        ("/hall/image_raw", RAW, image_to_msg(frame(10, 7))),
        ("/garden/image_raw", RAW, image_to_msg(frame(99, 8))),
        ("/hall/image_raw", RAW, image_to_msg(frame(20, 9))),
    )
    seen = list(bag_frames(path, camera="hall"))
    assert [(f.stamp_ns, f.frame_id, f.sequence, int(f.image[0, 0, 0])) for f in seen] == [
        (7, "hall_optical", 0, 10),
        (9, "hall_optical", 1, 20),
    ]


def test_packed_pictures_are_unpacked_and_broken_ones_left_out(tmp_path: Path) -> None:
    broken = CompressedImage(format="jpeg", data=b"no picture")
    path = bag(
        tmp_path / "bag",
        ("/hall/image_raw/compressed", PACKED, packed(frame(10, 7))),
        ("/hall/image_raw/compressed", PACKED, broken),
        ("/hall/image_raw/compressed", PACKED, CompressedImage(format="jpeg")),
        ("/hall/image_raw/compressed", PACKED, packed(frame(20, 9))),
    )
    seen = list(bag_frames(path, camera="hall"))
    assert [(f.stamp_ns, f.sequence, int(f.image[0, 0, 0])) for f in seen] == [
        (7, 0, 10),
        (9, 1, 20),
    ]


def test_broken_raw_pictures_are_left_out(tmp_path: Path) -> None:
    path = bag(
        tmp_path / "bag",
        ("/hall/image_raw", RAW, Image(width=32, height=24, encoding="bgr8", step=96)),
        ("/hall/image_raw", RAW, image_to_msg(frame(20, 9))),
    )
    assert [f.stamp_ns for f in bag_frames(path, camera="hall")] == [9]


def test_one_camera_needs_no_name_and_two_do(tmp_path: Path) -> None:
    one = bag(tmp_path / "one", ("/robot/front", RAW, image_to_msg(frame(10, 7))))
    assert [f.stamp_ns for f in bag_frames(one, camera="camera")] == [7]
    two = bag(
        tmp_path / "two",
        ("/b/image_raw", RAW, image_to_msg(frame(10, 7))),
        ("/a/image_raw", RAW, image_to_msg(frame(10, 8))),
    )
    with pytest.raises(BagError, match=r"pictures: /a/image_raw, /b/image_raw; name the camera"):
        next(bag_frames(two, camera="camera"))


def test_a_folder_of_pictures_is_no_bag(tmp_path: Path) -> None:
    assert not is_bag(tmp_path)
    assert is_bag(bag(tmp_path / "bag", ("/hall/image_raw", RAW, image_to_msg(frame(10, 7)))))
    assert not is_bag(tmp_path / "nowhere")
