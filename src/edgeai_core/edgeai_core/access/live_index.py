"""An index that follows the gallery file while a node runs."""

from __future__ import annotations

from collections.abc import Callable

from edgeai_core.access.gallery import Gallery
from edgeai_core.access.index import NOBODY_ENROLLED, TemplateIndex
from edgeai_core.errors import GalleryError, GalleryMissingError, GalleryModelMismatchError
from edgeai_core.reasons import faces

POLL_INTERVAL_S = 0.5


class LiveIndex:
    """Gives the newest index; enrolment and revocation take effect within `POLL_INTERVAL_S`.

    A gallery that is missing, damaged or of another model gives an empty index: nobody is
    recognised, `fault` says why, and it is tried again at each interval. Owned by one thread.

    Args:
        open_gallery: opens the gallery; called at first use and again after a fault.
        model_id: embedding model that runs. template_variance: of that model, as for
            `TemplateIndex`. clock_s: monotonic seconds.
        poll_interval_s: seconds between two looks at the file.
        faiss_above: as for `TemplateIndex`.
    """

    def __init__(
        self,
        open_gallery: Callable[[], Gallery],
        *,
        model_id: str,
        template_variance: float,
        clock_s: Callable[[], float],
        poll_interval_s: float = POLL_INTERVAL_S,
        faiss_above: int | None = None,
    ) -> None:
        self._open_gallery = open_gallery
        self._model_id = model_id
        self._template_variance = template_variance
        self._clock_s = clock_s
        self._poll_interval_s = poll_interval_s
        self._faiss_above = faiss_above
        self._gallery: Gallery | None = None
        self._revision = -1
        self._index = TemplateIndex()
        self._fault = ""
        self._next_poll_s: float | None = None

    @property
    def fault(self) -> str:
        """What is wrong with the gallery, with what to do; empty when nothing is."""
        return self._fault

    def __call__(self) -> TemplateIndex:
        """Return the index as of at most one interval ago."""
        now_s = self._clock_s()
        if self._next_poll_s is None or now_s >= self._next_poll_s:
            self._next_poll_s = now_s + self._poll_interval_s
            self._refresh()
        return self._index

    def close(self) -> None:
        """Close the gallery; a later call opens it again."""
        if self._gallery is not None:
            self._gallery.close()
        self._gallery, self._revision, self._next_poll_s = None, -1, None
        self._index = TemplateIndex()

    def _refresh(self) -> None:
        try:
            if self._gallery is None:
                self._gallery = self._open_gallery()
            revision = self._gallery.revision()
            if revision != self._revision:
                self._index = self._gallery.index(
                    self._model_id,
                    template_variance=self._template_variance,
                    faiss_above=self._faiss_above,
                )
                self._revision = revision
                self._fault = self._left_behind(self._gallery.count_without(self._model_id))
        except GalleryError as exc:
            missing = isinstance(exc, GalleryMissingError)
            mismatch = isinstance(exc, GalleryModelMismatchError)
            if self._gallery is not None:
                self._gallery.close()
            self._gallery, self._revision, self._fault = None, -1, str(exc)
            reason = (faces.OTHER_FACE_MODEL if mismatch else faces.GALLERY_UNUSABLE).say()
            self._index = TemplateIndex(empty_reason=NOBODY_ENROLLED if missing else reason)

    def _left_behind(self, count: int) -> str:
        if not count:
            return ""
        return (
            f"{count} people of the gallery were enrolled with another face model than "
            f"{self._model_id} and are not recognised; forget and enrol them again"
        )
