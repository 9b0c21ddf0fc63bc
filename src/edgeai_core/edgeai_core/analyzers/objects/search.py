"""Everything that is looked for in a frame: the detector's classes, small ones, and own things."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.objects.features import FeatureMaps
from edgeai_core.analyzers.objects.model import ObjectView
from edgeai_core.analyzers.objects.taught_store import TaughtThings
from edgeai_core.analyzers.objects.tiles import TiledDetector, TilesConfig
from edgeai_core.types import Detection


class LooksAtObjects(Protocol):
    """What `ObjectDetector` does, and a fake in tests."""

    def look(self, image: npt.NDArray[np.uint8]) -> ObjectView: ...


class ObjectSearch:
    """Looks at a frame for all that the detector knows and all that was taught.

    Own things are found in the maps that the detector made of the whole frame, and looked at more
    closely in the frame; one worker owns an instance.

    Args:
        detector: the model. tiles: which classes are also looked for in parts of the frame.
        taught: the own things; None for none.
    """

    def __init__(
        self,
        detector: LooksAtObjects,
        *,
        tiles: TilesConfig | None = None,
        taught: TaughtThings | None = None,
    ) -> None:
        self._detector = detector
        self._taught = taught
        self._tiled = TiledDetector(self._look, tiles or TilesConfig())
        self._maps: list[FeatureMaps] = []

    @property
    def taught_names(self) -> tuple[str, ...]:
        """Names of the own things that are looked for."""
        return self._taught.names if self._taught is not None else ()

    def detect(self, image: npt.NDArray[np.uint8]) -> list[Detection]:
        """Return what a frame shows, best score first.

        Args:
            image: (H, W, 3) uint8 BGR.

        Raises:
            ModelError: the model does not take or give what its card says.
        """
        self._maps.clear()
        found = self._tiled.detect(image)
        if self._taught is not None:
            # The first look of a frame is at the whole of it; the next ones are at parts.
            found.extend(self._taught.detect(self._maps[0], image))
            found.sort(key=lambda detection: -detection.score)
        return found

    def _look(self, image: npt.NDArray[np.uint8]) -> tuple[Detection, ...]:
        view = self._detector.look(image)
        self._maps.append(view.features)
        return view.detections
