"""What `edgeai record` hears of a running graph, `edgeai replay` gives to another one."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

pytestmark = pytest.mark.demo

START_TIMEOUT_S = 60.0


def stamps_of(bag: Path, topic: str) -> list[int]:
    """Return the stamps of a topic's messages in nanoseconds, in the order of the bag."""
    from rosbags.highlevel import AnyReader

    with AnyReader([bag]) as reader:
        chosen = [c for c in reader.connections if c.topic == topic]
        headers = [
            reader.deserialize(data, connection.msgtype).header
            for connection, _, data in reader.messages(connections=chosen)
        ]
    return [h.stamp.sec * 1_000_000_000 + h.stamp.nanosec for h in headers]


def test_a_recorded_camera_replayed_into_a_graph_without_one_is_analysed_by_its_stamps(
    run_graph, command, footage, tmp_path
):
    from edgeai_msgs.msg import HazardReport

    from edgeai_ros_common import qos
    from edgeai_ros_common.convert import time_from_msg

    bag = tmp_path / "bag"
    camera = run_graph(
        "camera", {"usb_cam": {"stream.source": footage("bikes"), "stream.loop": True}}
    )
    camera.spin_until(
        lambda: camera.node("usb_cam").results > 0, timeout_s=START_TIMEOUT_S, what="frames"
    )
    record = command("record", bag, "--topics", "/camera/image_raw|/diagnostics")
    camera.spin_until(
        lambda: record.count("recording into"), timeout_s=START_TIMEOUT_S, what="a recorder"
    )
    camera.spin_until(
        lambda: camera.monitor.count_subscribers("/camera/image_raw") > 0,
        timeout_s=START_TIMEOUT_S,
        what="its subscription",
    )
    begun = camera.node("usb_cam").results
    camera.spin_until(
        lambda: camera.node("usb_cam").results > begun + 60,
        timeout_s=START_TIMEOUT_S,
        what="two seconds of frames",
    )
    record.signal(signal.SIGINT)
    camera.spin_until(
        lambda: record.process.poll() is not None, timeout_s=START_TIMEOUT_S, what="its end"
    )
    assert record.end(timeout_s=5) == 0, record.stderr
    camera.graph.close()
    recorded = stamps_of(bag, "/camera/image_raw")
    assert len(recorded) > 20
    assert recorded == sorted(set(recorded))

    graph = run_graph(
        "city",
        {"supervisor": {"nodes.always_on": ["fire_detector"]}},
        own_camera=False,
    )
    assert "/camera/usb_cam" not in graph.monitor.nodes
    seen: list[int] = []
    graph.monitor.create_subscription(
        HazardReport,
        "/camera/hazards",
        lambda message: seen.append(time_from_msg(message.header.stamp)),
        qos.RESULTS,
    )
    graph.spin_until(
        lambda: graph.node("fire_detector").state == "active",
        timeout_s=START_TIMEOUT_S,
        what="the fire detector",
    )
    replay = command("replay", bag, "--topics", "/camera/image_raw", "--rate", 0.5)
    graph.spin_until(
        lambda: replay.process.poll() is not None, timeout_s=START_TIMEOUT_S, what="the end"
    )
    assert replay.end(timeout_s=5) == 0, replay.stderr
    assert f"{len(recorded)} messages replayed" in replay.lines
    graph.spin_until(lambda: seen, timeout_s=START_TIMEOUT_S, what="a hazard report")
    assert set(seen) <= set(recorded)


def test_replaying_what_is_no_bag_says_so_in_one_sentence(command, tmp_path):
    replay = command("replay", tmp_path / "missing")
    assert replay.end(timeout_s=START_TIMEOUT_S) == 2
    assert replay.errors == [
        f"edgeai replay: bag {tmp_path / 'missing'}: there is no such folder; check the name"
    ]


def test_a_recording_without_a_graph_says_that_nothing_was_heard(command, tmp_path):
    record = command("record", tmp_path / "bag", "--duration-s", 1, "--topics", "/camera/.*")
    assert record.end(timeout_s=START_TIMEOUT_S) == 1
    assert "is a graph running on this ROS_DOMAIN_ID?" in record.stderr


def test_lock_step_without_an_analyzer_that_answers_says_how_to_start_one(command, tmp_path):
    import numpy as np

    from edgeai_core.types import Frame
    from edgeai_ros_common.bags.definitions import installed_definitions
    from edgeai_ros_common.bags.pictures import write_pictures

    write_pictures(
        tmp_path / "bag",
        [Frame(image=np.zeros((4, 4, 3), np.uint8), stamp_ns=1)],
        topic="/camera/image_raw",
        definitions=installed_definitions(),
    )
    replay = command("replay", tmp_path / "bag", "--lock-step", "--wait-s", 0.1)
    assert replay.end(timeout_s=START_TIMEOUT_S) == 2
    assert "no analyzer answers frames after 0.1 s; start them with --set" in replay.stderr
