"""What crosses module boundaries: frozen, slotted, keyword-only records.

Times named ``*_ns`` without a word before are frame stamps: nanoseconds of the source's clock
(ROS time of the image), never read from the wall clock here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum, IntEnum

import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box

MAX_IMAGE_SIDE_PX = 16384


class PixelFormat(Enum):
    """Channel order of an image in memory."""

    BGR8 = "bgr8"
    MONO8 = "mono8"


class Liveness(Enum):
    """Whether a face belongs to somebody who is really there."""

    NOT_CHECKED = 0
    LIVE = 1
    SPOOF = 2


class Instruction(Enum):
    """What a person before the camera can do to be found living."""

    NONE = 0
    MOVE = 1
    LOOK_AHEAD = 2
    TURN_LEFT = 3
    TURN_RIGHT = 4
    COME_NEARER = 5

    @property
    def phrase(self) -> str:
        """The instruction in words; left and right are the person's own. Empty for NONE."""
        return _PHRASES[self]


_PHRASES = {
    Instruction.NONE: "",
    Instruction.MOVE: "move your head a little",
    Instruction.LOOK_AHEAD: "look straight ahead",
    Instruction.TURN_LEFT: "turn your head to your left",
    Instruction.TURN_RIGHT: "turn your head to your right",
    Instruction.COME_NEARER: "come nearer",
}


class SessionState(Enum):
    """What the face has unlocked; see docs/adr/0004-session-states.md."""

    LOCKED = 0
    ACTIVE = 1
    MONITORING = 2


class HazardState(Enum):
    """What is known about fire in one camera's view."""

    NONE = 0
    START_FIRE = 1
    FIRE = 2
    CLEARED = 3


class Severity(IntEnum):
    """How urgent an alert is; the order matters."""

    INFO = 0
    WARNING = 1
    CRITICAL = 2


