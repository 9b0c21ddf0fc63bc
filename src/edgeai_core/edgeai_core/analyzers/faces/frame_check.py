"""Whether a picture serves enrolment: one face, large, turned to the camera, lit and sharp."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.faces.acceptance import GALLERY_PENALTY_L2, MATCH_THRESHOLD_L2
from edgeai_core.analyzers.faces.face_mesh import head_pose
from edgeai_core.analyzers.faces.quality import brightness, sharpness
from edgeai_core.config import param
from edgeai_core.types import DetectedFace


class RejectionReason(Enum):
    """Why a frame does not serve enrolment; the value is for people."""

    NO_IMAGE = "not a BGR image"
    NO_FACE = "no face"
    SEVERAL_FACES = "several faces"
    TOO_SMALL = "too small"
    TURNED = "turned away or tilted"
    BADLY_LIT = "too dark or too bright"
    BLURRED = "blurred"
    NO_TEMPLATE = "no usable template"
    DUPLICATE = "like an earlier frame"
    OUTLIER = "unlike the other frames"
    EYES_CLOSED = "eyes more closed than in the other frames"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentConfig:
    """What a picture must be to serve enrolment."""

    min_face_px: int = param(
        60,
        "Shorter side of the smallest face that is taken; higher gives better templates",
        unit="px",
        minimum=16,
        maximum=4096,
    )
    min_sharpness: float = param(
        20.0,
        "Variance of the Laplacian on the grey face at 112 px; higher refuses more blurred frames",
        minimum=0.0,
        maximum=10000.0,
    )
    # Of the 1,126 faces of the LFW part 24 are turned farther than this (2.1 %): as many as had
    # their nose more than 0.4 eye distances beside the middle of the eyes, the limit before the
    # mesh measured the turn (correlation 0.94, 73 deg per eye distance).
    max_yaw_deg: float = param(
        30.0,
        "How far the head may be turned to a side; higher takes faces that are turned farther away",
        unit="deg",
        minimum=5.0,
        maximum=90.0,
    )
    max_roll_deg: float = param(
        30.0,
        "How far the head may be tilted to a shoulder; higher takes more",
        unit="deg",
        minimum=1.0,
        maximum=90.0,
    )
    # Compared with the person's other frames, because no fixed limit tells closed eyes from narrow
    # ones: in the LFW part, where nearly all eyes are open, the mesh calls 1 % less than 0.17 open,
    # and of eyes closed by drawing the lid down over them half more than 0.21. Of 500 LFW pictures
    # of people with at least four this refuses 4 (0.8 %), of the talking head's two blinks the
    # frame of one. It keeps blinks out of a clip; it is no test of open eyes.
    min_eye_share: float = param(
        0.68,
        "How open the eyes must be, as a share of how open they mostly are in the person's frames; "
        "higher refuses more blinks and more smiles, 0 refuses none",
        minimum=0.0,
        maximum=1.0,
    )
    min_brightness: float = param(
        40.0, "Mean grey level of the darkest face that is taken", minimum=0.0, maximum=255.0
    )
    max_brightness: float = param(
        220.0, "Mean grey level of the brightest face that is taken", minimum=0.0, maximum=255.0
    )
    duplicate_distance: float = param(
        0.05,
        "A face nearer than this to one already taken adds nothing; higher keeps fewer",
        unit="L2",
        minimum=0.0,
        maximum=4.0,
    )
    # Compares one picture with one picture, as the match threshold does.
    consistency_threshold: float = param(
        MATCH_THRESHOLD_L2,
        "A face farther than this from the most typical one is refused; lower is stricter "
        "against another person's face in the material",
        unit="L2",
        minimum=0.0,
        maximum=4.0,
    )
    max_outlier_share: float = param(
        0.25,
        "With a larger share of refused outliers the material is taken for several people",
        minimum=0.0,
        maximum=0.5,
    )
    other_person_threshold: float = param(
        MATCH_THRESHOLD_L2,
        "Refuse when the new person is nearer than this to somebody enrolled, counted as between "
        "two pictures; at least the match threshold, or the two could unlock for each other",
        unit="L2",
        minimum=0.0,
        maximum=4.0,
    )
    gallery_penalty: float = param(
        GALLERY_PENALTY_L2,
        "By how much that threshold falls for each natural logarithm of the number of people "
        "enrolled; at most the matching one's, or two people could unlock for each other",
        unit="L2",
        minimum=0.0,
        maximum=0.2,
    )
    min_templates: int = param(
        4, "Fewest templates of a person; more is more reliable", minimum=1, maximum=100
    )
    max_templates: int = param(
        24, "Reading stops when so many faces were taken", minimum=1, maximum=200
    )
    max_frames: int = param(
        3000, "Reading stops after so many frames", unit="frames", minimum=1, maximum=1000000
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedFrame:
    """A frame that was not taken: its index from 0, why, and the figure that decided."""

    index: int
    reason: RejectionReason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why a picture does not serve, and the figure that decided."""

    reason: RejectionReason
    detail: str = ""


