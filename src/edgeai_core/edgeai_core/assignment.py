"""Who belongs to whom: the pairing of rows and columns with the largest sum."""

from __future__ import annotations

import lap  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt


def best_pairs(gain: npt.NDArray[np.floating]) -> list[tuple[int, int]]:
    """Return the pairs (row, column) of which no row and no column has two, by their rows.

    The sum of their gains is the largest possible (linear assignment; Jonker and Volgenant 1987).
    Pairs that gain nothing are left out.

    Args:
        gain: (R, C), 0 or more; R or C may be 0.
    """
    if not gain.size:
        return []
    cost = np.ascontiguousarray(-gain, np.float64)
    columns = lap.lapjv(cost, extend_cost=True, return_cost=False)[0]
    return [
        (row, int(column))
        for row, column in enumerate(columns)
        if column >= 0 and gain[row, column] > 0
    ]
