"""What is taken out of the pictures of one camera before somebody sees them live."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edgeai_core.errors import EdgeAiError
from edgeai_core.privacy.faces import FaceFinder, FaceHider
from edgeai_core.privacy.masks import PrivacyMask
from edgeai_core.privacy.timeline import Timeline
from edgeai_core.types import Detection, FaceMatch

# Results come a moment after the picture that they are about.
_REMEMBERED_S = 5.0


class LivePrivacy:
    """Mask pictures and hide unknown faces in them, while somebody watches.

    The model that finds faces is in memory between `open` and `close` only.

    Args:
        mask: what is black. make_finder: loads what finds faces; None hides none.

    Attributes:
        faces, objects: what the graph found lately, to be filled by any thread.
    """

    def __init__(self, mask: PrivacyMask, make_finder: Callable[[], FaceFinder] | None) -> None:
        self._mask = mask
        self._make_finder = make_finder
        self._hider: FaceHider | None = None
        self._lock = threading.Lock()  # guards the hider: a picture may be under way at the end
        self.faces: Timeline[tuple[FaceMatch, ...]] = Timeline(length_s=_REMEMBERED_S)
        self.objects: Timeline[tuple[Detection, ...]] = Timeline(length_s=_REMEMBERED_S)

    def change_mask(self, mask: PrivacyMask) -> None:
        """Mask what another mask does, from the next picture on."""
        self._mask.become(mask)

    def open(self) -> None:
        """Load what is needed; takes a moment.

        Raises:
            ModelError: the face model is not there: nobody may watch then.
        """
        if self._make_finder is None:
            return
        hider = FaceHider(self._make_finder())
        with self._lock:
            self._hider = hider

    def close(self) -> None:
        """Free what `open` took."""
        with self._lock:
            hider, self._hider = self._hider, None
        if hider is not None:
            hider.close()

    def screen(self, image: npt.NDArray[np.uint8], *, stamp_ns: int, scale: float) -> None:
        """Take out of a picture what nobody may see, in place.

        Args:
            image: (H, W, 3) uint8 BGR. stamp_ns: of its frame. scale: its pixels per pixel of the
                frame.

        Raises:
            EdgeAiError: it cannot be done, so the picture must not be shown.
        """
        self._mask.blacken(image)
        if self._make_finder is not None:
            with self._lock:
                if self._hider is None:
                    raise EdgeAiError("nobody watches any more")
                self._hider.hide(
                    image, stamp_ns=stamp_ns, scale=scale, faces=self.faces, objects=self.objects
                )
            # What was averaged beside a mask may reach into it.
            self._mask.blacken(image)
