"""Cut upright, evenly sampled squares out of frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: Side of the face chip that the embedding network knows.
CHIP_SIDE_PX = 150


def similarity_transform(
    source_xy: npt.NDArray[np.floating], target_xy: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return the least-squares rotation, uniform scale and shift that carry one set onto another.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns"
    (IEEE PAMI 13(4), 1991). In the plane a rotation with scale is [[a, -b], [b, a]], so the
    problem is linear, and reflections cannot occur.

    Args:
        source_xy, target_xy: (K, 2) corresponding points, K >= 2.

    Returns:
        (2, 3) float64 matrix M with target = M[:, :2] @ source + M[:, 2].

    Raises:
        ValueError: the source points coincide or a coordinate is not finite.
    """
    source = np.asarray(source_xy, np.float64)
    target = np.asarray(target_xy, np.float64)
    centre, goal = source.mean(axis=0), target.mean(axis=0)
    x, y = (source - centre).T
    u, v = (target - goal).T
    spread = float((x * x + y * y).sum())
    if not np.isfinite(spread) or spread <= 0.0:
        raise ValueError("landmarks coincide or are not finite: no face can be aligned to them")
    a = float((x * u + y * v).sum()) / spread
    b = float((x * v - y * u).sum()) / spread
    rotation = np.array([[a, -b], [b, a]])
    return np.column_stack([rotation, goal - rotation @ centre])
