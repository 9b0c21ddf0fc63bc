"""What the closer look learns from: parts of pictures about boxes, right ones and wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from edgeai_core.analyzers.objects.taught import LevelHead, Proposals, proposals
from edgeai_core.analyzers.objects.taught_closer import parts_of
from edgeai_core.geometry import iou_matrix
from edgeai_lab.pictures import Image
from edgeai_lab.teach.lessons import Floats, Lesson

_PROPOSED = 10
# Boxes about each thing that are moved and scaled as a head errs, and boxes anywhere in a picture.
_SHAKEN, _MOVE, _GROW = 6, 0.12, 0.15
_ANYWHERE, _SIDES_PX = 2, (24.0, 200.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Practice:
    """N parts.

    Attributes:
        images: (N, 48, 48, 3) uint8 BGR. boxes: (N, 4) float32 that they were cut about, in sides
            of the part. wanted: (N, 4) float32, the thing's box that overlaps it most; zeros where
            there is none. overlap: (N,) float32, intersection over union of the two.
    """

    images: npt.NDArray[np.uint8]
    boxes: Floats
    wanted: Floats
    overlap: Floats


def practice_of(
    pictures: Sequence[Image],
    lessons: Sequence[Lesson],
    levels: Sequence[LevelHead],
    rng: Generator,
) -> Practice:
    """Return the parts of pictures that a head proposes, and some about the things and elsewhere.

    Args:
        pictures: (H, W, 3) uint8 BGR. lessons: of the same pictures. levels: of the head.
    """
    columns: list[tuple[npt.NDArray[np.uint8], Floats, Floats, Floats]] = []
    for picture, lesson in zip(pictures, lessons, strict=True):
        features = lesson.features()
        found: Proposals = proposals([levels], features, most=_PROPOSED)
        corners = lesson.letterbox.to_image(lesson.boxes_px.reshape(-1, 2, 2))
        things = np.asarray(corners.reshape(-1, 4), np.float32)
        boxes = np.concatenate(
            [
                found.in_frame(np.arange(len(found.owners)), features),
                _shaken(things, rng),
                _anywhere(picture.shape[1], picture.shape[0], rng),
            ]
        )
        overlaps = iou_matrix(boxes, things).astype(np.float32)
        parts = parts_of(picture, boxes)
        if len(things):
            wanted = parts.inside(things[overlaps.argmax(axis=1)])
            overlap = overlaps.max(axis=1)
        else:
            wanted, overlap = np.zeros_like(boxes), np.zeros(len(boxes), np.float32)
        columns.append((parts.images, parts.inside(boxes), wanted, overlap))
    images, inside, wanted, overlap = (np.concatenate(c) for c in zip(*columns, strict=True))
    return Practice(images=images, boxes=inside, wanted=wanted, overlap=overlap)


def _shaken(boxes: Floats, rng: Generator) -> Floats:
    """Return each box several times, moved and scaled a little."""
    again = np.repeat(boxes, _SHAKEN, axis=0)
    sides = again[:, 2:] - again[:, :2]
    middle = (again[:, :2] + again[:, 2:]) / 2 + rng.normal(0, _MOVE, sides.shape) * sides
    half = sides * np.exp(rng.normal(0, _GROW, sides.shape)) / 2
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)


def _anywhere(width_px: int, height_px: int, rng: Generator) -> Floats:
    low, high = np.log(_SIDES_PX)
    side = np.exp(rng.uniform(low, high, (_ANYWHERE, 1)))
    stretch = np.exp(rng.normal(0, 0.4, (_ANYWHERE, 1)))
    half = np.concatenate([side * stretch, side / stretch], axis=1) / 2
    middle = rng.uniform(0, 1, (_ANYWHERE, 2)) * (width_px, height_px)
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)
