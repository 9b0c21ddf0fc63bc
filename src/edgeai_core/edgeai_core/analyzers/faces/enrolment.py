"""From pictures of one person to templates that may enter the gallery."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.faces.acceptance import GALLERY_PENALTY_L2, MATCH_THRESHOLD_L2
from edgeai_core.analyzers.faces.face_mesh import head_pose
from edgeai_core.analyzers.faces.interfaces import DetectsFaces, EmbedsFaces
from edgeai_core.analyzers.faces.quality import brightness, face_crop
from edgeai_core.analyzers.faces.quality import sharpness as sharpness
from edgeai_core.config import param
from edgeai_core.errors import EnrolmentError
from edgeai_core.geometry import Box
from edgeai_core.types import DetectedFace

CROP_SIDE_PX = 112


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
class AcceptedFrame:
    """A frame whose face was taken.

    Attributes:
        index: of the frame, from 0. box: the face in pixels of the frame.
        crop: (112, 112, 3) uint8 BGR with the face, for people to look at; in memory only.
    """

    index: int
    box: Box
    crop: npt.NDArray[np.uint8] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedFrame:
    """A frame that was not taken: its index from 0, why, and the figure that decided."""

    index: int
    reason: RejectionReason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EnrolmentResult:
    """Templates ready for the gallery.

    Attributes:
        templates: (N, D) float32 of the embedder's model, in the order of `accepted`.
        accepted: the N frames they come from. rejections: all other frames that were read.
    """

    templates: npt.NDArray[np.float32]
    accepted: tuple[AcceptedFrame, ...]
    rejections: tuple[RejectedFrame, ...]

    def __repr__(self) -> str:
        return f"EnrolmentResult({len(self.accepted)} kept, {len(self.rejections)} refused)"


def enrol_from_images(
    frames: Iterable[npt.NDArray[np.uint8]],
    detector: DetectsFaces,
    embedder: EmbedsFaces,
    config: EnrolmentConfig,
) -> EnrolmentResult:
    """Return the templates of the one person that the frames show.

    Args:
        frames: (H, W, 3) uint8 BGR images; read one at a time, only as many as needed.
        detector, embedder: the models. config: what is asked of a frame.

    Raises:
        EnrolmentError: too few frames serve (with the reasons counted), or the frames show
            several people.
    """
    collector = _Collector(detector, embedder, config)
    for index, image in enumerate(frames):
        if not collector.wants_more(index):
            break
        collector.take(index, image)
    return collector.result()


class _Collector:
    """Takes frames one by one and keeps what serves."""

    def __init__(
        self, detector: DetectsFaces, embedder: EmbedsFaces, config: EnrolmentConfig
    ) -> None:
        self._detector = detector
        self._embedder = embedder
        self._config = config
        self._templates: list[npt.NDArray[np.float32]] = []
        self._accepted: list[AcceptedFrame] = []
        self._rejections: list[RejectedFrame] = []

    def wants_more(self, index: int) -> bool:
        return len(self._templates) < self._config.max_templates and index < self._config.max_frames

    def take(self, index: int, image: npt.NDArray[np.uint8]) -> None:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            self._refuse(index, RejectionReason.NO_IMAGE, f"{image.shape} {image.dtype}")
            return
        faces = self._detector.detect(image)
        if len(faces) != 1:
            reason = RejectionReason.SEVERAL_FACES if faces else RejectionReason.NO_FACE
            self._refuse(index, reason, f"{len(faces)} faces")
            return
        face, config = faces[0], self._config
        side_px = min(face.box.width_px, face.box.height_px)
        if side_px < config.min_face_px:
            self._refuse(index, RejectionReason.TOO_SMALL, f"{side_px:.0f} px")
            return
        if face.mesh_xyz_px is None:
            self._refuse(index, RejectionReason.NO_TEMPLATE, "no mesh was placed on the face")
            return
        try:
            pose = head_pose(face.mesh_xyz_px)
        except ValueError as exc:
            self._refuse(index, RejectionReason.NO_TEMPLATE, str(exc))
            return
        if abs(pose.yaw_deg) > config.max_yaw_deg or abs(pose.roll_deg) > config.max_roll_deg:
            detail = f"yaw {pose.yaw_deg:+.0f}, roll {pose.roll_deg:+.0f} deg"
            self._refuse(index, RejectionReason.TURNED, detail)
            return
        light = brightness(image, face.box)
        if not config.min_brightness <= light <= config.max_brightness:
            self._refuse(index, RejectionReason.BADLY_LIT, f"brightness {light:.0f}")
            return
        sharp = sharpness(image, face.box)
        if sharp < config.min_sharpness:
            self._refuse(index, RejectionReason.BLURRED, f"sharpness {sharp:.1f}")
            return
        self._take_template(index, image, face)

    def _take_template(self, index: int, image: npt.NDArray[np.uint8], face: DetectedFace) -> None:
        try:
            template = np.asarray(self._embedder.embed(image, face), np.float32)
        except ValueError as exc:  # nothing to align the face by
            self._refuse(index, RejectionReason.NO_TEMPLATE, str(exc))
            return
        if not np.isfinite(template).all():
            self._refuse(index, RejectionReason.NO_TEMPLATE)
            return
        nearest = min(
            (float(np.linalg.norm(template - kept)) for kept in self._templates),
            default=np.inf,
        )
        if nearest < self._config.duplicate_distance:
            self._refuse(index, RejectionReason.DUPLICATE, f"distance {nearest:.3f}")
            return
        self._templates.append(template)
        crop = face_crop(image, face.box, side_px=CROP_SIDE_PX)
        self._accepted.append(AcceptedFrame(index=index, box=face.box, crop=crop))

    def result(self) -> EnrolmentResult:
        read = len(self._accepted) + len(self._rejections)
        outliers = self._refuse_outliers()
        total = outliers + len(self._templates)
        if outliers > self._config.max_outlier_share * total:
            raise EnrolmentError(
                f"the frames seem to show several people: {outliers} of {total} faces are unlike "
                f"the others; use material of one person only"
            )
        if len(self._templates) < self._config.min_templates:
            raise EnrolmentError(
                f"kept {len(self._templates)} of {read} frames, need "
                f"{self._config.min_templates}: {self._reasons()}"
            )
        return EnrolmentResult(
            templates=np.stack(self._templates),
            accepted=tuple(self._accepted),
            rejections=tuple(sorted(self._rejections, key=lambda r: r.index)),
        )

    def _refuse_outliers(self) -> int:
        """Drop what is unlike the most typical template; return how many were dropped.

        The typical one is the template with the smallest median distance to all, not the
        coordinate-wise median: between two people mixed half and half the latter lies in the
        middle and would be near to both.
        """
        if not self._templates:
            return 0
        stacked = np.stack(self._templates)
        distances = np.linalg.norm(stacked[:, None] - stacked[None], axis=2)
        typical = distances[np.argmin(np.median(distances, axis=1))]
        keep = typical <= self._config.consistency_threshold
        for entry, distance, kept in zip(self._accepted, typical, keep, strict=True):
            if not kept:
                self._refuse(entry.index, RejectionReason.OUTLIER, f"distance {distance:.2f}")
        self._templates = [t for t, kept in zip(self._templates, keep, strict=True) if kept]
        self._accepted = [a for a, kept in zip(self._accepted, keep, strict=True) if kept]
        return int((~keep).sum())

    def _refuse(self, index: int, reason: RejectionReason, detail: str = "") -> None:
        self._rejections.append(RejectedFrame(index=index, reason=reason, detail=detail))

    def _reasons(self) -> str:
        hints = {
            RejectionReason.TOO_SMALL: f" (min {self._config.min_face_px} px)",
            RejectionReason.TURNED: (
                f" (yaw at most {self._config.max_yaw_deg:g}, "
                f"roll at most {self._config.max_roll_deg:g} deg)"
            ),
            RejectionReason.BADLY_LIT: (
                f" (brightness {self._config.min_brightness:g}..{self._config.max_brightness:g})"
            ),
            RejectionReason.BLURRED: f" (min sharpness {self._config.min_sharpness:g})",
        }
        counted = Counter(rejection.reason for rejection in self._rejections)
        return (
            ", ".join(f"{n} {r.value}{hints.get(r, '')}" for r, n in counted.most_common())
            or "there were no more frames"
        )
