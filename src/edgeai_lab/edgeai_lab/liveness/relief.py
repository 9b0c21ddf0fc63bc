"""A still picture of a person brought to life: a head with relief before a background at rest.

There is one clip of a person with an open licence, so people who do not move are needed as living
ones. The mesh gives the depth of the face; every pixel is shifted by what a turn of the head does
to its depth. It is a stand-in: no mouth, no eyes, no shoulders move, and what a turn uncovers is
stretched skin. Figures on it must be told apart from those on real clips.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_lab.pictures import Image

_HULL_GROWTH = 0.45  # the head around the face, face widths
_SWAY_YAW_RAD, _SWAY_PITCH_RAD = 0.10, 0.06
_SWAY_RIGHT, _SWAY_DOWN = 0.05, 0.03
_SWAY_HZ = (0.2, 0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadMotion:
    """Where a head is against its picture.

    Attributes:
        yaw_rad: positive towards the person's left. pitch_rad: positive downwards.
        right, down: shift in face widths.
    """

    yaw_rad: float = 0.0
    pitch_rad: float = 0.0
    right: float = 0.0
    down: float = 0.0


class LivingHead:
    """A picture whose head can be moved.

    Args:
        picture: (H, W, 3) uint8 BGR. mesh_xyz_px: (468, 3) of the face, pixels of the picture.
    """

    def __init__(self, picture: Image, mesh_xyz_px: npt.NDArray[np.float32]) -> None:
        height, width = picture.shape[:2]
        self._picture = picture
        self._width_px = float(np.ptp(mesh_xyz_px[:, 0]))
        hull = cv2.convexHull(np.ascontiguousarray(mesh_xyz_px[:, :2], dtype=np.float32))
        face = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(face, hull.astype(np.int32), 1)
        side = max(3, int(_HULL_GROWTH * self._width_px) | 1)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        self._head = _soft(cv2.dilate(face, kernel), 0.06 * self._width_px)
        nearness = _interpolated(
            mesh_xyz_px, (height, width), reach_px=max(1.0, 0.07 * self._width_px)
        )
        self._nearness = nearness * _soft(face, 0.08 * self._width_px)
        columns, rows = np.meshgrid(
            np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
        )
        self._columns, self._rows = columns, rows

    def view(self, motion: HeadMotion) -> Image:
        """Return the picture with the head moved, in the size of the picture."""
        right = motion.right * self._width_px + self._nearness * np.float32(
            math.sin(motion.yaw_rad)
        )
        down = motion.down * self._width_px + self._nearness * np.float32(
            math.sin(motion.pitch_rad)
        )
        return np.asarray(
            cv2.remap(
                self._picture,
                np.asarray(self._columns - self._head * right, np.float32),
                np.asarray(self._rows - self._head * down, np.float32),
                cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REFLECT_101,
            ),
            dtype=np.uint8,
        )


def draw_sway(rng: np.random.Generator) -> Callable[[float], HeadMotion]:
    """Return the motion of somebody who sits still as people do: time in seconds to motion.

    Up to 6 degrees of yaw, 3 of pitch and 5 % of the face's width at 0.2..0.6 Hz, of which people
    do three tenths to all.
    """
    strength = float(rng.uniform(0.3, 1.0))
    rates = rng.uniform(*_SWAY_HZ, 4)
    phases = rng.uniform(0, 2 * math.pi, 4)

    def sway(time_s: float) -> HeadMotion:
        yaw, pitch, right, down = strength * np.sin(2 * math.pi * rates * time_s + phases)
        return HeadMotion(
            yaw_rad=_SWAY_YAW_RAD * float(yaw),
            pitch_rad=_SWAY_PITCH_RAD * float(pitch),
            right=_SWAY_RIGHT * float(right),
            down=_SWAY_DOWN * float(down),
        )

    return sway


def _interpolated(
    mesh_xyz_px: npt.NDArray[np.float32], shape: tuple[int, int], *, reach_px: float
) -> npt.NDArray[np.float32]:
    """Return how much nearer than the farthest mesh point each pixel is, pixels."""
    height, width = shape
    total = np.zeros(shape, np.float32)
    count = np.zeros(shape, np.float32)
    nearness = mesh_xyz_px[:, 2].max() - mesh_xyz_px[:, 2]
    columns, rows = mesh_xyz_px[:, 0].astype(int), mesh_xyz_px[:, 1].astype(int)
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    np.add.at(total, (rows[inside], columns[inside]), nearness[inside])
    np.add.at(count, (rows[inside], columns[inside]), 1.0)
    spread, weight = (np.asarray(cv2.GaussianBlur(m, (0, 0), reach_px)) for m in (total, count))
    return np.asarray(np.where(weight > 1e-6, spread / np.maximum(weight, 1e-6), 0.0), np.float32)


def _soft(mask: npt.ArrayLike, sigma_px: float) -> npt.NDArray[np.float32]:
    solid = np.asarray(mask, np.float32)
    return np.asarray(cv2.GaussianBlur(solid, (0, 0), max(0.5, sigma_px)), np.float32)
