"""The node for viewers, on frames by reference and results as messages."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from edgeai_msgs.msg import FaceMatchArray
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from vision_msgs.msg import Detection2DArray
from visualization_msgs.msg import ImageMarker, Marker, MarkerArray

from edgeai_core import catalog
from edgeai_core.camera_model import CameraModel
from edgeai_core.errors import ModelMissingError
from edgeai_core.geometry import Box
from edgeai_core.skeletons import JOINTS, Skeleton
from edgeai_core.types import DetectedFace, Detection, FaceMatch, Frame
from edgeai_perception.visualizer_node import VisualizerNode
from edgeai_ros_common import qos
from edgeai_ros_common.convert import (
    detections_to_msg,
    faces_to_msg,
    frame_from_msg,
    header_of,
    time_from_msg,
)
from edgeai_ros_common.convert_camera import camera_info_to_msg
from edgeai_ros_common.convert_skeletons import skeletons_to_msg
from edgeai_ros_common.diagnostics import Level
from edgeai_ros_common.frame_hub import FrameHub

TOPIC = "/door/image_raw"
BOX = Box(100.0, 60.0, 200.0, 220.0)
LENS = CameraModel.nominal(width_px=320, height_px=240, horizontal_fov_deg=70.0)
PERIOD_NS = 100_000_000


class FakeFinder:
    """A face wherever the test says that one is."""

    faces: tuple[Box, ...] = ()

    def __init__(self) -> None:
        self.closed = False

    def detect(self, image) -> list[DetectedFace]:
        return [
            DetectedFace(box=box, score=0.9, landmarks_xy_px=np.zeros((5, 2), np.float32))
            for box in self.faces
        ]

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def finders(monkeypatch) -> list[FakeFinder]:
    """Return the face finders that were loaded."""
    made: list[FakeFinder] = []

    def make(**options) -> FakeFinder:
        made.append(FakeFinder())
        return made[-1]

    monkeypatch.setattr(catalog, "create_face_finder", make)
    return made


class Camera:
    """A camera's frames, and what analyzers found on each."""

    def __init__(self, ros, hub: FrameHub) -> None:
        self._hub = hub
        self._numbers = count(1)
        self.stamp_ns = 0
        node = self.node = ros.listener()
        self.infos = node.create_publisher(CameraInfo, "/door/camera_info", qos.IMAGE_OFFERED)
        self.objects = node.create_publisher(Detection2DArray, "/door/objects", qos.RESULTS)
        self.faces = node.create_publisher(FaceMatchArray, "/door/faces", qos.RESULTS)
        self.joints = node.create_publisher(Detection2DArray, "/door/actions/joints", qos.RESULTS)
        self.lens = LENS
        self.picture = np.full((240, 320, 3), 40, np.uint8)
        self.things: tuple[Detection, ...] = ()
        self.people: tuple[Skeleton, ...] = ()
        self.matches: tuple[FaceMatch, ...] = ()

    def tick(self) -> Frame:
        """Deliver a frame with its results."""
        self.stamp_ns = next(self._numbers) * PERIOD_NS
        image = self.picture.copy()
        frame = Frame(image=image, stamp_ns=self.stamp_ns, frame_id="door_optical_frame")
        self.infos.publish(camera_info_to_msg(self.lens, header_of(frame)))
        self.objects.publish(detections_to_msg(self.things, frame))
        self.joints.publish(skeletons_to_msg(self.people, frame))
        self.faces.publish(faces_to_msg(self.matches, frame))
        self._hub.publish(TOPIC, frame)
        return frame


@pytest.fixture
def camera(ros):
    hub = FrameHub()
    hub.offer(TOPIC)
    made = Camera(ros, hub)
    made.hub = hub
    return made


@pytest.fixture
def node(ros, overrides, camera, finders) -> VisualizerNode:
    made = ros.add(
        VisualizerNode(
            node_name="visualizer",
            namespace="/door",
            context=ros.context,
            parameter_overrides=overrides({"max_pictures_per_s": 60.0}),
            frame_hub=camera.hub,
        )
    )
    assert made.trigger_configure() is TransitionCallbackReturn.SUCCESS
    assert made.trigger_activate() is TransitionCallbackReturn.SUCCESS
    return made


