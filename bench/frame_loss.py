"""Frames a second that the object node answers while it makes heat-maps, and while it does not."""

from __future__ import annotations

import itertools
import os
import threading
import time
from pathlib import Path

import cv2
import rclpy
from edgeai_msgs.msg import Explanation
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from edgeai_core.types import Frame
from edgeai_perception.object_detector_node import ObjectDetectorNode
from edgeai_ros_common import qos
from edgeai_ros_common.frame_hub import FrameHub

_TOPIC = "/camera/image_raw"
_CAMERA_FPS = 25.0
_SECONDS, _TURNS, _WARM_UP_S = 12.0, 3, 3.0
_FRAMES = 120


def rates(clip: Path) -> dict[str, object]:
    """Return results per second with heat-maps one after the other, and without, in turns."""
    film = cv2.VideoCapture(str(clip))
    images = [read[1] for _ in range(_FRAMES) if (read := film.read())[0]]
    film.release()
    context = Context()
    rclpy.init(args=[], context=context, domain_id=214)
    try:
        turns = [
            (enabled, *_turn(context, images, enabled=enabled))
            for enabled in (False, True) * _TURNS
        ]
    finally:
        context.try_shutdown()
    plain = [rate for enabled, rate, _ in turns if not enabled]
    busy = [rate for enabled, rate, _ in turns if enabled]
    return {
        "node": "object_detector with its own model, 768 x 576 px, at most 10 results/s",
        "load": round(os.getloadavg()[0], 1),
        "results_per_s_without": plain,
        "results_per_s_with_one_map_after_the_other": busy,
        "maps": sum(maps for _, _, maps in turns),
        "lost_percent_of_the_means": round(100 * (1 - sum(busy) / sum(plain)), 1),
    }


def _turn(context: Context, images: list, *, enabled: bool) -> tuple[float, int]:
    hub = FrameHub()
    hub.offer(_TOPIC)
    parameters = {
        "explain.enabled": enabled,
        "explain.min_interval_s": 0.0,
        "explain.states": ["suspected", "confirmed", "entered", "left"],
        # Everybody who enters a picture that is one zone is an event.
        "watch.areas.zones": ["street: 0,0 1,0 1,1 0,1", "corner: 0,0 0.5,0 0.5,1 0,1"],
        "watch.areas.visit_labels": ["person"],
    }
    node = ObjectDetectorNode(
        node_name="object_detector",
        namespace="/camera",
        context=context,
        parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()],
        frame_hub=hub,
    )
    executor = SingleThreadedExecutor(context=context)
    listener = Node("listener", context=context, enable_rosout=False)
    maps: list[Explanation] = []
    listener.create_subscription(Explanation, "/camera/explanations", maps.append, qos.RESULTS)
    executor.add_node(node)
    executor.add_node(listener)
    stop = threading.Event()
    filming = threading.Thread(target=_film, args=(hub, images, stop), daemon=True)
    node.trigger_configure()
    node.trigger_activate()
    filming.start()
    try:
        _spin(executor, _WARM_UP_S)
        before, made, began_s = node.meter.read().results, len(maps), time.monotonic()
        _spin(executor, _SECONDS)
        spent_s = time.monotonic() - began_s
        return round((node.meter.read().results - before) / spent_s, 2), len(maps) - made
    finally:
        stop.set()
        filming.join()
        for one in (node, listener):
            executor.remove_node(one)
            one.destroy_node()
        executor.shutdown()


def _film(hub: FrameHub, images: list, stop: threading.Event) -> None:
    for number, image in enumerate(itertools.cycle(images)):
        if stop.wait(1 / _CAMERA_FPS):
            return
        hub.publish(_TOPIC, Frame(image=image, stamp_ns=time.time_ns(), sequence=number))


def _spin(executor: SingleThreadedExecutor, seconds: float) -> None:
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        executor.spin_once(timeout_sec=0.1)
