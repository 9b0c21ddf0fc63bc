"""Between core types and messages: exact pixels, headers kept, bad images refused."""

from __future__ import annotations

import array
import math
from datetime import datetime, time

import cv2
import numpy as np
import pytest
from edgeai_msgs.msg import FaceMatch as FaceMatchMsg
from edgeai_msgs.msg import FaceMatchArray
from edgeai_msgs.msg import HazardReport as HazardReportMsg
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose

from edgeai_core.errors import FrameError
from edgeai_core.geometry import Box
from edgeai_core.types import (
    Alert,
    AlertEvent,
    AlertState,
    AuthState,
    Detection,
    FaceMatch,
    Frame,
    HazardReport,
    HazardState,
    Instruction,
    Liveness,
    SessionState,
    Severity,
)
from edgeai_ros_common import convert, convert_hazards

STAMP_NS = 1_700_000_000_123_456_789
PIXELS = np.random.default_rng(1).integers(0, 256, (4, 6, 3), np.uint8)


def frame(image: np.ndarray = PIXELS) -> Frame:
    return Frame(image=image, stamp_ns=STAMP_NS, frame_id="door_optical_frame", sequence=3)


def message(image: np.ndarray, encoding: str, *, padding: int = 0) -> Image:
    height, width = image.shape[:2]
    rows = np.ascontiguousarray(image).reshape(height, -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=99)
    result = Image(height=height, width=width, encoding=encoding, step=rows.shape[1])
    result.data = array.array("B", rows.tobytes())
    result.header.stamp = convert.time_to_msg(STAMP_NS)
    result.header.frame_id = "door_optical_frame"
    return result


@pytest.mark.parametrize("stamp_ns", [0, 1, 999_999_999, 1_000_000_000, STAMP_NS, -1])
def test_times_come_back_to_the_nanosecond(stamp_ns):
    assert convert.time_from_msg(convert.time_to_msg(stamp_ns)) == stamp_ns


def test_an_image_comes_back_with_its_header():
    sent = convert.image_to_msg(frame())
    assert (sent.encoding, sent.width, sent.height, sent.step) == ("bgr8", 6, 4, 18)
    assert sent.is_bigendian == 0
    got = convert.frame_from_msg(sent, sequence=8)
    assert np.array_equal(got.image, PIXELS)
    assert (got.stamp_ns, got.frame_id, got.sequence) == (STAMP_NS, "door_optical_frame", 8)


def test_a_view_into_a_larger_picture_is_sent_packed():
    large = np.random.default_rng(2).integers(0, 256, (10, 12, 3), np.uint8)
    view = large[2:6, 3:9]
    assert np.array_equal(convert.frame_from_msg(convert.image_to_msg(frame(view))).image, view)


def test_a_packed_bgr_image_is_not_copied():
    sent = convert.image_to_msg(frame())
    got = convert.frame_from_msg(sent)
    sent.data[0] ^= 0xFF
    assert got.image[0, 0, 0] == PIXELS[0, 0, 0] ^ 0xFF


GREY = PIXELS[:, :, :1]
ALPHA = np.full((4, 6, 1), 17, np.uint8)


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize(
    ("encoding", "pixels", "expected"),
    [
        ("bgr8", PIXELS, PIXELS),
        ("8UC3", PIXELS, PIXELS),
        ("rgb8", PIXELS[:, :, ::-1], PIXELS),
        ("bgra8", np.concatenate([PIXELS, ALPHA], 2), PIXELS),
        ("rgba8", np.concatenate([PIXELS[:, :, ::-1], ALPHA], 2), PIXELS),
        ("mono8", GREY, np.repeat(GREY, 3, axis=2)),
    ],
)
def test_every_encoding_becomes_bgr_also_with_padded_rows(encoding, pixels, expected, padding):
    got = convert.frame_from_msg(message(pixels, encoding, padding=padding)).image
    assert np.array_equal(got, expected)
    assert got.flags.c_contiguous
    assert got.dtype == np.uint8


