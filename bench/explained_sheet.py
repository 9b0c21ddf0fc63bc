"""A picture of some heat-maps, for people to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from edgeai_alerts.evidence.heat import draw_heat
from edgeai_core.explaining.explanation import Explanation
from edgeai_core.geometry import Box

_SIDE_PX, _COLUMNS = 320, 4

# One map: the picture, its explanation (named in the reason), drawn boxes and its deletion area.
Entry = tuple[np.ndarray, Explanation, Sequence[Box], float]


def sheet(groups: Mapping[str, Sequence[Entry]]) -> np.ndarray:
    """Return four maps of each group, from the best to the worst by deletion."""
    tiles = []
    for entries in groups.values():
        ranked = sorted(entries, key=lambda entry: entry[3])
        last = len(ranked) - 1
        tiles += [_tile(*ranked[place]) for place in (0, last // 3, 2 * last // 3, last)]
    rows = [
        np.concatenate(tiles[at : at + _COLUMNS], axis=1) for at in range(0, len(tiles), _COLUMNS)
    ]
    return np.concatenate(rows)


def _tile(
    image: np.ndarray, explanation: Explanation, drawn: Sequence[Box], deletion: float
) -> np.ndarray:
    scale = _SIDE_PX / max(image.shape[:2])
    canvas = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    draw_heat(canvas, explanation, scale=scale)
    for box in drawn:
        corners = [round(edge * scale) for edge in box.as_xyxy()]
        cv2.rectangle(canvas, corners[:2], corners[2:], (200, 200, 60), 1)
    tile = np.zeros((_SIDE_PX, _SIDE_PX, 3), np.uint8)
    tile[: canvas.shape[0], : canvas.shape[1]] = canvas
    words = f"{explanation.reason[:22]} del {deletion:.2f}"
    cv2.putText(tile, words, (4, _SIDE_PX - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1)
    return tile
