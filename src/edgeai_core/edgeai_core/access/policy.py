"""What must be true before a face unlocks, and which analyzer may run when."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from edgeai_core.access.lockout import LockoutConfig
from edgeai_core.config import group, param
from edgeai_core.reasons import access as reasons
from edgeai_core.reasons import faces
from edgeai_core.types import FaceMatch, Liveness, SessionState

# The camera's clock may run a little before ours; more than this is a wrong or forged stamp.
FUTURE_TOLERANCE_NS = 100_000_000


class GatePolicy(Enum):
    """When an analyzer may run."""

    GATED = "gated"
    ALWAYS_ON = "always_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessConfig:
    """What unlocking asks for and how long it lasts."""

    session_duration_s: float = param(
        60.0,
        "How long a session lasts after its person was last recognised; longer is more "
        "comfortable and leaves the functions open longer behind an absent person",
        unit="s",
        minimum=1.0,
        maximum=86400.0,
    )
    evidence_max_age_s: float = param(
        1.0,
        "A frame older than this never unlocks; raise it only for a camera with a long delay",
        unit="s",
        minimum=0.05,
        maximum=10.0,
    )
    agree_frames: int = param(
        3,
        "How many of a track's last frames must have named the person; higher is safer and slower",
        minimum=1,
        maximum=100,
    )
    require_liveness: bool = param(
        True,
        "Unlock only for a face that the liveness check found live. Switched off, a photograph of "
        "an authorised person that was not found out unlocks",
    )
    face_timeout_s: float = param(
        5.0,
        "After so long without a fresh result of the face authenticator a session ends; lower "
        "closes sooner when the camera stalls",
        unit="s",
        minimum=0.5,
        maximum=3600.0,
    )
    relock_absence_s: float = param(
        5.0,
        "After an explicit lock the same person unlocks again only after being out of the picture "
        "so long; 0 unlocks at once for whoever stays",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    )
    auth_state_ttl_s: float = param(
        5.0,
        "How long a published access state is valid; lower closes sooner when the supervisor "
        "dies, and is sent more often (twice per lifetime)",
        unit="s",
        minimum=0.2,
        maximum=300.0,
    )
    armed: tuple[str, ...] = param(
        (),
        "Analyzers that are armed at the start: they keep watching while nobody is logged in",
    )
    lockout: LockoutConfig = group(LockoutConfig)


def unlock_objection(face: FaceMatch, config: AccessConfig) -> str:
    """Return the first thing that keeps this face from unlocking; empty when nothing does.

    A strict AND: what was not checked speaks against it. Freshness is `evidence_objection`'s.
    """
    if not face.recognised:
        return face.rejection or faces.NOT_RECOGNISED.say()
    if face.rejection:
        return face.rejection
    if face.liveness is Liveness.SPOOF:
        return faces.NOT_LIVE.say()
    if not face.authorised:
        return reasons.NOT_AUTHORISED.say()
    if face.track_id is None:
        return faces.NOT_FOLLOWED.say()
    if face.agreeing_frames < config.agree_frames:
        return faces.FEW_FRAMES_NAME.say(agreeing=face.agreeing_frames, needed=config.agree_frames)
    if config.require_liveness and face.liveness is not Liveness.LIVE:
        return faces.LIVENESS_NOT_CHECKED.say()
    return ""


def authorisation_withdrawn(face: FaceMatch, config: AccessConfig) -> bool:
    """Return whether the face is surely a person who may no longer unlock.

    Surely, because enough frames agree on who it is.
    """
    agreed = face.agreeing_frames >= config.agree_frames
    return face.recognised and agreed and not face.permitted


def was_refused(face: FaceMatch, config: AccessConfig) -> bool:
    """Return whether a face was judged and refused, rather than not judged or not judged yet.

    Refused is what is not live, what was compared and fits nobody, and who surely may not unlock.
    """
    if face.liveness is Liveness.SPOOF or authorisation_withdrawn(face, config):
        return True
    return not face.recognised and math.isfinite(face.distance)


def evidence_objection(
    *, stamp_ns: int, now_ns: int, last_stamp_ns: int | None, config: AccessConfig
) -> str:
    """Return why a frame is no evidence of now; empty when it is.

    Args:
        stamp_ns: stamp of the frame. now_ns: the same clock, now.
        last_stamp_ns: stamp of the newest frame that was evidence, None before the first.
    """
    age_ns = now_ns - stamp_ns
    if age_ns > round(config.evidence_max_age_s * 1e9):
        return reasons.OLD_FRAME.say(age_s=age_ns / 1e9, limit_s=config.evidence_max_age_s)
    if age_ns < -FUTURE_TOLERANCE_NS:
        return reasons.FUTURE_FRAME.say(ahead_s=-age_ns / 1e9)
    if last_stamp_ns is not None and stamp_ns <= last_stamp_ns:
        return reasons.REPEATED_FRAME.say()
    return ""


def may_run(
    analyzer: str, policy: GatePolicy, *, state: SessionState, armed: Collection[str]
) -> bool:
    """Return whether an analyzer may run.

    Always-on analyzers always may; gated ones in an ACTIVE session, and in MONITORING if armed.
    """
    if policy is GatePolicy.ALWAYS_ON or state is SessionState.ACTIVE:
        return True
    return state is SessionState.MONITORING and analyzer in armed
