"""Find objects of known classes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.objects.features import FeatureMaps
from edgeai_core.errors import ConfigError, ModelError
from edgeai_core.geometry import Box, Letterbox, non_maximum_suppression
from edgeai_core.runtimes.base import InferenceSession, Tensor
from edgeai_core.types import Detection

INPUT_SIDE_PX = 416
STRIDES_PX = (8, 16, 32)
FEATURE_OUTPUTS = ("fine", "middle", "coarse")
# The grey that YOLOX pads pictures with in its training.
BORDER = 114
_SUPPRESSION_IOU = 0.6
_MAX_DETECTIONS = 100
# Of one class, before suppression, which compares each with each: a bound on the time of a frame.
_MAX_CANDIDATES = 300
_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObjectView:
    """What the network saw in a frame.

    Attributes:
        detections: objects, best score first. features: what heads taught later look at.
    """

    detections: tuple[Detection, ...]
    features: FeatureMaps


class ObjectDetector:
    """YOLOX-nano with a branch for classes of our own; boxes and scores are decoded by the model.

    The picture is letterboxed to 416 x 416. One worker owns an instance; it is not thread-safe.

    Args:
        session: the loaded model. labels: class names by output column.
        min_score: 0..1; fainter detections are dropped. Raising it loses small and covered
            objects, lowering it finds objects that are not there.
        own_min_scores: the same for some classes by name, instead of `min_score`.
        only: names of the classes to report; empty for all.

    Raises:
        ConfigError: `only` or `own_min_scores` names a class that the model does not know.
    """

    def __init__(
        self,
        session: InferenceSession,
        *,
        labels: Sequence[str],
        min_score: float = 0.5,
        own_min_scores: Mapping[str, float] | None = None,
        only: Collection[str] = (),
    ) -> None:
        own = own_min_scores or {}
        unknown = sorted({*only, *own} - set(labels))
        if unknown:
            raise ConfigError(
                f"object labels: got {', '.join(unknown)}, expected some of {', '.join(labels)}"
            )
        self._session = session
        self._labels = tuple(labels)
        self._columns = np.array([i for i, x in enumerate(labels) if not only or x in only])
        self._min_scores = np.array(
            [own.get(labels[column], min_score) for column in self._columns], np.float32
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
        """Return the objects of a frame, best score first; see :meth:`look`."""
        return list(self.look(image).detections)

    def look(self, image: npt.NDArray[np.uint8]) -> ObjectView:
        """Return the objects of a frame, at most 100, and the features they were found with.

        Args:
            image: (H, W, 3) uint8 BGR.

        Returns:
            Detections with boxes in frame pixels, clipped to the frame.

        Raises:
            ModelError: the model does not take or give what its card says.
        """
        height_px, width_px = image.shape[:2]
        letterbox = Letterbox.fit(
            image_width_px=width_px,
            image_height_px=height_px,
            canvas_width_px=INPUT_SIDE_PX,
            canvas_height_px=INPUT_SIDE_PX,
        )
        outputs = self._session.run(
            {self._input: np.ascontiguousarray(letterbox.apply(image, border=BORDER))[None]}
        )
        try:
            boxes, scores = (np.asarray(outputs[name][0], np.float32) for name in _ANSWERS)
            levels = tuple(np.asarray(outputs[name][0], np.float32) for name in FEATURE_OUTPUTS)
        except KeyError as exc:
            raise _unfit(outputs) from exc
        if boxes.shape != (len(scores), 4) or scores.shape[1] != len(self._labels):
            raise _unfit(outputs)
        return ObjectView(
            detections=self._detections(boxes, scores, letterbox, (width_px, height_px)),
            features=FeatureMaps(levels=levels, strides_px=STRIDES_PX, letterbox=letterbox),
        )

    def close(self) -> None:
        """Free the model; calling it twice is harmless."""
        self._session.close()

    def _detections(
        self, boxes: _Floats, scores: _Floats, letterbox: Letterbox, size: tuple[int, int]
    ) -> tuple[Detection, ...]:
        whole = len(self._columns) == len(self._labels)
        wanted = scores if whole else scores[:, self._columns]
        rows, places = np.nonzero(wanted >= self._min_scores)
        found: list[Detection] = []
        for place in np.unique(places):
            own = rows[places == place]
            own = own[np.argsort(-wanted[own, place], kind="stable")[:_MAX_CANDIDATES]]
            kept = own[
                non_maximum_suppression(
                    boxes[own], wanted[own, place], iou_threshold=_SUPPRESSION_IOU
                )
            ]
            label = self._labels[self._columns[place]]
            corners = letterbox.to_image(boxes[kept].reshape(-1, 2, 2))
            clipped = np.clip(corners, 0, size).reshape(-1, 4)
            for edges, score in zip(clipped, wanted[kept, place], strict=True):
                if edges[2] > edges[0] and edges[3] > edges[1]:
                    box = Box(*(float(edge) for edge in edges))
                    found.append(Detection(label=label, score=min(float(score), 1.0), box=box))
        found.sort(key=lambda detection: -detection.score)
        return tuple(found[:_MAX_DETECTIONS])


_ANSWERS = ("boxes", "scores")


def _unfit(outputs: Mapping[str, Tensor]) -> ModelError:
    got = {name: value.shape for name, value in outputs.items()}
    return ModelError(
        f"object model: expected outputs boxes (1, N, 4), scores (1, N, classes) and the maps "
        f"{', '.join(FEATURE_OUTPUTS)}, got {got}; export it anew"
    )
