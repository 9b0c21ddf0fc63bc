"""An object as something that can be explained: its detection, in the whole picture or closer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from edgeai_core.explaining.explainer import Case
from edgeai_core.geometry import Box, iou_matrix
from edgeai_core.types import Detection

Image = npt.NDArray[np.uint8]
Detect = Callable[[Image], Sequence[Detection]]
# Of score times overlap: fainter ones say nothing about the object that was told.
_LEAST_SCORE = 0.2
# Of the box's sides, on each side of it: what surrounds an object tells as well.
_MARGIN = 0.5
_LEAST_REGION_PX = 24.0
# A part of the picture of this many of the box's longer side, and not below the model's input, is
# what shows an object that is too small for the whole picture.
_CLOSER_SIDES, _LEAST_CLOSER_PX = 4.0, 416.0


def object_case(detect: Detect, image: Image, *, label: str, box: Box) -> Case | None:
    """Return the detection of an object; None when it is not detected in this picture.

    The score is that of the best detection of the label times its overlap with the box (D-RISE).
    What is found in the whole picture is explained there; what only an enlarged part shows (small
    objects), in such a part. Takes two looks at most.

    Args:
        detect: (H, W, 3) uint8 BGR to detections in its pixels. image: such a picture.
        label: the object's. box: where it is, pixels of the picture.
    """
    height_px, width_px = int(image.shape[0]), int(image.shape[1])
    inside = box.clipped(width_px=width_px, height_px=height_px)
    if inside.area_px2 < 1:
        return None
    whole = Box(0.0, 0.0, float(width_px), float(height_px))
    for view in (whole, _closer(inside, width_px=width_px, height_px=height_px)):
        found, fit = _best(detect, image, view, label=label, box=inside)
        if found is not None and fit >= _LEAST_SCORE:
            break
    else:
        return None
    # The overlap is with the found box, not with the expected one: whole while nothing is hidden.
    target = found.box
    return Case(
        image=image,
        score=lambda shown: _best(detect, shown, view, label=label, box=target)[1],
        base_score=found.score,
        region=_grown(target, view),
        label=label,
        box=target,
    )


def _best(
    detect: Detect, image: Image, view: Box, *, label: str, box: Box
) -> tuple[Detection | None, float]:
    """Return the detection that fits a box best, in pixels of the picture, and how well.

    That is its score times the overlap.
    """
    x_min, y_min, x_max, y_max = (round(edge) for edge in view.as_xyxy())
    part = np.ascontiguousarray(image[y_min:y_max, x_min:x_max])
    found = [item for item in detect(part) if item.label == label]
    if not found:
        return None, 0.0
    edges = np.array([item.box.as_xyxy() for item in found]) + np.array([x_min, y_min] * 2)
    scores = np.array([item.score for item in found])
    fit = iou_matrix(np.array([box.as_xyxy()]), edges)[0] * scores
    best = int(fit.argmax())
    placed = Box(*(float(edge) for edge in edges[best]))
    return dataclasses.replace(found[best], box=placed), float(fit[best])


def _closer(box: Box, *, width_px: int, height_px: int) -> Box:
    """Return a square about a box, moved into the picture."""
    side = max(_CLOSER_SIDES * max(box.width_px, box.height_px), _LEAST_CLOSER_PX)
    x, y = box.center_px
    left, right = _placed(x, side, width_px)
    top, bottom = _placed(y, side, height_px)
    return Box(left, top, right, bottom)


def _placed(middle: float, side: float, length_px: int) -> tuple[float, float]:
    side = min(side, float(length_px))
    low = float(round(min(max(0.0, middle - side / 2), length_px - side)))
    return low, min(float(length_px), float(round(low + side)))


def _grown(box: Box, view: Box) -> Box:
    x_by = max(_MARGIN * box.width_px, (_LEAST_REGION_PX - box.width_px) / 2)
    y_by = max(_MARGIN * box.height_px, (_LEAST_REGION_PX - box.height_px) / 2)
    return Box(
        max(view.x_min_px, box.x_min_px - x_by),
        max(view.y_min_px, box.y_min_px - y_by),
        min(view.x_max_px, box.x_max_px + x_by),
        min(view.y_max_px, box.y_max_px + y_by),
    )
