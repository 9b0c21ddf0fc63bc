"""The fire node with a fake model: what it says, and who counts as near a flame."""

from __future__ import annotations

import numpy as np
import pytest
from edgeai_msgs.msg import Explanation, FaceMatchArray, HazardReport
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from vision_msgs.msg import Detection2DArray

from edgeai_core import catalog
from edgeai_core.analyzers.fire.interfaces import FireView
from edgeai_core.config import build
from edgeai_core.errors import ConfigError, ModelMissingError
from edgeai_core.geometry import Box
from edgeai_core.types import Detection, FaceMatch, Frame
from edgeai_perception.fire_detector_node import FireDetectorConfig, FireDetectorNode
from edgeai_ros_common import qos
from edgeai_ros_common.convert import detections_to_msg, faces_to_msg, time_from_msg
from edgeai_ros_common.frame_hub import FrameHub

TOPIC = "/camera/image_raw"
S = 1_000_000_000
FLAME = Detection(label="flame", score=0.75, box=Box(10, 10, 30, 30))
STOVE = "stove: 0.4,0.4 0.6,0.4 0.6,0.6 0.4,0.6"


class FakeModel:
    """Every part of every picture burns."""

    runtime_name = "fake"

    def __init__(self, options: dict[str, object]) -> None:
        self.options = options
        self.closed = False

    def look(self, image, crop) -> FireView:
        return FireView(
            none_score=0.125,
            start_fire_score=0.25,
            fire_score=0.625,
            flame_score=0.75,
            smoke_score=0.5,
            regions=(FLAME,),
        )

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def models(monkeypatch) -> list[FakeModel]:
    made: list[FakeModel] = []

    def create(name: str, **options: object) -> FakeModel:
        made.append(FakeModel({"name": name} | options))
        return made[-1]

    monkeypatch.setattr(catalog, "create_fire_model", create)
    return made


@pytest.fixture
def hub() -> FrameHub:
    opened = FrameHub()
    opened.offer(TOPIC)
    return opened


@pytest.fixture
def make(ros, overrides, hub, models):
    def made(**values) -> FireDetectorNode:
        dotted = {name.replace("__", "."): value for name, value in values.items()}
        return ros.add(
            FireDetectorNode(
                node_name="fire_detector",
                namespace="/camera",
                context=ros.context,
                parameter_overrides=overrides({"inference.max_results_per_s": 240.0} | dotted),
                frame_hub=hub,
            )
        )

    return made


class Camera:
    """Hands frames to the node, half a second apart, and keeps what it says."""

    def __init__(self, ros, hub) -> None:
        self._hub, self._number = hub, 0
        self.node = ros.listener()
        self.reports: list[HazardReport] = []
        self.node.create_subscription(
            HazardReport, "/camera/hazards", self.reports.append, qos.RESULTS
        )

    def frame(self) -> Frame:
        image = np.zeros((48, 64, 3), np.uint8)
        stamp_ns = self._number * S // 2
        return Frame(image=image, stamp_ns=stamp_ns, frame_id="door_optical_frame")

    def show(self) -> None:
        self._number += 1
        self._hub.publish(TOPIC, self.frame())


@pytest.fixture
def camera(ros, hub) -> Camera:
    return Camera(ros, hub)


def run(node: FireDetectorNode) -> FireDetectorNode:
    assert node.trigger_configure() is TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() is TransitionCallbackReturn.SUCCESS
    return node


def test_a_stove_that_is_drawn_while_the_node_works_is_normal_and_attended(ros, make, camera):
    node = run(make())

    def reported(more_than: int) -> bool:
        camera.show()  # one that comes too soon for the highest rate is let go
        return len(camera.reports) > more_than

    assert len(list(node.subscriptions)) == 0
    ros.until(lambda: reported(0))
    zones = Parameter("fire.normal_flames.zones", value=[STOVE])
    assert node.set_parameters([zones])[0].successful
    # Whoever stands there is seen by others.
    topics = sorted(s.topic_name for s in node.subscriptions)
    assert topics == ["/camera/faces", "/camera/objects"]
    assert node.set_parameters([zones])[0].successful
    assert len(list(node.subscriptions)) == 2
    before = len(camera.reports)
    ros.until(lambda: reported(before + 1))
    assert [zone.name for zone in node._watch._normal._zones] == ["stove"]
    node.trigger_deactivate()
    assert len(list(node.subscriptions)) == 0


