"""Frames as compressed image messages."""

from __future__ import annotations

import array

import cv2
from sensor_msgs.msg import CompressedImage

from edgeai_core.errors import FrameError
from edgeai_core.types import Frame
from edgeai_ros_common.convert import header_of

# As image_transport's plug-in names it: the pixels before, the file, the pixels in it.
_FORMAT = "bgr8; jpeg compressed bgr8"


def compressed_to_msg(frame: Frame, *, jpeg_quality: int) -> CompressedImage:
    """Return a frame as a JPEG image message.

    Args:
        jpeg_quality: 1..100.

    Raises:
        FrameError: OpenCV cannot compress it.
    """
    done, encoded = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality])
    if not done:
        raise FrameError(f"image: {frame.width_px}x{frame.height_px} px cannot be compressed")
    data = array.array("B")
    data.frombytes(encoded.data)
    return CompressedImage(header=header_of(frame), format=_FORMAT, data=data)
