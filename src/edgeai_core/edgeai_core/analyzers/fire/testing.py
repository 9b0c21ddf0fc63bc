"""For tests: rendered scenes with lamps, prints, flames and smoke before a wall."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.geometry import Box

Picture = npt.NDArray[np.float32]

WIDTH_PX, HEIGHT_PX = 320, 240
# BGR
_LAMPLIGHT = np.array([120, 220, 255], np.float32)
_FLAMELIGHT = np.array([60, 160, 250], np.float32)
SPOT = Box(130.0, 80.0, 190.0, 180.0)


def wall(brightness: float = 1.0) -> Picture:
    """Return (240, 320, 3) float32: a wall, and a chequered floor whose edges show shaking."""
    y, x = np.mgrid[:HEIGHT_PX, :WIDTH_PX]
    grey = 80 + 0.2 * x + 40 * ((y > 200) & ((x // 20 + y // 20) % 2 == 0))
    return np.stack([brightness * grey] * 3, axis=-1).astype(np.float32)


def with_lamp(scene: Picture) -> Picture:
    """Return the scene with a warm lamp, clipped in its middle."""
    y, x = np.mgrid[:HEIGHT_PX, :WIDTH_PX].astype(np.float32)
    glow = np.clip(1.6 - np.hypot(x - 160, y - 130) / 28, 0, 1)[..., None]
    return np.asarray(scene * (1 - glow) + 1.2 * _LAMPLIGHT * glow, np.float32)


def with_flame(scene: Picture, phase: float) -> Picture:
    """Return the scene with a flame whose height, width and lean depend on a phase in radians."""
    y, x = np.mgrid[:HEIGHT_PX, :WIDTH_PX].astype(np.float32)
    height = 90 * (0.75 + 0.25 * np.sin(phase))
    width = 24 * (0.85 + 0.15 * np.sin(1.7 * phase + 1))
    up = np.clip((178 - y) / height, 0, 1)
    off = np.abs(x - 160 - 6 * np.sin(2.3 * phase) * up) / (width * (1 - up) ** 0.7 + 1e-3)
    flame = (np.clip(1.5 - off, 0, 1) * (y < 178) * (y > 178 - height))[..., None]
    return np.asarray(scene * (1 - flame) + _FLAMELIGHT * flame, np.float32)


def with_smoke(scene: Picture, seconds: float) -> Picture:
    """Return the scene with thin smoke that rises 25 px/s."""
    clouds = np.random.default_rng(5).random((40, 20)).astype(np.float32)
    tall = cv2.resize(clouds, (160, 640), interpolation=cv2.INTER_CUBIC)
    begin = round(25 * seconds)
    share = 0.35 * tall[begin : begin + 100, :60, None]
    smoky: Picture = scene.copy()
    smoky[80:180, 130:190] = smoky[80:180, 130:190] * (1 - share) + 200 * share
    return smoky


def taken(
    scene: Picture, rng: np.random.Generator, *, noise: float = 2.0, shake_px: float = 0.0
) -> npt.NDArray[np.uint8]:
    """Return the uint8 picture that a noisy camera, moved a little, takes of a scene."""
    if shake_px:
        dx, dy = rng.normal(0, shake_px, 2)
        matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        size = (WIDTH_PX, HEIGHT_PX)
        moved = cv2.warpAffine(scene, matrix, size, borderMode=cv2.BORDER_REFLECT)
        scene = moved.astype(np.float32)
    return np.clip(scene + rng.normal(0, noise, scene.shape), 0, 255).astype(np.uint8)