def collect(ros, message, topic, profile=qos.RESULTS):
    got = []
    ros.listener().create_subscription(message, topic, got.append, profile)
    return got


def test_nobody_looking_costs_no_subscription_and_no_picture(ros, node, camera):
    for _ in range(5):
        camera.tick()
    assert camera.objects.get_subscription_count() == 0
    assert node.meter.read().frames == 0
    assert (node.health().level, node.health().message) == (Level.OK, "nobody is looking")


def test_a_viewer_that_comes_and_goes_opens_and_closes_everything(ros, node, camera):
    viewer = ros.listener()
    subscription = viewer.create_subscription(
        ImageMarker, "/door/image_markers", lambda message: None, qos.RESULTS
    )
    ros.until(lambda: camera.objects.get_subscription_count() == 1)
    assert camera.infos.get_subscription_count() == 1
    viewer.destroy_subscription(subscription)
    ros.until(lambda: camera.objects.get_subscription_count() == 0)
    ros.until(lambda: node.health().message == "nobody is looking")


def test_the_picture_shows_boxes_faces_and_bones_with_the_frames_header(ros, node, camera):
    camera.things = (Detection(label="cup", score=0.5, box=BOX, track_id=7),)
    camera.people = (
        Skeleton(
            track_id=1,
            joints_xy_px={name: (250.0, 30.0 + 10 * i) for i, name in enumerate(JOINTS)},
            visibility=dict.fromkeys(JOINTS, 1.0),
        ),
    )
    camera.matches = (
        FaceMatch(box=Box(20.0, 140.0, 60.0, 190.0), detection_score=0.9, track_id=2),
    )
    images: list[Image] = collect(ros, Image, "/door/image_annotated", qos.IMAGE_WANTED)

    def drawn() -> bool:
        camera.tick()
        if not images:
            return False
        picture = frame_from_msg(images[-1]).image
        return all(
            picture[y, x].tolist() != [40, 40, 40] for x, y in ((100, 150), (250, 60), (20, 160))
        )

    ros.until(drawn)
    assert images[-1].header.frame_id == "door_optical_frame"
    assert time_from_msg(images[-1].header.stamp) % PERIOD_NS == 0
    assert images[-1].encoding == "bgr8"


def test_the_compressed_picture_comes_alone_when_it_alone_is_wanted(ros, node, camera):
    small = collect(ros, CompressedImage, "/door/image_annotated/compressed", qos.IMAGE_WANTED)
    ros.until(lambda: camera.tick() and small)
    assert bytes(small[0].data[:2]) == b"\xff\xd8"  # the beginning of a JPEG file


def test_a_strangers_face_is_not_to_be_seen_and_the_finder_goes_with_the_viewer(
    ros, node, camera, finders, monkeypatch
):
    monkeypatch.setattr(FakeFinder, "faces", (Box(100.0, 60.0, 160.0, 130.0),))
    # Every other column is white: what is averaged shows none of them.
    camera.picture[:, ::2] = 255
    viewer = ros.listener()
    images: list[Image] = []
    subscription = viewer.create_subscription(
        Image, "/door/image_annotated", images.append, qos.IMAGE_WANTED
    )
    ros.until(lambda: camera.tick() and images)
    shown = frame_from_msg(images[-1]).image
    assert np.ptp(shown[70:120, 110:150]) < 20
    assert np.ptp(shown[70:120, 230:300]) == 215
    viewer.destroy_subscription(subscription)
    ros.until(lambda: finders[-1].closed)


def test_a_mask_that_is_set_while_somebody_looks_is_black_in_the_next_picture(ros, node, camera):
    images: list[Image] = collect(ros, Image, "/door/image_annotated", qos.IMAGE_WANTED)

    def corner(x: int) -> list[int]:
        return frame_from_msg(images[-1]).image[200, x].tolist()

    ros.until(lambda: camera.tick() and images)
    assert corner(20) == [40, 40, 40]
    mask = Parameter("privacy.masks", value=["house: 0,0.5 0.5,0.5 0.5,1 0,1"])
    assert node.set_parameters([mask])[0].successful
    ros.until(lambda: camera.tick() and corner(20) == [0, 0, 0])
    assert corner(300) == [40, 40, 40]
    assert node.is_active


