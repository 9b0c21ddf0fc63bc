"""Pictures as JPEG for links that raw ones do not fit: `image_raw/compressed`."""

from __future__ import annotations

import array
from dataclasses import dataclass

import cv2
import numpy as np
from rclpy.publisher import Publisher
from sensor_msgs.msg import CompressedImage, Image

from edgeai_core.config import param
from edgeai_core.errors import FrameError
from edgeai_core.types import Frame
from edgeai_ros_common.convert import frame_from_msg, header_of, time_from_msg

# As compressed_image_transport writes it: what it was, how it is packed, what the packing holds.
_FORMAT = "bgr8; jpeg compressed bgr8"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedConfig:
    """Pictures on `image_raw/compressed`."""

    jpeg_quality: int = param(
        80, "Quality of the JPEG; lower takes less of the network.", minimum=10, maximum=100
    )


def compressed_to_msg(frame: Frame, *, jpeg_quality: int) -> CompressedImage:
    """Return a frame as a JPEG message with the frame's stamp and optical frame.

    Args:
        frame: BGR, uint8. jpeg_quality: 1..100.

    Raises:
        FrameError: OpenCV cannot encode it.
    """
    done, jpeg = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])
    if not done:
        raise FrameError(
            f"picture of {frame.width_px}x{frame.height_px} px: OpenCV cannot make a JPEG of it"
        )
    # As in image_to_msg: rclpy copies an array at once, a list byte by byte.
    data = array.array("B")
    data.frombytes(jpeg.tobytes())
    return CompressedImage(header=header_of(frame), format=_FORMAT, data=data)


def frame_from_picture(message: Image | CompressedImage) -> Frame:
    """Return the frame of a picture, raw or compressed.

    Raises:
        FrameError: a raw one does not fit together, or a compressed one cannot be read.
    """
    if isinstance(message, Image):
        return frame_from_msg(message)
    packed = np.frombuffer(message.data, np.uint8)
    try:
        image = cv2.imdecode(packed, cv2.IMREAD_COLOR) if packed.size else None
    except cv2.error as exc:
        raise FrameError(f"compressed image: {' '.join(str(exc).split())}") from exc
    if image is None:
        raise FrameError(
            f"compressed image: {packed.size} bytes of format {message.format!r} are no picture "
            "that OpenCV reads; expected a JPEG or PNG"
        )
    try:
        return Frame(
            image=np.asarray(image, np.uint8),
            stamp_ns=time_from_msg(message.header.stamp),
            frame_id=message.header.frame_id,
        )
    except ValueError as exc:
        raise FrameError(f"compressed image: {exc}") from exc


def publish_compressed(publisher: Publisher, frame: Frame, *, jpeg_quality: int) -> None:
    """Publish a frame as JPEG while somebody listens; encoding VGA takes a few milliseconds."""
    if publisher.get_subscription_count() > 0:
        publisher.publish(compressed_to_msg(frame, jpeg_quality=jpeg_quality))
