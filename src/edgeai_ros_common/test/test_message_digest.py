"""Messages as bytes: equal exactly when all fields are."""

from __future__ import annotations

import array
import math

import pytest
from builtin_interfaces.msg import Time
from edgeai_msgs.msg import FaceMatch, HazardReport
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from edgeai_ros_common.message_digest import canonical


def test_equal_messages_give_equal_bytes_also_with_nan():
    first, second = FaceMatch(distance=math.nan), FaceMatch(distance=math.nan)
    assert first != second
    assert canonical(first) == canonical(second)


@pytest.mark.parametrize(
    "change",
    [
        {"state": 2},
        {"fire_score": 0.1},
        {"reason": "smoke"},
        {"since": Time(nanosec=1)},
        {"unattended": ["a"]},
        {"unattended": ["a", ""]},
        {"header": Header(frame_id="x")},
    ],
)
def test_every_field_counts(change):
    assert canonical(HazardReport(**change)) != canonical(HazardReport())


def test_what_is_beside_each_other_is_kept_apart():
    assert canonical(HazardReport(unattended=["ab", "c"])) != canonical(
        HazardReport(unattended=["a", "bc"])
    )
    assert canonical(0.0) != canonical(-0.0)
    assert canonical(True) != canonical(1)


def test_data_of_a_picture_counts():
    first = Image(data=array.array("B", [1, 2]))
    assert canonical(first) == canonical(Image(data=array.array("B", [1, 2])))
    assert canonical(first) != canonical(Image(data=array.array("B", [2, 1])))


def test_what_no_message_holds_is_refused():
    with pytest.raises(TypeError, match="got object, expected what ROS messages hold"):
        canonical(object())
