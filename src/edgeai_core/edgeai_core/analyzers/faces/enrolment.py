"""From pictures of one person to templates that may enter the gallery."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.faces.face_mesh import eye_openness
from edgeai_core.analyzers.faces.frame_check import (
    EnrolmentConfig as EnrolmentConfig,
)
from edgeai_core.analyzers.faces.frame_check import (
    RejectedFrame,
    counted,
    face_objection,
    image_objection,
)
from edgeai_core.analyzers.faces.frame_check import RejectionReason as RejectionReason
from edgeai_core.analyzers.faces.interfaces import DetectsFaces, EmbedsFaces
from edgeai_core.analyzers.faces.quality import face_crop
from edgeai_core.errors import EnrolmentError
from edgeai_core.geometry import Box
from edgeai_core.types import DetectedFace

CROP_SIDE_PX = 112


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
        self._openness: list[float] = []
        self._rejections: list[RejectedFrame] = []

    def wants_more(self, index: int) -> bool:
        return len(self._templates) < self._config.max_templates and index < self._config.max_frames

    def take(self, index: int, image: npt.NDArray[np.uint8]) -> None:
        if objection := image_objection(image):
            self._refuse(index, objection.reason, objection.detail)
            return
        faces = self._detector.detect(image)
        if len(faces) != 1:
            reason = RejectionReason.SEVERAL_FACES if faces else RejectionReason.NO_FACE
            self._refuse(index, reason, f"{len(faces)} faces")
            return
        if objection := face_objection(image, faces[0], self._config):
            self._refuse(index, objection.reason, objection.detail)
            return
        self._take_template(index, image, faces[0])

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
        # Of the wider eye: a head that is half turned away narrows the other one.
        wider = 0.0 if face.mesh_xyz_px is None else max(eye_openness(face.mesh_xyz_px))
        self._openness.append(wider)

    def result(self) -> EnrolmentResult:
        read = len(self._accepted) + len(self._rejections)
        self._refuse_closed_eyes()
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
                f"{self._config.min_templates}: {counted(self._rejections, self._config)}"
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
        details = [f"distance {distance:.2f}" for distance in typical]
        return self._keep(keep, RejectionReason.OUTLIER, details)

    def _refuse_closed_eyes(self) -> None:
        """Drop the frames of a blink: eyes far less open than they mostly are."""
        if not self._openness:
            return
        openness = np.array(self._openness)
        # Written without a division: a mesh may give no openness at all.
        keep = openness >= self._config.min_eye_share * float(np.median(openness))
        details = [f"open {opened:.2f} of {np.median(openness):.2f}" for opened in openness]
        self._keep(keep, RejectionReason.EYES_CLOSED, details)

    def _keep(
        self, keep: npt.NDArray[np.bool_], reason: RejectionReason, details: Sequence[str]
    ) -> int:
        """Refuse the accepted frames that are not among `keep`; return how many these were."""
        for entry, detail, kept in zip(self._accepted, details, keep, strict=True):
            if not kept:
                self._refuse(entry.index, reason, detail)
        self._templates = [t for t, kept in zip(self._templates, keep, strict=True) if kept]
        self._accepted = [a for a, kept in zip(self._accepted, keep, strict=True) if kept]
        return int((~keep).sum())

    def _refuse(self, index: int, reason: RejectionReason, detail: str = "") -> None:
        self._rejections.append(RejectedFrame(index=index, reason=reason, detail=detail))
