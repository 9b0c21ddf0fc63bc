"""Does one plane explain how a face and its surroundings move?

A print or a display is one plane: one homography explains the motion of the face and of what
surrounds it. A living head has relief, moves before its background and changes its features, so
points keep moving after the best homography is taken out. A still picture proves nothing either
way and is reported as such. A replayed clip has true relief inside a full-frame display: this
test does not see it.

Source: the homography test for planar spoofs as in De Marsico et al., "Moving face spoofing
detection via 3D projective invariants" (ICB 2012), here on tracked corners instead of landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.config import param
from edgeai_core.geometry import Box

_Grey: TypeAlias = npt.NDArray[np.uint8]
_Points: TypeAlias = npt.NDArray[np.float32]

_MAX_CORNERS = 160
_MIN_CORNERS = 25
_MIN_KEPT_SHARE = 0.4
_TRACKING_ERROR_PX = 0.7  # forward-backward disagreement at which a corner is dropped
_WORKING_FACE_PX = 160.0  # larger faces are tracked at this width: cost and noise stay the same
# Corners are taken from this square about the face, in face widths: the face and what it moves
# before. The picture that is followed is wider, so that the face may move within it.
_SURROUND = 1.5
_FOLLOWED = 2.4


class Motion(Enum):
    """What the motion says about the surface that carries the face."""

    STILL = "still"
    FLAT = "flat"
    RELIEF = "relief"


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionConfig:
    """Thresholds of the plane test."""

    min_travel: float = param(
        0.012,
        "Motion below which a face counts as still, which proves nothing; lower judges smaller "
        "movements and is more often misled by the camera's noise",
        unit="face widths",
        minimum=0.001,
        maximum=0.5,
    )
    max_planar_share: float = param(
        0.25,
        "Share of the motion that one plane may leave unexplained; higher takes more living faces "
        "for pictures, lower more pictures for living faces",
        minimum=0.01,
        maximum=1.0,
    )
    noise: float = param(
        0.004,
        "What the following of points leaves over on a perfect plane; raise it for a noisy camera",
        unit="face widths",
        minimum=0.0,
        maximum=0.1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionEvidence:
    """Result of the plane test.

    Attributes:
        verdict: STILL also when too few corners could be followed.
        travel: 75 % quantile of the corners' way, face widths; the largest over the window.
        unexplained: what the best plane leaves beyond the noise, over the travel; the median over
            the instants with at least 0.6 of the largest travel.
    """

    verdict: Motion
    travel: float
    unexplained: float


class PlaneTest:
    """Follows the corners in and around one face from one moment on. Owned by one thread.

    Args:
        image: (H, W, 3) uint8 BGR, the moment to start from. face: pixels of the image.
        config: thresholds.
    """

    def __init__(self, image: npt.NDArray[np.uint8], face: Box, config: MotionConfig) -> None:
        self._config = config
        height_px, width_px = image.shape[:2]
        x, y = face.center_px
        half_width, half_height = face.width_px / 2, face.height_px / 2
        self._region = _Region.clipped(
            (
                x - _FOLLOWED * half_width,
                y - _FOLLOWED * half_height,
                x + _FOLLOWED * half_width,
                y + _FOLLOWED * half_height,
            ),
            width_px=width_px,
            height_px=height_px,
            scale=min(1.0, _WORKING_FACE_PX / max(face.width_px, 1.0)),
        )
        self._unit_px = max(face.width_px, 1.0) * self._region.scale
        self._first = self._region.cut(image)
        self._start = self._corners(face)
        self._here = self._start.copy()
        self._lost = len(self._start) < _MIN_CORNERS
        self._instants: list[tuple[float, float]] = []

    def add(self, image: npt.NDArray[np.uint8]) -> None:
        """Follow the corners into a later picture of the same size, (H, W, 3) uint8 BGR."""
        if self._lost:
            return
        self._here, good = _followed(self._first, self._region.cut(image), self._start, self._here)
        if good.sum() < max(_MIN_CORNERS, _MIN_KEPT_SHARE * len(self._start)):
            self._lost = True
            return
        first, last = self._start[good], self._here[good]
        travel = float(np.quantile(np.linalg.norm(last - first, axis=2), 0.75))
        residual = _plane_residual_px(first, last)
        self._instants.append((travel / self._unit_px, residual / self._unit_px))

    def evidence(self) -> MotionEvidence:
        """Return what the pictures so far say."""
        if not self._instants:
            return MotionEvidence(verdict=Motion.STILL, travel=0.0, unexplained=0.0)
        config = self._config
        instants = np.array(self._instants)
        travel = float(instants[:, 0].max())
        # The median: one instant with a glare or a lost track must not turn a print into a head.
        telling = instants[instants[:, 0] >= 0.6 * travel]
        residual = float(np.median(telling[:, 1]))
        scale = np.maximum(telling[:, 0], config.min_travel)
        unexplained = max(0.0, float(np.median((telling[:, 1] - config.noise) / scale)))
        if travel < config.min_travel and residual < 2 * config.noise:
            verdict = Motion.STILL
        else:
            verdict = Motion.RELIEF if unexplained > config.max_planar_share else Motion.FLAT
        return MotionEvidence(verdict=verdict, travel=travel, unexplained=unexplained)

    def _corners(self, face: Box) -> _Points:
        x, y = self._region.to_crop(*face.center_px)
        half_width = _SURROUND * self._unit_px / 2
        half_height = half_width * face.height_px / max(face.width_px, 1.0)
        mask = np.zeros_like(self._first)
        top, left = max(0, int(y - half_height)), max(0, int(x - half_width))
        mask[top : max(0, int(y + half_height)), left : max(0, int(x + half_width))] = 255
        found = cast(  # the stubs do not know that a featureless region gives None
            "_Points | None",
            cv2.goodFeaturesToTrack(
                self._first, _MAX_CORNERS, 0.008, max(3.0, self._unit_px / 22.0), mask=mask
            ),
        )
        if found is None:
            return np.zeros((0, 1, 2), dtype=np.float32)
        return np.asarray(found, dtype=np.float32).reshape(-1, 1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Region:
    """The part of the pictures that is followed, and by how much it is made smaller."""

    left_px: int
    top_px: int
    right_px: int
    bottom_px: int
    scale: float

    @classmethod
    def clipped(
        cls,
        edges_px: tuple[float, float, float, float],
        *,
        width_px: int,
        height_px: int,
        scale: float,
    ) -> _Region:
        left = int(np.clip(edges_px[0], 0, width_px - 1))
        top = int(np.clip(edges_px[1], 0, height_px - 1))
        return cls(
            left_px=left,
            top_px=top,
            right_px=int(np.clip(edges_px[2], left + 1, width_px)),
            bottom_px=int(np.clip(edges_px[3], top + 1, height_px)),
            scale=scale,
        )

    def cut(self, image: npt.NDArray[np.uint8]) -> _Grey:
        part = image[self.top_px : self.bottom_px, self.left_px : self.right_px]
        grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
        if self.scale < 1.0:
            grey = cv2.resize(
                grey, None, fx=self.scale, fy=self.scale, interpolation=cv2.INTER_AREA
            )
        return np.asarray(grey, dtype=np.uint8)

    def to_crop(self, x_px: float, y_px: float) -> tuple[float, float]:
        return (x_px - self.left_px) * self.scale, (y_px - self.top_px) * self.scale


def _followed(
    before: _Grey, after: _Grey, points: _Points, guess: _Points
) -> tuple[_Points, npt.NDArray[np.bool_]]:
    """Track points forth and back; return them and which of them agree with themselves."""
    flags, side = cv2.OPTFLOW_USE_INITIAL_FLOW, (15, 15)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, points, guess.copy(), winSize=side, maxLevel=2, flags=flags
    )
    back, again, _ = cv2.calcOpticalFlowPyrLK(
        after, before, moved, points.copy(), winSize=side, maxLevel=2, flags=flags
    )
    gap = np.linalg.norm(np.asarray(back) - points, axis=2).ravel()
    good = (np.ravel(found) == 1) & (np.ravel(again) == 1) & (gap < _TRACKING_ERROR_PX)
    return np.asarray(moved, dtype=np.float32), np.asarray(good, dtype=np.bool_)


def _plane_residual_px(start: _Points, end: _Points) -> float:
    """Return the 85 % quantile of the error, pixels, of the best homography from start to end.

    The error counts all points, not RANSAC's inliers: a living head in front of a room is two
    motions, and the one that lost the vote is the evidence. 85 %, because 15 % bad tracks are
    common on low-contrast skin.
    """
    found, _ = cv2.findHomography(start, end, cv2.RANSAC, 1.5, maxIters=300)
    homography = cast("npt.NDArray[np.float64] | None", found)
    if homography is None:
        return 0.0
    error = np.linalg.norm(cv2.perspectiveTransform(start, homography) - end, axis=2)
    return float(np.quantile(error, 0.85))
