"""Pictures as JPEG messages, and back."""

from __future__ import annotations

import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage

from edgeai_core.errors import FrameError
from edgeai_core.types import Frame
from edgeai_ros_common.compressed_pictures import compressed_to_msg, frame_from_picture
from edgeai_ros_common.convert import image_to_msg


def ramp() -> Frame:
    rows = np.linspace(0, 255, 48, dtype=np.uint8)
    image = np.repeat(np.repeat(rows[:, None], 64, axis=1)[..., None], 3, axis=2)
    return Frame(image=np.ascontiguousarray(image), stamp_ns=12_000_000_034, frame_id="door")


def test_a_frame_comes_back_with_its_stamp_and_frame_and_nearly_its_pixels():
    frame = ramp()
    back = frame_from_picture(compressed_to_msg(frame, jpeg_quality=95))
    assert (back.stamp_ns, back.frame_id) == (12_000_000_034, "door")
    assert np.abs(back.image.astype(int) - frame.image).max() <= 8


def test_lower_quality_takes_less_room():
    best, worst = (compressed_to_msg(ramp(), jpeg_quality=quality) for quality in (95, 10))
    assert len(worst.data) < len(best.data)


def test_a_raw_picture_is_taken_too():
    frame = ramp()
    assert np.array_equal(frame_from_picture(image_to_msg(frame)).image, frame.image)


@pytest.mark.parametrize("data", [b"", b"no picture at all"])
def test_what_is_no_picture_is_refused_with_its_size(data):
    with pytest.raises(FrameError, match=f"compressed image: {len(data)} bytes"):
        frame_from_picture(CompressedImage(format="jpeg", data=data))
