"""Pictures without the thing: drawn rooms, for whoever has no pictures of a real one."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from edgeai_lab.fire.synthesis import blend, noise_map
from edgeai_lab.pictures import Image


def draw_room(rng: Generator, *, width_px: int = 416, height_px: int = 312) -> Image:
    """Return a drawn room: wall and floor of some material, furniture, things, light."""
    wall, floor = (_material(height_px, width_px, rng) for _ in range(2))
    tilt = np.linspace(-1, 1, width_px, dtype=np.float32) * rng.uniform(-40, 40)
    horizon = rng.uniform(0.2, 0.9) * height_px + tilt
    rows = np.arange(height_px, dtype=np.float32)[:, None]
    room = np.where((rows > horizon)[..., None], floor, wall)
    for _ in range(int(rng.integers(2, 14))):
        room = _with_furniture(room, rng)
    light = 0.55 + 0.75 * noise_map(height_px, width_px, rng, coarse=2)
    lit = room * light[..., None] * np.exp(rng.normal(0, 0.06, 3))
    sigma = rng.uniform(0, 1.2)
    lit = np.asarray(np.clip(lit, 0, 255), np.uint8)
    return np.asarray(cv2.GaussianBlur(lit, (0, 0), sigma), np.uint8) if sigma > 0.3 else lit


def _material(height: int, width: int, rng: Generator) -> Image:
    """Return cloth, wood, wallpaper or plaster."""
    base = np.asarray(rng.uniform(20, 245, 3), np.float32)
    grain = noise_map(height, width, rng, coarse=int(rng.integers(2, 40)))
    kind = int(rng.integers(4))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    if kind == 1:  # wood: rings along one side
        along = rows if rng.random() < 0.5 else columns
        grain = 0.5 + 0.5 * np.sin(along / rng.uniform(3, 20) + 8 * grain)
    elif kind == 2:  # tiles or checks
        side = rng.uniform(12, 90)
        grain = ((rows // side + columns // side) % 2) * 0.6 + 0.4 * grain
    elif kind == 3:  # stripes
        turn = rng.uniform(0, np.pi)
        across = rows * np.cos(turn) + columns * np.sin(turn)
        grain = 0.5 + 0.5 * np.sign(np.sin(across / rng.uniform(3, 25)))
    other = np.clip(base + rng.normal(0, 45, 3), 0, 255)
    share = (grain * rng.uniform(0.1, 1.0))[..., None]
    mixed = base * (1 - share) + other * share
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def _with_furniture(room: Image, rng: Generator) -> Image:
    height, width = room.shape[:2]
    centre = rng.uniform(0, 1, 2) * (width, height)
    size = width * np.exp(rng.uniform(np.log(0.02), np.log(0.35)))
    mask = np.zeros((height, width), np.float32)
    at = (int(centre[0]), int(centre[1]))
    if rng.random() < 0.3:
        axes = (max(2, int(size / 2)), max(2, int(size / 2 * rng.uniform(0.3, 1))))
        cv2.ellipse(mask, at, axes, rng.uniform(0, 180), 0, 360, 1.0, -1, cv2.LINE_AA)
    else:
        sides = (size, size * rng.uniform(0.2, 2))
        corners = cv2.boxPoints((at, sides, rng.choice([0.0, rng.uniform(0, 90)])))
        corners = corners + rng.normal(0, size * 0.05, (4, 2))
        cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 1.0, cv2.LINE_AA)
    x, y, box_width, box_height = cv2.boundingRect((mask > 0).astype(np.uint8))
    if not box_width:
        return room
    part = (slice(y, y + box_height), slice(x, x + box_width))
    result: Image = room.copy()
    result[part] = blend(room[part], _material(box_height, box_width, rng), mask[part])
    return np.asarray(result, np.uint8)
