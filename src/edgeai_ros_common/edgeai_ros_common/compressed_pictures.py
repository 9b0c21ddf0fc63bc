"""Pictures as JPEG for links that raw ones do not fit: `image_raw/compressed`."""

from __future__ import annotations

import array
from dataclasses import dataclass

import cv2
from rclpy.publisher import Publisher
from sensor_msgs.msg import CompressedImage

from edgeai_core.config import param
from edgeai_core.errors import FrameError
from edgeai_core.types import Frame
from edgeai_ros_common.convert import header_of

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


def publish_compressed(publisher: Publisher, frame: Frame, *, jpeg_quality: int) -> None:
    """Publish a frame as JPEG while somebody listens; encoding VGA takes a few milliseconds."""
    if publisher.get_subscription_count() > 0:
        publisher.publish(compressed_to_msg(frame, jpeg_quality=jpeg_quality))
