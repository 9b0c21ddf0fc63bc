"""Images between processes: none is lost, and bad ones are counted and dropped."""

from __future__ import annotations

import array
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PEER = Path(__file__).with_name("image_peer.py")
PROFILE = ROOT / "src" / "edgeai_bringup" / "config" / "fastdds_shm.xml"
FRAMES = 90


def test_no_vga_frame_is_lost_between_processes_at_30_fps(isolated, record_property):
    pytest.importorskip("rclpy", reason="ROS is not there: run the tests by make test")
    assert PROFILE.is_file()
    environ = os.environ | {
        "FASTRTPS_DEFAULT_PROFILES_FILE": str(PROFILE),
        "FASTDDS_DEFAULT_PROFILES_FILE": str(PROFILE),
    }
    environ.pop("FASTDDS_BUILTIN_TRANSPORTS", None)

    def start(role):
        return subprocess.Popen(
            [sys.executable, str(PEER), role, str(FRAMES)],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    with ExitStack() as stack:
        receiver, sender = (stack.enter_context(start(role)) for role in ("receive", "send"))
        stack.callback(receiver.kill)
        stack.callback(sender.kill)
        said, complaints = receiver.communicate(timeout=60)
        _, further = sender.communicate(timeout=60)
    assert (complaints, further) == ("", "")
    assert (receiver.returncode, sender.returncode) == (0, 0)
    received = json.loads(said)
    latency_ms = statistics.median(received["latencies_ms"]) if received["latencies_ms"] else -1.0
    record_property("latency_p50_ms", round(latency_ms, 2))
    assert received["numbers"] == list(range(FRAMES)), (
        f"{len(received['numbers'])} of {FRAMES} frames came, median latency {latency_ms:.1f} ms"
    )


def image(width_px, height_px, encoding, data_bytes, *, step=None):
    """Return an image message that claims what it is told, with so many bytes of data."""
    from sensor_msgs.msg import Image

    return Image(
        width=width_px,
        height=height_px,
        encoding=encoding,
        step=3 * width_px if step is None else step,
        data=array.array("B", bytes(data_bytes)),
    )


@pytest.mark.demo
def test_unusable_images_are_counted_and_dropped_and_the_node_goes_on(isolated):
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node
    from rclpy.parameter import Parameter
    from sensor_msgs.msg import Image

    from edgeai_perception.object_detector_node import ObjectDetectorNode
    from edgeai_ros_common import qos
    from edgeai_ros_common.diagnostics import Level
    from edgeai_ros_common.running import spin, start_context

    bad = {
        "no size": image(0, 0, "bgr8", 0),
        "no data": image(640, 480, "bgr8", 0),
        "truncated": image(640, 480, "bgr8", 640 * 480 * 3 - 1),
        "huge and truncated": image(4000, 3000, "bgr8", 640 * 480 * 3),
        "larger than any camera": image(40_000, 30_000, "mono8", 1000, step=40_000),
        "step below a row": image(640, 480, "bgr8", 640 * 480 * 3, step=640),
        "depth": image(640, 480, "16UC1", 640 * 480 * 2, step=1280),
        "no encoding": image(640, 480, "", 640 * 480 * 3),
        "nonsense": image(640, 480, "rm -rf", 640 * 480 * 3),
    }
    good = {
        "huge": image(4000, 3000, "bgr8", 4000 * 3000 * 3),
        "grey": image(640, 480, "mono8", 640 * 480, step=640),
        "ordinary": image(640, 480, "bgr8", 640 * 480 * 3),
    }
    with ExitStack() as stack:
        context = start_context(["--ros-args", "--disable-stdout-logs"])
        stack.callback(context.try_shutdown)
        executor = SingleThreadedExecutor(context=context)
        stack.callback(executor.shutdown)
        node = ObjectDetectorNode(
            node_name="object_detector",
            context=context,
            parameter_overrides=[Parameter("inference.max_results_per_s", value=240.0)],
        )
        camera = Node("camera", context=context)
        for one in (node, camera):
            stack.callback(one.destroy_node)
            executor.add_node(one)
        publisher = camera.create_publisher(Image, "image_raw", qos.IMAGE_OFFERED)
        node.trigger_configure()
        node.trigger_activate()

        def spin_until(condition, what):
            deadline_s = time.monotonic() + 10
            spin(executor, until=lambda: condition() or time.monotonic() > deadline_s)
            assert condition(), what

        spin_until(lambda: publisher.get_subscription_count() == 1, "the node listens")
        for number, (name, message) in enumerate(bad.items(), 1):
            publisher.publish(message)
            spin_until(lambda n=number: node.meter.read().rejected == n, f"{name} is rejected")
        assert node.meter.read().results == 0
        for number, (name, message) in enumerate(good.items(), 1):
            publisher.publish(message)
            spin_until(lambda n=number: node.meter.read().results == n, f"{name} is looked at")
        reading = node.meter.read()
        assert (reading.rejected, reading.failures) == (len(bad), 0)
        assert node.health().level is Level.OK
        assert node.is_active
