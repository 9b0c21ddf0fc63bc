"""What analyzers answered, as happenings."""

from __future__ import annotations

import numpy as np
import pytest
from std_msgs.msg import Header

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.geometry import Box
from edgeai_core.object_events import EventKind, ObjectEvent, ObjectState
from edgeai_core.regression.happenings import Kind
from edgeai_core.types import Detection, FaceMatch, Frame, HazardReport, HazardState
from edgeai_ros_common.bags.answers import Answer, Answers
from edgeai_ros_common.bags.lock_step import LockStep
from edgeai_ros_common.convert import detections_to_msg, faces_to_msg, header_of
from edgeai_ros_common.convert_actions import actions_to_msg
from edgeai_ros_common.convert_events import events_to_msg
from edgeai_ros_common.convert_happenings import happenings_of
from edgeai_ros_common.convert_hazards import hazard_to_msg

S = 1_000_000_000
BEGIN_NS = 1_700_000_000 * S
BOX, LARGE = Box(0, 0, 4, 4), Box(0, 0, 8, 8)


def frame(at_s: float) -> Frame:
    return Frame(image=np.zeros((9, 9, 3), np.uint8), stamp_ns=BEGIN_NS + round(at_s * S))


def answer(topic: str, at_s: float, message: object, picture: int = 0) -> Answer:
    return Answer(topic=topic, picture=picture, stamp_ns=frame(at_s).stamp_ns, message=message)


def objects(at_s: float, *found: tuple[str, int, float]) -> Answer:
    seen = tuple(Detection(label=n, score=s, box=BOX, track_id=t) for n, t, s in found)
    return answer("objects", at_s, detections_to_msg(seen, frame(at_s)))


def hazard(at_s: float, state: HazardState, **values: object) -> Answer:
    report = HazardReport(state=state, since_ns=BEGIN_NS, reason="why", **values)
    return answer("hazards", at_s, hazard_to_msg(report, frame(at_s)))


def told(*answers: Answer) -> list[tuple[Kind, str, int, list[float]]]:
    return [
        (h.kind, h.label, h.track, [m.at_s for m in h.moments])
        for h in happenings_of(answers, begin_ns=BEGIN_NS)
    ]


def test_objects_and_faces_are_followed_by_identity_and_name():
    def face(at_s: float, name: str) -> Answer:
        match = FaceMatch(
            box=BOX, detection_score=0.75, track_id=3, person_id=name.lower(), person_name=name
        )
        return answer("faces", at_s, faces_to_msg((match,), frame(at_s)))

    assert told(
        face(0.0, ""),
        objects(0.0, ("car", 1, 0.5), ("car", 2, 0.25)),
        face(0.5, "Ada"),
        objects(0.5, ("car", 1, 0.5)),
    ) == [
        (Kind.FACE, "unknown", 3, [0.0]),
        (Kind.OBJECT, "car", 1, [0.0, 0.5]),
        (Kind.OBJECT, "car", 2, [0.0]),
        (Kind.FACE, "Ada", 3, [0.5]),
    ]


def test_a_stamp_that_goes_back_begins_another_happening_of_the_same_identity():
    assert told(objects(1.0, ("car", 1, 0.5)), objects(0.5, ("car", 1, 0.5))) == [
        (Kind.OBJECT, "car", 1, [1.0]),
        (Kind.OBJECT, "car", 1, [0.5]),
    ]


def test_a_hazard_happens_when_its_state_changes():
    region = Detection(label="flame", score=0.5, box=BOX)
    seen = happenings_of(
        [
            hazard(0.0, HazardState.NONE),
            hazard(0.5, HazardState.START_FIRE, start_fire_score=0.75, regions=(region,)),
            hazard(1.0, HazardState.START_FIRE),
            hazard(1.5, HazardState.FIRE, fire_score=0.5),
            hazard(2.0, HazardState.CLEARED),
        ],
        begin_ns=BEGIN_NS,
    )
    assert [(h.label, h.first.at_s, h.first.score, h.first.box) for h in seen] == [
        ("start_fire", 0.5, 0.75, BOX),
        ("fire", 1.5, 0.5, None),
        ("cleared", 2.0, 0.0, None),
    ]
    assert seen[0].reason == "why"


def test_events_are_one_each():
    bag = ObjectEvent(
        kind=EventKind.BAG,
        state=ObjectState.ABANDONED,
        incident=1,
        label="backpack",
        track_id=4,
        box=BOX,
        since_ns=BEGIN_NS,
        stamp_ns=BEGIN_NS,
        score=0.5,
        reason="alone",
    )
    fall = ActionEvent(
        action=Action.FALL,
        incident=1,
        probability=0.5,
        track_ids=(6,),
        box=LARGE,
        start_ns=BEGIN_NS,
        end_ns=BEGIN_NS,
        stamp_ns=BEGIN_NS,
        reason="fell",
    )
    header: Header = header_of(frame(0.0))
    assert told(
        answer("objects/events", 0.0, events_to_msg((bag,), header)),
        answer("actions", 0.0, actions_to_msg((fall, fall), header)),
        answer("actions/current", 0.0, actions_to_msg((fall,), header)),
    ) == [
        (Kind.OBJECT_EVENT, "bag.abandoned", 4, [0.0]),
        (Kind.ACTION, "fall", 6, [0.0]),
        (Kind.ACTION, "fall", 6, [0.0]),
    ]


@pytest.fixture
def listening(ros):
    node = ros.listener()
    step = LockStep(node, spin=lambda until: None)
    return Answers(node, camera="door", lock_step=step), step


def test_answers_are_ordered_by_picture_and_topic_whenever_they_come(listening):
    answers, step = listening
    for at_s in (0.0, 0.5, 0.0):  # the recording begins again
        step.sending("/door/image_raw", frame(at_s).stamp_ns)
        step.sending("/other/image_raw", frame(at_s).stamp_ns)
        if at_s == 0.5:
            answers._take("hazards", hazard(0.0, HazardState.NONE).message)
            answers._take("objects", objects(0.0).message)
    answers._take("objects", objects(0.0).message)
    answers._take("objects", objects(0.5).message)
    assert [(a.topic, a.picture) for a in answers.ordered()] == [
        ("objects", 0),
        ("hazards", 0),
        ("objects", 2),
        ("objects", 4),
    ]
    assert answers.counts() == {"objects": 3, "hazards": 1}
    assert answers.digests()["hazards"] != answers.digests()["objects"]
