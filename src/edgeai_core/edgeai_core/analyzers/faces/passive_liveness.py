"""One picture's opinion on whether a face is a flat copy: borders, bezels, dots and moire."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box
from edgeai_core.runtimes.base import InferenceSession

PATCH_SIDE_PX = 80
# How much of the surroundings is shown: side of the patch over that of the face box.
CONTEXT_SCALE = 2.7
LIVE_CLASS = 1


class PassiveLiveness:
    """A small network that tells living faces from prints and screens.

    The architecture and the patch are those of MiniFASNet (minivision-ai, Silent-Face-Anti-
    Spoofing); the weights were trained further, see the model's card.

    One worker owns an instance; it is not thread-safe.

    Args:
        session: the loaded model: (N, 3, 80, 80) float32 BGR 0..255 to (N, 3) logits.
    """

    def __init__(self, session: InferenceSession) -> None:
        self._session = session
        self._input, self._output = session.input_names[0], session.output_names[0]

    @property
    def runtime_name(self) -> str:
        """Name of the runtime that runs the model."""
        return self._session.runtime_name

    def score(self, image: npt.NDArray[np.uint8], face: Box) -> float:
        """Return the probability, 0..1, that the face is not a flat copy.

        Args:
            image: (H, W, 3) uint8 BGR. face: from forehead to chin and cheek to cheek, pixels.

        Raises:
            ModelError: the model does not take or give what its card says.
            ValueError: the face has no area.
        """
        patch = context_patch(image, face)
        tensor = np.ascontiguousarray(patch.transpose(2, 0, 1)[None], dtype=np.float32)
        logits = self._session.run({self._input: tensor})[self._output].astype(np.float64)[0]
        powers = np.exp(logits - logits.max())
        return float(powers[LIVE_CLASS] / powers.sum())

    def close(self) -> None:
        """Free the model; calling it twice is harmless."""
        self._session.close()


def context_patch(
    image: npt.NDArray[np.uint8], face: Box, *, scale: float = CONTEXT_SCALE
) -> npt.NDArray[np.uint8]:
    """Return the face with its surroundings, (80, 80, 3) uint8 BGR.

    The box grows about its centre by `scale`, or as far as the picture allows, and is then shifted
    inside the picture, as in the crops that MiniFASNet was trained on.

    Args:
        image: (H, W, 3) uint8 BGR. face: pixels of the image.

    Raises:
        ValueError: the face has no area.
    """
    height_px, width_px = image.shape[:2]
    if not (face.width_px > 0 and face.height_px > 0):
        raise ValueError(f"liveness patch: expected a box with area, got {face}")
    factor = min(scale, (height_px - 1) / face.height_px, (width_px - 1) / face.width_px)
    patch_width, patch_height = face.width_px * factor, face.height_px * factor
    x, y = face.center_px
    left = int(min(max(x - patch_width / 2, 0.0), width_px - 1 - patch_width))
    top = int(min(max(y - patch_height / 2, 0.0), height_px - 1 - patch_height))
    part = image[top : top + int(patch_height) + 1, left : left + int(patch_width) + 1]
    return np.asarray(cv2.resize(part, (PATCH_SIDE_PX, PATCH_SIDE_PX)), dtype=np.uint8)