def _require_probability(name: str, value: float) -> None:
    if not (math.isfinite(value) and 0.0 <= value <= 1.0):
        raise ValueError(f"{name} must be in 0..1, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture of a camera.

    Attributes:
        image: (H, W, 3) uint8 BGR, C-contiguous; read-only: it is shared between analyzers.
        stamp_ns: time of exposure, nanoseconds of the source's clock.
        frame_id: name of the camera's optical frame (x right, y down, z forward; REP-103).
        sequence: count of frames since the source was opened, from 0.

    Raises:
        ValueError: if the image is not (H, W, 3) uint8 with both sides in 1..16384 pixels.
    """

    image: npt.NDArray[np.uint8]
    stamp_ns: int
    frame_id: str = "camera_optical_frame"
    sequence: int = 0

    def __post_init__(self) -> None:
        shape, dtype = self.image.shape, self.image.dtype
        if len(shape) != 3 or shape[2] != 3 or dtype != np.uint8:
            raise ValueError(f"frame: expected (H, W, 3) uint8, got {shape} {dtype}")
        if not all(1 <= side <= MAX_IMAGE_SIDE_PX for side in shape[:2]):
            raise ValueError(f"frame: sides must be 1..{MAX_IMAGE_SIDE_PX} px, got {shape[:2]}")

    @property
    def width_px(self) -> int:
        return int(self.image.shape[1])

    @property
    def height_px(self) -> int:
        return int(self.image.shape[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """An object found in a frame.

    Attributes:
        label: class name of the model's label list. score: 0..1, the detector's confidence.
        box: pixels of the frame. track_id: identity over time, from 1; None when not tracked.
    """

    label: str
    score: float
    box: Box
    track_id: int | None = None

    def __post_init__(self) -> None:
        _require_probability("detection score", self.score)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DetectedFace:
    """A face found in a frame, before anybody asked whose it is.

    Attributes:
        box: pixels of the frame. score: 0..1, the detector's confidence.
        landmarks_xy_px: (K, 2) float32 pixels of the frame, in the order of the detector's card;
            the person's right eye and left eye come first.
        mesh_xyz_px: (468, 3) float32 in MediaPipe's topology, x and y in pixels of the frame, z in
            the same scale away from the camera; None when no mesh was placed.
    """

    box: Box
    score: float
    landmarks_xy_px: npt.NDArray[np.float32]
    mesh_xyz_px: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        _require_probability("face score", self.score)
        if self.landmarks_xy_px.ndim != 2 or self.landmarks_xy_px.shape[1] != 2:
            raise ValueError(f"landmarks: expected (K, 2), got {self.landmarks_xy_px.shape}")
        if self.mesh_xyz_px is not None and self.mesh_xyz_px.shape != (468, 3):
            raise ValueError(f"face mesh: expected (468, 3), got {self.mesh_xyz_px.shape}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceMatch:
    """What is known about one face of a frame.

    Attributes:
        box: pixels of the frame. detection_score: 0..1. track_id: from 1; None when not tracked.
        person_id, person_name: the best gallery person if within the threshold, else empty:
            an unknown face.
        distance: L2 between the face's template and the best person's, in the embedding model's
            unit; NaN when nobody is enrolled or the face was not embedded.
        margin: distance of the second-best person minus that of the best; inf with one person.
        permitted: the gallery lets the person unlock now (authorised, within the dates); False
            for unknown faces.
        authorised: permitted, named in enough frames and found living: the face may unlock.
        liveness: result of the liveness check. liveness_score: 0..1; NaN when not checked.
        instruction: what the person can do to be found living.
        agreeing_frames: how many of the last frames of this track named this person.
        rejection: why the face cannot unlock, one phrase ("face too small: 31 px of 60"); empty
            when nothing speaks against it.
    """

    box: Box
    detection_score: float
    track_id: int | None = None
    person_id: str = ""
    person_name: str = ""
    distance: float = math.nan
    margin: float = math.nan
    permitted: bool = False
    authorised: bool = False
    liveness: Liveness = Liveness.NOT_CHECKED
    liveness_score: float = math.nan
    instruction: Instruction = Instruction.NONE
    agreeing_frames: int = 0
    rejection: str = ""

    def __post_init__(self) -> None:
        _require_probability("face detection score", self.detection_score)
        if self.permitted and not self.person_id:
            raise ValueError("an unknown face cannot be permitted to unlock")
        if self.authorised and not self.permitted:
            raise ValueError("a face that is not permitted to unlock cannot be authorised")
        if self.authorised and self.liveness is Liveness.SPOOF:
            raise ValueError("a face that is not live cannot be authorised")

    @property
    def recognised(self) -> bool:
        return bool(self.person_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthState:
    """What the supervisor says about access.

    Attributes:
        state: session state. person_id, person_name: who unlocked it; empty when LOCKED.
        permissions: names of what that person may do (`permission_names`); empty unless ACTIVE.
        reason: one sentence for people.
        nonce: random 64-bit number, new with every change of state; a repeated one is a replay.
        issued_ns: stamp of issue. expires_ns: from then on the message counts as LOCKED.
        armed: names of the analyzers that keep watching in MONITORING.
    """

    state: SessionState
    person_id: str = ""
    person_name: str = ""
    reason: str = ""
    nonce: int = 0
    issued_ns: int = 0
    expires_ns: int = 0
    armed: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardReport:
    """Fire and smoke in one camera's view, decided over time.

    Attributes:
        state: what was decided. since_ns: when that began. reason: why, with the figures.
        start_fire_score, fire_score: 0..1, from the newest look at every part of the picture.
        flame_score, smoke_score: 0..1, the largest of the same looks.
        regions: flame and smoke boxes in pixels of the frame, labels "flame" and "smoke".
        unattended: zones in which a flame burns that nobody has attended for too long.
    """

    state: HazardState
    start_fire_score: float = 0.0
    fire_score: float = 0.0
    flame_score: float = 0.0
    smoke_score: float = 0.0
    regions: tuple[Detection, ...] = ()
    since_ns: int = 0
    reason: str = ""
    unattended: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("start_fire_score", "fire_score", "flame_score", "smoke_score"):
            _require_probability(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """Something that happened and that a rule may turn into an alert.

    Attributes:
        category: closed vocabulary of the rules ("unknown_face", "node_fault" …).
        severity: how urgent. title: a short headline. reason: one sentence that says why, with
            the figures that decided.
        source: name of the node that saw it. camera: namespace of the camera; empty for none.
        subject: what the event is about within its category (track, person, node); events of the
            same category, camera and subject are one alert.
        stamp_ns: when it was seen. score: 0..1, how sure the analyzer is; NaN when it does not say.
        zone: name of the zone where it was seen; empty for none.
        over: what the alert of this category, camera and subject told of has ended.
    """

    category: str
    severity: Severity
    title: str
    reason: str
    source: str
    subject: str = ""
    camera: str = ""
    stamp_ns: int = 0
    score: float = math.nan
    zone: str = ""
    over: bool = False


class AlertState(IntEnum):
    """Where an alert stands; the numbers are those of the message."""

    RAISED = 0
    UPDATED = 1
    CLEARED = 2
    ACKNOWLEDGED = 3
    EXPIRED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert as it is stored and sent.

    Attributes:
        alert_id: 32 hex characters, unique. event: what was seen (the latest update).
        raised_ns: stamp of the first event. count: events merged into this alert.
        state: where it stands. acknowledged_by: who has seen it; empty while nobody said so.
        evidence: kinds of evidence that are kept for it ("snapshot", "clip", "explanation").
        rule: name of the rule that decided how it is told; empty for none.
        telling: 1 for the first time that people are told, one more for every reminder and
            escalation; with `alert_id` it names a delivery.
        escalated: it was told again because nobody acknowledged it in time.
    """

    alert_id: str
    event: AlertEvent
    raised_ns: int
    count: int = field(default=1)
    state: AlertState = AlertState.RAISED
    acknowledged_by: str = ""
    evidence: tuple[str, ...] = ()
    rule: str = ""
    telling: int = 1
    escalated: bool = False
