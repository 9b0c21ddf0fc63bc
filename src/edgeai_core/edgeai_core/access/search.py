"""The two nearest of many vectors, exactly."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edgeai_core.errors import ConfigError

Search = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.intp]]


def nearest_two(vectors: npt.NDArray[np.float32], *, faiss_above: int | None = None) -> Search:
    """Return a search for the (at most two) vectors nearest to a probe, in any order.

    Args:
        vectors: (N, D) float32, N >= 1; kept, not copied.
        faiss_above: with more vectors than this faiss searches, whose flat index is exact as well;
            None for NumPy always. Measure before choosing: bench/results/gallery_search.json.

    Raises:
        ConfigError: faiss is asked for and not installed.
    """
    if faiss_above is not None and len(vectors) > faiss_above:
        require_faiss()
        return _faiss_search(vectors)
    return _numpy_search(vectors)


def require_faiss() -> None:
    """Check that the optional library is there, without loading it.

    Raises:
        ConfigError: it is not.
    """
    if not faiss_is_installed():
        raise ConfigError(
            "faiss was chosen for searching the gallery and is not installed; install faiss-cpu "
            "or let NumPy search (gallery.faiss_above: 0)"
        )


def faiss_is_installed() -> bool:
    """Return whether the optional library is there, without loading it."""
    return importlib.util.find_spec("faiss") is not None


def _numpy_search(vectors: npt.NDArray[np.float32]) -> Search:
    half_squares = np.square(vectors).sum(axis=-1) / 2

    def search(probe: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
        # |v|^2/2 - v.p ranks like the distance with one matrix product.
        ranks = half_squares - vectors @ probe
        return np.argpartition(ranks, min(1, len(ranks) - 1))[:2]

    return search


def _faiss_search(vectors: npt.NDArray[np.float32]) -> Search:
    import faiss

    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)

    def search(probe: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
        # A few more than two: faiss ranks by a difference of squares as well.
        _, found = index.search(probe[None], min(8, len(vectors)))
        return np.asarray(found[0], np.intp)

    return search
