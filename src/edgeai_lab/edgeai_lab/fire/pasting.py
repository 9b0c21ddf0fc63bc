"""Flames cut out of open pictures, and drawn smoke, set into harmless ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from edgeai_lab.compose.cutouts import Cutout, lay, window
from edgeai_lab.fire.scenes import Boxes, Scene
from edgeai_lab.fire.synthesis import Floats, blend, noise_map
from edgeai_lab.pictures import Image

_LEAST_SIDE_PX = 14
# Smoke of the background's own tone cannot be seen: of 255 levels, and pixels that show it.
_VISIBLE_CHANGE, _LEAST_SMOKE_PX = 10, 120
_LEAST_OPAQUE, _MOST_OPAQUE = 0.06, 0.85


def cut_flames(scenes: Iterable[Scene]) -> list[Cutout]:
    """Return the flames of the scenes' boxes that stand out from what is around them."""
    found = []
    for scene in scenes:
        height, width = scene.image.shape[:2]
        scale = np.array([width, height, width, height])
        for x_min, y_min, x_max, y_max in np.round(scene.flames * scale).astype(int):
            if min(x_max - x_min, y_max - y_min) < _LEAST_SIDE_PX:
                continue
            patch = scene.image[y_min:y_max, x_min:x_max]
            alpha = flame_opacity(patch)
            if _LEAST_OPAQUE < float(alpha.mean()) < _MOST_OPAQUE:
                found.append(Cutout(image=patch, alpha=alpha))
    return found


def flame_opacity(patch: Image) -> Floats:
    """Return (H, W) float32 in 0..1: bright and warm, or blinding, fading to the patch's edge."""
    colours = patch.astype(np.float32) / 255
    blue, red = colours[..., 0], colours[..., 2]
    bright = np.clip((colours.max(axis=2) - 0.45) / 0.3, 0, 1)
    warm = np.clip((red - blue - 0.08) / 0.2, 0, 1)
    blinding = np.clip((colours.min(axis=2) - 0.75) / 0.15, 0, 1)
    alpha = bright * np.maximum(warm, blinding)
    height, width = alpha.shape
    rows = np.minimum(np.arange(height), np.arange(height)[::-1])[:, None] / (0.12 * height + 1)
    columns = np.minimum(np.arange(width), np.arange(width)[::-1])[None] / (0.12 * width + 1)
    alpha *= np.clip(np.minimum(rows, columns), 0, 1)
    return np.asarray(cv2.GaussianBlur(alpha.astype(np.float32), (0, 0), 1.0), np.float32)


def paste_flame(image: Image, cutouts: Sequence[Cutout], rng: Generator) -> tuple[Image, Boxes]:
    """Return the picture with one to three flames in it, and their boxes in 0..1."""
    height, width = image.shape[:2]
    result = image.astype(np.float32) * rng.uniform(0.35, 1.0)
    boxes = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        cutout = cutouts[int(rng.integers(len(cutouts)))]
        side = height * np.exp(rng.uniform(np.log(0.09), np.log(0.6)))
        ratio = np.clip(cutout.image.shape[1] / cutout.image.shape[0], 0.4, 2.0)
        size = (max(6, round(side * ratio)), max(6, round(side)))
        flame = cutout.resized(*size)
        if rng.random() < 0.5:
            flame = flame.mirrored()
        x = int(rng.integers(0, max(1, width - size[0])))
        y = int(rng.integers(0, max(1, height - size[1])))
        where = window(image.shape, flame.alpha.shape, x_px=x, y_px=y)
        cover = np.zeros((height, width), np.float32)
        cover[where.picture] = flame.alpha[where.patch]
        glow = cv2.GaussianBlur(cover, (0, 0), max(2.0, side * 0.4))[..., None]
        result += glow * np.array([30, 110, 220], np.float32) * rng.uniform(0, 0.7)
        lay(result, flame, where)
        found = np.argwhere(cover > 0.3)
        if len(found) > 4:
            boxes.append(_extent(found, height, width))
    return np.clip(result, 0, 255).astype(np.uint8), _stacked(boxes)


def draw_smoke(image: Image, rng: Generator) -> tuple[Image, Boxes]:
    """Return the picture with a plume that rises from a point and widens, and its box in 0..1."""
    height, width = image.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.3, 1.0) * height
    tall = height * rng.uniform(0.15, 0.9)
    up = np.clip((y - rows) / tall, 0, None)
    lean = (noise_map(height, 1, rng, coarse=3) - 0.5) * tall * 0.35 + (y - rows) * rng.normal(
        0, 0.4
    )
    girth = width * rng.uniform(0.01, 0.05) + up * tall * rng.uniform(0.15, 0.45)
    across = np.abs(columns - x - lean) / girth
    body = np.clip(1.3 - across, 0, 1) * np.clip(1.15 - up, 0, 1) ** 0.7 * (rows < y)
    puffs = noise_map(height, width, rng, coarse=int(rng.integers(5, 12)))
    alpha = np.clip(body * (0.35 + 1.1 * puffs) * rng.uniform(0.5, 1.4), 0, 0.95)
    alpha = np.asarray(cv2.GaussianBlur(alpha.astype(np.float32), (0, 0), 1.5), np.float32)
    tone = rng.uniform(30, 110) if rng.random() < 0.3 else rng.uniform(130, 245)
    shade = tone * (0.75 + 0.4 * noise_map(height, width, rng, coarse=8))[..., None]
    result = blend(image, shade * np.exp(rng.normal(0, 0.04, 3)), alpha)
    change = np.abs(result.astype(np.float32) - image).mean(axis=2)
    found = np.argwhere((alpha > 0.2) & (change > _VISIBLE_CHANGE))
    boxes = [_extent(found, height, width)] if len(found) > _LEAST_SMOKE_PX else []
    return result, _stacked(boxes)


def _extent(found: npt.NDArray[np.intp], height: int, width: int) -> npt.NDArray[np.float64]:
    (y_min, x_min), (y_max, x_max) = found.min(axis=0), found.max(axis=0) + 1
    return np.array([x_min / width, y_min / height, x_max / width, y_max / height])


def _stacked(boxes: Sequence[npt.NDArray[np.float64]]) -> Boxes:
    return np.array(boxes, np.float32).reshape(-1, 4)
