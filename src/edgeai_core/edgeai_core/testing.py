"""For tests: textured scenes in which a face moves as a living head or as a picture would."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box
from edgeai_core.types import DetectedFace

WIDTH_PX, HEIGHT_PX = 320, 240
FACE = Box(120.0, 70.0, 200.0, 170.0)


def texture(seed: int) -> npt.NDArray[np.uint8]:
    """Return a (240, 320, 3) uint8 picture full of corners."""
    coarse = np.random.default_rng(seed).integers(30, 225, (30, 40, 3)).astype(np.uint8)
    return np.asarray(
        cv2.resize(coarse, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC), np.uint8
    )


def flat(step: int, *, sway_px: float = 8.0) -> npt.NDArray[np.uint8]:
    """Return a picture whose whole content moves as one plane, seen at a growing angle."""
    shift = sway_px * math.sin(step / 4.0)
    corners = np.array([(0, 0), (WIDTH_PX, 0), (WIDTH_PX, HEIGHT_PX), (0, HEIGHT_PX)], np.float32)
    moved = corners + np.array(
        [(shift, 0), (shift * 1.3, shift / 3), (shift, 0), (shift * 0.8, -shift / 4)], np.float32
    )
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return np.asarray(
        cv2.warpPerspective(
            texture(1), matrix, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REFLECT
        ),
        np.uint8,
    )


def living(step: int, *, sway_px: float = 8.0) -> npt.NDArray[np.uint8]:
    """Return a picture in which a rounded head sways before a background that stands still."""
    shift = sway_px * math.sin(step / 4.0)
    x, y = np.meshgrid(
        np.arange(WIDTH_PX, dtype=np.float32), np.arange(HEIGHT_PX, dtype=np.float32)
    )
    middle_x, middle_y = FACE.center_px
    distance = ((x - middle_x) / 45.0) ** 2 + ((y - middle_y) / 55.0) ** 2
    relief = np.sqrt(np.clip(1.0 - distance, 0.0, 1.0))
    return np.asarray(
        cv2.remap(
            texture(1),
            (x - shift * relief).astype(np.float32),
            y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        ),
        np.uint8,
    )


def still(step: int) -> npt.NDArray[np.uint8]:
    """Return the same picture with another camera noise at every step."""
    noise = np.random.default_rng(step).normal(0.0, 2.0, (HEIGHT_PX, WIDTH_PX, 3))
    return np.clip(texture(1) + noise, 0, 255).astype(np.uint8)


def face(*, yaw_deg: float = 0.0, eyes: float = 1.0, box: Box = FACE) -> DetectedFace:
    """Return a face whose mesh fills the box.

    Args:
        yaw_deg: how far it is turned, positive to the person's left. eyes: how far the eyes are
            open, 1 for as usual, 0 for shut. box: pixels of the scene.
    """
    mesh = np.zeros((468, 3), np.float32)
    middle_x, middle_y = box.center_px
    mesh[:, 0], mesh[:, 1] = middle_x, middle_y
    half_px = box.width_px / 2
    turn = math.radians(yaw_deg)
    # The cheeks (234 right, 454 left) turn about the vertical axis; forehead 10 and chin 152 stay.
    across = np.array([half_px * math.cos(turn), 0.0, half_px * math.sin(turn)], np.float32)
    mesh[234] = np.array([middle_x, middle_y, 0.0]) - across
    mesh[454] = np.array([middle_x, middle_y, 0.0]) + across
    mesh[10, 1], mesh[152, 1] = box.y_min_px, box.y_max_px
    # Ear to ear the box stays as wide as it is, so that the face is as large while it turns.
    mesh[127, 0], mesh[356, 0] = box.x_min_px, box.x_max_px
    # Corners (left and right of the image) and lids of both eyes; lids a third as high as wide.
    for outer, inner, upper, lower in (
        (33, 133, (160, 158), (144, 153)),
        (263, 362, (387, 385), (373, 380)),
    ):
        mesh[outer, 0] -= half_px / 5
        mesh[inner, 0] += half_px / 5
        mesh[list(upper), 1] -= eyes * half_px / 15
        mesh[list(lower), 1] += eyes * half_px / 15
    return DetectedFace(
        box=box, score=0.9, landmarks_xy_px=np.zeros((6, 2), np.float32), mesh_xyz_px=mesh
    )