def image_objection(image: npt.NDArray[np.uint8]) -> Objection | None:
    """Return why nothing can be found in an array; None when it is a (H, W, 3) uint8 picture."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        return Objection(reason=RejectionReason.NO_IMAGE, detail=f"{image.shape} {image.dtype}")
    return None


def face_objection(
    image: npt.NDArray[np.uint8], face: DetectedFace, config: EnrolmentConfig
) -> Objection | None:
    """Return why the only face of a picture does not serve enrolment; None when it does.

    Args:
        image: (H, W, 3) uint8 BGR, in which the face was found. config: what is asked of it.
    """
    side_px = min(face.box.width_px, face.box.height_px)
    if side_px < config.min_face_px:
        return Objection(reason=RejectionReason.TOO_SMALL, detail=f"{side_px:.0f} px")
    if face.mesh_xyz_px is None:
        detail = "no mesh was placed on the face"
        return Objection(reason=RejectionReason.NO_TEMPLATE, detail=detail)
    try:
        pose = head_pose(face.mesh_xyz_px)
    except ValueError as exc:
        return Objection(reason=RejectionReason.NO_TEMPLATE, detail=str(exc))
    if abs(pose.yaw_deg) > config.max_yaw_deg or abs(pose.roll_deg) > config.max_roll_deg:
        detail = f"yaw {pose.yaw_deg:+.0f}, roll {pose.roll_deg:+.0f} deg"
        return Objection(reason=RejectionReason.TURNED, detail=detail)
    light = brightness(image, face.box)
    if not config.min_brightness <= light <= config.max_brightness:
        return Objection(reason=RejectionReason.BADLY_LIT, detail=f"brightness {light:.0f}")
    sharp = sharpness(image, face.box)
    if sharp < config.min_sharpness:
        return Objection(reason=RejectionReason.BLURRED, detail=f"sharpness {sharp:.1f}")
    return None


def counted(rejections: Iterable[RejectedFrame], config: EnrolmentConfig) -> str:
    """Return how often each reason refused a frame, with its limit, the most frequent first."""
    limits = {
        RejectionReason.TOO_SMALL: f" (min {config.min_face_px} px)",
        RejectionReason.TURNED: (
            f" (yaw at most {config.max_yaw_deg:g}, roll at most {config.max_roll_deg:g} deg)"
        ),
        RejectionReason.EYES_CLOSED: f" (open at least {config.min_eye_share:g} of the usual)",
        RejectionReason.BADLY_LIT: (
            f" (brightness {config.min_brightness:g}..{config.max_brightness:g})"
        ),
        RejectionReason.BLURRED: f" (min sharpness {config.min_sharpness:g})",
    }
    counts = Counter(rejection.reason for rejection in rejections)
    return (
        ", ".join(f"{n} {r.value}{limits.get(r, '')}" for r, n in counts.most_common())
        or "there were no more frames"
    )
