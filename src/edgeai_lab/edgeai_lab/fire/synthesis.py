"""Pictures that look like fire or smoke and are neither, made from harmless ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from edgeai_lab.pictures import Image

Floats = npt.NDArray[np.float32]


def noise_map(height: int, width: int, rng: Generator, *, coarse: int = 3) -> Floats:
    """Return (height, width) float32 in 0..1: smooth noise of several sizes, like clouds."""
    total = np.zeros((height, width), np.float32)
    for octave in range(5):
        cells = coarse * 2**octave
        field = rng.random((cells, cells), np.float32)
        total += cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def blend(image: Image, colour: npt.ArrayLike, alpha: Floats) -> Image:
    """Return the (H, W, 3) uint8 BGR picture under a colour with (H, W) opacity 0..1."""
    cover = alpha[..., None]
    mixed = image * (1 - cover) + np.asarray(colour, np.float32) * cover
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def warm_colour(rng: Generator) -> Floats:
    """Return (3,) float32 BGR between red, orange and yellow-white."""
    hue, saturation = rng.uniform(0, 28), rng.uniform(90, 255)
    pixel = np.array([[[hue, saturation, rng.uniform(190, 255)]]], np.uint8)
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0], np.float32)


def lamps(image: Image, rng: Generator) -> Image:
    """Add round or bar-shaped warm lights with halos, some mirrored in the floor."""
    height, width = image.shape[:2]
    result = image.astype(np.float32) * rng.uniform(0.15, 0.9)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(rng.integers(1, 7)):
        x, y = rng.uniform(0, width), rng.uniform(0, height * 0.8)
        radius = width * np.exp(rng.uniform(np.log(0.008), np.log(0.10)))
        stretch = rng.choice([1.0, 1.0, 1.0, 0.4, 3.0])
        distance = np.hypot((columns - x) / stretch, rows - y) / radius
        colour = warm_colour(rng)
        result += np.exp(-((distance / 3) ** 1.0))[..., None] * colour * rng.uniform(0.2, 0.7)
        result += np.clip(1.6 - distance, 0, 1)[..., None] * 255
        if rng.random() < 0.35:
            streak = np.exp(-(((columns - x) / radius) ** 2)) * np.clip((rows - y) / height, 0, 1)
            result += streak[..., None] * colour * rng.uniform(0.3, 1.0)
    return np.asarray(np.clip(result, 0, 255), np.uint8)


def sunset(image: Image, rng: Generator) -> Image:
    """Put a red to yellow sky, often with clouds and a sun, over the dark lower part."""
    height, width = image.shape[:2]
    horizon = rng.uniform(0.35, 0.85) * height
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    edge = horizon + (noise_map(1, width, rng, coarse=5)[0] - 0.5) * height * rng.uniform(0, 0.25)
    low, high = (
        warm_colour(rng),
        np.array([rng.uniform(60, 190), rng.uniform(30, 140), rng.uniform(40, 200)], np.float32),
    )
    share = np.clip(rows / horizon, 0, 1)[..., None] ** rng.uniform(0.7, 2.5)
    sky = low * share + high * (1 - share)
    if rng.random() < 0.8:
        clouds = noise_map(height, width, rng, coarse=int(rng.integers(2, 6)))[..., None]
        sky = sky * (1 - rng.uniform(0.2, 0.8) * clouds) + warm_colour(rng) * clouds**3 * 0.4
    if rng.random() < 0.5:
        x, y = rng.uniform(0, width), rng.uniform(0.3, 1.0) * horizon
        distance = np.hypot(columns - x, rows - y) / (width * rng.uniform(0.02, 0.07))
        sky += (np.clip(1.5 - distance, 0, 1) * 200 + np.exp(-distance / 4) * 90)[..., None]
    ground = image * rng.uniform(0.05, 0.6) * (0.6 + 0.4 * low / 255)
    is_sky = cv2.GaussianBlur((rows < edge[None, :]).astype(np.float32), (0, 0), 1.0)[..., None]
    return np.asarray(np.clip(sky * is_sky + ground * (1 - is_sky), 0, 255), np.uint8)


def warm_objects(image: Image, rng: Generator) -> Image:
    """Draw red, orange and yellow things: cloths, signs, vests, balls."""
    height, width = image.shape[:2]
    result = image
    for _ in range(rng.integers(1, 5)):
        centre = rng.uniform(0, 1, 2) * (width, height)
        size = width * rng.uniform(0.03, 0.25)
        corners = centre + rng.normal(0, size, (int(rng.integers(3, 8)), 2))
        mask = np.zeros((height, width), np.float32)
        if rng.random() < 0.4:
            axes = (max(2, round(size)), max(2, round(size * rng.uniform(0.3, 1))))
            at = (int(centre[0]), int(centre[1]))
            cv2.ellipse(mask, at, axes, rng.uniform(0, 180), 0, 360, 1.0, -1, cv2.LINE_AA)
        else:
            cv2.fillConvexPoly(mask, cv2.convexHull(corners.astype(np.int32)), 1.0, cv2.LINE_AA)
        shade = 0.55 + 0.45 * noise_map(height, width, rng, coarse=2)
        if rng.random() < 0.5:  # stripes and folds
            rows = np.arange(height, dtype=np.float32)[:, None]
            shade = shade * (0.75 + 0.25 * np.sign(np.sin(rows / rng.uniform(2, 8))))
        result = blend(result, warm_colour(rng) * shade[..., None], mask * rng.uniform(0.7, 1))
    return result


def fog(image: Image, rng: Generator) -> Image:
    """Lay fog in wide flat banks or evenly over the picture."""
    height, width = image.shape[:2]
    tone = rng.uniform(140, 250)
    tint = np.full(3, tone) * np.exp(rng.normal(0, 0.06, 3))
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    if rng.random() < 0.5:
        centre, spread = rng.uniform(0, 1), rng.uniform(0.1, 0.7)
        banks = np.exp(-(((rows - centre) / spread) ** 2))
    else:
        banks = np.clip(1 - rows * rng.uniform(0.3, 1.5), 0, 1)
    wide = noise_map(height, width * 4, rng, coarse=4)[:, ::4]
    alpha = np.clip(banks * (0.4 + 0.9 * wide) * rng.uniform(0.4, 1.2), 0, 0.97)
    return blend(image, tint, np.asarray(alpha, np.float32))


def autumn(image: Image, rng: Generator) -> Image:
    """Turn green into yellow, orange and red, in patches."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV).astype(np.float32)
    green = np.clip(1 - np.abs(hsv[..., 0] - 50) / 40, 0, 1) * (hsv[..., 1] > 20)
    patches = np.clip(
        noise_map(image.shape[0], image.shape[1], rng, coarse=6) * 2 - rng.uniform(0, 1), 0, 1
    )
    strength = green * patches
    hsv[..., 0] = hsv[..., 0] * (1 - strength) + rng.uniform(2, 22) * strength
    hsv[..., 1] = np.clip(hsv[..., 1] * (1 + strength * rng.uniform(0.3, 2.0)), 0, 255)
    hsv[..., 2] = np.clip(hsv[..., 2] * (1 + strength * rng.uniform(0, 0.8)), 0, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR), np.uint8)


