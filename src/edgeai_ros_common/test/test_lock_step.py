"""Lock step: every frame is answered, none is lost, and speed decides nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import pytest
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String

from edgeai_core.config import param
from edgeai_core.errors import BagError
from edgeai_core.types import Frame
from edgeai_ros_common import qos
from edgeai_ros_common.analyzer_node import AnalyzerNode
from edgeai_ros_common.bags import lock_step
from edgeai_ros_common.bags.definitions import installed_definitions
from edgeai_ros_common.bags.lock_step import LockStep, stamp_of
from edgeai_ros_common.bags.pictures import picture_at, write_pictures
from edgeai_ros_common.bags.player import Pace, Player
from edgeai_ros_common.bags.recorder import TopicChoice
from edgeai_ros_common.bags.writing import BagWriter, Topic
from edgeai_ros_common.convert import header_of, image_to_msg, time_from_msg
from edgeai_ros_common.frame_done import StampPace

MS = 1_000_000
PERIOD_MS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeConfig:
    rate: float = param(10.0, "Analyses per second", minimum=0.1, maximum=1000.0)
    lock_step: bool = param(True, "Answer every frame")


class Probe(AnalyzerNode[ProbeConfig, int]):
    """Takes its time with every frame; refuses those whose first pixel is 13."""

    config_class = ProbeConfig
    pause_s = 0.0

    def setup(self, config: ProbeConfig) -> None:
        self.seen: list[int] = []
        self._results = self.publisher(Header, "results", qos.RESULTS)

    def min_period_s(self, config: ProbeConfig) -> float:
        return 1.0 / config.rate

    def lock_step(self, config: ProbeConfig) -> bool:
        return config.lock_step

    def analyze(self, frame: Frame) -> int:
        threading.Event().wait(self.pause_s)
        self.seen.append(frame.stamp_ns // MS)
        if frame.image[0, 0, 0] == 13:
            raise RuntimeError("unlucky")
        return 0

    def publish(self, result: int, frame: Frame) -> None:
        self._results.publish(header_of(frame))


@pytest.fixture
def bag(tmp_path):
    """Return what makes a bag of pictures with these first pixels, one every 40 ms."""

    def make(*pixels: int, stamps_ms: list[int] | None = None):
        stamps = stamps_ms or [number * PERIOD_MS for number in range(len(pixels))]
        frames = (
            Frame(image=np.full((4, 4, 3), pixel, np.uint8), stamp_ns=stamp_ms * MS)
            for pixel, stamp_ms in zip(pixels, stamps, strict=True)
        )
        path = tmp_path / "bag"
        write_pictures(path, frames, topic="/camera/image_raw", definitions=installed_definitions())
        return path

    return make


@pytest.fixture
def probe(ros, overrides):
    """Return what starts an analyzer of the camera."""

    def start(name: str = "probe", **values) -> Probe:
        node = ros.add(
            Probe(
                node_name=name,
                namespace="/camera",
                context=ros.context,
                parameter_overrides=overrides(values),
            )
        )
        node.trigger_configure()
        node.trigger_activate()
        return node

    return start


@pytest.fixture
def play(ros):
    """Return what plays a bag in lock step with the named analyzers."""

    def run(path, *names: str, rate: float = 0.0) -> LockStep:
        node = ros.listener()

        def spin(until) -> None:
            while not until():
                ros.executor.spin_once(timeout_sec=0.02)

        step = LockStep(node, spin=spin)
        step.wait_for(f"/camera/{name}" for name in names)
        player = Player(
            path,
            node=node,
            choice=TopicChoice(),
            pace=Pace(rate=rate),
            wait=lambda s: ros.executor.spin_once(timeout_sec=min(s, 0.02)),
            lock_step=step,
        )
        try:
            assert player.wait_for_listeners(30.0)
            player.play(stop=lambda: False)
        finally:
            player.close()
        return step

    return run


def test_a_slow_and_a_fast_analyzer_both_look_at_every_due_frame(ros, bag, probe, play):
    slow, fast = probe("slow"), probe("fast", rate=1000.0)
    slow.pause_s = 0.02
    step = play(bag(*range(1, 11)), "slow", "fast")
    assert fast.seen == [number * 40 for number in range(10)]
    # Ten a second of twenty-five: every period has its frame, wherever the frames lie in it.
    assert slow.seen == [0, 120, 200, 320]
    assert fast.meter.read().dropped == 0
    reading = slow.meter.read()
    assert (reading.frames, reading.results, reading.dropped) == (10, 4, 6)
    assert [stamp // MS for _, stamp in step.sent] == fast.seen


def test_the_speed_of_the_replay_decides_nothing(ros, bag, probe, play):
    node = probe()
    path = bag(*range(1, 9))
    play(path, "probe", rate=4.0)
    paced = list(node.seen)
    play(path, "probe")
    assert node.seen == [*paced, *paced]


def test_a_stamp_that_goes_back_begins_a_new_rhythm(ros, bag, probe, play):
    node = probe()
    play(bag(1, 2, 3, 4, 5, stamps_ms=[500, 540, 600, 30, 70]), "probe")
    assert node.seen == [500, 600, 30]


def test_a_frame_that_fails_is_answered_too(ros, bag, probe, play):
    node = probe(rate=1000.0)
    play(bag(1, 13, 2), "probe")
    assert node.seen == [0, 40, 80]
    assert node.meter.read().results == 2


def test_an_analyzer_that_does_not_answer_is_told_by_name(ros, bag, probe, play, monkeypatch):
    monkeypatch.setattr(lock_step, "_ANSWER_WITHIN_S", 0.2)
    probe(lock_step=False)
    with pytest.raises(BagError, match=r"/camera/probe did not answer .* stamp 0\.000 s within"):
        play(bag(1), "probe")


def test_without_lock_step_nothing_is_answered_and_with_it_the_nodes_are_found(ros, probe):
    probe("silent", lock_step=False)
    probe("b")
    probe("a")
    step = LockStep(ros.listener(), spin=lambda until: None)
    ros.until(lambda: step.find() == ("/camera/a", "/camera/b"))


def test_only_siblings_of_a_picture_topic_are_waited_for(ros):
    step = LockStep(ros.listener(), spin=lambda until: None)
    step.wait_for(["/door/faces", "/door/fire", "/hall/fire", "/door/fire"])
    assert step.analyzers == ("/door/faces", "/door/fire", "/hall/fire")
    assert step.analyzers_of("/door/image_raw") == ("/door/faces", "/door/fire")


def test_the_topic_goes_when_the_node_rests(ros, probe):
    node = probe()
    assert "/camera/probe/frame_done" in {p.topic_name for p in node.publishers}
    node.trigger_deactivate()
    assert "/camera/probe/frame_done" not in {p.topic_name for p in node.publishers}


@pytest.mark.parametrize(
    ("stamps_ms", "due_ms"),
    [
        ([0, 33, 67, 100, 133, 167, 200], [0, 100, 200]),
        # A camera's clock jitters: a frame 3 ms early is the frame of its period.
        ([0, 97, 203, 297, 403], [0, 97, 203, 297, 403]),
        ([0, 94, 100], [0, 100]),
        ([0, 1000, 1040, 1080, 1120], [0, 1000, 1120]),
        ([0, 0, 100, 100], [0, 100]),
    ],
    ids=["30 fps", "jitter", "too early", "gap", "repeated"],
)
def test_the_pace_takes_a_frame_for_each_period(stamps_ms, due_ms):
    pace = StampPace(0.1)
    assert [ms for ms in stamps_ms if pace.is_due(ms * MS)] == due_ms


def test_without_a_period_every_frame_is_due():
    pace = StampPace(0.0)
    assert all(pace.is_due(stamp_ns) for stamp_ns in (5, 6, 6, 7, 1))


def test_the_stamp_is_read_without_the_message():
    frame = Frame(image=np.zeros((2, 2, 3), np.uint8), stamp_ns=1_700_000_000_123_456_789)
    data = serialize_message(image_to_msg(frame))
    assert (
        stamp_of(bytes(data)) == frame.stamp_ns == time_from_msg(image_to_msg(frame).header.stamp)
    )
    big_endian = bytes([0, 0, 0, 0]) + (7).to_bytes(4, "big") + (9).to_bytes(4, "big")
    assert stamp_of(big_endian) == 7_000_000_009
    with pytest.raises(BagError, match="got 8 bytes, expected a header"):
        stamp_of(bytes(8))


def test_the_picture_nearest_to_a_time_is_found_also_when_stamps_go_back(bag):
    path = bag(1, 2, 3, 4, stamps_ms=[500, 600, 30, 700])
    for at_s, stamp_ms in ((0.0, 500), (0.06, 600), (9.0, 700), (-9.0, 30)):
        found = picture_at(path, at_s, topic="/camera/image_raw")
        assert found is not None
        assert found.stamp_ns == stamp_ms * MS
    assert picture_at(path, 0.0, topic="/other/image_raw") is None


def test_other_messages_of_the_bag_wait_for_nobody(ros, tmp_path, play):
    with BagWriter(tmp_path / "bag", definitions=installed_definitions()) as writer:
        topic = Topic(name="/camera/notes", type_name="std_msgs/msg/String")
        writer.write(topic, stamp_ns=1, data=serialize_message(String(data="x")))
    heard: list[str] = []
    ros.listener().create_subscription(
        String, "/camera/notes", lambda message: heard.append(message.data), qos.RESULTS
    )
    assert play(tmp_path / "bag").sent == []
    ros.until(lambda: heard == ["x"])


def test_a_picture_of_a_best_effort_camera_is_sent_so_that_none_is_lost(ros, bag):
    step = LockStep(ros.listener(), spin=lambda until: None)
    player = Player(bag(1), node=ros.listener(), choice=TopicChoice(), pace=Pace(), lock_step=step)
    player.close()
    heard: list[Image] = []
    ros.listener().create_subscription(Image, "/camera/image_raw", heard.append, qos.IMAGE_OFFERED)
    ros.until(lambda: player.wait_for_listeners(0.0))
