"""Near-duplicates as groups, and groups as training, validation, calibration and test."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from enum import Enum

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from edgeai_lab.data.groups import NearPair, cluster, near_pairs


class Part(Enum):
    """What a scene is used for."""

    TRAINING = "training"
    VALIDATION = "validation"
    CALIBRATION = "calibration"
    TEST = "test"


# Of the scenes in small groups. Calibration has its own: a threshold set on the validation
# scenes, which chose the weights, is too lenient.
_SHARES = {
    Part.TRAINING: 0.60,
    Part.VALIDATION: 0.10,
    Part.CALIBRATION: 0.12,
    Part.TEST: 0.18,
}
# A group with more of its source than this would be most of a small part's figure.
_MOST_OF_SOURCE = 0.04


def near_duplicates(
    features: npt.NDArray[np.floating], keys: Sequence[Hashable], *, similarity: float
) -> npt.NDArray[np.int32]:
    """Return a group number per row: rows that are alike, directly or by a chain, share it.

    Args:
        features: (N, D). keys: one each; equal keys are one group, alike or not (frames of one
            clip). similarity: least cosine of two that are alike.
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9)
    pairs = near_pairs(unit.astype(np.float32), min_cosine=similarity)
    first: dict[Hashable, int] = {}
    for row, key in enumerate(keys):
        anchor = first.setdefault(key, row)
        if anchor != row:
            pairs.append(NearPair(first=anchor, second=row, cosine=1.0))
    return np.array(cluster(len(keys), pairs), np.int32)


def split(groups: npt.NDArray[np.int32], sources: Sequence[Hashable], rng: Generator) -> list[Part]:
    """Return the part of each scene; a group is never divided.

    Args:
        groups: (N,) numbers. sources: where each scene is from; shares hold within each source.
        rng: which groups go where; large groups always train.
    """
    parts = [Part.TRAINING] * len(groups)
    members: dict[int, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(int(group), []).append(row)
    for source in dict.fromkeys(sources):
        # A group over two sources counts for the source of its first scene.
        own = [rows for rows in members.values() if sources[rows[0]] == source]
        total = sum(map(len, own))
        small = [rows for rows in own if len(rows) <= max(1, _MOST_OF_SOURCE * total)]
        edges = np.cumsum(list(_SHARES.values())) * sum(map(len, small))
        placed = 0
        for index in rng.permutation(len(small)):
            part = list(_SHARES)[int(np.searchsorted(edges, placed + 0.5))]
            for row in small[index]:
                parts[row] = part
            placed += len(small[index])
    return parts
