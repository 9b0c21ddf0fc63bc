"""Events of people's movements keep what they say on their way through messages."""

from __future__ import annotations

import pytest
from edgeai_msgs.msg import ActionEvent as ActionEventMsg
from edgeai_msgs.msg import ActionEventArray
from std_msgs.msg import Header

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.geometry import Box
from edgeai_ros_common.convert import time_to_msg
from edgeai_ros_common.convert_actions import actions_from_msg, actions_to_msg

STAMP_NS = 1_700_000_000_123_456_789


def test_every_action_comes_back_with_all_that_is_known_of_it():
    events = tuple(
        ActionEvent(
            action=action,
            incident=7,
            probability=0.75,
            track_ids=tracks,
            box=Box(10.0, 20.0, 30.0, 60.0),
            start_ns=STAMP_NS - 9,
            end_ns=STAMP_NS - 5,
            stamp_ns=STAMP_NS,
            reason="the head came down by 0.6 body heights",
        )
        for action in Action
        for tracks in ((), (3, 9))
    )
    header = Header(stamp=time_to_msg(STAMP_NS), frame_id="hall_optical_frame")
    message = actions_to_msg(events, header)
    assert message.header.frame_id == "hall_optical_frame"
    assert actions_from_msg(message) == events


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"action": 99}, "is the sender a newer version"),
        ({"action": ActionEventMsg.UNKNOWN}, "got action 0"),
        ({"action": ActionEventMsg.FALL, "probability": 1.5}, r"expected 0\.\.1"),
    ],
)
def test_an_event_that_contradicts_itself_is_refused(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        actions_from_msg(ActionEventArray(events=[ActionEventMsg(**values)]))
