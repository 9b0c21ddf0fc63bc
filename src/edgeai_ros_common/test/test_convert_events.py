"""Events of tracked objects and sightings keep what they say on their way through messages."""

from __future__ import annotations

import dataclasses

import pytest
from edgeai_msgs.msg import ObjectEvent as ObjectEventMsg
from edgeai_msgs.msg import ObjectEventArray
from edgeai_msgs.msg import Sighting as SightingMsg
from std_msgs.msg import Header

from edgeai_core.analyzers.objects.sightings import Sighting
from edgeai_core.geometry import Box
from edgeai_core.object_events import STATES, ObjectEvent
from edgeai_ros_common.convert import time_to_msg
from edgeai_ros_common.convert_events import events_from_msg, events_to_msg
from edgeai_ros_common.convert_sightings import sighting_from_msg, sighting_to_msg

STAMP_NS = 1_700_000_000_123_456_789
HEADER = Header(stamp=time_to_msg(STAMP_NS), frame_id="entrance_optical_frame")


def test_every_kind_and_state_of_an_event_comes_back():
    events = tuple(
        ObjectEvent(
            kind=kind,
            state=state,
            incident=7,
            label="suitcase",
            track_id=3,
            owner_track_id=owner,
            zone="gate",
            box=Box(10.0, 20.0, 30.0, 60.0),
            since_ns=STAMP_NS - 5,
            stamp_ns=STAMP_NS,
            score=0.5,
            reason="alone for 12 s",
        )
        for kind, states in STATES.items()
        for state in states
        for owner in (None, 9)
    )
    message = events_to_msg(events, HEADER)
    assert message.header.frame_id == "entrance_optical_frame"
    assert events_from_msg(message) == events


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"kind": 9}, "is the sender a newer version"),
        ({"kind": ObjectEventMsg.WEAPON, "state": ObjectEventMsg.LEFT}, "weapon cannot be left"),
        ({"score": 1.5}, "score must be in 0..1"),
    ],
)
def test_an_event_that_contradicts_itself_is_refused(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        events_from_msg(ObjectEventArray(events=[ObjectEventMsg(**values)]))


def test_a_sighting_comes_back_with_its_picture():
    sighting = Sighting(
        thing="keys",
        stamp_ns=STAMP_NS,
        box=Box(10.0, 20.0, 30.0, 60.0),
        score=0.5,
        place="shelf, beside the laptop",
        in_view=True,
        snapshot_jpeg=bytes(range(256)),
        camera="hall",
    )
    message = sighting_to_msg(sighting, frame_id="hall_optical_frame")
    assert (message.header.frame_id, message.snapshot.format) == ("hall_optical_frame", "jpeg")
    assert dataclasses.asdict(sighting_from_msg(message)) == dataclasses.asdict(sighting)


def test_a_sighting_of_nothing_is_refused():
    with pytest.raises(ValueError, match="expected a name and a score"):
        sighting_from_msg(SightingMsg())
