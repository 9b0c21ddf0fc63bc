"""Between people's joints and messages: each joint is a detection without a size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from vision_msgs.msg import Detection2DArray

from edgeai_core.geometry import Box
from edgeai_core.skeletons import JOINTS, Skeleton
from edgeai_core.types import Detection, Frame
from edgeai_ros_common.convert import detections_from_msg, detections_to_msg


def skeletons_to_msg(skeletons: Sequence[Skeleton], frame: Frame) -> Detection2DArray:
    """Return joints: `class_id` is the joint's name, `score` its visibility, `id` the track."""
    return detections_to_msg(
        tuple(
            Detection(
                label=name,
                score=min(max(skeleton.visibility[name], 0.0), 1.0),
                box=Box(x, y, x, y),
                track_id=skeleton.track_id,
            )
            for skeleton in skeletons
            for name, (x, y) in skeleton.joints_xy_px.items()
        ),
        frame,
    )


def skeletons_from_msg(message: Detection2DArray) -> tuple[Skeleton, ...]:
    """Return the skeletons of a message; what is no joint or nobody's is left out."""
    people: defaultdict[int, list[Detection]] = defaultdict(list)
    for joint in detections_from_msg(message):
        if joint.track_id is not None and joint.label in JOINTS:
            people[joint.track_id].append(joint)
    return tuple(
        Skeleton(
            track_id=track_id,
            joints_xy_px={joint.label: joint.box.center_px for joint in joints},
            visibility={joint.label: joint.score for joint in joints},
        )
        for track_id, joints in people.items()
    )
