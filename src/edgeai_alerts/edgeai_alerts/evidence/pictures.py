"""Pictures of evidence: faces hidden where they must be, and boxes that say what was seen."""

from __future__ import annotations

import dataclasses
import struct

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_alerts.evidence.heat import caption_of, draw_heat, with_caption_below
from edgeai_alerts.evidence.memory import CameraMemory
from edgeai_alerts.evidence.ring import KeptFrame
from edgeai_alerts.evidence.sights import HAZARD_NEAR_NS
from edgeai_core.action_events import ActionEvent
from edgeai_core.errors import EvidenceError
from edgeai_core.explaining.explanation import Explanation
from edgeai_core.overlay import draw_actions, draw_faces, draw_hazard, draw_objects
from edgeai_core.privacy.faces import FaceFinder, FaceHider, scaled, scaled_face
from edgeai_core.privacy.timeline import NEAR_NS
from edgeai_core.types import Detection, HazardReport

SNAPSHOT_MEDIA_TYPE = "image/jpeg"


class PictureMaker:
    """Make pictures that may be stored of those in memory; one thread owns it.

    Args:
        finder: finds faces to hide; None hides none. jpeg_quality: of snapshots, 1..100.
    """

    def __init__(self, finder: FaceFinder | None, *, jpeg_quality: int) -> None:
        self._hider = FaceHider(finder) if finder is not None else None
        self._quality = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality]

    def plain(self, kept: KeptFrame, memory: CameraMemory) -> npt.NDArray[np.uint8]:
        """Return a picture, (H, W, 3) uint8 BGR, with its masks, in which unknown faces are hidden.

        Raises:
            EvidenceError: it cannot be decoded. ModelError: faces cannot be looked for.
        """
        image = kept.image()
        if self._hider is not None:
            self._hider.hide(
                image,
                stamp_ns=kept.stamp_ns,
                scale=kept.scale,
                faces=memory.sights.faces,
                objects=memory.sights.objects,
            )
        # What was averaged beside a mask may reach into it, and a mask may be newer than a picture.
        memory.mask.blacken(image)
        return image

    def snapshot(self, kept: KeptFrame, memory: CameraMemory) -> bytes:
        """Return a JPEG file of a picture with boxes and labels of what was seen.

        Raises:
            EvidenceError: it cannot be decoded or encoded. ModelError: as for :meth:`plain`.
        """
        canvas, sights = self.plain(kept, memory), memory.sights
        at, scale = kept.stamp_ns, kept.scale
        objects = sights.objects.nearest(at, within_ns=NEAR_NS) or ()
        draw_objects(canvas, [_of_object(o, scale) for o in objects])
        faces = sights.faces.nearest(at, within_ns=NEAR_NS) or ()
        draw_faces(canvas, [scaled_face(f, scale) for f in faces])
        actions = sights.actions.nearest(at, within_ns=NEAR_NS) or ()
        draw_actions(canvas, [_of_action(a, scale) for a in actions])
        hazard = sights.hazards.nearest(at, within_ns=HAZARD_NEAR_NS)
        if hazard is not None:
            draw_hazard(canvas, _of_hazard(hazard, scale))
        return self._compressed(canvas)

    def explained(self, kept: KeptFrame, memory: CameraMemory, explanation: Explanation) -> bytes:
        """Return a JPEG file of a picture under a heat-map; its comment holds the sentence.

        Raises:
            EvidenceError: it cannot be decoded or encoded. ModelError: as for :meth:`plain`.
        """
        canvas, caption = self.plain(kept, memory), caption_of(explanation)
        draw_heat(canvas, explanation, scale=kept.scale)
        # What is masked is black, not tinted.
        memory.mask.blacken(canvas)
        return with_comment(self._compressed(with_caption_below(canvas, caption)), caption)

    def _compressed(self, canvas: npt.NDArray[np.uint8]) -> bytes:
        done, jpeg = cv2.imencode(".jpg", canvas, self._quality)
        if not done:
            raise EvidenceError(
                f"picture of {canvas.shape[1]}x{canvas.shape[0]} px: not compressed"
            )
        return bytes(jpeg.tobytes())

    def close(self) -> None:
        """Free the model that finds faces."""
        if self._hider is not None:
            self._hider.close()


def with_comment(jpeg: bytes, comment: str) -> bytes:
    """Return a JPEG file with a comment (a COM segment after the first marker, ITU-T T.81 B.2.4.5).

    Args:
        comment: ASCII, at most 65,533 characters.
    """
    text = comment.encode("ascii")
    return b"".join([jpeg[:2], b"\xff\xfe", struct.pack(">H", len(text) + 2), text, jpeg[2:]])


def _of_object(found: Detection, scale: float) -> Detection:
    return dataclasses.replace(found, box=scaled(found.box, scale))


def _of_action(event: ActionEvent, scale: float) -> ActionEvent:
    return dataclasses.replace(event, box=scaled(event.box, scale))


def _of_hazard(hazard: HazardReport, scale: float) -> HazardReport:
    regions = tuple(_of_object(region, scale) for region in hazard.regions)
    return dataclasses.replace(hazard, regions=regions)
