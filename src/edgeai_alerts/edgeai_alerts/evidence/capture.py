"""From a camera's frames to pictures that may be remembered."""

from __future__ import annotations

import cv2
import numpy as np

from edgeai_alerts.evidence.ring import KeptFrame
from edgeai_core.errors import EvidenceError
from edgeai_core.privacy.masks import PrivacyMask
from edgeai_core.types import Frame


class FrameSampler:
    """Choose frames at a rate, by their stamps; one thread owns it."""

    def __init__(self, fps: float) -> None:
        self._period_ns = round(1e9 / fps)
        self._due_ns: int | None = None
        self._last_ns = 0

    def takes(self, stamp_ns: int) -> bool:
        """Return whether the frame with this stamp is one of those to take."""
        went_back = stamp_ns < self._last_ns
        self._last_ns = stamp_ns
        if self._due_ns is None or went_back:
            self._due_ns = stamp_ns
        if stamp_ns < self._due_ns:
            return False
        # On a grid, so that the mean rate is right; after a gap the grid begins anew.
        self._due_ns = max(self._due_ns + self._period_ns, stamp_ns + self._period_ns // 2)
        return True


class FrameCompressor:
    """Mask, shrink and compress frames of one camera; one thread owns it.

    Args:
        mask: what is made black. max_width_px: wider frames are shrunk. jpeg_quality: 1..100.
    """

    def __init__(self, mask: PrivacyMask, *, max_width_px: int, jpeg_quality: int) -> None:
        self._mask = mask
        self._max_width_px = max_width_px
        self._quality = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality]

    def compressed(self, frame: Frame) -> KeptFrame:
        """Return the frame's picture.

        Raises:
            EvidenceError: it cannot be compressed.
        """
        image = self._mask.blackened(frame.image)
        scale = min(1.0, self._max_width_px / frame.width_px)
        if scale < 1.0:
            size = (self._max_width_px, max(1, round(frame.height_px * scale)))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        done, jpeg = cv2.imencode(".jpg", image, self._quality)
        if not done:
            raise EvidenceError(
                f"picture of {frame.width_px}x{frame.height_px} px cannot be compressed"
            )
        return KeptFrame(
            jpeg=jpeg.tobytes(),
            stamp_ns=frame.stamp_ns,
            width_px=int(image.shape[1]),
            height_px=int(image.shape[0]),
            scale=image.shape[1] / frame.width_px,
        )