@pytest.mark.parametrize("padding", [0, 6])
def test_yuyv_becomes_bgr(padding):
    # Y0 U Y1 V of a grey pair: no colour, luma 126 of 16..235 is 128 of 0..255.
    pair = np.array([[[126, 128], [126, 128]]], np.uint8)
    got = convert.frame_from_msg(message(pair, "yuv422_yuy2", padding=padding)).image
    assert got.shape == (1, 2, 3)
    assert np.abs(got.astype(int) - 128).max() <= 1


def test_an_odd_width_of_yuyv_is_a_bad_frame_and_no_failure_of_the_analysis():
    with pytest.raises(FrameError, match="even width"):
        convert.frame_from_msg(message(np.zeros((2, 3, 2), np.uint8), "yuv422_yuy2"))


@pytest.mark.parametrize("encoding", ["", "bgr16", "mono16", "32FC1", "bayer_rggb8", "BGR8"])
def test_other_encodings_are_refused_with_those_that_work(encoding):
    with pytest.raises(FrameError, match="use one of bgr8, rgb8"):
        convert.frame_from_msg(message(PIXELS, encoding))


@pytest.mark.parametrize(
    "values",
    [
        {"width": 0},
        {"height": 0},
        {"width": 16385},
        {"height": 2**32 - 1},
        {"step": 17},
        {"step": 0},
        {"step": 2**32 - 1},
        {"data": array.array("B")},
        {"data": array.array("B", bytes(4 * 18 - 1))},
    ],
    ids=str,
)
def test_sizes_that_contradict_each_other_are_refused(values):
    broken = message(PIXELS, "bgr8")
    for name, value in values.items():
        setattr(broken, name, value)
    with pytest.raises(FrameError, match="image: got "):
        convert.frame_from_msg(broken)


def test_a_huge_claim_costs_no_memory():
    broken = message(PIXELS, "bgr8")
    broken.width = broken.height = 16384
    broken.step = 16384 * 3
    with pytest.raises(FrameError, match="got 72 bytes"):
        convert.frame_from_msg(broken)


def test_more_data_than_needed_is_ignored():
    longer = message(PIXELS, "bgr8")
    longer.data.extend(b"rest")
    assert np.array_equal(convert.frame_from_msg(longer).image, PIXELS)


def test_a_box_goes_as_centre_and_size():
    box = Box(10, 20, 40, 60)
    sent = convert.box_to_msg(box)
    assert (sent.center.position.x, sent.center.position.y) == (25, 40)
    assert (sent.size_x, sent.size_y) == (30, 40)
    assert convert.box_from_msg(sent) == box


def test_detections_come_back_with_tracks_and_the_header_of_the_frame():
    found = (
        Detection(label="cat", score=0.5, box=Box(0, 0, 2, 2), track_id=7),
        Detection(label="dog", score=1.0, box=Box(1, 1, 3, 3)),
    )
    sent = convert.detections_to_msg(found, frame())
    assert convert.time_from_msg(sent.header.stamp) == STAMP_NS
    assert sent.detections[0].header == sent.header
    assert sent.header.frame_id == "door_optical_frame"
    assert [entry.id for entry in sent.detections] == ["7", ""]
    assert convert.detections_from_msg(sent) == found


def hypothesis(label: str, score: float) -> ObjectHypothesisWithPose:
    result = ObjectHypothesisWithPose()
    result.hypothesis.class_id, result.hypothesis.score = label, score
    return result


def test_of_several_hypotheses_the_best_counts_and_none_is_no_detection():
    foreign = Detection2DArray(
        detections=[
            Detection2D(results=[hypothesis("a", 0.2), hypothesis("b", 7.0)], id="x1"),
            Detection2D(),
        ]
    )
    (got,) = convert.detections_from_msg(foreign)
    assert (got.label, got.score, got.track_id) == ("b", 1.0, None)