def test_a_fire_is_reported_with_its_regions_and_the_header_of_its_frame(ros, make, camera):
    node = run(make(fire__decision__min_flame_activity=0.0, fire__crops_per_frame=5))
    regions: list[Detection2DArray] = []
    camera.node.create_subscription(
        Detection2DArray, "/camera/hazards/detections", regions.append, qos.RESULTS
    )

    def burns() -> bool:
        camera.show()
        return bool(regions) and any(r.state == HazardReport.FIRE for r in camera.reports)

    ros.until(burns)
    report = next(r for r in camera.reports if r.state == HazardReport.FIRE)
    assert (report.start_fire_score, report.fire_score) == (0.25, 0.625)
    assert (report.flame_score, report.smoke_score) == (0.75, 0.5)
    assert report.header.frame_id == "door_optical_frame"
    assert time_from_msg(report.header.stamp) % (S // 2) == 0
    assert time_from_msg(report.since) == time_from_msg(report.header.stamp)
    assert "flame counts without movement" in report.reason
    assert [r.results[0].hypothesis.class_id for r in report.regions] == ["flame"]
    assert regions[0].detections[0].bbox == report.regions[0].bbox
    assert "fire: " in node.health().message


def test_a_fire_that_begins_is_explained_once_with_the_header_of_its_frame(ros, make, camera):
    run(
        make(
            fire__decision__min_flame_activity=0.0,
            fire__crops_per_frame=5,
            explain__budget_looks=16,
            explain__looks_per_frame=100,
        )
    )
    told: list[Explanation] = []
    camera.node.create_subscription(Explanation, "/camera/explanations", told.append, qos.RESULTS)

    def explained() -> bool:
        camera.show()
        return bool(told)

    ros.until(explained)
    reports = len(camera.reports)

    def goes_on() -> bool:
        camera.show()
        return len(camera.reports) > reports + 40

    ros.until(goes_on)
    [explanation] = told
    assert (explanation.label, explanation.score, explanation.method) == (
        "flame",
        0.875,
        "occlusion",
    )
    assert explanation.header.frame_id == "door_optical_frame"
    burning = next(r for r in camera.reports if r.state == HazardReport.FIRE)
    assert time_from_msg(explanation.header.stamp) >= time_from_msg(burning.header.stamp)
    assert (explanation.bbox.center.position.x, explanation.bbox.size_x) == (20.0, 20.0)
    # The fake says the same of every picture: no part of it matters.
    assert len(explanation.heat) == explanation.rows * explanation.columns == 64
    assert max(explanation.heat) == 0.0
    assert explanation.deletion == 1.0
    assert "no part decides alone" in explanation.reason


@pytest.mark.parametrize("topic", ["objects", "faces"])
def test_a_flame_left_alone_is_reported_until_a_person_or_a_face_is_near(ros, make, camera, topic):
    run(make(fire__normal_flames__zones=[STOVE], fire__normal_flames__unattended_after_s=20.0))
    near = Box(20, 10, 28, 40)
    if topic == "objects":
        publisher = camera.node.create_publisher(Detection2DArray, "/camera/objects", qos.RESULTS)
        person = Detection(label="person", score=0.9, box=near)
        message = detections_to_msg((person,), camera.frame())
    else:
        publisher = camera.node.create_publisher(FaceMatchArray, "/camera/faces", qos.RESULTS)
        message = faces_to_msg((FaceMatch(box=near, detection_score=0.9),), camera.frame())

    def left_alone() -> bool:
        camera.show()
        return bool(camera.reports) and list(camera.reports[-1].unattended) == ["stove"]

    ros.until(left_alone)
    assert "a flame at stove and nobody near it" in camera.reports[-1].reason

    def attended() -> bool:
        publisher.publish(message)
        camera.show()
        return not camera.reports[-1].unattended

    ros.until(attended)


def test_a_cat_does_not_attend_a_flame(ros, make, camera):
    run(make(fire__normal_flames__zones=[STOVE], fire__normal_flames__unattended_after_s=20.0))
    publisher = camera.node.create_publisher(Detection2DArray, "/camera/objects", qos.RESULTS)
    cat = Detection(label="cat", score=0.9, box=Box(25, 15, 35, 35))
    message = detections_to_msg((cat,), camera.frame())

    def left_alone() -> bool:
        # Not with every frame: the executor would do nothing but take messages.
        if len(camera.reports) % 8 == 0:
            publisher.publish(message)
        camera.show()
        return any(report.unattended for report in camera.reports)

    ros.until(left_alone)


def test_without_such_places_nobody_is_asked_who_is_near(make):
    node = run(make())
    topics = {subscription.topic_name for subscription in node.subscriptions}
    assert not {"/camera/objects", "/camera/faces"} & topics


def test_the_parameters_reach_the_model_which_is_named_and_freed(make, models):
    node = run(make(inference__threads=2, inference__model="other", inference__precision="f16"))
    assert models[0].options == {
        "name": "other",
        "runtime": "auto",
        "threads": 2,
        "precision": "f16",
        "report": node.note_runtime,
    }
    assert node.model_description() == ("other", "fake")
    node.trigger_deactivate()
    assert not models[0].closed
    node.trigger_cleanup()
    assert models[0].closed


def test_a_missing_model_keeps_the_node_unconfigured_until_it_is_there(make, monkeypatch):
    node = make()
    works = catalog.create_fire_model

    def missing(*args: object, **options: object) -> None:
        raise ModelMissingError("model x: run ./edgeai setup")

    monkeypatch.setattr(catalog, "create_fire_model", missing)
    assert node.trigger_configure() is TransitionCallbackReturn.FAILURE
    monkeypatch.setattr(catalog, "create_fire_model", works)
    assert node.trigger_configure() is TransitionCallbackReturn.SUCCESS


def test_a_zone_that_is_none_is_refused_at_the_start(make):
    with pytest.raises(ConfigError, match="zone 'stove': got 2 corners"):
        make(fire__normal_flames__zones=["stove: 0,0 1,1"])


def test_a_rate_at_which_no_fire_could_be_confirmed_is_refused():
    values = {"inference.max_results_per_s": 0.5, "fire.view": "distant"}
    with pytest.raises(ConfigError, match=r"4 rounds of 22\.0 s take 88\.0 s, .* for 30\.0 s"):
        build(FireDetectorConfig, values)
    assert build(FireDetectorConfig, values | {"fire.crops_per_frame": 11}).fire.view == "distant"
