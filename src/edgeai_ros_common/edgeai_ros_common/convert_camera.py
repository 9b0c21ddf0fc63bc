"""Between camera models, mounts and messages."""

from __future__ import annotations

from collections.abc import Sequence

from geometry_msgs.msg import Quaternion, TransformStamped, Vector3
from geometry_msgs.msg import Transform as TransformMsg
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

from edgeai_core.camera_model import CameraModel
from edgeai_core.camera_mount import Transform
from edgeai_ros_common.convert import time_to_msg


def camera_info_to_msg(model: CameraModel, header: Header) -> CameraInfo:
    """Return a camera model with the header of a picture."""
    return CameraInfo(
        header=header,
        height=int(model.height_px),
        width=int(model.width_px),
        distortion_model=model.distortion_model,
        d=[float(value) for value in model.distortion],
        k=[float(value) for value in model.camera_matrix],
        r=[float(value) for value in model.rectification],
        p=[float(value) for value in model.projection],
    )


def camera_info_from_msg(message: CameraInfo) -> CameraModel:
    """Return the camera model of a message.

    Raises:
        ValueError: it is not calibrated (fx is 0), or its numbers do not fit together.
    """
    return CameraModel(
        width_px=int(message.width),
        height_px=int(message.height),
        camera_matrix=tuple(float(value) for value in message.k),
        # Drivers leave it empty where there is no distortion.
        distortion_model=message.distortion_model or "plumb_bob",
        distortion=tuple(float(value) for value in message.d),
        rectification=tuple(float(value) for value in message.r),
        projection=tuple(float(value) for value in message.p),
    )


def transforms_to_msg(transforms: Sequence[Transform], *, stamp_ns: int) -> TFMessage:
    """Return transforms as one message, as /tf_static wants them from each node."""
    stamp = time_to_msg(stamp_ns)
    message = TFMessage()
    for entry in transforms:
        x, y, z = map(float, entry.translation_m)
        qx, qy, qz, qw = map(float, entry.rotation_xyzw)
        message.transforms.append(
            TransformStamped(
                header=Header(stamp=stamp, frame_id=entry.parent),
                child_frame_id=entry.child,
                transform=TransformMsg(
                    translation=Vector3(x=x, y=y, z=z),
                    rotation=Quaternion(x=qx, y=qy, z=qz, w=qw),
                ),
            )
        )
    return message
