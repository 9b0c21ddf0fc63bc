"""Between sightings of things and messages."""

from __future__ import annotations

import array

from edgeai_msgs.msg import Sighting as SightingMsg
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from edgeai_core.analyzers.objects.sightings import Sighting
from edgeai_ros_common.convert import box_from_msg, box_to_msg, time_from_msg, time_to_msg


def sighting_to_msg(sighting: Sighting, *, frame_id: str = "") -> SightingMsg:
    """Return a sighting as a message; `frame_id` is the camera's optical frame."""
    header = Header(stamp=time_to_msg(sighting.stamp_ns), frame_id=frame_id)
    return SightingMsg(
        header=header,
        thing=sighting.thing,
        camera=sighting.camera,
        place=sighting.place,
        score=float(sighting.score),
        bbox=box_to_msg(sighting.box),
        in_view=bool(sighting.in_view),
        snapshot=CompressedImage(
            header=header,
            format="jpeg" if sighting.snapshot_jpeg else "",
            data=array.array("B", sighting.snapshot_jpeg),
        ),
    )


def sighting_from_msg(message: SightingMsg) -> Sighting:
    """Return a sighting message as the core's type.

    Raises:
        ValueError: it names no thing or its score is outside of 0..1.
    """
    if not message.thing or not 0.0 <= message.score <= 1.0:
        raise ValueError(
            f"sighting: got thing {message.thing!r} with score {message.score:g}, expected a name "
            "and a score in 0..1"
        )
    return Sighting(
        thing=message.thing,
        camera=message.camera,
        stamp_ns=time_from_msg(message.header.stamp),
        place=message.place,
        score=float(message.score),
        box=box_from_msg(message.bbox),
        in_view=bool(message.in_view),
        snapshot_jpeg=bytes(message.snapshot.data),
    )
