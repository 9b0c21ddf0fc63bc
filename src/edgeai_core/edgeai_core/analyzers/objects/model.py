"""Find objects of known classes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.errors import ConfigError
from edgeai_core.geometry import Box, non_maximum_suppression
from edgeai_core.runtimes.base import InferenceSession
from edgeai_core.types import Detection

# The values of ssd_mobilenet_v2_coco.config.
_INPUT_SIDE_PX = 300
_SUPPRESSION_IOU = 0.6
_MAX_DETECTIONS = 100


class ObjectDetector:
    """SSD-MobileNetV2: boxes 0..1 of the picture and one score per class, decoded by the model.

    The picture is stretched to 300 x 300, as in the network's training. One worker owns an
    instance; it is not thread-safe.

    Args:
        session: the loaded model. labels: class names by output column; empty columns are unused.
        min_score: 0..1; fainter detections are dropped. Raising it loses small and covered
            objects, lowering it finds objects that are not there.
        only: names of the classes to report; empty for all.

    Raises:
        ConfigError: `only` names a class that the model does not know.
    """

    def __init__(
        self,
        session: InferenceSession,
        *,
        labels: Sequence[str],
        min_score: float = 0.5,
        only: Collection[str] = (),
    ) -> None:
        unknown = sorted(set(only) - set(filter(None, labels)))
        if unknown:
            raise ConfigError(
                f"object labels: got {', '.join(unknown)}, expected some of "
                f"{', '.join(filter(None, labels))}"
            )
        self._session = session
        self._labels = tuple(labels)
        self._min_score = min_score
        self._columns = np.array(
            [i for i, label in enumerate(labels) if label and (not only or label in only)], np.intp
        )
        self._input = session.input_names[0]

    @property
    def runtime_name(self) -> str:
        """Name of the runtime that runs the model."""
        return self._session.runtime_name

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes that can be reported."""
        return tuple(self._labels[column] for column in self._columns)

    def detect(self, image: npt.NDArray[np.uint8]) -> list[Detection]:
        """Return the objects of a frame, best score first, at most 100.

        Args:
            image: (H, W, 3) uint8 BGR.

        Returns:
            Detections with boxes in frame pixels, clipped to the frame.

        Raises:
            ModelError: the model does not take or give what its card says.
        """
        small = cv2.resize(image, (_INPUT_SIDE_PX, _INPUT_SIDE_PX))
        tensor = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8)[None]
        outputs = self._session.run({self._input: tensor})
        height_px, width_px = image.shape[:2]
        sides = np.array([width_px, height_px, width_px, height_px], np.float32)
        boxes = np.clip(outputs["boxes"][0].astype(np.float32), 0.0, 1.0) * sides
        scores = outputs["scores"][0].astype(np.float32)
        found = [
            detection
            for column in self._columns
            for detection in self._of_class(int(column), boxes, scores[:, column])
        ]
        found.sort(key=lambda detection: -detection.score)
        return found[:_MAX_DETECTIONS]

    def close(self) -> None:
        """Free the model; calling it twice is harmless."""
        self._session.close()

    def _of_class(
        self, column: int, boxes: npt.NDArray[np.float32], scores: npt.NDArray[np.float32]
    ) -> list[Detection]:
        chosen = np.flatnonzero(scores >= self._min_score)
        if not chosen.size:
            return []
        kept = chosen[
            non_maximum_suppression(boxes[chosen], scores[chosen], iou_threshold=_SUPPRESSION_IOU)
        ]
        return [
            Detection(
                label=self._labels[column],
                score=min(float(scores[index]), 1.0),
                box=Box(*(float(edge) for edge in boxes[index])),
            )
            for index in kept
            if (boxes[index, 2:] > boxes[index, :2]).all()
        ]
