"""The fire model: scores and boxes of a frame's parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.fire.crops import HOME_CROPS, Crop, crop_input
from edgeai_core.analyzers.fire.interfaces import FireView
from edgeai_core.analyzers.fire.readings import (
    FLAME,
    SMOKE,
    CropReading,
    FireReading,
    FireScores,
    distinct,
    joined_detections,
    joined_scores,
)
from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import InferenceSession, Tensor
from edgeai_core.types import Detection

_LABELS = (FLAME, SMOKE)
# Of a tile's side: a box that ends this near to a border inside the frame goes on behind it.
_BORDER_SHARE = 0.03
_Floats = npt.NDArray[np.floating]


class FireModel:
    """EfficientNet-lite0 with scores for the picture and one box per cell.

    `look` is one inference, so that a worker can spread a frame's parts over several frames; `read`
    makes one answer of all. One worker owns an instance; it is not thread-safe.

    Args:
        session: the loaded model. crops: parts that `read` looks at; the whole frame among them.
        min_box_score: 0..1; fainter boxes are dropped. Raising it loses small flames, lowering it
            draws boxes where nothing burns.
    """

    def __init__(
        self,
        session: InferenceSession,
        *,
        crops: Sequence[Crop] = HOME_CROPS,
        min_box_score: float = 0.3,
    ) -> None:
        self._session = session
        self._input = session.input_names[0]
        self._min_box_score = min_box_score
        self.crops = tuple(crops)

    @property
    def runtime_name(self) -> str:
        """Name of the runtime that runs the model."""
        return self._session.runtime_name

    def read(self, image: npt.NDArray[np.uint8]) -> FireReading:
        """Return what all crops of a frame show: one inference each.

        Args:
            image: (H, W, 3) uint8 BGR.

        Raises:
            ModelError: the model does not take or give what its card says.
        """
        readings = [self.read_crop(image, crop) for crop in self.crops]
        return FireReading(scores=joined_scores(readings), detections=joined_detections(readings))

    def look(self, image: npt.NDArray[np.uint8], crop: Crop) -> FireView:
        """Return what one part of a frame shows, as the decision over time takes it.

        Args and errors as for :meth:`read_crop`.
        """
        reading = self.read_crop(image, crop)
        return FireView.of(reading.scores, regions=reading.detections)

    def read_crop(self, image: npt.NDArray[np.uint8], crop: Crop) -> CropReading:
        """Return what one part of a frame shows.

        Args:
            image: (H, W, 3) uint8 BGR. crop: the part.

        Raises:
            ModelError: the model does not take or give what its card says.
        """
        outputs = self._session.run({self._input: crop_input(image, crop)})
        try:
            hazard, flame, smoke, large = (float(value) for value in outputs["scores"][0])
            cells, boxes = outputs["cell_scores"][0], outputs["cell_boxes"][0]
        except (KeyError, ValueError) as exc:
            raise ModelError(
                "fire model: expected outputs scores (1, 4), cell_scores and cell_boxes, got "
                f"{ {name: value.shape for name, value in outputs.items()} }; export it anew"
            ) from exc
        return CropReading(
            crop=crop,
            scores=FireScores(hazard=hazard, flame=flame, smoke=smoke, large=large),
            detections=tuple(self._detections(image.shape[:2], crop, cells, boxes)),
        )

    def close(self) -> None:
        """Free the model; calling it twice is harmless."""
        self._session.close()

    def _detections(
        self, shape: tuple[int, int], crop: Crop, cells: Tensor, boxes: Tensor
    ) -> list[Detection]:
        height_px, width_px = shape
        edges = crop.pixels(width_px=width_px, height_px=height_px)
        offset = np.array(edges[:2] * 2, np.float64)
        size = np.array([edges[2] - edges[0], edges[3] - edges[1]] * 2, np.float64)
        found = []
        for label, scores, own in zip(_LABELS, cells, boxes, strict=True):
            rows, columns = np.nonzero(scores >= self._min_box_score)
            if not len(rows):
                continue
            inside = np.clip(own[:, rows, columns].T.astype(np.float64), 0.0, 1.0)
            whole = ~_cut_off(inside, crop) & (inside[:, 2:] > inside[:, :2]).all(axis=1)
            scaled = inside[whole] * size + offset
            found.extend(distinct(label, scaled, scores[rows, columns][whole].astype(np.float64)))
        return found


def _cut_off(boxes: _Floats, crop: Crop) -> npt.NDArray[np.bool_]:
    """Return which (N, 4) boxes in 0..1 of a crop touch a border that is not the frame's."""
    near, far = boxes < _BORDER_SHARE, boxes > 1 - _BORDER_SHARE
    cut = np.zeros(len(boxes), bool)
    for column, on_frame in ((0, crop.x_min == 0), (1, crop.y_min == 0)):
        cut |= near[:, column] & (not on_frame)
    for column, on_frame in ((2, crop.x_max == 1), (3, crop.y_max == 1)):
        cut |= far[:, column] & (not on_frame)
    return cut
