"""The pictures of a bag, without a graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from rclpy.serialization import deserialize_message
from rosbags.interfaces import Connection
from sensor_msgs.msg import CompressedImage, Image

from edgeai_core.errors import BagError, FrameError
from edgeai_core.types import Frame
from edgeai_ros_common.bags.player import open_bag
from edgeai_ros_common.compressed_pictures import frame_from_picture

_PICTURES = {"sensor_msgs/msg/Image": Image, "sensor_msgs/msg/CompressedImage": CompressedImage}


def is_bag(path: Path) -> bool:
    """Return whether a folder looks like a bag rather than pictures."""
    return (path / "metadata.yaml").is_file()


def bag_frames(path: Path, *, camera: str) -> Iterator[Frame]:
    """Yield the pictures of one camera of a bag in their order; broken ones are left out.

    Args:
        path: a bag's folder.
        camera: namespace; `image_raw` below it, or `image_raw/compressed` where that was recorded.
            A bag with pictures on one topic only needs no name.

    Raises:
        BagError: the bag cannot be read, or it is not clear which of its pictures are meant.
    """
    reader = open_bag(path)
    try:
        connection = _choose(path, reader.connections, camera)
        kind = _PICTURES[connection.msgtype]
        count = 0
        for _, _, data in reader.messages(connections=[connection]):
            message = deserialize_message(bytes(data), kind)
            try:
                frame = dataclasses.replace(frame_from_picture(message), sequence=count)
            except FrameError:
                continue
            yield frame
            count += 1
    finally:
        reader.close()


def _choose(path: Path, connections: Sequence[Connection], camera: str) -> Connection:
    pictures = {c.topic: c for c in connections if c.msgtype in _PICTURES}
    for name in (f"/{camera}/image_raw", f"/{camera}/image_raw/compressed"):
        if name in pictures:
            return pictures[name]
    if len(pictures) == 1:
        return next(iter(pictures.values()))
    listed = ", ".join(sorted(pictures)) or "none"
    raise BagError(
        f"bag {path}: no pictures of camera {camera!r}; expected /{camera}/image_raw, topics with "
        f"pictures: {listed}; name the camera with --camera"
    )