def test_without_a_face_finder_no_picture_is_shown_and_it_is_told(ros, node, camera, monkeypatch):
    def missing(**options):
        raise ModelMissingError("the face model is not there; run ./edgeai setup")

    monkeypatch.setattr(node._privacy, "_make_finder", missing)
    monkeypatch.setattr("edgeai_perception.visualizer_node.NO_FRAMES_AFTER_S", 0.0)
    images = collect(ros, Image, "/door/image_annotated", qos.IMAGE_WANTED)
    ros.until(lambda: camera.tick() and "no pictures: the face model" in node.health().message)
    assert images == []


def test_a_picture_waits_for_what_is_found_in_it(ros, node, camera):
    images: list[Image] = collect(ros, Image, "/door/image_annotated", qos.IMAGE_WANTED)
    newest: list[int] = []

    def delivered() -> bool:
        newest.append(camera.tick().stamp_ns)
        return len(images) >= 3

    ros.until(delivered)
    assert time_from_msg(images[-1].header.stamp) <= newest[-1] - 250_000_000


def test_markers_seen_through_the_camera_are_the_boxes(ros, node, camera):
    camera.things = (Detection(label="cup", score=0.5, box=BOX, track_id=7),)
    arrays: list[MarkerArray] = collect(ros, MarkerArray, "/door/markers")

    def cups() -> list[Marker]:
        found = [m for array in arrays for m in array.markers]
        return [m for m in found if (m.ns, m.id, m.action) == ("objects", 7, Marker.ADD)]

    ros.until(lambda: camera.tick() and cups())
    marker = cups()[-1]
    pixels = LENS.pixels_of(np.array([(p.x, p.y, p.z) for p in marker.points]))
    assert marker.header.frame_id == "door_optical_frame"
    assert np.abs(pixels.min(axis=0) - (100, 60)).max() < 1.0
    assert np.abs(pixels.max(axis=0) - (200, 220)).max() < 1.0

    camera.things = ()

    def deleted() -> bool:
        camera.tick()
        return any(m.action == Marker.DELETE and m.id == 7 for m in arrays[-1].markers)

    ros.until(deleted)


def test_what_was_found_long_before_is_not_drawn(ros, node, camera):
    annotations: list[ImageMarker] = collect(ros, ImageMarker, "/door/image_markers")
    camera.things = (Detection(label="cup", score=0.5, box=BOX, track_id=7),)
    ros.until(lambda: camera.tick() and annotations and len(annotations[-1].points) == 8)
    camera.objects.publish = lambda message: None  # the detector is stopped
    before = camera.stamp_ns
    ros.until(lambda: camera.tick() and not annotations[-1].points)
    assert time_from_msg(annotations[-1].header.stamp) - before > 1_400_000_000


@pytest.mark.parametrize(
    ("lens", "message"),
    [
        (None, "no markers: nothing on /door/camera_info"),
        (
            CameraModel.nominal(width_px=640, height_px=480, horizontal_fov_deg=60.0),
            "is for 640x480 px, the pictures have 320x240",
        ),
    ],
)
def test_without_the_cameras_numbers_there_are_no_markers_and_it_is_told(
    ros, node, camera, lens, message, monkeypatch
):
    if lens is None:
        camera.infos.publish = lambda message: None
    else:
        camera.lens = lens
    monkeypatch.setattr("edgeai_perception.visualizer_node.NO_FRAMES_AFTER_S", 0.0)
    arrays = collect(ros, MarkerArray, "/door/markers")
    ros.until(lambda: camera.tick() and message in node.health().message)
    assert arrays == []
    assert node.health().level is Level.WARN


def test_ten_rounds_leave_nothing_open(ros, node, camera):
    collect(ros, ImageMarker, "/door/image_markers")
    ros.until(lambda: camera.objects.get_subscription_count() == 1)
    for _ in range(10):
        node.trigger_deactivate()
        node.trigger_cleanup()
        node.trigger_configure()
        node.trigger_activate()
    node.trigger_deactivate()
    ros.until(lambda: camera.objects.get_subscription_count() == 0)
