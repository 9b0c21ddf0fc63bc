"""Wooded slopes under a sky, in haze: whole harmless views made from parts of forest pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from edgeai_lab.fire.synthesis import Floats, noise_map, warm_colour
from edgeai_lab.pictures import Image


def landscape(image: Image, rng: Generator) -> Image:
    """Return one to five ridges of the picture's texture, paler with distance, under a sky.

    Fog in forests is what fire models take for smoke most often, and the open data has a dozen
    pictures of it.

    Args:
        image: (H, W, 3) uint8 BGR, of leaves, grass, rocks. rng: all chance comes from it.
    """
    height, width = image.shape[:2]
    haze = np.full(3, rng.uniform(110, 245)) * np.exp(rng.normal(0, 0.03, 3))
    result = _sky(height, width, haze, rng)
    depth = int(rng.integers(1, 6))
    thickness = rng.uniform(0, 1)
    top = rng.uniform(-0.1, 0.5) * height
    rows = np.arange(height, dtype=np.float32)[:, None]
    foggy = rng.random() < 0.6
    for layer in range(depth):
        nearness = (layer + 1) / depth
        edge = _ridge(width, rng) * height * rng.uniform(0.03, 0.25) + top
        texture = _texture(image, nearness, rng).astype(np.float32)
        texture *= rng.uniform(0.35, 1.1)
        haziness = thickness * (1 - nearness * rng.uniform(0.5, 1.0))
        veil = np.full((height, width), haziness, np.float32)
        if foggy:  # fog lies in the valley before the next ridge
            sunk = np.clip((rows - edge) / (height * rng.uniform(0.1, 0.6)), 0, 1)
            puffs = noise_map(height, width * 3, rng, coarse=4)[:, ::3]
            veil += sunk * (0.2 + 0.9 * puffs) * rng.uniform(0, 1.2)
            veil = np.clip(veil, 0, 0.97)
        slope = texture * (1 - veil[..., None]) + haze * veil[..., None]
        cover = np.clip((rows - edge) / rng.uniform(0.7, 2.5) + 0.5, 0, 1)[..., None]
        result = result * (1 - cover) + slope * cover
        top += height * rng.uniform(0.08, 0.35)
    return np.asarray(np.clip(result, 0, 255), np.uint8)


def _sky(height: int, width: int, haze: Floats, rng: Generator) -> Floats:
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    blue = np.array([rng.uniform(150, 250), rng.uniform(110, 210), rng.uniform(60, 190)])
    colour = haze if rng.random() < 0.4 else blue
    low = warm_colour(rng) * 0.5 + haze * 0.5 if rng.random() < 0.2 else haze
    share = np.clip(rows / rng.uniform(0.2, 0.9), 0, 1)
    sky = np.broadcast_to(colour * (1 - share) + low * share, (height, width, 3))
    if rng.random() < 0.6:
        shape = noise_map(height * 2, width, rng, coarse=int(rng.integers(2, 6)))[::2]
        cloud = np.clip((shape - rng.uniform(0.2, 0.6)) * rng.uniform(1.5, 5), 0, 1)[..., None]
        light = 150 + 105 * noise_map(height, width, rng, coarse=6)[..., None]
        sky = sky * (1 - cloud * 0.9) + light * cloud * 0.9
    return np.asarray(sky, np.float32)


def _ridge(width: int, rng: Generator) -> Floats:
    """Return (1, width) float32 about -0.5..0.5: hills, with or without the tips of trees."""
    line = noise_map(1, width, rng, coarse=int(rng.integers(2, 6)))[:1] - 0.5
    if rng.random() < 0.6:
        period = rng.uniform(4, 16)
        phase = np.cumsum(rng.uniform(0.5, 1.5, width)) / period
        line = line + np.abs(phase % 1 - 0.5)[None] * rng.uniform(0.1, 0.8)
    return np.asarray(line, np.float32)


def _texture(image: Image, nearness: float, rng: Generator) -> Image:
    """Return the picture repeated in mirrored tiles, the smaller the farther."""
    height, width = image.shape[:2]
    scale = float(np.clip(nearness * rng.uniform(0.5, 1.5), 0.25, 1.0))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    tile = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        tile = tile[:, ::-1]
    right, below = max(0, width - size[0]), max(0, height - size[1])
    tile = cv2.copyMakeBorder(tile, 0, below, 0, right, cv2.BORDER_REFLECT)
    return np.asarray(tile[:height, :width], np.uint8)
