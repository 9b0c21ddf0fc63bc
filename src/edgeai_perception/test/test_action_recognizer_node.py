"""The action node with fake models: somebody stands, falls and stays down."""

from __future__ import annotations

import numpy as np
import pytest
from edgeai_msgs.msg import ActionEvent, ActionEventArray
from sensor_msgs.msg import Image

from edgeai_core import catalog
from edgeai_core.geometry import Box
from edgeai_core.types import Detection, Frame
from edgeai_perception.action_recognizer_node import ActionRecognizerNode
from edgeai_ros_common import qos
from edgeai_ros_common.convert import time_from_msg
from edgeai_ros_common.frame_hub import FrameHub

TOPIC = "/camera/image_raw"
UPRIGHT, DOWN = Box(280.0, 120.0, 360.0, 420.0), Box(200.0, 350.0, 460.0, 420.0)
STEP_NS = 100_000_000
FALL_AT = 30


class FakeDetector:
    """Somebody who stands for 3 s of the frames' time and then lies."""

    runtime_name = "fake"
    labels = ("person",)

    def __init__(self) -> None:
        self.closed = False

    def detect(self, image) -> tuple[Detection, ...]:
        number = int(image[0, 0, 0])
        share = min(1.0, max(0.0, (number - FALL_AT) / 6))
        edges = (
            (1 - share) * np.array(UPRIGHT.as_xyxy()) + share * np.array(DOWN.as_xyxy())
        ).tolist()
        return (Detection(label="person", score=0.9, box=Box(*edges)),)

    def close(self) -> None:
        self.closed = True


class NoPoses:
    """Joints are never to be seen: boxes alone decide."""

    runtime_name = "fake"

    def __init__(self) -> None:
        self.closed = False

    def estimate(self, image, box, *, region=None) -> None:
        return None

    def close(self) -> None:
        self.closed = True


class NoFights:
    """No motion looks like a fight."""

    def __init__(self) -> None:
        self.closed = False

    def features(self, pictures) -> np.ndarray:
        return np.zeros((len(pictures), 2), np.float32)

    def logit(self, features) -> float:
        return -5.0

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def models(monkeypatch) -> tuple[FakeDetector, NoPoses, NoFights]:
    made = (FakeDetector(), NoPoses(), NoFights())
    monkeypatch.setattr(catalog, "create_object_detector", lambda *args, **options: made[0])
    monkeypatch.setattr(catalog, "create_pose_estimator", lambda *args, **options: made[1])
    monkeypatch.setattr(catalog, "create_fight_model", lambda *args, **options: made[2])
    return made


def test_a_fall_is_told_with_what_follows_and_the_picture_shows_it(
    ros, overrides, models, monkeypatch
):
    hub = FrameHub()
    hub.offer(TOPIC)
    node = ros.add(
        ActionRecognizerNode(
            node_name="action_recognizer",
            namespace="/camera",
            context=ros.context,
            parameter_overrides=overrides({"inference.max_results_per_s": 240.0}),
            frame_hub=hub,
        )
    )
    node.trigger_configure()
    node.trigger_activate()
    listener = ros.listener()
    told: list[ActionEventArray] = []
    images: list[Image] = []
    listener.create_subscription(ActionEventArray, "/camera/actions", told.append, qos.RESULTS)
    listener.create_subscription(
        Image, "/camera/actions/debug_image", images.append, qos.IMAGE_WANTED
    )
    number = 0

    def actions() -> list[int]:
        return [event.action for message in told for event in message.events]

    def lying() -> bool:
        nonlocal number
        if node.meter.read().busy_s == 0 and number < 120:
            number += 1
            image = np.full((480, 640, 3), number, np.uint8)
            hub.publish(TOPIC, Frame(image=image, stamp_ns=number * STEP_NS, frame_id="hall"))
        return ActionEvent.LYING in actions()

    ros.until(lying)
    assert actions().index(ActionEvent.FALL) < actions().index(ActionEvent.LYING)
    [fall] = [m for m in told if any(e.action == ActionEvent.FALL for e in m.events)]
    assert fall.header.frame_id == "hall"
    assert time_from_msg(fall.header.stamp) > FALL_AT * STEP_NS

    current: list[ActionEventArray] = []
    ros.listener().create_subscription(
        ActionEventArray, "/camera/actions/current", current.append, qos.STATE
    )
    ros.until(lambda: current)
    assert ActionEvent.LYING in [event.action for event in current[-1].events]
    assert (images[-1].width, images[-1].height, images[-1].header.frame_id) == (640, 480, "hall")

    node.trigger_deactivate()
    node.trigger_cleanup()
    assert [model.closed for model in models] == [True, True, True]
