"""Identities over time: which detection of this frame is which object of the frames before.

The association is that of ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by
Associating Every Detection Box", ECCV 2022): sure detections first, then unsure ones for the
tracks that are left over, which carries an object through blur and partial cover. Departures:

* Time is seconds between stamps, not frames, so that dropped frames and changing rates do no
  harm. The motion noise is continuous: two steps of 50 ms give what one of 100 ms gives.
* The filter runs on centre and size with one scale, the longer side, because objects here are
  also wider than high; the paper scales by the height of standing persons and filters the aspect.
* Only boxes of one label are compared, and all labels are assigned at once.
* An identity is numbered when it is confirmed, so that a flicker of the detector takes no number.
* A frame whose stamp is not after the last one's by going backwards drops all tracks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeai_core.assignment import best_pairs
from edgeai_core.config import param
from edgeai_core.geometry import iou_matrix
from edgeai_core.types import Detection

_Floats = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.intp]

# Standard deviations of the paper's reference filter, in longer sides of the box: 1/20 for a
# measured edge or centre; 1/160 a frame for the walk of the velocity, at 30 frames a second
# 30/160 * sqrt(30) = 1.03 a second within a second; ten times 1/160 a frame at the start.
_MEASUREMENT_STD = 1 / 20
_VELOCITY_WALK_STD = 1.03
_INITIAL_VELOCITY_STD = 10 * 30 / 160
_INITIAL_POSITION_STD = 2 / 20
_MIN_SIDE_PX = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerConfig:
    """Parameters of the tracker; group ``tracking`` of a node."""

    high_score: float = param(
        0.5,
        "Detections from this score on are matched first and may begin a track. Higher gives "
        "fewer false tracks and loses weak objects.",
        minimum=0.0,
        maximum=1.0,
    )
    low_score: float = param(
        0.1,
        "Detections between this score and high_score only continue a track that was seen in the "
        "frame before. Lower bridges more cover and blur.",
        minimum=0.0,
        maximum=1.0,
    )
    new_track_score: float = param(
        0.6,
        "A new track begins only from this score on.",
        minimum=0.0,
        maximum=1.0,
    )
    match_iou: float = param(
        0.2,
        "Smallest overlap of a sure detection with a track's predicted box. Lower follows faster "
        "objects and confuses neighbours sooner.",
        minimum=0.01,
        maximum=1.0,
    )
    low_match_iou: float = param(
        0.5,
        "Smallest overlap of an unsure detection with a track's predicted box.",
        minimum=0.01,
        maximum=1.0,
    )
    confirm_hits: int = param(
        2,
        "Frames in a row that must show an object before it gets an identity.",
        minimum=1,
        maximum=100,
    )
    max_lost_s: float = param(
        1.0,
        "How long an unseen object keeps its identity. Longer survives longer cover and risks "
        "giving the identity to somebody else.",
        unit="s",
        minimum=0.0,
        maximum=60.0,
    )


class Tracker:
    """Gives detections of one camera identities that last; not thread-safe.

    Identities count up from 1 and are never used twice, not even after a reset, so nothing that
    is remembered about an identity can pass to another object. The same input gives the same
    identities.
    """

    def __init__(self, config: TrackerConfig | None = None) -> None:
        self._config = config or TrackerConfig()
        self._begin_score = max(self._config.new_track_score, self._config.high_score)
        self._next_id = 1
        self._label_numbers: dict[str, int] = {}
        self._previous_ns: int | None = None
        self.reset()

    def update(self, detections: Sequence[Detection], stamp_ns: int) -> tuple[Detection, ...]:
        """Return the frame's detections with their identities, in the order given.

        Detections below ``high_score`` that continue no track are left out; objects that are not
        confirmed yet have ``track_id`` None.

        Args:
            detections: everything the detector found, from ``low_score`` on, any labels.
            stamp_ns: the frame's stamp in nanoseconds.
        """
        identities = self.identities(detections, stamp_ns)
        return tuple(
            dataclasses.replace(detection, track_id=identity)
            for detection, identity in zip(detections, identities, strict=True)
            if identity is not None or detection.score >= self._config.high_score
        )

    def identities(self, detections: Sequence[Detection], stamp_ns: int) -> tuple[int | None, ...]:
        """Return one identity per detection, None where there is none (yet).

        Does the work of :meth:`update`, of which either is called once per frame; for callers
        whose detections carry more than a box, as faces do.
        """
        self._advance(stamp_ns)
        boxes = np.array([d.box.as_xyxy() for d in detections], np.float64).reshape(-1, 4)
        scores = np.array([d.score for d in detections], np.float64)
        labels = np.array([self._label_number(d.label) for d in detections], np.intp)
        row_of = self._associate(boxes, scores, labels)
        self._correct(row_of, boxes, stamp_ns)
        new = np.flatnonzero((row_of < 0) & (scores >= self._begin_score))
        row_of[new] = len(self._ids) + np.arange(len(new))
        self._begin(boxes[new], labels[new], stamp_ns)
        self._confirm()
        found_ids = [int(self._ids[row]) if row >= 0 else 0 for row in row_of]
        self._keep((self._ids > 0) | (self._last_seen_ns == stamp_ns))
        self._previous_ns = stamp_ns
        return tuple(identity or None for identity in found_ids)

    def reset(self) -> None:
        """Drop all tracks; identities go on counting."""
        self._motion = _BoxMotion()
        self._ids: _Indices = np.zeros(0, np.intp)  # 0: not confirmed
        self._hits: _Indices = np.zeros(0, np.intp)
        self._labels: _Indices = np.zeros(0, np.intp)
        self._last_seen_ns: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._previous_ns = None

    def _label_number(self, label: str) -> int:
        return self._label_numbers.setdefault(label, len(self._label_numbers))

    def _advance(self, stamp_ns: int) -> None:
        """Forget what is lost for too long, or everything if time went back; predict the rest."""
        if self._previous_ns is None:
            return
        if stamp_ns < self._previous_ns:
            self.reset()
            return
        self._keep(stamp_ns - self._last_seen_ns <= self._config.max_lost_s * 1e9)
        self._motion.predict((stamp_ns - self._previous_ns) / 1e9)

    def _associate(self, boxes: _Floats, scores: _Floats, labels: _Indices) -> _Indices:
        """Return for each detection the row of its track, -1 without one."""
        config = self._config
        row_of: _Indices = np.full(len(boxes), -1, np.intp)
        if not len(self._ids) or not len(boxes):
            return row_of
        overlap = iou_matrix(self._motion.boxes_xyxy(), boxes)
        overlap[self._labels[:, None] != labels[None, :]] = 0
        high = scores >= config.high_score
        low = ~high & (scores >= config.low_score)
        confirmed = self._ids > 0
        seen_before = confirmed & (self._last_seen_ns == self._previous_ns)
        for tracks, found, min_iou in (
            (confirmed, high, config.match_iou),
            (seen_before, low, config.low_match_iou),
            (~confirmed, high, config.match_iou),
        ):
            rows = np.setdiff1d(np.flatnonzero(tracks), row_of)
            columns = np.flatnonzero(found & (row_of < 0))
            part = overlap[np.ix_(rows, columns)]
            # Pairs below the bound gain nothing, so they never displace one above it.
            part[part < min_iou] = 0
            for row, column in best_pairs(part):
                row_of[columns[column]] = rows[row]
        return row_of

    def _correct(self, row_of: _Indices, boxes: _Floats, stamp_ns: int) -> None:
        found = np.flatnonzero(row_of >= 0)
        rows = row_of[found]
        self._motion.correct(rows, boxes[found])
        self._hits[rows] += 1
        self._last_seen_ns[rows] = stamp_ns
        missed = np.ones(len(self._ids), bool)
        missed[rows] = False
        self._motion.hold_size(missed)

    def _begin(self, boxes: _Floats, labels: _Indices, stamp_ns: int) -> None:
        count = len(boxes)
        self._motion.append(boxes)
        self._ids = np.append(self._ids, np.zeros(count, np.intp))
        self._hits = np.append(self._hits, np.ones(count, np.intp))
        self._labels = np.append(self._labels, labels)
        self._last_seen_ns = np.append(self._last_seen_ns, np.full(count, stamp_ns, np.int64))

    def _confirm(self) -> None:
        for row in np.flatnonzero((self._ids == 0) & (self._hits >= self._config.confirm_hits)):
            self._ids[row] = self._next_id
            self._next_id += 1

    def _keep(self, rows: npt.NDArray[np.bool_]) -> None:
        if rows.all():
            return
        self._motion.keep(rows)
        self._ids, self._hits = self._ids[rows], self._hits[rows]
        self._labels, self._last_seen_ns = self._labels[rows], self._last_seen_ns[rows]


class _BoxMotion:
    """Constant-velocity Kalman filters of N boxes in centre x, centre y, width, height (pixels).

    The four coordinates have the same noise, so they share one 2x2 covariance per box.
    """

    def __init__(self) -> None:
        self._position: _Floats = np.zeros((0, 4))
        self._velocity: _Floats = np.zeros((0, 4))
        self._covariance: _Floats = np.zeros((0, 3))  # position, mixed, velocity

    def predict(self, elapsed_s: float) -> None:
        self._position += self._velocity * elapsed_s
        walk = (_VELOCITY_WALK_STD * self._side_px(self._position)) ** 2
        p, m, v = self._covariance.T
        p += 2 * elapsed_s * m + elapsed_s**2 * v + walk * elapsed_s**3 / 3
        m += elapsed_s * v + walk * elapsed_s**2 / 2
        v += walk * elapsed_s

    def correct(self, rows: _Indices, boxes_xyxy: _Floats) -> None:
        """Take in one measured (4,) box for each of `rows`."""
        measured = _center_size(boxes_xyxy)
        noise = (_MEASUREMENT_STD * self._side_px(measured)) ** 2
        p, m, v = self._covariance[rows].T
        total = p + noise
        gain_position, gain_velocity = p / total, m / total
        surprise = measured - self._position[rows]
        self._position[rows] += gain_position[:, None] * surprise
        self._velocity[rows] += gain_velocity[:, None] * surprise
        rest = 1 - gain_position
        self._covariance[rows] = np.stack((rest * p, rest * m, v - gain_velocity * m), axis=1)

    def hold_size(self, rows: npt.NDArray[np.bool_]) -> None:
        """Stop growth of boxes nobody sees: half-covered objects shrink just before they vanish."""
        self._velocity[rows, 2:] = 0

    def append(self, boxes_xyxy: _Floats) -> None:
        position = _center_size(boxes_xyxy)
        side_px = self._side_px(position)
        zero = np.zeros_like(side_px)
        covariance = np.stack(
            ((_INITIAL_POSITION_STD * side_px) ** 2, zero, (_INITIAL_VELOCITY_STD * side_px) ** 2),
            axis=1,
        )
        self._position = np.concatenate((self._position, position))
        self._velocity = np.concatenate((self._velocity, np.zeros_like(position)))
        self._covariance = np.concatenate((self._covariance, covariance))

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        self._position, self._velocity = self._position[rows], self._velocity[rows]
        self._covariance = self._covariance[rows]

    def boxes_xyxy(self) -> _Floats:
        """Return the (N, 4) predicted boxes."""
        center = self._position[:, :2]
        half = np.maximum(self._position[:, 2:], _MIN_SIDE_PX) / 2
        return np.concatenate((center - half, center + half), axis=1)

    @staticmethod
    def _side_px(center_size: _Floats) -> _Floats:
        side: _Floats = np.maximum(center_size[:, 2:].max(axis=1, initial=0), _MIN_SIDE_PX)
        return side


def _center_size(boxes_xyxy: _Floats) -> _Floats:
    low, high = boxes_xyxy[:, :2], boxes_xyxy[:, 2:]
    return np.concatenate(((low + high) / 2, high - low), axis=1)
