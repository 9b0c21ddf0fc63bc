"""Bags of pictures: made of frames, and looked into."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

from edgeai_core.errors import BagError, FrameError
from edgeai_core.types import Frame
from edgeai_ros_common.bags.definitions import Definitions
from edgeai_ros_common.bags.lock_step import IMAGE_TYPE, stamp_of
from edgeai_ros_common.bags.player import open_bag
from edgeai_ros_common.bags.writing import BagWriter, Topic
from edgeai_ros_common.convert import frame_from_msg, image_to_msg


def write_pictures(
    path: Path, frames: Iterable[Frame], *, topic: str, definitions: Definitions
) -> int:
    """Write a new bag with one topic of pictures; return how many.

    They keep the order in which they are given, also where their stamps go back.

    Args:
        path: the bag's folder, which must not exist. frames: to write. topic: absolute.
        definitions: of the message types.

    Raises:
        BagError: the bag cannot be written.
    """
    heard_ns = 0
    with BagWriter(path, definitions=definitions) as writer:
        for frame in frames:
            # Readers sort by the time at which a message was heard.
            heard_ns = max(heard_ns + 1, frame.stamp_ns)
            writer.write(
                Topic(name=topic, type_name=IMAGE_TYPE),
                stamp_ns=heard_ns,
                data=bytes(serialize_message(image_to_msg(frame))),
            )
        return writer.messages


def picture_at(path: Path, at_s: float, *, topic: str) -> Frame | None:
    """Return the picture of a bag that is nearest to so many seconds after the first one's stamp.

    Returns:
        None where the topic has no picture.

    Raises:
        BagError: there is no readable bag, or the picture is none that we can read.
    """
    with closing(open_bag(path)) as reader:
        chosen = [c for c in reader.connections if (c.topic, c.msgtype) == (topic, IMAGE_TYPE)]
        if not chosen:
            return None
        first_ns: int | None = None
        best: tuple[float, bytes] | None = None
        for _, _, data in reader.messages(connections=chosen):
            stamp_ns = stamp_of(data)
            first_ns = stamp_ns if first_ns is None else first_ns
            away_s = abs((stamp_ns - first_ns) / 1e9 - at_s)
            if best is None or away_s < best[0]:
                best = (away_s, bytes(data))
    if best is None:
        return None
    try:
        return frame_from_msg(deserialize_message(best[1], Image))
    except FrameError as exc:
        raise BagError(f"bag {path}: {exc}") from exc
