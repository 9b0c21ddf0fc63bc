"""Between core types and messages. Images go through array.array: 0.04 ms for VGA, where a NumPy
array takes 61 ms and bytes take 43 ms (rosidl_python checks them element by element).

Every number goes through float() or int(): a whole number or a NumPy scalar in a float field is
not refused but ends the process, by an assertion in rosidl_python's C code.
"""

from __future__ import annotations

import array
import math
from datetime import datetime, time

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from edgeai_msgs.msg import Alert as AlertMsg
from edgeai_msgs.msg import AuthState as AuthStateMsg
from edgeai_msgs.msg import FaceMatch as FaceMatchMsg
from edgeai_msgs.msg import FaceMatchArray
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vision_msgs.msg import (
    BoundingBox2D,
    Detection2D,
    Detection2DArray,
    ObjectHypothesisWithPose,
)

from edgeai_core.errors import FrameError
from edgeai_core.geometry import Box
from edgeai_core.types import (
    MAX_IMAGE_SIDE_PX,
    Alert,
    AuthState,
    Detection,
    FaceMatch,
    Frame,
    Instruction,
    Liveness,
    SessionState,
)

_NS_PER_S = 1_000_000_000
# encoding -> (channels, cv2 conversion to BGR or None)
_ENCODINGS: dict[str, tuple[int, int | None]] = {
    "bgr8": (3, None),
    "rgb8": (3, cv2.COLOR_RGB2BGR),
    "bgra8": (4, cv2.COLOR_BGRA2BGR),
    "rgba8": (4, cv2.COLOR_RGBA2BGR),
    "mono8": (1, cv2.COLOR_GRAY2BGR),
    "8UC3": (3, None),
    "yuv422_yuy2": (2, cv2.COLOR_YUV2BGR_YUY2),
}


