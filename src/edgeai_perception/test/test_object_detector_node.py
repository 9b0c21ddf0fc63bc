"""The object node with a fake detector."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from edgeai_msgs.msg import Explanation, ObjectEvent, ObjectEventArray, Sighting
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2DArray, LabelInfo

from edgeai_core import catalog
from edgeai_core.analyzers.objects.model import ObjectView
from edgeai_core.analyzers.objects.taught_store import ThingStore
from edgeai_core.analyzers.objects.testing import maps_with, taught_thing
from edgeai_core.errors import ConfigError, ModelMissingError
from edgeai_core.geometry import Box
from edgeai_core.model_card import Task
from edgeai_core.types import Detection, Frame
from edgeai_perception.object_detector_node import ObjectDetectorNode
from edgeai_ros_common import qos
from edgeai_ros_common.convert import time_from_msg
from edgeai_ros_common.diagnostics import Level
from edgeai_ros_common.frame_hub import FrameHub

TOPIC = "/camera/image_raw"


class FakeDetector:
    runtime_name = "fake"
    labels = ("person", "cat")

    def __init__(self) -> None:
        self.closed = False

    def look(self, image) -> ObjectView:
        cat = Detection(label="cat", score=0.9, box=Box(10, 10, 30, 30))
        return ObjectView(detections=(cat,), features=maps_with((0, 0, 4, 3, 1.0)))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def detectors(monkeypatch) -> list[FakeDetector]:
    made: list[FakeDetector] = []

    def create(name: str, **options: object) -> FakeDetector:
        made.append(FakeDetector())
        made[-1].options = {"name": name} | options
        return made[-1]

    monkeypatch.setattr(catalog, "create_object_detector", create)
    return made


@pytest.fixture
def hub() -> FrameHub:
    opened = FrameHub()
    opened.offer(TOPIC)
    return opened


@pytest.fixture
def make(ros, overrides, hub):
    def made(**values) -> ObjectDetectorNode:
        dotted = {name.replace("__", "."): value for name, value in values.items()}
        return ros.add(
            ObjectDetectorNode(
                node_name="object_detector",
                namespace="/camera",
                context=ros.context,
                parameter_overrides=overrides({"inference.max_results_per_s": 240.0} | dotted),
                frame_hub=hub,
            )
        )

    return made


def frame(number: int) -> Frame:
    image = np.zeros((48, 64, 3), np.uint8)
    image[36:, 36:] = 255
    return Frame(image=image, stamp_ns=number * 33_000_000, frame_id="door_optical_frame")


def test_objects_are_published_with_tracks_and_the_header_of_their_frame(ros, make, hub, detectors):
    node = make()
    node.trigger_configure()
    node.trigger_activate()
    got: list[Detection2DArray] = []
    ros.listener().create_subscription(Detection2DArray, "/camera/objects", got.append, qos.RESULTS)
    number = 0

    def tracked() -> bool:
        nonlocal number
        number += 1
        hub.publish(TOPIC, frame(number))
        return any(entry.id for message in got for entry in message.detections)

    ros.until(tracked)
    message = next(m for m in got if m.detections and m.detections[0].id)
    assert message.detections[0].results[0].hypothesis.class_id == "cat"
    assert time_from_msg(message.header.stamp) % 33_000_000 == 0
    assert time_from_msg(message.header.stamp) > 0
    assert message.header.frame_id == "door_optical_frame"
    assert message.detections[0].header == message.header


def test_the_place_of_a_thing_is_published_once_for_whoever_comes_later(ros, make, hub, detectors):
    node = make(things__labels=["cat"])
    node.trigger_configure()
    node.trigger_activate()
    seen: list[Detection2DArray] = []
    ros.listener().create_subscription(
        Detection2DArray, "/camera/objects", seen.append, qos.RESULTS
    )
    number = 0

    def tracked() -> bool:
        nonlocal number
        number += 1
        hub.publish(TOPIC, frame(number))
        return sum(bool(entry.id) for message in seen for entry in message.detections) > 2

    ros.until(tracked)
    told: list[Sighting] = []
    ros.listener().create_subscription(Sighting, "/camera/things", told.append, qos.ALERTS)
    ros.until(lambda: told)
    [sighting] = told
    assert (sighting.thing, sighting.in_view) == ("cat", True)
    assert sighting.place == "left of the picture"
    assert sighting.header.frame_id == "door_optical_frame"
    assert bytes(sighting.snapshot.data)[:2] == b"\xff\xd8"


class Feed:
    """Frames for a node, and what it says."""

    def __init__(self, ros, hub, node) -> None:
        self._ros, self._hub, self.number = ros, hub, 0
        self._listener = ros.listener()
        node.trigger_configure()
        node.trigger_activate()

    def hear(self, message: type, topic: str, profile=qos.RESULTS) -> list:
        got: list = []
        self._listener.create_subscription(message, topic, got.append, profile)
        return got

    def until(self, condition) -> None:
        def fed() -> bool:
            self.number += 1
            self._hub.publish(TOPIC, frame(self.number))
            return condition()

        self._ros.until(fed)


ZONE = "mat: 0,0 1,0 1,1 0,1"
S = 1_000_000_000


def test_events_are_told_once_and_what_goes_on_is_kept_for_whoever_comes_later(
    ros, make, hub, detectors
):
    feed = Feed(ros, hub, make(watch__areas__zones=[ZONE], watch__areas__visit_labels=["cat"]))
    events = feed.hear(ObjectEventArray, "/camera/objects/events")
    feed.until(lambda: events)
    [event] = events[0].events
    assert (event.kind, event.state) == (ObjectEvent.PRESENCE, ObjectEvent.ENTERED)
    assert (event.label, event.zone) == ("cat", "mat")
    assert events[0].header.frame_id == "door_optical_frame"
    for _ in range(5):
        seen = feed.hear(Detection2DArray, "/camera/objects")
        feed.until(lambda seen=seen: len(seen) > 1)
    assert len(events) == 1

    current: list[ObjectEventArray] = []
    ros.listener().create_subscription(
        ObjectEventArray, "/camera/objects/current", current.append, qos.STATE
    )
    ros.until(lambda: current)
    assert [event.zone for event in current[0].events] == ["mat"]


def test_a_zone_is_taken_while_the_node_works_and_results_go_on(ros, make, hub, detectors):
    node = make(watch__areas__visit_labels=["cat"])
    feed = Feed(ros, hub, node)
    objects = feed.hear(Detection2DArray, "/camera/objects")
    events = feed.hear(ObjectEventArray, "/camera/objects/events")
    feed.until(lambda: any(entry.id for message in objects for entry in message.detections))
    ros.until(lambda: node._events.get_subscription_count() == 1)

    def looked_at(number: int) -> bool:
        # One that comes too soon for the highest rate is let go, so it is sent again.
        hub.publish(TOPIC, frame(number))
        ros.executor.spin_once(timeout_sec=0.01)
        return bool(objects) and time_from_msg(objects[-1].header.stamp) == number * 33_000_000

    begin = feed.number + 1
    ros.until(lambda: looked_at(begin))
    objects.clear()
    for number in range(begin + 1, begin + 60):
        if number == begin + 20:
            changed = node.set_parameters([Parameter("watch.areas.zones", value=[ZONE])])
            assert changed[0].successful
        ros.until(lambda number=number: looked_at(number))
    stamps = {time_from_msg(message.header.stamp) for message in objects}
    assert stamps >= {number * 33_000_000 for number in range(begin + 1, begin + 60)}
    ros.until(lambda: events)
    # Half a second in the zone, which was drawn before that frame.
    drawn_ns = (begin + 20) * 33_000_000
    assert S // 2 <= time_from_msg(events[0].header.stamp) - drawn_ns <= S
    assert events[0].events[0].zone == "mat"
    assert len(detectors) == 1  # the model was not loaded again
    tracks = {entry.id for message in objects for entry in message.detections}
    assert tracks == {"1"}  # nor was anybody forgotten


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("watch.areas.zones", ["mat: 0,0 1,0"], "got 2 corners"),
        ("watch.areas.visit_labels", ["dog"], "dog, which is never detected"),
        ("privacy.masks", ["yard/tree: 0,0 1,0 1,1"], "there is no camera yard"),
        ("tracking.high_score", 0.9, "is fixed while configured"),
    ],
)
def test_what_cannot_be_taken_is_refused_and_everything_goes_on(
    ros, make, hub, detectors, name, value, told
):
    node = make(watch__areas__zones=[ZONE])
    node.trigger_configure()
    node.trigger_activate()
    (result,) = node.set_parameters([Parameter(name, value=value)])
    assert not result.successful
    assert told in result.reason
    assert list(node.get_parameter("watch.areas.zones").value) == [ZONE]
    hub.publish(TOPIC, frame(1))
    ros.until(lambda: node.meter.read().results == 1)


def test_a_mask_that_is_drawn_counts_from_the_next_picture_of_a_thing_on(ros, make, hub, detectors):
    feed = Feed(ros, hub, node := make(things__labels=["cat"], things__repeat_s=1.0))
    seen: list[Sighting] = feed.hear(Sighting, "/camera/things", qos.ALERTS)

    def brightness() -> int:
        picture = np.frombuffer(bytes(seen[-1].snapshot.data), np.uint8)
        return int(cv2.imdecode(picture, cv2.IMREAD_COLOR)[-3:, -3:].max())

    # Frames are black but for a white corner, which the picture of the cat shows.
    feed.until(lambda: seen and brightness() > 200)
    node.set_parameters([Parameter("privacy.masks", value=["all: 0,0 1,0 1,1 0,1"])])
    feed.until(lambda: brightness() < 30)


def test_the_debug_image_shows_boxes_and_zones(ros, make, hub, detectors):
    feed = Feed(ros, hub, make(watch__areas__zones=["mat: 0.5,0 1,0 1,1 0.5,1"]))
    images = feed.hear(Image, "/camera/objects/debug_image", qos.IMAGE_WANTED)
    feed.until(lambda: images)
    pixels = np.frombuffer(images[-1].data, np.uint8).reshape(48, 64, 3)
    assert tuple(pixels[30, 20]) == (178, 114, 0)  # lower edge of the cat's box
    assert tuple(pixels[2, 60]) == (58, 45, 21)  # a quarter of the zone's colour on black
    assert images[-1].header.frame_id == "door_optical_frame"


def test_a_thing_is_found_from_the_moment_it_was_taught_until_it_is_forgotten(
    ros, make, hub, detectors, tmp_path
):
    store = ThingStore(tmp_path / "things")
    feed = Feed(ros, hub, make(taught__path=str(store.folder)))
    objects = feed.hear(Detection2DArray, "/camera/objects")
    labels = feed.hear(LabelInfo, "/camera/objects/label_info", qos.STATE)
    sightings = feed.hear(Sighting, "/camera/things", qos.ALERTS)
    feed.until(lambda: objects and labels)
    assert "keys" not in [entry.class_name for entry in labels[-1].class_map]

    trunk = catalog.card_for(catalog.DEFAULT_OBJECT_DETECTOR, Task.OBJECT_DETECTION).sha256
    store.save(taught_thing("keys", trunk))
    feed.until(lambda: "keys" in names_of(objects[-1]))
    feed.until(lambda: "keys" in [entry.class_name for entry in labels[-1].class_map])
    feed.until(lambda: sightings)
    assert sightings[0].thing == "keys"

    store.forget("keys")
    feed.until(lambda: "keys" not in names_of(objects[-1]))


def names_of(message: Detection2DArray) -> list[str]:
    return [entry.results[0].hypothesis.class_id for entry in message.detections]


def test_a_thing_taught_on_another_detector_is_told_and_the_rest_goes_on(
    ros, make, hub, detectors, tmp_path
):
    store = ThingStore(tmp_path / "things")
    store.save(taught_thing("keys", "ab" * 32))
    node = make(taught__path=str(store.folder))
    feed = Feed(ros, hub, node)
    objects = feed.hear(Detection2DArray, "/camera/objects")
    feed.until(lambda: objects)
    health = node.health()
    assert health.level == Level.WARN
    assert 'teach it again: ./edgeai objects teach "keys" --again' in health.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("things__labels", ["keys"]),
        ("tiles__labels", ["keys"]),
        ("watch__bags__labels", ["keys"]),
        ("watch__weapons__rules", ["keys: 3 of 5 within 3 s from 0.5"]),
    ],
)
def test_what_is_never_detected_cannot_be_waited_for(make, detectors, name, value):
    node = make(**{name: value})
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    # The model is freed: nothing holds it any more.
    assert detectors[0].closed


def test_who_comes_late_still_learns_the_labels(ros, make, detectors):
    node = make(tracking__high_score=0.25)
    node.trigger_configure()
    node.trigger_activate()
    got: list[LabelInfo] = []
    ros.listener().create_subscription(
        LabelInfo, "/camera/objects/label_info", got.append, qos.STATE
    )
    ros.until(lambda: got)
    assert [(entry.class_id, entry.class_name) for entry in got[0].class_map] == [
        (0, "person"),
        (1, "cat"),
    ]
    assert got[0].threshold == pytest.approx(0.25)


def test_the_parameters_reach_the_model_and_the_model_is_named(make, detectors):
    node = make(inference__threads=2, inference__score_threshold=0.3, labels=["cat"])
    node.trigger_configure()
    assert detectors[0].options == {
        "name": catalog.DEFAULT_OBJECT_DETECTOR,
        "runtime": "auto",
        "threads": 2,
        "precision": "f32",
        "report": node.note_runtime,
        "min_score": 0.3,
        "labels": ("cat",),
    }
    assert node.model_description() == (catalog.DEFAULT_OBJECT_DETECTOR, "fake")


def test_the_model_stays_loaded_while_inactive_and_is_freed_at_cleanup(make, detectors):
    node = make()
    node.trigger_configure()
    node.trigger_activate()
    node.trigger_deactivate()
    assert not detectors[0].closed
    node.trigger_cleanup()
    assert detectors[0].closed


def test_a_missing_model_keeps_the_node_unconfigured_until_it_is_there(
    make, monkeypatch, detectors
):
    node = make()
    works = catalog.create_object_detector

    def missing(*args: object, **options: object) -> None:
        raise ModelMissingError("model x: run ./edgeai setup")

    monkeypatch.setattr(catalog, "create_object_detector", missing)
    assert node.trigger_configure() is TransitionCallbackReturn.FAILURE
    monkeypatch.setattr(catalog, "create_object_detector", works)
    assert node.trigger_configure() is TransitionCallbackReturn.SUCCESS


def test_a_confirmed_weapon_is_explained_once(ros, make, hub, detectors):
    node = make(
        watch__weapons__rules=["cat: 2 of 5 within 3 s from 0.5"],
        explain__budget_looks=16,
        explain__looks_per_frame=100,
    )
    node.trigger_configure()
    node.trigger_activate()
    listener = ros.listener()
    told: list[Explanation] = []
    events: list[ObjectEvent] = []
    results: list[Detection2DArray] = []
    listener.create_subscription(Explanation, "/camera/explanations", told.append, qos.RESULTS)
    listener.create_subscription(Detection2DArray, "/camera/objects", results.append, qos.RESULTS)
    listener.create_subscription(
        ObjectEventArray, "/camera/objects/events", lambda m: events.extend(m.events), qos.RESULTS
    )
    number = 0

    def show() -> None:
        nonlocal number
        number += 1
        hub.publish(TOPIC, frame(number))

    ros.until(lambda: show() or told)
    seen = len(results)
    ros.until(lambda: show() or len(results) > seen + 40)
    [explanation] = told
    assert [event.state for event in events] == [ObjectEvent.SUSPECTED, ObjectEvent.CONFIRMED]
    assert explanation.label == "cat"
    assert explanation.score == pytest.approx(0.9)
    assert explanation.header.frame_id == "door_optical_frame"
    assert time_from_msg(explanation.header.stamp) % 33_000_000 == 0
    assert (explanation.bbox.center.position.x, explanation.bbox.size_x) == (20.0, 20.0)
    # Only about the box: the rest of the picture is not studied.
    assert explanation.columns > 8


def test_a_state_that_does_not_exist_is_refused(make):
    with pytest.raises(ConfigError, match=r"explain\.states: got stolen, expected names among"):
        make(explain__states=["stolen"])
