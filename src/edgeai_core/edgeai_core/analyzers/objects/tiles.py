"""Small objects: one enlarged part of the picture in every frame, beside the whole of it.

A detector sees its input at 320 to 416 px, in which a knife across a hall is two pixels. Parts of
the picture are looked at one a frame in turn, so that the cost a frame is two looks however many
parts there are: cut inference as in Akyon et al., "Slicing Aided Hyper Inference", ICIP 2022,
spread over time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.objects.proximity import PERSON, covered_share
from edgeai_core.config import param
from edgeai_core.geometry import Box
from edgeai_core.types import Detection

Image = npt.NDArray[np.uint8]

# What touches an inner edge of a tile is cut there; the neighbour shows all of it.
_EDGE_PX = 2.0
# A found thing is looked at again at once, but not for more frames in a row than this, so that a
# false one does not hold the view.
_MAX_STAY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TilesConfig:
    """How small objects are looked for; group ``tiles``."""

    labels: tuple[str, ...] = param(
        (),
        "Labels that are also looked for in enlarged parts of the picture, one part a frame, which "
        "doubles the time of a frame; empty looks at the whole picture alone",
    )
    columns: int = param(3, "Parts side by side", minimum=1, maximum=16)
    rows: int = param(2, "Parts one above the other", minimum=1, maximum=16)
    overlap: float = param(
        0.2,
        "How much of its width and height a part shares with the next; an object of this size is "
        "whole in one of them",
        minimum=0.0,
        maximum=0.9,
    )
    same_overlap: float = param(
        0.5,
        "Two boxes of one label are the same object when the smaller is covered by the other by at "
        "least this share",
        minimum=0.01,
        maximum=1.0,
    )


class TiledDetector:
    """Looks at the whole picture and at one part of it; owned by one thread.

    Which part: the one where something was found in the last look, for a few frames; else the one
    with persons that was not looked at for longest; every third look goes to the part that was not
    looked at for longest, persons or not.

    Args:
        detect: any detector: (H, W, 3) uint8 BGR to its objects in pixels of what it was given.
        config: parts and labels.
    """

    def __init__(self, detect: Callable[[Image], Sequence[Detection]], config: TilesConfig) -> None:
        self._detect = detect
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Forget what was looked at."""
        self._size_px = (0, 0)
        self._tiles: tuple[Box, ...] = ()
        self._looked: list[int] = []
        self._looks = 0
        self._found_in: int | None = None
        self._stayed = 0

    def detect(self, image: Image) -> list[Detection]:
        """Return the objects of a frame, best score first.

        Args:
            image: (H, W, 3) uint8 BGR.
        """
        whole = list(self._detect(image))
        if not self._config.labels or self._config.columns * self._config.rows == 1:
            return whole
        self._lay_out(image.shape[1], image.shape[0])
        index = self._next_tile([d.box for d in whole if d.label == PERSON])
        tile = self._tiles[index]
        x_min, y_min, x_max, y_max = (int(edge) for edge in tile.as_xyxy())
        part = np.ascontiguousarray(image[y_min:y_max, x_min:x_max])
        found = [
            shifted
            for detection in self._detect(part)
            if detection.label in self._config.labels
            and (shifted := self._in_frame(detection, tile)) is not None
        ]
        self._note(index, bool(found))
        return self._merged(whole, found)

    def _lay_out(self, width_px: int, height_px: int) -> None:
        if self._size_px == (width_px, height_px):
            return
        self.reset()
        self._size_px = (width_px, height_px)
        config = self._config
        columns = _cuts(width_px, config.columns, config.overlap)
        rows = _cuts(height_px, config.rows, config.overlap)
        self._tiles = tuple(
            Box(left, top, right, bottom) for top, bottom in rows for left, right in columns
        )
        self._looked = [-1] * len(self._tiles)

    def _next_tile(self, people: Sequence[Box]) -> int:
        if self._found_in is not None and self._stayed < _MAX_STAY:
            return self._found_in
        every = range(len(self._tiles))
        peopled = [
            i for i in every if any(covered_share(box, self._tiles[i]) > 0 for box in people)
        ]
        in_turn = self._looks % 3 == 2 or not peopled
        return min(every if in_turn else peopled, key=lambda i: (self._looked[i], i))

    def _note(self, index: int, found: bool) -> None:
        self._stayed = self._stayed + 1 if found and index == self._found_in else 0
        # After its stay it waits for its turn like the others.
        self._found_in = index if found and self._stayed < _MAX_STAY else None
        self._looked[index] = self._looks
        self._looks += 1

    def _in_frame(self, detection: Detection, tile: Box) -> Detection | None:
        """Return a detection of a tile in pixels of the frame, None if the tile cuts it."""
        width_px, height_px = self._size_px
        box = Box(
            detection.box.x_min_px + tile.x_min_px,
            detection.box.y_min_px + tile.y_min_px,
            detection.box.x_max_px + tile.x_min_px,
            detection.box.y_max_px + tile.y_min_px,
        )
        cut = (
            (tile.x_min_px > 0 and box.x_min_px - tile.x_min_px < _EDGE_PX)
            or (tile.y_min_px > 0 and box.y_min_px - tile.y_min_px < _EDGE_PX)
            or (tile.x_max_px < width_px and tile.x_max_px - box.x_max_px < _EDGE_PX)
            or (tile.y_max_px < height_px and tile.y_max_px - box.y_max_px < _EDGE_PX)
        )
        return None if cut else dataclasses.replace(detection, box=box)

    def _merged(self, whole: Sequence[Detection], found: Sequence[Detection]) -> list[Detection]:
        """Return the detections of both looks without those of an object that has a better one.

        Those of the whole picture stay among themselves as the detector gave them.
        """
        kept = list(whole)
        for detection in found:
            doubles = [other for other in kept if self._same(detection, other)]
            if any(other.score >= detection.score for other in doubles):
                continue
            kept = [other for other in kept if other not in doubles]
            kept.append(detection)
        return sorted(kept, key=lambda detection: -detection.score)

    def _same(self, a: Detection, b: Detection) -> bool:
        if a.label != b.label:
            return False
        small, large = sorted((a.box, b.box), key=lambda box: box.area_px2)
        return covered_share(small, large) >= self._config.same_overlap


def _cuts(side_px: int, count: int, overlap: float) -> list[tuple[int, int]]:
    """Return the beginning and end of `count` equal parts of a side that share `overlap`."""
    length = side_px / (count - (count - 1) * overlap)
    step = length * (1 - overlap)
    cuts = [
        (max(0, int(number * step)), min(side_px, int(number * step + length + 0.999)))
        for number in range(count)
    ]
    return [(begin, max(end, begin + 1)) for begin, end in cuts]
