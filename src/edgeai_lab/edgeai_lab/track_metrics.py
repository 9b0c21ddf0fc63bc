"""How well tracks follow people: MOTA and IDF1.

MOTA as in Bernardin and Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The CLEAR
MOT Metrics", EURASIP JIVP 2008; IDF1 as in Ristani et al., "Performance Measures and a Data Set for
Multi-Target, Multi-Camera Tracking", ECCV workshops 2016. Boxes belong together from an overlap of
one half on, as is usual.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.assignment import best_pairs
from edgeai_core.geometry import Box, iou_matrix

MIN_IOU = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedBox:
    """A box of a frame with whose it is. Attributes: identity: any number. box: pixels."""

    identity: int
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackScores:
    """How well tracks follow labels.

    Attributes:
        labels: boxes that should be found. false: boxes that are none of them. missed: labels
            without a box. switches: times that a label is followed by another track than before.
        true_identity: boxes that agree when every label is given the one track that fits it best.
        boxes: boxes that were given.
    """

    labels: int
    boxes: int
    false: int
    missed: int
    switches: int
    true_identity: int

    @property
    def mota(self) -> float:
        """Return 1 - (false + missed + switches) / labels; negative for worse than nothing."""
        return 1 - (self.false + self.missed + self.switches) / self.labels

    @property
    def idf1(self) -> float:
        """Return the share of boxes and labels with the right identity, 0..1."""
        return 2 * self.true_identity / (self.labels + self.boxes)


def score_tracks(
    labels: Sequence[Sequence[TrackedBox]], tracks: Sequence[Sequence[TrackedBox]]
) -> TrackScores:
    """Return how well tracks follow labels.

    Args:
        labels: of every frame. tracks: of the same frames.

    Raises:
        ValueError: the numbers of frames differ, or there is no label.
    """
    if len(labels) != len(tracks):
        raise ValueError(f"tracks: got {len(tracks)} frames, expected {len(labels)}")
    if not any(labels):
        raise ValueError("tracks: there is no label to compare with")
    followed: dict[int, int] = {}
    together: Counter[tuple[int, int]] = Counter()
    found = switches = 0
    for wanted, given in zip(labels, tracks, strict=True):
        overlap = _overlaps(wanted, given)
        for row, column in np.argwhere(overlap >= MIN_IOU):
            together[wanted[row].identity, given[column].identity] += 1
        for row, column in _matches(wanted, given, overlap, followed):
            who, track = wanted[row].identity, given[column].identity
            switches += followed.get(who, track) != track
            followed[who] = track
            found += 1
    label_count = sum(map(len, labels))
    box_count = sum(map(len, tracks))
    return TrackScores(
        labels=label_count,
        boxes=box_count,
        false=box_count - found,
        missed=label_count - found,
        switches=switches,
        true_identity=_best_agreement(together),
    )


def _overlaps(wanted: Sequence[TrackedBox], given: Sequence[TrackedBox]) -> npt.NDArray[np.float64]:
    return iou_matrix(
        np.array([entry.box.as_xyxy() for entry in wanted], np.float64),
        np.array([entry.box.as_xyxy() for entry in given], np.float64),
    )


def _matches(
    wanted: Sequence[TrackedBox],
    given: Sequence[TrackedBox],
    overlap: npt.NDArray[np.float64],
    followed: dict[int, int],
) -> list[tuple[int, int]]:
    """Return pairs of a frame: first those that were together before, then the best of the rest."""
    columns = {entry.identity: column for column, entry in enumerate(given)}
    pairs = []
    for row, entry in enumerate(wanted):
        kept = columns.get(followed.get(entry.identity, -1))
        if kept is not None and overlap[row, kept] >= MIN_IOU:
            pairs.append((row, kept))
            del columns[given[kept].identity]
    rows = [row for row in range(len(wanted)) if row not in {pair[0] for pair in pairs}]
    rest = sorted(columns.values())
    part = overlap[np.ix_(rows, rest)].copy()
    part[part < MIN_IOU] = 0
    pairs += [(rows[row], rest[column]) for row, column in best_pairs(part)]
    return pairs


def _best_agreement(together: Counter[tuple[int, int]]) -> int:
    labels = sorted({label for label, _ in together})
    tracks = sorted({track for _, track in together})
    counts = np.array(
        [[together[label, track] for track in tracks] for label in labels], np.float64
    )
    return int(sum(counts[pair] for pair in best_pairs(counts)))
