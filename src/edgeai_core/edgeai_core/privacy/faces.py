"""Making faces unrecognisable that belong to nobody who is enrolled."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box, iou_matrix
from edgeai_core.privacy.timeline import NEAR_NS, Timeline
from edgeai_core.types import DetectedFace, Detection, FaceMatch

# Detectors' boxes end at chin and brow; hair and ears tell people apart as well.
_FACE_MARGIN = 0.3
# So few cells across a face: people and machines fail below about twelve pixels between the ears.
_CELLS = 6
_SAME_FACE_IOU = 0.3
# Where the head is in the box of somebody who stands or sits, as a share of its height.
_HEAD_SHARE = 0.25
# Somebody who lies has the head at the left or the right end of the box.
_LYING_END_SHARE = 0.3
_PERSON = "person"


class FaceFinder(Protocol):
    """What finds faces, as edgeai_core.catalog makes it."""

    def detect(self, image: npt.NDArray[np.uint8]) -> list[DetectedFace]:
        """Return the faces of a (H, W, 3) uint8 BGR picture, boxes in its pixels."""

    def close(self) -> None:
        """Free the model."""


class FaceHider:
    """Hide the faces of people whom nobody knows; threads that use it wait for each other.

    Args:
        finder: finds faces; from now on it belongs to the hider.
    """

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self._lock = threading.Lock()

    def hide(
        self,
        image: npt.NDArray[np.uint8],
        *,
        stamp_ns: int,
        scale: float,
        faces: Timeline[tuple[FaceMatch, ...]],
        objects: Timeline[tuple[Detection, ...]],
    ) -> None:
        """Make unknown faces of a (H, W, 3) uint8 BGR picture unrecognisable, in place.

        Args:
            image: to change. stamp_ns: of its frame. scale: its pixels per pixel of the frame.
            faces: what is known about faces, objects: what was seen else; in pixels of the frame.

        Raises:
            ModelError: faces cannot be looked for.
        """
        with self._lock:
            found = [face.box for face in self._finder.detect(image)]
        nearest = faces.nearest(stamp_ns, within_ns=NEAR_NS) or ()
        around = faces.between(stamp_ns - NEAR_NS, stamp_ns + NEAR_NS)
        seen = objects.nearest(stamp_ns, within_ns=NEAR_NS) or ()
        boxes = boxes_to_hide(
            found,
            nearest=[scaled_face(face, scale) for face in nearest],
            around=[scaled_face(face, scale) for matches in around for face in matches],
            people=[scaled(other.box, scale) for other in seen if other.label == _PERSON],
        )
        hide(image, boxes)

    def close(self) -> None:
        """Free the model that finds faces, once nobody uses it."""
        with self._lock:
            self._finder.close()


def boxes_to_hide(
    found: Sequence[Box],
    *,
    nearest: Sequence[FaceMatch],
    around: Sequence[FaceMatch],
    people: Sequence[Box],
) -> tuple[Box, ...]:
    """Return what must be made unrecognisable in a picture; when in doubt it is.

    Args:
        found: faces found in this very picture.
        nearest: what is known about faces from the result nearest in time; empty when none is near.
        around: faces of all results near in time. people: boxes of people near in time.
        All boxes are in pixels of this picture.
    """
    known = [face.box for face in nearest if face.recognised]
    unknown = [face.box for face in around if not face.recognised]
    hidden = [box for box in found if not _any_overlaps(box, known)]
    hidden += unknown
    hidden = [_grown(box, _FACE_MARGIN) for box in hidden]
    seen = [*found, *known, *unknown]
    for person in people:
        if not any(_holds(person, face) for face in seen):
            hidden += _heads(person)
    return tuple(hidden)


def hide(image: npt.NDArray[np.uint8], boxes: Sequence[Box]) -> None:
    """Make boxes of a (H, W, 3) uint8 BGR picture unrecognisable, in place."""
    height_px, width_px = image.shape[:2]
    for box in boxes:
        inside = box.clipped(width_px=width_px, height_px=height_px)
        x_min, y_min = int(inside.x_min_px), int(inside.y_min_px)
        x_max, y_max = int(np.ceil(inside.x_max_px)), int(np.ceil(inside.y_max_px))
        if x_max <= x_min or y_max <= y_min:
            continue
        part = image[y_min:y_max, x_min:x_max]
        size = (part.shape[1], part.shape[0])
        rows = max(1, round(_CELLS * size[1] / size[0]))
        # What is averaged away cannot be brought back, which a mere blur can in part.
        cells = cv2.resize(part, (_CELLS, rows), interpolation=cv2.INTER_AREA)
        image[y_min:y_max, x_min:x_max] = cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR)


def scaled(box: Box, scale: float) -> Box:
    """Return a box in a picture that was made smaller by `scale`."""
    return Box(*(edge * scale for edge in box.as_xyxy()))


def scaled_face(face: FaceMatch, scale: float) -> FaceMatch:
    """Return a face in a picture that was made smaller by `scale`."""
    return dataclasses.replace(face, box=scaled(face.box, scale))


def _any_overlaps(box: Box, others: Sequence[Box]) -> bool:
    if not others:
        return False
    corners = np.array([other.as_xyxy() for other in others], np.float32)
    overlaps = iou_matrix(np.array([box.as_xyxy()], np.float32), corners)
    return bool(overlaps.max() >= _SAME_FACE_IOU)


def _grown(box: Box, margin: float) -> Box:
    x_px, y_px = box.width_px * margin, box.height_px * margin
    return Box(box.x_min_px - x_px, box.y_min_px - y_px, box.x_max_px + x_px, box.y_max_px + y_px)


def _holds(person: Box, face: Box) -> bool:
    x, y = face.center_px
    return person.x_min_px <= x <= person.x_max_px and person.y_min_px <= y <= person.y_max_px


def _heads(person: Box) -> list[Box]:
    x_min, y_min, x_max, y_max = person.as_xyxy()
    if person.width_px > person.height_px:
        end_px = person.width_px * _LYING_END_SHARE
        return [Box(x_min, y_min, x_min + end_px, y_max), Box(x_max - end_px, y_min, x_max, y_max)]
    # A little above the box as well: it may end at the brow.
    head_px = person.height_px * _HEAD_SHARE
    return [Box(x_min, y_min - head_px / 5, x_max, y_min + head_px)]