def test_faces_come_back_also_with_nan_and_infinity():
    known = FaceMatch(
        box=Box(0, 0, 64, 64),
        detection_score=0.5,
        track_id=4,
        person_id="p",
        person_name="Ada",
        distance=0.25,
        margin=math.inf,
        permitted=True,
        authorised=True,
        liveness=Liveness.LIVE,
        liveness_score=0.75,
        instruction=Instruction.TURN_LEFT,
        agreeing_frames=5,
    )
    unknown = FaceMatch(box=Box(1, 1, 2, 2), detection_score=1.0, rejection="too small")
    sent = convert.faces_to_msg((known, unknown), frame())
    assert (sent.image_width, sent.image_height) == (6, 4)
    assert convert.time_from_msg(sent.header.stamp) == STAMP_NS
    got_known, got_unknown = convert.faces_from_msg(sent)
    assert got_known == known
    assert math.isnan(got_unknown.distance)
    assert math.isnan(got_unknown.margin)
    assert math.isnan(got_unknown.liveness_score)
    assert (got_unknown.track_id, got_unknown.rejection) == (None, "too small")


@pytest.mark.parametrize(
    "values",
    [
        {"permitted": True},
        {"person_id": "ada", "authorised": True},
        {"instruction": 9},
        {
            "person_id": "ada",
            "permitted": True,
            "authorised": True,
            "liveness": FaceMatchMsg.LIVENESS_SPOOF,
        },
        {"detection_score": 1.5},
        {"detection_score": math.nan},
        {"liveness": 9},
    ],
    ids=str,
)
def test_a_face_that_contradicts_itself_never_reaches_the_session(values):
    with pytest.raises(ValueError):  # noqa: PT011 - the kind is the contract, the texts differ
        convert.faces_from_msg(FaceMatchArray(matches=[FaceMatchMsg(**values)]))


def test_a_face_with_a_box_of_nan_never_reaches_the_session():
    match = FaceMatchMsg()
    match.bbox.size_x = math.nan
    with pytest.raises(ValueError, match="finite"):
        convert.faces_from_msg(FaceMatchArray(matches=[match]))


def test_the_access_state_comes_back():
    state = AuthState(
        state=SessionState.ACTIVE,
        person_id="p",
        person_name="Ada",
        reason="recognised",
        nonce=2**64 - 1,
        issued_ns=STAMP_NS,
        expires_ns=STAMP_NS + 5_000_000_000,
        armed=("object_detector",),
        permissions=("acknowledge", "operate"),
    )
    assert convert.auth_state_from_msg(convert.auth_state_to_msg(state)) == state


def test_an_access_state_that_does_not_exist_is_refused():
    sent = convert.auth_state_to_msg(AuthState(state=SessionState.LOCKED))
    sent.state = 9
    with pytest.raises(ValueError, match="9"):
        convert.auth_state_from_msg(sent)


@pytest.mark.parametrize(("score", "sent"), [(0.5, 0.5), (math.nan, None), (math.inf, None)])
def test_an_alert_goes_with_all_its_fields(score, sent):
    event = AlertEvent(
        category="unknown_face",
        severity=Severity.WARNING,
        title="Unknown face",
        reason="seen for 3 s",
        source="face_authenticator",
        subject="track 4",
        camera="door",
        stamp_ns=STAMP_NS,
        score=score,
        zone="porch",
    )
    alert = Alert(
        alert_id="a" * 32,
        event=event,
        raised_ns=STAMP_NS - 5,
        count=3,
        state=AlertState.ACKNOWLEDGED,
        acknowledged_by="Ada",
        evidence=("snapshot", "clip"),
    )
    got = convert.alert_to_msg(alert)
    assert (got.zone, got.state, got.acknowledged_by) == ("porch", got.ACKNOWLEDGED, "Ada")
    assert got.evidence == ["snapshot", "clip"]
    assert (got.alert_id, got.category, got.severity) == ("a" * 32, "unknown_face", 1)
    assert (got.title, got.reason, got.source) == (event.title, event.reason, event.source)
    assert (got.camera, got.subject, got.count) == ("door", "track 4", 3)
    assert convert.time_from_msg(got.header.stamp) == STAMP_NS
    assert convert.time_from_msg(got.raised_at) == STAMP_NS - 5
    assert math.isnan(got.score) if sent is None else got.score == sent


