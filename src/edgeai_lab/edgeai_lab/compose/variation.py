"""Chance: how a thing lies, how it is lit, what hides it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.random import Generator

from edgeai_lab.compose.cutouts import Cutout, Floats
from edgeai_lab.pictures import Image

_LEAST_SIDE_PX = 6
_NOISE_SLACK_PX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """How much chance may change; 0 everywhere draws cut-outs as they are.

    Attributes:
        rotation_deg: largest turn to either side. tilt: how far corners may move, share of a side.
        light: spread of brightness and contrast, as of a normal distribution's logarithm.
        tint: the same of the colours' balance. blur: largest blur, share of the thing's side.
        noise: largest standard deviation of the camera's noise, of 255 levels.
    """

    rotation_deg: float = 180.0
    tilt: float = 0.12
    light: float = 0.3
    tint: float = 0.07
    blur: float = 0.03
    noise: float = 6.0


def varied(cutout: Cutout, side_px: float, variation: Variation, rng: Generator) -> Cutout:
    """Return a cut-out with its longer side at about `side_px`, turned, tilted, lit and blurred."""
    height, width = cutout.alpha.shape
    scale = side_px / max(height, width)
    width_px = max(_LEAST_SIDE_PX, round(width * scale))
    height_px = max(_LEAST_SIDE_PX, round(height * scale))
    result = cutout.resized(width_px, height_px)
    if variation.rotation_deg or variation.tilt:
        result = _turned(result, variation, rng)
    image = relit(result.image, variation, rng)
    return _blurred(Cutout(image=image, alpha=result.alpha), variation, rng)


def relit(image: Image, variation: Variation, rng: Generator) -> Image:
    """Return a (H, W, 3) uint8 picture in another light, brighter on one side than the other."""
    if not (variation.light or variation.tint):
        return image
    gain = np.exp(rng.normal(0, variation.light) + rng.normal(0, variation.tint, 3))
    contrast = math.exp(rng.normal(0, variation.light / 2))
    height, width = image.shape[:2]
    slope_x, slope_y = rng.normal(0, variation.light / 2, 2)
    ramp = (
        np.linspace(-slope_x, slope_x, width, dtype=np.float32)[None, :]
        + np.linspace(-slope_y, slope_y, height, dtype=np.float32)[:, None]
    )
    values = image.astype(np.float32)
    middle = float(values.mean())
    values = (values - middle) * contrast + middle
    values *= gain.astype(np.float32) * np.exp(ramp)[..., None]
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def blob(texture: Image, side_px: float, variation: Variation, rng: Generator) -> Cutout:
    """Return a piece of a picture, round or angular, about `side_px` long, in another light."""
    side = max(_LEAST_SIDE_PX, round(side_px))
    corners = int(rng.integers(3, 9))
    angles = np.sort(rng.uniform(0, 2 * math.pi, corners))
    radii = side / 2 * rng.uniform(0.5, 1.0, corners)
    stretch = rng.uniform(0.35, 1.0)
    points = np.stack([np.cos(angles) * radii, np.sin(angles) * radii * stretch], axis=1)
    alpha = np.zeros((side, side), np.float32)
    cv2.fillPoly(alpha, [np.round(points + side / 2).astype(np.int32)], 1.0, cv2.LINE_AA)
    if rng.random() < 0.5:  # round: the corners are worn off
        worn = cv2.GaussianBlur(alpha, (0, 0), side * 0.1)
        alpha = np.asarray(np.clip((worn - 0.5) * side / 6 + 0.5, 0, 1), np.float32)
    height, width = texture.shape[:2]
    part = min(height, width, int(side * rng.uniform(0.5, 3)) + 2)
    x, y = int(rng.integers(width - part + 1)), int(rng.integers(height - part + 1))
    patch = np.asarray(cv2.resize(texture[y : y + part, x : x + part], (side, side)), np.uint8)
    return Cutout(image=relit(patch, variation, rng), alpha=np.asarray(alpha, np.float32))


def with_noise(picture: Floats, variation: Variation, rng: Generator) -> Image:
    """Return a (H, W, 3) float32 picture 0..255 as uint8, with the noise of a camera."""
    table = _noise_table(*picture.shape[:2])
    row, column = (int(rng.integers(_NOISE_SLACK_PX + 1)) for _ in range(2))
    noise = table[row : row + picture.shape[0], column : column + picture.shape[1]]
    sigma = rng.uniform(0, variation.noise)
    return np.asarray(cv2.addWeighted(picture, 1, noise, sigma, 0, dtype=cv2.CV_8U), np.uint8)


def _turned(cutout: Cutout, variation: Variation, rng: Generator) -> Cutout:
    height, width = cutout.alpha.shape
    angle = math.radians(rng.uniform(-variation.rotation_deg, variation.rotation_deg))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    centred = corners - (width / 2, height / 2)
    jitter = rng.uniform(-variation.tilt, variation.tilt, (4, 2)) * (width, height)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    target = (centred + jitter) @ turn
    low = np.floor(target.min(axis=0)) - 2
    size = np.ceil(target.max(axis=0) - low).astype(int) + 3
    matrix = cv2.getPerspectiveTransform(corners, (target - low).astype(np.float32))
    shape = (int(size[0]), int(size[1]))
    image = cv2.warpPerspective(cutout.image, matrix, shape, borderMode=cv2.BORDER_REPLICATE)
    return Cutout(
        image=np.asarray(image, np.uint8),
        alpha=np.asarray(cv2.warpPerspective(cutout.alpha, matrix, shape), np.float32),
    )


def _blurred(cutout: Cutout, variation: Variation, rng: Generator) -> Cutout:
    """Blur the thing, sometimes along its motion, and always its edge a little."""
    if not variation.blur:
        return cutout
    side = max(cutout.alpha.shape)
    room = math.ceil(side * variation.blur * 2) + 2
    image = cv2.copyMakeBorder(cutout.image, room, room, room, room, cv2.BORDER_REPLICATE)
    alpha = cv2.copyMakeBorder(cutout.alpha, room, room, room, room, cv2.BORDER_CONSTANT, value=0)
    if rng.random() < 0.3:
        length = max(1.0, side * variation.blur * rng.uniform(0.5, 2))
        kernel = _motion(length, rng.uniform(0, math.pi))
        image, alpha = cv2.filter2D(image, -1, kernel), cv2.filter2D(alpha, -1, kernel)
    else:
        sigma = rng.uniform(0, 1) ** 2 * variation.blur * side / 2
        if sigma > 0.3:
            image = cv2.GaussianBlur(image, (0, 0), sigma)
            alpha = cv2.GaussianBlur(alpha, (0, 0), sigma)
    alpha = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.4, 0.9))
    return Cutout(image=np.asarray(image, np.uint8), alpha=np.asarray(alpha, np.float32))


def _motion(length_px: float, angle: float) -> Floats:
    half = math.ceil(length_px / 2)
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    reach = np.array([math.cos(angle), math.sin(angle)]) * length_px / 2
    start, end = (np.round(half + sign * reach).astype(int) for sign in (-1, 1))
    cv2.line(kernel, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), 1.0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


@cache
def _noise_table(height: int, width: int) -> Floats:
    """Return normal noise to take parts of: a new million of numbers takes longer than the rest."""
    shape = (height + _NOISE_SLACK_PX, width + _NOISE_SLACK_PX, 3)
    return np.random.default_rng(0).standard_normal(shape, np.float32)
