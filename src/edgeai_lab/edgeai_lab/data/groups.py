"""Which pictures belong together, so that no sibling of a measured picture was trained on."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from edgeai_core.errors import DataError

# Of EfficientNet-lite0's ImageNet features: where frames of one scene part from other pictures.
NEAR_COSINE = 0.93
_ROWS_AT_ONCE = 512
# What an export of Roboflow puts behind the name: _jpg.rf.0123456789abcdef.
_EXPORT_SUFFIX = re.compile(r"_[a-z]+\.rf\.[0-9a-f]+$")
_LAST_NUMBER = re.compile(r"[^0-9a-zA-Z]*\d+[^0-9a-zA-Z]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPair:
    """Two pictures that look alike: their places in the list, the first one smaller, and how."""

    first: int
    second: int
    cosine: float


def near_pairs(
    features: npt.NDArray[np.float32], *, min_cosine: float = NEAR_COSINE
) -> list[NearPair]:
    """Return all pairs of (N, D) features of length 1 whose cosine is at least the limit."""
    found = []
    for start in range(0, len(features), _ROWS_AT_ONCE):
        cosines = features[start : start + _ROWS_AT_ONCE] @ features.T
        for row, column in zip(*np.nonzero(cosines >= min_cosine), strict=True):
            first = start + int(row)
            if first < column:
                found.append(
                    NearPair(first=first, second=int(column), cosine=float(cosines[row, column]))
                )
    return found


def cluster(count: int, pairs: Sequence[NearPair]) -> list[int]:
    """Return for each of `count` pictures the first one of its cluster: near to one, near to all.

    Chains are meant: frame 1 and frame 50 of a clip may differ, but the frames between tie them.
    """
    leaders = list(range(count))

    def leader(place: int) -> int:
        while leaders[place] != place:
            leaders[place] = leaders[leaders[place]]
            place = leaders[place]
        return place

    for pair in pairs:
        one, other = sorted((leader(pair.first), leader(pair.second)))
        leaders[other] = one
    return [leader(place) for place in range(count)]


def source_of(name: str, pattern: re.Pattern[str] | None = None) -> str:
    """Return what a picture was taken from, by its name.

    Args:
        name: path below the data set. pattern: its first group is the source; without one it is
            the name without its last number, so clip__7.jpg and clip__8.jpg are of one clip.

    Raises:
        DataError: the pattern does not fit the name.
    """
    if pattern is not None:
        match = pattern.search(name)
        if match is None or not match.groups():
            raise DataError(
                f"split: {pattern.pattern!r} finds no source in {name}; give a pattern with one "
                "pair of brackets that fits every name"
            )
        return str(match.group(1))
    stem = _EXPORT_SUFFIX.sub("", PurePosixPath(name).stem)
    return _LAST_NUMBER.sub("", stem) or stem


def fold_groups(
    groups: Sequence[str | int], labels: Sequence[str], *, folds: int, seed: int
) -> list[int]:
    """Return the fold of each picture: whole groups, classes as even as they can be.

    The largest groups are dealt first, each to the fold that lacks most of what it holds; equal
    groups come in an order that the seed decides.

    Raises:
        DataError: there are fewer groups than folds.
    """
    members: dict[str | int, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    if len(members) < folds:
        raise DataError(
            f"split: {len(members)} groups cannot be dealt to {folds} folds; the names may not "
            "tell (--by cluster looks at the pictures), or take fewer folds"
        )
    names = sorted(members, key=str)
    order = np.random.default_rng(seed).permutation(len(names))
    dealt = sorted((names[index] for index in order), key=lambda name: -len(members[name]))
    wanted = {label: count / folds for label, count in Counter(labels).items()}
    held: list[Counter[str]] = [Counter() for _ in range(folds)]
    result = [0] * len(groups)
    for name in dealt:
        inside = Counter(labels[place] for place in members[name])
        # A tenth of a rare class weighs as much as a tenth of a frequent one.
        chosen = min(
            range(folds),
            key=lambda fold: (
                sum(n * held[fold][label] / wanted[label] for label, n in inside.items()),
                sum(held[fold].values()),
            ),
        )
        held[chosen].update(inside)
        for place in members[name]:
            result[place] = chosen
    return result
