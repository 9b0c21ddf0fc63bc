"""Clips of a small flame that appears in a harmless still picture, from cut-out flames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from edgeai_lab.compose.cutouts import Cutout
from edgeai_lab.fire.synthesis import Floats, noise_map
from edgeai_lab.pictures import Image

WIDTH_PX, HEIGHT_PX = 640, 480
# Turbulence rises through the flame once in a good half second; tongues sway more than the foot.
_RISE_HZ, _SWAY_SHARE = 1.7, 0.16
_NOISE = 3.0
# BGR levels at most, of the light around it.
_GLOW = (12, 45, 90)
# What is cut out by colour is often a few blinding specks: of the extent, and of 255 levels red
# above blue on the mean of what is opaque.
_LEAST_SOLID, _LEAST_WARM, _LEAST_SIDE_PX = 0.4, 60.0, 20
_VISIBLE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlameClip:
    """A still picture in which a flame appears.

    Attributes:
        background: (480, 640, 3) uint8 BGR. flame: what burns. height_share: of the picture's
            height, 0..1. x, y: where its middle is, 0..1 of what keeps it inside.
        starts: number of the first frame that shows it. seed: of its flicker and the noise.
    """

    background: Image
    flame: Cutout
    height_share: float
    x: float
    y: float
    starts: int
    seed: int

    def frames(self, count: int, *, rate_hz: float) -> Iterator[Image]:
        """Yield (480, 640, 3) uint8 BGR frames."""
        rng = np.random.default_rng(self.seed)
        flicker = _Flicker(self.flame, round(self.height_share * HEIGHT_PX), rng)
        noises = [rng.normal(0, _NOISE, self.background.shape).astype(np.float32) for _ in range(8)]
        for number in range(count):
            scene = self.background.astype(np.float32)
            if number >= self.starts:
                self._burn(scene, *flicker.at(number / rate_hz))
            # A fresh field for every frame takes longer than all else.
            noise = np.roll(noises[number % len(noises)], int(rng.integers(640)), axis=1)
            yield np.clip(scene + noise, 0, 255).astype(np.uint8)

    def _burn(self, scene: Floats, patch: Floats, alpha: Floats) -> None:
        height, width = alpha.shape
        left, top = round(self.x * (WIDTH_PX - width)), round(self.y * (HEIGHT_PX - height))
        # It lights what is around it.
        cover = np.zeros(scene.shape[:2], np.float32)
        cover[top : top + height, left : left + width] = alpha
        small = cv2.resize(cover, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        glow = cv2.GaussianBlur(small, (0, 0), max(1.0, 0.1 * height))
        glow = cv2.resize(glow, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
        scene += glow[..., None] * np.array(_GLOW, np.float32)
        part = scene[top : top + height, left : left + width]
        part[:] = part * (1 - alpha[..., None]) + patch * alpha[..., None]


class _Flicker:
    """A still flame made to move: it sways, stretches and glows at 1 to 6 Hz."""

    def __init__(self, flame: Cutout, height_px: int, rng: Generator) -> None:
        ratio = min(max(flame.image.shape[1] / flame.image.shape[0], 0.4), 2.0)
        size = (max(4, round(height_px * ratio)), max(4, height_px))
        self._patch = cv2.resize(flame.image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        self._alpha = cv2.resize(flame.alpha, size, interpolation=cv2.INTER_AREA)
        self._sway = noise_map(4 * size[1], size[0], rng, coarse=4) - 0.5
        self._phases = rng.uniform(0, 2 * math.pi, 3)
        self._hertz = rng.uniform([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])

    def at(self, seconds: float) -> tuple[Floats, Floats]:
        """Return the flame's picture (H, W, 3) and opacity (H, W) at a moment."""
        height, width = self._alpha.shape
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        up = 1 - rows / height
        begin = int((seconds * _RISE_HZ * height) % (3 * height))
        swaying = 4 * _SWAY_SHARE * width * self._sway[begin : begin + height] * up
        waves = np.sin(2 * math.pi * self._hertz * seconds + self._phases)
        stretch = 1 + 0.15 * waves[0] + 0.1 * waves[1]
        at_row = np.float32(height) - (height - rows) * np.float32(stretch)
        places = (columns + swaying).astype(np.float32), at_row.astype(np.float32)
        glow = np.float32(1 + 0.08 * waves[1] + 0.06 * waves[2])
        patch = cv2.remap(self._patch, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        alpha = cv2.remap(self._alpha, *places, cv2.INTER_LINEAR, borderValue=0.0)
        return np.asarray(patch * glow, np.float32), np.asarray(alpha, np.float32)


def whole_flames(cutouts: Iterable[Cutout]) -> list[Cutout]:
    """Return the cut-outs that look like a flame, without the empty border around them."""
    found = []
    for cutout in cutouts:
        places = np.argwhere(cutout.alpha > _VISIBLE)
        if not len(places):
            continue
        (top, left), (bottom, right) = places.min(axis=0), places.max(axis=0) + 1
        image, alpha = cutout.image[top:bottom, left:right], cutout.alpha[top:bottom, left:right]
        warm = image[..., 2].astype(np.float32) - image[..., 0]
        solid = float(alpha.mean())
        if (
            min(alpha.shape) >= _LEAST_SIDE_PX
            and solid >= _LEAST_SOLID
            and float((warm * alpha).sum() / alpha.sum()) >= _LEAST_WARM
        ):
            found.append(Cutout(image=image, alpha=alpha))
    return found


def flame_clips(
    flames: list[Cutout], backgrounds: list[Image], *, height_share: float, count: int, starts: int
) -> list[FlameClip]:
    """Return clips of one size, each with another flame and picture; the same at every call.

    Args:
        flames, backgrounds: to draw from; of scenes that were never trained on.
        height_share: of the picture's height. count: of clips. starts: first frame with the flame.
    """
    clips = []
    for number in range(count):
        rng = np.random.default_rng([number, 17])
        scene = backgrounds[int(rng.integers(len(backgrounds)))]
        clips.append(
            FlameClip(
                background=np.asarray(
                    cv2.resize(scene, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC),
                    np.uint8,
                ),
                flame=flames[int(rng.integers(len(flames)))],
                height_share=height_share,
                x=float(rng.random()),
                y=float(rng.uniform(0.2, 1.0)),
                starts=starts,
                seed=number,
            )
        )
    return clips
