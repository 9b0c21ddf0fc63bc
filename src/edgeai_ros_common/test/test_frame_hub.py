"""Frames by reference within a process."""

from __future__ import annotations

import numpy as np

from edgeai_core.types import Frame
from edgeai_ros_common.frame_hub import FrameHub

TOPIC = "/camera/image_raw"


def frame() -> Frame:
    return Frame(image=np.zeros((2, 2, 3), np.uint8), stamp_ns=1)


def test_every_subscriber_gets_the_very_frame():
    hub = FrameHub()
    first: list[Frame] = []
    second: list[Frame] = []
    hub.subscribe(TOPIC, first.append)
    hub.subscribe(TOPIC, second.append)
    sent = frame()
    hub.publish(TOPIC, sent)
    assert first[0] is sent
    assert second[0] is sent


def test_topics_are_apart():
    hub = FrameHub()
    got: list[Frame] = []
    hub.subscribe("/other/image_raw", got.append)
    hub.publish(TOPIC, frame())
    assert got == []


def test_who_unsubscribed_gets_nothing_and_the_others_go_on():
    hub = FrameHub()
    gone: list[Frame] = []
    stays: list[Frame] = []
    leave = hub.subscribe(TOPIC, gone.append)
    hub.subscribe(TOPIC, stays.append)
    leave()
    leave()
    hub.publish(TOPIC, frame())
    assert (len(gone), len(stays)) == (0, 1)


def test_a_subscriber_may_leave_while_a_frame_is_handed_out():
    hub = FrameHub()
    got: list[Frame] = []
    leave = hub.subscribe(TOPIC, lambda sent: leave())
    hub.subscribe(TOPIC, got.append)
    hub.publish(TOPIC, frame())
    assert len(got) == 1


def test_what_a_camera_of_this_process_offers_is_known():
    hub = FrameHub()
    assert not hub.offers(TOPIC)
    hub.offer(TOPIC)
    hub.offer(TOPIC)
    assert hub.offers(TOPIC)
    assert not hub.offers("/other/image_raw")
