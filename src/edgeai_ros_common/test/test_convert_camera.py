"""Cameras, joints, figures and compressed pictures as messages."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
from visualization_msgs.msg import ImageMarker, Marker

from edgeai_core.camera_model import CameraModel
from edgeai_core.figures import Layer, Scene, figures_of
from edgeai_core.geometry import Box
from edgeai_core.skeletons import JOINTS, Skeleton
from edgeai_core.types import Detection, Frame
from edgeai_ros_common.compressed_pictures import compressed_to_msg
from edgeai_ros_common.convert import time_to_msg
from edgeai_ros_common.convert_camera import camera_info_from_msg, camera_info_to_msg
from edgeai_ros_common.convert_markers import MarkerBoard, MarkerConfig, image_marker_of
from edgeai_ros_common.convert_skeletons import skeletons_from_msg, skeletons_to_msg

HEADER = Header(stamp=time_to_msg(1_500_000_000), frame_id="door_optical_frame")
LENS = CameraModel(
    width_px=640,
    height_px=480,
    camera_matrix=(520.0, 0.0, 318.0, 0.0, 521.0, 243.0, 0.0, 0.0, 1.0),
    distortion=(-0.35, 0.12, 0.001, -0.002, 0.0),
)
FRAME = Frame(
    image=np.full((48, 64, 3), 90, np.uint8), stamp_ns=1_500_000_000, frame_id="door_optical_frame"
)


def cup(track_id: int | None, *, x: float = 100.0) -> Detection:
    return Detection(label="cup", score=0.5, box=Box(x, 20.0, x + 90, 200.0), track_id=track_id)


def skeleton() -> Skeleton:
    return Skeleton(
        track_id=3,
        joints_xy_px={name: (600.0 + i, 30.0 * i) for i, name in enumerate(JOINTS)},
        visibility={name: 1.0 if i else 0.25 for i, name in enumerate(JOINTS)},
    )


def test_a_camera_survives_its_message():
    assert camera_info_from_msg(camera_info_to_msg(LENS, HEADER)) == LENS


def test_an_uncalibrated_camera_is_refused():
    with pytest.raises(ValueError, match="focal lengths 0 and 0 px"):
        camera_info_from_msg(CameraInfo(width=640, height=480))


def test_joints_survive_their_message_with_track_and_visibility():
    message = skeletons_to_msg([skeleton()], FRAME)
    assert message.header.frame_id == "door_optical_frame"
    assert {found.id for found in message.detections} == {"3"}
    assert skeletons_from_msg(message) == (skeleton(),)


def test_what_is_no_joint_is_left_out():
    message = skeletons_to_msg([skeleton()], FRAME)
    message.detections[0].results[0].hypothesis.class_id = "tail"
    message.detections[1].id = ""
    [left] = skeletons_from_msg(message)
    assert set(left.joints_xy_px) == set(JOINTS[2:])


def markers(scene: Scene, board: MarkerBoard | None = None) -> list[Marker]:
    made = board or MarkerBoard(MarkerConfig())
    return made.update(figures_of(scene), LENS, HEADER).markers


def test_markers_projected_back_are_the_boxes_and_bones():
    scene = Scene(objects=[cup(7), cup(8, x=600.0)], skeletons=[skeleton()])
    lines = {(m.ns, m.id): m for m in markers(scene) if m.type == Marker.LINE_LIST}
    assert set(lines) == {("objects", 7), ("objects", 8), ("people", 3)}
    for figure in figures_of(scene):
        marker = lines[figure.layer.value, figure.number]
        points = np.array([(p.x, p.y, p.z) for p in marker.points])
        assert points[:, 2] == pytest.approx(np.full(len(points), 2.0))
        off_px = LENS.pixels_of(points) - figure.lines_px.reshape(-1, 2)
        assert np.abs(off_px).max() < 0.01


def test_markers_have_the_pictures_header_a_lifetime_and_a_pose():
    box, words = markers(Scene(objects=[cup(7)]))
    for marker in (box, words):
        assert marker.header == HEADER
        assert (marker.lifetime.sec, marker.lifetime.nanosec) == (1, 0)
        assert (marker.action, marker.pose.orientation.w, marker.color.a) == (Marker.ADD, 1.0, 1.0)
    assert (words.ns, words.id, words.text) == ("objects_labels", 7, "cup #7 0.50")
    assert (words.type, words.scale.z) == (Marker.TEXT_VIEW_FACING, pytest.approx(0.08))
    [middle] = LENS.pixels_of(
        np.array([(words.pose.position.x, words.pose.position.y, words.pose.position.z)])
    )
    assert middle[0] == pytest.approx(145.0, abs=2.0)
    assert middle[1] < 20.0


def test_a_track_keeps_its_marker_and_one_that_is_gone_is_deleted_once():
    board = MarkerBoard(MarkerConfig())
    first = markers(Scene(objects=[cup(7), cup(8)]), board)
    assert {(m.ns, m.id, m.action) for m in first} == {
        (name, number, Marker.ADD) for name in ("objects", "objects_labels") for number in (7, 8)
    }
    second = markers(Scene(objects=[cup(8)]), board)
    assert {(m.ns, m.id) for m in second if m.action == Marker.DELETE} == {
        ("objects", 7),
        ("objects_labels", 7),
    }
    assert {m.id for m in second if m.action == Marker.ADD} == {8}
    third = markers(Scene(objects=[cup(8)]), board)
    assert [m for m in third if m.action == Marker.DELETE] == []


def test_an_image_marker_holds_every_line_with_its_colour():
    message = image_marker_of(figures_of(Scene(objects=[cup(7)], skeletons=[skeleton()])), HEADER)
    assert (message.type, message.header) == (ImageMarker.LINE_LIST, HEADER)
    assert len(message.points) == 2 * len(message.outline_colors) == 2 * (4 + 9)
    assert [(p.x, p.y) for p in message.points[:2]] == [(100.0, 20.0), (190.0, 20.0)]
    blue = message.outline_colors[0]
    assert (blue.r, blue.g, blue.b) == pytest.approx((0.0, 114 / 255, 178 / 255))


def test_nothing_to_see_clears_what_was_drawn():
    message = image_marker_of((), HEADER)
    assert (list(message.points), message.action) == ([], ImageMarker.ADD)


def test_layers_are_told_apart_by_namespace():
    assert {layer.value for layer in Layer} == {
        *("objects", "people", "faces", "hazards"),
        *("events", "actions"),
    }


def test_a_compressed_frame_is_a_jpeg_of_the_same_picture():
    message = compressed_to_msg(FRAME, jpeg_quality=80)
    assert message.header == HEADER
    assert message.format.startswith("bgr8; jpeg")
    picture = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (48, 64, 3)
    assert abs(int(picture[20, 20, 0]) - 90) <= 2