def time_to_msg(stamp_ns: int) -> Time:
    """Return nanoseconds as a message (seconds and nanoseconds)."""
    return Time(sec=int(stamp_ns // _NS_PER_S), nanosec=int(stamp_ns % _NS_PER_S))


def time_from_msg(stamp: Time) -> int:
    """Return a message's time as nanoseconds."""
    return int(stamp.sec) * _NS_PER_S + int(stamp.nanosec)


def time_of_day(stamp_ns: int) -> time:
    """Return the local time of day of a stamp."""
    return datetime.fromtimestamp(stamp_ns / _NS_PER_S).time()


def header_of(frame: Frame) -> Header:
    """Return the header of a frame: its stamp and optical frame."""
    return Header(stamp=time_to_msg(frame.stamp_ns), frame_id=frame.frame_id)


def image_to_msg(frame: Frame) -> Image:
    """Return a frame as a bgr8 image message."""
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(frame.image).reshape(-1).data)
    return Image(
        header=header_of(frame),
        height=frame.height_px,
        width=frame.width_px,
        encoding="bgr8",
        is_bigendian=0,
        step=frame.width_px * 3,
        data=data,
    )


def frame_from_msg(message: Image, *, sequence: int = 0) -> Frame:
    """Return an image message as a frame; no copy for packed bgr8.

    Raises:
        FrameError: the size, step, encoding or amount of data do not fit together.
    """
    width, height, step = int(message.width), int(message.height), int(message.step)
    if message.encoding not in _ENCODINGS:
        raise FrameError(
            f"image: encoding {message.encoding!r} is not supported; use one of "
            f"{', '.join(_ENCODINGS)}"
        )
    channels, conversion = _ENCODINGS[message.encoding]
    if not (1 <= width <= MAX_IMAGE_SIDE_PX and 1 <= height <= MAX_IMAGE_SIDE_PX):
        raise FrameError(
            f"image: got {width}x{height} px, expected sides of 1..{MAX_IMAGE_SIDE_PX} px"
        )
    if step < width * channels or len(message.data) < step * height:
        raise FrameError(
            f"image: got {len(message.data)} bytes at step {step}, expected at least "
            f"{height} rows of {width * channels} bytes for {width}x{height} {message.encoding}"
        )
    rows = np.frombuffer(message.data, np.uint8, count=step * height).reshape(height, step)
    pixels = rows[:, : width * channels].reshape(height, width, channels)
    try:
        image = pixels if conversion is None else cv2.cvtColor(pixels, conversion)
    except cv2.error as exc:
        raise FrameError(
            f"image: {width}x{height} {message.encoding} cannot be converted ({exc.err}); "
            "yuv422 needs an even width"
        ) from exc
    return Frame(
        image=np.ascontiguousarray(image, dtype=np.uint8),
        stamp_ns=time_from_msg(message.header.stamp),
        frame_id=message.header.frame_id,
        sequence=sequence,
    )


def box_to_msg(box: Box) -> BoundingBox2D:
    """Return a box as centre and size in pixels."""
    message = BoundingBox2D(size_x=float(box.width_px), size_y=float(box.height_px))
    x, y = box.center_px
    message.center.position.x, message.center.position.y = float(x), float(y)
    return message


def box_from_msg(message: BoundingBox2D) -> Box:
    """Return a bounding box message as edges in pixels; its rotation is not used here."""
    x, y = message.center.position.x, message.center.position.y
    half_w, half_h = message.size_x / 2, message.size_y / 2
    return Box(x - half_w, y - half_h, x + half_w, y + half_h)


def detections_to_msg(detections: tuple[Detection, ...], frame: Frame) -> Detection2DArray:
    """Return detections with their frame's header; `id` is the track, empty when untracked."""
    header = header_of(frame)
    message = Detection2DArray(header=header)
    for detection in detections:
        hypothesis = ObjectHypothesisWithPose()
        hypothesis.hypothesis.class_id = detection.label
        hypothesis.hypothesis.score = float(detection.score)
        message.detections.append(
            Detection2D(
                header=header,
                results=[hypothesis],
                bbox=box_to_msg(detection.box),
                id="" if detection.track_id is None else str(detection.track_id),
            )
        )
    return message


def detections_from_msg(message: Detection2DArray) -> tuple[Detection, ...]:
    """Return the best hypothesis of every detection."""
    result: list[Detection] = []
    for entry in message.detections:
        if not entry.results:
            continue
        best = max(entry.results, key=lambda r: float(r.hypothesis.score)).hypothesis
        result.append(
            Detection(
                label=best.class_id,
                score=min(max(float(best.score), 0.0), 1.0),
                box=box_from_msg(entry.bbox),
                track_id=int(entry.id) if entry.id.isdigit() else None,
            )
        )
    return tuple(result)


def faces_to_msg(matches: tuple[FaceMatch, ...], frame: Frame) -> FaceMatchArray:
    """Return face matches with their frame's header and image size."""
    return FaceMatchArray(
        header=header_of(frame),
        image_width=frame.width_px,
        image_height=frame.height_px,
        matches=[
            FaceMatchMsg(
                bbox=box_to_msg(match.box),
                detection_score=float(match.detection_score),
                track_id=int(match.track_id or 0),
                person_id=match.person_id,
                person_name=match.person_name,
                distance=float(match.distance),
                margin=float(match.margin),
                agreeing_frames=int(match.agreeing_frames),
                permitted=bool(match.permitted),
                authorised=bool(match.authorised),
                liveness=match.liveness.value,
                liveness_score=float(match.liveness_score),
                instruction=match.instruction.value,
                rejection=match.rejection,
            )
            for match in matches
        ],
    )


def faces_from_msg(message: FaceMatchArray) -> tuple[FaceMatch, ...]:
    """Return the face matches of a message.

    Raises:
        ValueError: a match contradicts itself (authorised without an identity, a score outside
            0..1): it must not reach the session.
    """
    return tuple(
        FaceMatch(
            box=box_from_msg(match.bbox),
            detection_score=float(match.detection_score),
            track_id=int(match.track_id) or None,
            person_id=match.person_id,
            person_name=match.person_name,
            distance=float(match.distance),
            margin=float(match.margin),
            agreeing_frames=int(match.agreeing_frames),
            permitted=bool(match.permitted),
            authorised=bool(match.authorised),
            liveness=Liveness(match.liveness),
            liveness_score=float(match.liveness_score),
            instruction=Instruction(match.instruction),
            rejection=match.rejection,
        )
        for match in message.matches
    )


def auth_state_to_msg(state: AuthState) -> AuthStateMsg:
    """Return the access state as a message."""
    return AuthStateMsg(
        header=Header(stamp=time_to_msg(state.issued_ns)),
        state=state.state.value,
        person_id=state.person_id,
        person_name=state.person_name,
        permissions=list(state.permissions),
        reason=state.reason,
        nonce=int(state.nonce),
        expires_at=time_to_msg(state.expires_ns),
        armed=list(state.armed),
    )


def auth_state_from_msg(message: AuthStateMsg) -> AuthState:
    """Return an access state message as the core's type; ask AuthStateGuard whether it counts."""
    return AuthState(
        state=SessionState(message.state),
        person_id=message.person_id,
        person_name=message.person_name,
        permissions=tuple(message.permissions),
        reason=message.reason,
        nonce=int(message.nonce),
        issued_ns=time_from_msg(message.header.stamp),
        expires_ns=time_from_msg(message.expires_at),
        armed=tuple(message.armed),
    )


def alert_to_msg(alert: Alert) -> AlertMsg:
    """Return an alert as a message, stamped with its latest event."""
    event = alert.event
    return AlertMsg(
        header=Header(stamp=time_to_msg(event.stamp_ns)),
        alert_id=alert.alert_id,
        category=event.category,
        severity=int(event.severity),
        title=event.title,
        reason=event.reason,
        source=event.source,
        camera=event.camera,
        subject=event.subject,
        score=float(event.score) if math.isfinite(event.score) else math.nan,
        raised_at=time_to_msg(alert.raised_ns),
        count=int(alert.count),
        state=int(alert.state),
        zone=event.zone,
        acknowledged_by=alert.acknowledged_by,
        evidence=list(alert.evidence),
    )
