"""The node around an analyzer, with an analyzer that the test steers."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from edgeai_core.config import param
from edgeai_core.types import Frame
from edgeai_ros_common import analyzer_node, qos
from edgeai_ros_common.analyzer_node import AnalyzerNode
from edgeai_ros_common.convert import header_of, image_to_msg
from edgeai_ros_common.diagnostics import Level
from edgeai_ros_common.frame_hub import FrameHub

TOPIC = "/image_raw"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeConfig:
    max_rate: float = param(0.0, "Analyses per second, 0 for all", minimum=0.0, maximum=1000.0)
    offset: int = param(0, "Added to every answer", minimum=0, maximum=100, live=True)


class Probe(AnalyzerNode[ProbeConfig, int]):
    """Remembers what it looked at; waits at the gate when the test closes it."""

    config_class = ProbeConfig

    def __init__(self, **arguments) -> None:
        super().__init__(node_name="probe", **arguments)
        self.gate = threading.Event()
        self.gate.set()
        self.seen: list[int] = []
        self.published: list[int] = []
        self.headers: list[Header] = []
        self.error: Exception | None = None
        self.rests: list[tuple[int, int, float]] = []
        self.offset = 0
        self.retuned_on: list[str] = []

    def start(self, config: ProbeConfig) -> None:
        self.offset = config.offset
        super().start(config)

    def retune(self, config: ProbeConfig) -> None:
        self.retuned_on.append(threading.current_thread().name)
        self.offset = config.offset

    def min_period_s(self, config: ProbeConfig) -> float:
        return 1.0 / config.max_rate if config.max_rate else 0.0

    def analyze(self, frame: Frame) -> int:
        self.seen.append(frame.stamp_ns)
        assert self.gate.wait(30)
        if self.error is not None:
            raise self.error
        return int(frame.image[0, 0, 0]) + self.offset

    def publish(self, result: int, frame: Frame) -> None:
        self.headers.append(header_of(frame))
        self.published.append(result)

    def rest(self, frame: Frame, until_s: float) -> None:
        self.rests.append((frame.stamp_ns, len(self.published), until_s - time.monotonic()))


def frame(number: int) -> Frame:
    image = np.full((4, 4, 3), number, np.uint8)
    return Frame(image=image, stamp_ns=number, frame_id="door_optical_frame")


@pytest.fixture
def hub() -> FrameHub:
    opened = FrameHub()
    opened.offer(TOPIC)
    return opened


@pytest.fixture
def make(ros, overrides):
    made: list[Probe] = []

    def start(*, frame_hub: FrameHub | None = None, **values) -> Probe:
        node = ros.add(
            Probe(context=ros.context, parameter_overrides=overrides(values), frame_hub=frame_hub)
        )
        made.append(node)
        node.trigger_configure()
        node.trigger_activate()
        return node

    yield start
    for node in made:
        node.gate.set()


def test_a_frame_of_the_hub_is_analysed_and_published_with_its_header(ros, make, hub):
    node = make(frame_hub=hub)
    assert len(list(node.subscriptions)) == 0
    hub.publish(TOPIC, frame(7))
    ros.until(lambda: node.published)
    assert node.published == [7]
    assert node.headers[0].frame_id == "door_optical_frame"
    assert node.headers[0].stamp.nanosec == 7
    ros.until(lambda: node.meter.read().results == 1)


def test_a_live_parameter_counts_from_the_next_frame_on_and_no_frame_is_lost(ros, make, hub):
    node = make(frame_hub=hub)
    for number in range(1, 21):
        if number in (6, 11, 16):
            # Several before the next frame: the last one counts.
            for value in (99, number):
                assert node.set_parameters([Parameter("offset", value=value)])[0].successful
        hub.publish(TOPIC, frame(number))
        ros.until(lambda number=number: len(node.published) == number)
    assert node.published == [
        *range(1, 6),
        *(n + 6 for n in range(6, 11)),
        *(n + 11 for n in range(11, 16)),
        *(n + 16 for n in range(16, 21)),
    ]
    assert node.retuned_on == ["probe-worker"] * 3
    assert node.meter.read().dropped == 0
    assert node.is_active


def test_a_change_while_a_frame_is_looked_at_waits_for_the_next_and_a_restart_has_it(
    ros, make, hub
):
    node = make(frame_hub=hub)
    node.gate.clear()
    hub.publish(TOPIC, frame(1))
    ros.until(lambda: node.seen)
    assert node.set_parameters([Parameter("offset", value=5)])[0].successful
    assert node.offset == 0
    node.gate.set()
    ros.until(lambda: node.published == [1])
    node.trigger_deactivate()
    node.trigger_activate()
    assert (node.offset, node.retuned_on) == (5, [])


@pytest.mark.parametrize("frame_hub", [None, FrameHub()], ids=["no hub", "camera elsewhere"])
def test_frames_come_by_topic_where_no_camera_shares_the_process(ros, make, frame_hub):
    node = make(frame_hub=frame_hub)
    camera = ros.listener().create_publisher(Image, "image_raw", qos.IMAGE_OFFERED)

    def seen() -> bool:
        camera.publish(image_to_msg(frame(9)))
        return bool(node.published)

    ros.until(seen)
    assert node.published[0] == 9


def test_the_newest_frame_wins_and_the_replaced_ones_are_counted(ros, make, hub):
    node = make(frame_hub=hub)
    node.gate.clear()
    hub.publish(TOPIC, frame(1))
    ros.until(lambda: node.seen == [1])
    for number in (2, 3, 4):
        hub.publish(TOPIC, frame(number))
    node.gate.set()
    ros.until(lambda: node.published == [1, 4])
    reading = node.meter.read()
    assert (reading.frames, reading.dropped) == (4, 2)


def test_a_bad_image_is_counted_and_dropped_and_the_next_one_counts(ros, make, hub):
    node = make(frame_hub=hub)
    node._receive(Image(width=4, height=4, step=12, encoding="bgr8"))
    ros.until(lambda: node.meter.read().rejected == 1)
    assert node.health().level is not Level.ERROR
    node._receive(image_to_msg(frame(5)))
    ros.until(lambda: node.published == [5])
    assert node.meter.read().failures == 0


def test_an_analysis_that_raises_is_an_error_until_one_succeeds(ros, make, hub):
    node = make(frame_hub=hub)
    node.error = RuntimeError("no memory")
    hub.publish(TOPIC, frame(1))
    ros.until(lambda: node.meter.read().failures == 1)
    health = node.health()
    assert health.level is Level.ERROR
    assert health.message == "analysis failed: RuntimeError: no memory"
    node.error = None
    hub.publish(TOPIC, frame(2))
    ros.until(lambda: node.published == [2])
    ros.until(lambda: node.health().level is Level.OK)


def test_a_failure_of_the_last_run_is_not_held_against_the_next(ros, make, hub):
    node = make(frame_hub=hub)
    node.error = RuntimeError("no memory")
    hub.publish(TOPIC, frame(1))
    ros.until(lambda: node.meter.read().failures == 1)
    node.trigger_deactivate()
    node.trigger_activate()
    assert node.health().level is Level.OK


def test_a_model_that_runs_other_than_asked_is_a_warning_until_that_is_over(ros, make, hub):
    node = make(frame_hub=hub)
    node.note_runtime("net.onnx", "building the TensorRT engine, 3 s; runs on onnxruntime")
    health = node.health()
    assert health.level is Level.WARN
    assert health.message.endswith(
        "net.onnx: building the TensorRT engine, 3 s; runs on onnxruntime"
    )
    assert health.details == (
        ("net.onnx", "building the TensorRT engine, 3 s; runs on onnxruntime"),
    )
    for name in ("b.onnx", "a.onnx"):
        node.note_runtime(name, "not on TensorRT")
    node.note_runtime("net.onnx", "")
    assert node.health().message.endswith("results/s; a.onnx, b.onnx: not on TensorRT")
    node.note_runtime("a.onnx", "")
    node.note_runtime("b.onnx", "")
    assert node.health().level is Level.OK


def test_an_inference_that_hangs_is_an_error(ros, make, hub, monkeypatch):
    monkeypatch.setattr(analyzer_node, "HUNG_AFTER_S", 0.05)
    node = make(frame_hub=hub)
    node.gate.clear()
    hub.publish(TOPIC, frame(1))
    ros.until(lambda: node.health().level is Level.ERROR)
    assert node.health().message.startswith("inference hangs for 0 s, expected below 1 s")
    node.gate.set()
    ros.until(lambda: node.health().level is Level.OK)


def test_a_hung_worker_is_left_behind_and_its_late_answer_is_nobodys(ros, make, hub, monkeypatch):
    monkeypatch.setattr(analyzer_node, "_STOP_TIMEOUT_S", 0.05)
    node = make(frame_hub=hub)
    old_gate = node.gate
    old_gate.clear()
    hub.publish(TOPIC, frame(1))
    ros.until(lambda: node.seen == [1])
    (old_worker,) = (t for t in threading.enumerate() if t.name == "probe-worker")
    node.trigger_deactivate()
    assert old_worker.is_alive()
    node.gate = threading.Event()
    node.gate.set()
    node.trigger_activate()
    hub.publish(TOPIC, frame(2))
    ros.until(lambda: node.published == [2])
    old_gate.set()
    old_worker.join(5)
    assert not old_worker.is_alive()
    assert node.published == [2]
    assert node.meter.read().results == 1


def test_a_worker_left_behind_that_fails_late_does_not_spoil_the_next_run(
    ros, make, hub, monkeypatch
):
    monkeypatch.setattr(analyzer_node, "_STOP_TIMEOUT_S", 0.05)
    node = make(frame_hub=hub)
    node.gate.clear()
    hub.publish(TOPIC, frame(1))
    ros.until(lambda: node.seen == [1])
    (worker,) = (t for t in threading.enumerate() if t.name == "probe-worker")
    node.trigger_deactivate()
    node.trigger_activate()
    node.error = RuntimeError("its model was closed")
    node.gate.set()
    worker.join(5)
    assert node.health().level is Level.OK
    assert node.meter.read().failures == 0


def test_stopping_ends_the_worker(make, hub):
    node = make(frame_hub=hub)
    node.trigger_deactivate()
    assert not [t for t in threading.enumerate() if t.name == "probe-worker"]
    hub.publish(TOPIC, frame(1))
    assert node.meter.read().frames == 0


def test_the_rate_limit_lets_frames_go_and_looks_at_a_fresh_one(ros, make, hub):
    node = make(frame_hub=hub, max_rate=10.0)
    started_s = time.monotonic()
    number = 0

    def feed() -> bool:
        nonlocal number
        number += 1
        hub.publish(TOPIC, frame(number % 200))
        return len(node.published) >= 4

    ros.until(feed)
    assert time.monotonic() - started_s >= 0.3
    reading = node.meter.read()
    assert reading.dropped > 0
    assert reading.frames - reading.dropped - reading.results in (0, 1)


def test_what_frames_go_before_is_done_after_each_until_the_next_is_due(ros, make, hub):
    node = make(frame_hub=hub, max_rate=0.001)
    hub.publish(TOPIC, frame(3))
    ros.until(lambda: node.rests)
    [(stamp_ns, published, left_s)] = node.rests
    assert (stamp_ns, published) == (3, 1)
    assert 900 < left_s <= 1000


def test_a_node_that_looks_at_all_it_can_has_no_time_left(ros, make, hub):
    node = make(frame_hub=hub)
    hub.publish(TOPIC, frame(3))
    ros.until(lambda: node.rests)
    assert node.rests[0][2] <= 0


def test_without_frames_the_node_warns_about_its_topic(make, hub, monkeypatch, ros):
    monkeypatch.setattr(analyzer_node, "NO_FRAMES_AFTER_S", 0.05)
    node = make(frame_hub=hub)
    ros.until(lambda: node.health().level is Level.WARN)
    assert node.health().message == "no frames on /image_raw; is the camera running?"
    hub.publish(TOPIC, frame(1))
    ros.until(lambda: node.published)


def test_ten_rounds_leave_no_thread_and_no_subscription(make, hub):
    node = make(frame_hub=hub)
    threads = threading.active_count()
    for _ in range(10):
        node.trigger_deactivate()
        node.trigger_cleanup()
        node.trigger_configure()
        node.trigger_activate()
    assert threading.active_count() == threads
    assert len(hub._subscribers[TOPIC]) == 1