def hazard(**values) -> HazardReport:
    given = {
        "state": HazardState.START_FIRE,
        "start_fire_score": 0.5,
        "fire_score": 0.25,
        "flame_score": 0.75,
        "smoke_score": 0.125,
        "regions": (Detection(label="flame", score=0.5, box=Box(1, 2, 5, 4)),),
        "since_ns": STAMP_NS - 7,
        "reason": "4 of the last 6 rounds show fire",
        "unattended": ("stove",),
    }
    return HazardReport(**given | values)


@pytest.mark.parametrize("state", list(HazardState))
def test_a_hazard_report_comes_back_as_it_was(state):
    report = hazard(state=state)
    message = convert_hazards.hazard_to_msg(report, frame())
    assert convert.time_from_msg(message.header.stamp) == STAMP_NS
    assert message.header.frame_id == "door_optical_frame"
    assert message.regions[0].header == message.header
    assert convert_hazards.hazard_from_msg(message) == report


def test_a_hazard_report_with_a_state_that_does_not_exist_is_refused():
    message = convert_hazards.hazard_to_msg(hazard(), frame())
    message.state = 9
    with pytest.raises(ValueError, match="9 is not a valid HazardState"):
        convert_hazards.hazard_from_msg(message)


def test_the_states_of_a_hazard_have_the_numbers_of_the_message():
    for state in HazardState:
        assert getattr(HazardReportMsg, state.name) == state.value


def test_the_table_of_encodings_names_conversions_that_exist():
    for channels, conversion in convert._ENCODINGS.values():
        if conversion is not None:
            converted = cv2.cvtColor(np.zeros((2, 2, channels), np.uint8), conversion)
            assert converted.shape == (2, 2, 3)


@pytest.mark.parametrize(
    "number", [int, np.float32, np.float64, np.int64], ids=lambda n: n.__name__
)
def test_numbers_of_any_type_can_be_sent(number):
    # Without a conversion the first of these would not raise: it would end the process.
    box = Box(*map(number, (0, 0, 64, 64)))
    face = FaceMatch(
        box=box,
        detection_score=number(1),
        track_id=np.int64(4),
        person_id="p",
        distance=number(1),
        margin=number(1),
        permitted=np.bool_(True),
        authorised=np.bool_(True),
        liveness_score=number(1),
        agreeing_frames=np.int64(2),
    )
    event = AlertEvent(
        category="c", severity=Severity.INFO, title="t", reason="r", source="s", score=number(1)
    )
    auth = AuthState(state=SessionState.ACTIVE, nonce=np.int64(3), issued_ns=np.int64(STAMP_NS))
    found = Detection(label="cat", score=number(1), box=box, track_id=np.int64(7))
    stamped = Frame(image=PIXELS, stamp_ns=np.int64(STAMP_NS))
    sent = [
        convert.faces_to_msg((face,), stamped),
        convert.detections_to_msg((found,), stamped),
        convert.auth_state_to_msg(auth),
        convert_hazards.hazard_to_msg(hazard(fire_score=number(0), regions=(found,)), stamped),
        convert.alert_to_msg(Alert(alert_id="a", event=event, raised_ns=0, count=np.int64(1))),
    ]
    assert all(serialize_message(each) for each in sent)


def test_the_time_of_day_is_the_stamps_in_local_time():
    noon = datetime(2024, 5, 1, 12, 30)
    assert convert.time_of_day(int(noon.timestamp()) * 1_000_000_000) == time(12, 30)
