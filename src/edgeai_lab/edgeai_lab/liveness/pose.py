"""Where a copy is held before the camera, how a hand moves it, and what each pixel then sees.

Model: the copy is a surface in space (a plane, or a cylinder for bent paper) seen by a pinhole
camera. The ray of every camera pixel is intersected with it, so perspective, the parallax of
bending and hand-held motion come out right.

Source of the tremor: Elble & Koller, "Tremor" (1990), physiological tremor of 8..12 Hz.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_lab.liveness.instruments import Framing

Map: TypeAlias = npt.NDArray[np.float32]
WIDTH_PX, HEIGHT_PX = 640, 480
FOCAL_PX = 600.0  # 56 degrees across, a usual webcam
_SUPPORTED_SHARE = 0.2
# x, y (frame heights), scale, yaw, pitch, roll (radians)
_SWAY = (0.03, 0.03, 0.03, 0.05, 0.05, 0.03)
_TREMOR = (0.001, 0.001, 0.0005, 0.0026, 0.0026, 0.0015)
_SWAY_HZ, _TREMOR_HZ = (0.2, 0.8), (8.0, 12.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where the copy is held, in units of the camera picture's height.

    Attributes:
        span: height of the copied picture in the frame. x, y: its centre from the optical axis.
        yaw, pitch, roll: radians.
    """

    span: float
    x: float
    y: float
    yaw: float
    pitch: float
    roll: float

    def moved(self, offset: npt.NDArray[np.float64]) -> Pose:
        """Return the pose after one row of :func:`hand_motion`."""
        x, y, scale, yaw, pitch, roll = (float(value) for value in offset)
        return replace(
            self,
            span=self.span * (1.0 + scale),
            x=self.x + x,
            y=self.y + y,
            yaw=self.yaw + yaw,
            pitch=self.pitch + pitch,
            roll=self.roll + roll,
        )


def draw_pose(framing: Framing, aspect: float, rng: np.random.Generator) -> Pose:
    """Return a pose: the copy covers the frame (FULL) or 55..90 % of its height (BORDER).

    Args:
        aspect: width over height of the copied picture.
    """
    full = framing is Framing.FULL
    tilt, roll = (0.12, 0.03) if full else (0.35, 0.12)
    cover = max(1.0, WIDTH_PX / HEIGHT_PX / aspect)
    return Pose(
        span=float(cover * rng.uniform(1.12, 1.3) if full else rng.uniform(0.55, 0.9)),
        x=float(rng.uniform(-0.02, 0.02) if full else rng.uniform(-0.15, 0.15)),
        y=float(rng.uniform(-0.02, 0.02) if full else rng.uniform(-0.08, 0.08)),
        yaw=float(rng.uniform(-tilt, tilt)),
        pitch=float(rng.uniform(-tilt, tilt)),
        roll=float(rng.uniform(-roll, roll)),
    )


def hand_motion(
    count: int, frame_rate_hz: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return (count, 6) hand-held offsets: x, y (frame heights), scale, yaw, pitch, roll (rad).

    Slow sway (0.2..0.8 Hz, up to 3 % of the frame, 3 degrees) plus tremor (8..12 Hz, 0.1 %,
    0.15 degrees), each axis with its own phases; one in five copies stands on a support (zeros).
    """
    if rng.random() < _SUPPORTED_SHARE:
        return np.zeros((count, 6))
    time_s = np.arange(count)[:, None] / frame_rate_hz
    offsets = np.zeros((count, 6))
    for amplitude, least, (low_hz, high_hz) in (
        (_SWAY, 0.2, _SWAY_HZ),
        (_TREMOR, 0.3, _TREMOR_HZ),
    ):
        strength = np.array(amplitude) * rng.uniform(least, 1.0)
        for _ in range(2):
            rate, phase = rng.uniform(low_hz, high_hz, 6), rng.uniform(0, 2 * math.pi, 6)
            offsets += 0.6 * strength * np.sin(2 * math.pi * rate * time_s + phase)
    return offsets


def surface_coordinates(pose: Pose, *, aspect: float, bend_rad: float) -> tuple[Map, Map]:
    """Intersect the rays of all pixels with the copy.

    Args:
        pose: where it is held. aspect: width over height of the picture.
        bend_rad: arc from the middle to the edge about the vertical axis; 0 for a plane.

    Returns:
        (480, 640) float32 maps across and down the picture, both in picture heights from its
        centre, measured along the (bent) surface. Values beyond the edge are extrapolated.
    """
    distance = FOCAL_PX / (pose.span * HEIGHT_PX)
    scale = HEIGHT_PX * distance / FOCAL_PX
    centre = np.array([pose.x * scale, pose.y * scale, distance])
    rotation = _rotation(pose)
    columns = (np.arange(WIDTH_PX, dtype=np.float32) - (WIDTH_PX - 1) / 2) / FOCAL_PX
    rows = (np.arange(HEIGHT_PX, dtype=np.float32) - (HEIGHT_PX - 1) / 2) / FOCAL_PX
    # Ray o + t d in the frame of the copy; d is linear in column and row.
    origin = (rotation.T @ -centre).astype(np.float32)
    turn = rotation.astype(np.float32)
    dx, dy, dz = (
        turn[0, i] * columns[None, :] + turn[1, i] * rows[:, None] + turn[2, i] for i in range(3)
    )
    if bend_rad == 0.0:
        reach = -origin[2] / dz
        return _as_map(origin[0] + reach * dx), _as_map(origin[1] + reach * dy)
    # The sheet is part of a circle seen from above, with its centre behind it or before it.
    radius = np.float32((aspect / 2) / abs(bend_rad))
    towards = np.float32(math.copysign(1.0, bend_rad))
    depth = origin[2] - towards * radius
    a = dx**2 + dz**2
    half_b = origin[0] * dx + depth * dz
    c = origin[0] ** 2 + depth**2 - radius**2
    # A ray that misses the circle goes past the edge of the sheet: its nearest point does too.
    reach = (-half_b - towards * np.sqrt(np.maximum(half_b**2 - a * c, 0.0))) / a
    across = np.clip((origin[0] + reach * dx) / radius, -1.0, 1.0)
    return _as_map(radius * np.arcsin(across)), _as_map(origin[1] + reach * dy)


def _rotation(pose: Pose) -> npt.NDArray[np.float64]:
    tilted, _ = cv2.Rodrigues(np.array([pose.pitch, pose.yaw, 0.0]))
    rolled, _ = cv2.Rodrigues(np.array([0.0, 0.0, pose.roll]))
    return np.asarray(tilted @ rolled, dtype=np.float64)


def _as_map(values: npt.NDArray[np.floating]) -> Map:
    return np.asarray(values, dtype=np.float32)
