"""One end of the image path between processes: `send` or `receive` FRAMES VGA pictures.

Both use the product's own conversion and QoS. The receiver says when it is connected, because at
best effort what is sent before that is nobody's. It prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Empty

from edgeai_core.types import Frame
from edgeai_ros_common import qos
from edgeai_ros_common.convert import frame_from_msg, image_to_msg
from edgeai_ros_common.running import spin, start_context

FPS = 30.0
CONNECT_TIMEOUT_S = 20.0
SILENCE_S = 2.0


def picture(number: int) -> np.ndarray:
    """Return a noisy (480, 640, 3) uint8 picture that carries its number in its first pixel."""
    image = np.random.default_rng(number).integers(0, 256, (480, 640, 3), np.uint8)
    image[0, 0] = (number % 256, number // 256, 0)
    return image


def send(node: Node, executor: SingleThreadedExecutor, count: int) -> None:
    """Send so many pictures at 30 per second once somebody has said to be ready."""
    ready: list[Empty] = []
    node.create_subscription(Empty, "/ready", ready.append, qos.STATE)
    publisher = node.create_publisher(Image, "/camera/image_raw", qos.IMAGE_OFFERED)
    pictures = [picture(number) for number in range(count)]
    deadline_s = time.monotonic() + CONNECT_TIMEOUT_S
    spin(executor, until=lambda: bool(ready) or time.monotonic() > deadline_s)
    begin_s = time.monotonic()
    for number, image in enumerate(pictures):
        time.sleep(max(0.0, begin_s + number / FPS - time.monotonic()))
        frame = Frame(image=image, stamp_ns=time.time_ns(), sequence=number)
        publisher.publish(image_to_msg(frame))
    end_s = time.monotonic() + SILENCE_S
    spin(executor, until=lambda: time.monotonic() > end_s)


def receive(node: Node, executor: SingleThreadedExecutor, count: int) -> None:
    """Receive until all came or nothing comes any more; print numbers and latencies."""
    numbers: list[int] = []
    latencies_ms: list[float] = []
    heard_s = time.monotonic() + CONNECT_TIMEOUT_S

    def take(message: Image) -> None:
        nonlocal heard_s
        frame = frame_from_msg(message)
        latencies_ms.append((time.time_ns() - frame.stamp_ns) / 1e6)
        low, high, _ = frame.image[0, 0]
        numbers.append(int(low) + 256 * int(high))
        heard_s = time.monotonic()

    node.create_subscription(Image, "/camera/image_raw", take, qos.IMAGE_WANTED)
    publisher = node.create_publisher(Empty, "/ready", qos.STATE)
    spin(
        executor,
        until=lambda: (
            bool(node.count_publishers("/camera/image_raw")) or time.monotonic() > heard_s
        ),
    )
    publisher.publish(Empty())
    spin(
        executor,
        until=lambda: len(numbers) >= count or time.monotonic() > heard_s + SILENCE_S,
    )
    print(json.dumps({"numbers": numbers, "latencies_ms": latencies_ms}))


def main() -> None:
    """Run one end."""
    role, count = sys.argv[1], int(sys.argv[2])
    context = start_context([])
    node = Node(f"image_{role}", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        {"send": send, "receive": receive}[role](node, executor, count)
    finally:
        node.destroy_node()
        executor.shutdown()
        context.try_shutdown()


if __name__ == "__main__":
    main()
