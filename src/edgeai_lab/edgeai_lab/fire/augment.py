"""What cameras do to a picture: colour, exposure, blur, noise and compression."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from edgeai_lab.pictures import Image


def degrade(image: Image, rng: Generator) -> Image:
    """Return the picture as another camera might have taken it, mirrored half of the time.

    Args:
        image: (H, W, 3) uint8 BGR. rng: all chance comes from it.
    """
    result = image
    if rng.random() < 0.8:
        result = _recoloured(result, rng)
    if rng.random() < 0.07:
        # Night cameras with infrared light have no colour: fire must not be known by colour only.
        grey = cv2.cvtColor(result, cv2.COLOR_BGR2GRAY)
        result = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    if rng.random() < 0.35:
        result = _softened(result, rng)
    if rng.random() < 0.3:
        noise = rng.normal(0, rng.uniform(2, 14), result.shape)
        result = np.clip(result + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        result = _compressed(result, rng)
    return result


def _recoloured(image: Image, rng: Generator) -> Image:
    levels = np.arange(256, dtype=np.float32) / 255
    gamma = np.exp(rng.normal(0, 0.28))
    contrast, shift = np.exp(rng.normal(0, 0.18)), rng.normal(0, 0.05)
    curve = np.clip((levels**gamma - 0.5) * contrast + 0.5 + shift, 0, 1)
    gains = np.exp(rng.normal(0, 0.08, 3))
    table = np.clip(curve[:, None] * gains * 255, 0, 255).astype(np.uint8)
    result = np.asarray(cv2.LUT(image, table[:, None, :]), np.uint8)
    saturation = float(np.clip(rng.normal(0.95, 0.3), 0.2, 1.7))
    grey = cv2.cvtColor(cv2.cvtColor(result, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return np.asarray(cv2.addWeighted(result, saturation, grey, 1 - saturation, 0), np.uint8)


def _softened(image: Image, rng: Generator) -> Image:
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 2.0)), np.uint8)
    scale = rng.uniform(0.3, 0.8)
    small = cv2.resize(image, (round(width * scale), round(height * scale)))
    return np.asarray(cv2.resize(small, (width, height)), np.uint8)


def _compressed(image: Image, rng: Generator) -> Image:
    quality = int(rng.integers(20, 90))
    _, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)
