"""Average precision of boxes at half overlap, as in Pascal VOC since 2010."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import iou_matrix

Boxes = npt.NDArray[np.floating]
MATCH_IOU = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureBoxes:
    """Boxes of one class in one picture.

    Attributes:
        wanted: (N, 4) labelled. found: (M, 4) detected. scores: (M,) of the detected ones. All
            boxes are x_min, y_min, x_max, y_max in one unit.
    """

    wanted: Boxes
    found: Boxes
    scores: npt.NDArray[np.floating]


def average_precision(pictures: Sequence[PictureBoxes]) -> float:
    """Return the area under the precision curve, precision made monotone; NaN without labels.

    Best scores choose first; a labelled box is found once, what else lies on it is a false alarm.
    """
    rows: list[tuple[float, bool]] = []
    for picture in pictures:
        overlaps = iou_matrix(picture.found, picture.wanted)
        free = np.ones(len(picture.wanted), bool)
        for index in np.argsort(-picture.scores, kind="stable"):
            fitting = np.where(free, overlaps[index], 0.0)
            best = int(fitting.argmax()) if len(fitting) else -1
            right = best >= 0 and fitting[best] >= MATCH_IOU
            if right:
                free[best] = False
            rows.append((float(picture.scores[index]), right))
    total = sum(len(picture.wanted) for picture in pictures)
    if not total:
        return float("nan")
    if not rows:
        return 0.0
    hits = np.array([right for _, right in sorted(rows, key=lambda row: -row[0])])
    found = hits.cumsum()
    precision = np.maximum.accumulate((found / np.arange(1, len(hits) + 1))[::-1])[::-1]
    recall = np.concatenate([[0.0], found / total])
    return float((np.diff(recall) * precision).sum())
