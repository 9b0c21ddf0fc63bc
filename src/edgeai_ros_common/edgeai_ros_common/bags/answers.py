"""What a camera's analyzers answer to a replayed recording, always in the same order."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgeai_msgs.msg import (
    ActionEventArray,
    FaceMatchArray,
    HazardReport,
    ObjectEventArray,
    Sighting,
)
from rclpy.node import Node
from rclpy.qos import QoSProfile
from vision_msgs.msg import Detection2DArray

from edgeai_ros_common import qos
from edgeai_ros_common.bags.lock_step import LockStep
from edgeai_ros_common.convert import time_from_msg
from edgeai_ros_common.message_digest import canonical

#: Topic under the camera -> its type; in the order in which the answers to one picture are told.
TOPICS: Mapping[str, type[Any]] = {
    "faces": FaceMatchArray,
    "objects": Detection2DArray,
    "objects/events": ObjectEventArray,
    "objects/current": ObjectEventArray,
    "things": Sighting,
    "hazards": HazardReport,
    "hazards/detections": Detection2DArray,
    "actions": ActionEventArray,
    "actions/current": ActionEventArray,
}
_STATES = ("objects/current", "actions/current")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One message.

    Attributes:
        topic: a key of TOPICS. picture: number of the picture that it answers, from 0.
        stamp_ns: of its header. message: as it came.
    """

    topic: str
    picture: int
    stamp_ns: int
    message: Any


class Answers:
    """Listen to the results of one camera's analyzers.

    Args:
        node: subscribes; its owner spins it. camera: namespace. lock_step: knows which picture is
            being looked at.
    """

    def __init__(self, node: Node, *, camera: str, lock_step: LockStep) -> None:
        self._image_topic = f"/{camera}/image_raw"
        self._lock_step = lock_step
        self._heard: dict[str, list[Answer]] = {topic: [] for topic in TOPICS}
        for topic, message_type in TOPICS.items():
            node.create_subscription(
                message_type,
                f"/{camera}/{topic}",
                functools.partial(self._take, topic),
                _profile(topic),
            )

    def __len__(self) -> int:
        return sum(len(answers) for answers in self._heard.values())

    def ordered(self) -> list[Answer]:
        """Return everything by picture, then in the order of TOPICS."""
        # The sort is stable: messages of one topic stay in the order in which they were sent.
        answers = [answer for heard in self._heard.values() for answer in heard]
        return sorted(answers, key=lambda answer: answer.picture)

    def counts(self) -> dict[str, int]:
        """Return topic -> number of messages, for those that said anything."""
        return {topic: len(heard) for topic, heard in self._heard.items() if heard}

    def digests(self) -> dict[str, str]:
        """Return topic -> SHA-256 of every field of every message, for those that said anything."""
        result: dict[str, str] = {}
        for topic, heard in self._heard.items():
            if heard:
                digest = hashlib.sha256()
                for answer in heard:
                    digest.update(canonical(answer.message))
                result[topic] = digest.hexdigest()
        return result

    def _take(self, topic: str, message: Any) -> None:
        stamp_ns = time_from_msg(message.header.stamp)
        answer = Answer(
            topic=topic, picture=self._picture(stamp_ns), stamp_ns=stamp_ns, message=message
        )
        self._heard[topic].append(answer)

    def _picture(self, stamp_ns: int) -> int:
        """Return the newest picture with this stamp; stamps come again where a recording loops."""
        sent = self._lock_step.sent
        for number in range(len(sent) - 1, -1, -1):
            if sent[number] == (self._image_topic, stamp_ns):
                return number
        # About something that was seen earlier, as a thing that has left.
        return max(0, len(sent) - 1)


def _profile(topic: str) -> QoSProfile:
    if topic in _STATES:
        return qos.STATE
    return qos.ALERTS if topic == "things" else qos.RESULTS