def warm_light(image: Image, rng: Generator) -> Image:
    """Light the scene in one red, orange or magenta colour, as stages and heaters do."""
    height, width = image.shape[:2]
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)[..., None] / 255
    colour = warm_colour(rng)
    colour[0] = rng.uniform(0, 120)
    spot = noise_map(height, width, rng, coarse=2)[..., None]
    tinted = grey * colour * (0.4 + 1.2 * spot)
    share = rng.uniform(0.4, 0.95)
    return np.asarray(np.clip(tinted * share + image * (1 - share), 0, 255), np.uint8)


def candle(image: Image, rng: Generator) -> Image:
    """Set candles or gas flames into the picture: the group of controlled flames."""
    height, width = image.shape[:2]
    result = image.astype(np.float32) * rng.uniform(0.25, 1.0)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    size = height * np.exp(rng.uniform(np.log(0.02), np.log(0.09)))
    for _ in range(rng.integers(1, 6)):
        x, y = rng.uniform(0.05, 0.95) * width, rng.uniform(0.3, 0.9) * height
        half = size * rng.uniform(0.25, 0.6)
        wax = np.full(3, rng.uniform(120, 250)) * np.exp(rng.normal(0, 0.2, 3))
        body = (np.abs(columns - x) < half) & (rows > y) & (rows < y + size * rng.uniform(1, 5))
        result[body] = wax * rng.uniform(0.4, 1)
        up = (y - rows) / size  # 0 at the wick, 1 at the tip
        girth = np.clip(up, 0, 1) ** 0.5 * np.clip(1 - up, 0, 1) * 0.55 * size
        inside = np.clip((girth - np.abs(columns - x)) / (0.08 * size) + 0.5, 0, 1)
        inside = inside * (up > 0) * (up < 1)
        colour = np.array([rng.uniform(90, 200), rng.uniform(190, 245), 255], np.float32)
        result = result * (1 - inside[..., None]) + colour * inside[..., None]
        halo = np.exp(-np.hypot(columns - x, rows - y + size / 2) / (1.5 * size))
        result += halo[..., None] * np.array([20, 70, 120]) * rng.uniform(0.5, 1.2)
    return np.asarray(np.clip(result, 0, 255), np.uint8)


HARD_NEGATIVES: Mapping[str, Callable[[Image, Generator], Image]] = {
    "lamps": lamps,
    "sunset": sunset,
    "warm objects": warm_objects,
    "fog": fog,
    "autumn": autumn,
    "warm light": warm_light,
    "candle": candle,
}
