"""Varied copies of a picture: crop, turn, mirror, light and colour."""

from __future__ import annotations

import math

import cv2
import numpy as np

from edgeai_lab.classifier.recipe import Variation
from edgeai_lab.pictures import Image


def vary(picture: Image, variation: Variation, *, side_px: int, rng: np.random.Generator) -> Image:
    """Return a varied copy of a (H, W, 3) uint8 picture as (side, side, 3) uint8.

    The colour order does not matter, except that it must be one of R, G and B.
    """
    square = _turned_crop(picture, variation, side_px, rng)
    if variation.mirror and rng.random() < 0.5:
        square = np.asarray(square[:, ::-1], np.uint8)
    light = square.astype(np.float32)
    grey = light.mean(axis=2, keepdims=True)
    light = grey + (light - grey) * _factor(variation.saturation, rng)
    mean = light.mean()
    light = mean + (light - mean) * _factor(variation.contrast, rng)
    light *= _factor(variation.brightness, rng)
    return np.asarray(np.clip(light, 0, 255), np.uint8)


def _turned_crop(
    picture: Image, variation: Variation, side_px: int, rng: np.random.Generator
) -> Image:
    """Cut a random rectangle, turned by a random angle, in one sampling."""
    height, width = picture.shape[:2]
    share = rng.uniform(variation.smallest_crop, 1.0)
    stretch = math.exp(rng.uniform(-1, 1) * math.log(variation.stretch))
    cut_width = min(width, width * math.sqrt(share * stretch))
    cut_height = min(height, height * math.sqrt(share / stretch))
    x = rng.uniform(0, width - cut_width) + cut_width / 2
    y = rng.uniform(0, height - cut_height) + cut_height / 2
    angle = math.radians(rng.uniform(-1, 1) * variation.rotation_deg)
    # From the square back to the picture; averaging first where many pixels become one.
    shrink = min(cut_width, cut_height) / side_px
    if shrink > 2:
        small = (max(1, round(width / shrink * 1.5)), max(1, round(height / shrink * 1.5)))
        picture = np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), np.uint8)
        across, down = small[0] / width, small[1] / height
        x, cut_width, y, cut_height = x * across, cut_width * across, y * down, cut_height * down
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    scale = np.diag([cut_width / side_px, cut_height / side_px])
    matrix = turn @ scale
    shift = np.array([x, y]) - matrix @ np.full(2, side_px / 2)
    square = cv2.warpAffine(
        picture,
        np.column_stack([matrix, shift]),
        (side_px, side_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(square, np.uint8)


def _factor(most: float, rng: np.random.Generator) -> float:
    return 1.0 + float(rng.uniform(-most, most))
