"""A small model of a VGA webcam, applied alike to living faces and to simulated attacks.

Both classes of a spoof set must pass through the same camera, or a classifier learns the camera.
The chain is the usual one of a sensor: linear light, lens blur, flare, exposure, white balance,
shot and read noise, picture style, colour filter array, sharpening, JPEG (MJPG over USB).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_lab.pictures import Image

Light: TypeAlias = npt.NDArray[np.float32]
Range: TypeAlias = tuple[float, float]

_GAMMA = 2.2
_TO_LIGHT = ((np.arange(256) / 255.0) ** _GAMMA).astype(np.float32)


def to_light(image: Image) -> Light:
    """Return the linear light, (H, W, 3) float32 in 0..1, of a (H, W, 3) uint8 BGR picture."""
    return _TO_LIGHT[image]


def to_image(light: Light) -> Image:
    """Return the (H, W, 3) uint8 BGR picture of linear light; values outside 0..1 are clipped."""
    toned = cv2.pow(np.clip(light, 0.0, 1.0), 1.0 / _GAMMA)
    return np.asarray(toned * np.float32(255.0) + np.float32(0.5), dtype=np.uint8)


def blurred(light: Light, sigma_px: float) -> Light:
    """Return the light behind a Gaussian lens blur; below 0.15 px the blur is left out."""
    if sigma_px < 0.15:
        return light
    return np.asarray(cv2.GaussianBlur(light, (0, 0), sigma_px), dtype=np.float32)


def optical_transfer(frequency_per_px: float, sigma_px: float, fill: float = 0.8) -> float:
    """Return how much contrast a grating keeps through lens and pixel aperture, 0..1.

    Args:
        frequency_per_px: cycles per camera pixel; above 0.5 the grating aliases (moire).
        sigma_px: Gaussian lens blur. fill: side of the light-sensitive part of a pixel, 0..1.
    """
    lens = math.exp(-2.0 * (math.pi * sigma_px * frequency_per_px) ** 2)
    return lens * abs(float(np.sinc(fill * frequency_per_px)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRanges:
    """What cameras are drawn from; the meaning of each is told at :class:`Camera`.

    shot is drawn evenly in its logarithm, tone as well; mosaic is a chance.
    """

    blur_px: Range = (0.3, 0.9)
    exposure: Range = (0.10, 0.28)
    balance: Range = (0.92, 1.08)
    mosaic: float = 0.7
    shot: Range = (2e-4, 2e-3)
    read: Range = (0.001, 0.006)
    sharpening: Range = (0.0, 0.8)
    jpeg_quality: tuple[int, int] = (65, 95)
    flare: Range = (0.0, 0.06)
    tone: Range = (0.8, 1.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """One camera.

    Attributes:
        blur_px: Gaussian lens blur. exposure: mean linear light after exposure control, 0..1.
        balance_bgr: white-balance error, factors.
        mosaic: a Bayer filter at output resolution; else the sensor was binned.
        shot: variance per unit of light. read: standard deviation in the dark.
        sharpening: unsharp amount. jpeg_quality: 0..100.
        flare: stray light in the lens over the scene's highlights. tone: exponent of the camera's
            picture style. Without these two a network takes any veil for a copy: the black level
            alone then decided 75 % of prints that differed in nothing else.
    """

    blur_px: float
    exposure: float
    balance_bgr: tuple[float, float, float]
    mosaic: bool
    shot: float
    read: float
    sharpening: float
    jpeg_quality: int
    flare: float
    tone: float


def draw_camera(rng: np.random.Generator, ranges: CameraRanges) -> Camera:
    """Return a camera drawn from the ranges."""
    blue, green, red = (float(value) for value in rng.uniform(*ranges.balance, 3))
    return Camera(
        blur_px=float(rng.uniform(*ranges.blur_px)),
        exposure=float(rng.uniform(*ranges.exposure)),
        balance_bgr=(blue, green, red),
        mosaic=bool(rng.random() < ranges.mosaic),
        shot=log_uniform(rng, ranges.shot),
        read=float(rng.uniform(*ranges.read)),
        sharpening=float(rng.uniform(*ranges.sharpening)),
        jpeg_quality=int(rng.integers(*ranges.jpeg_quality, endpoint=True)),
        flare=float(rng.uniform(*ranges.flare)),
        tone=log_uniform(rng, ranges.tone),
    )


def log_uniform(rng: np.random.Generator, limits: Range) -> float:
    """Return a number between two positive limits whose logarithm is drawn evenly."""
    return math.exp(rng.uniform(math.log(limits[0]), math.log(limits[1])))


def photograph(
    light: Light, camera: Camera, rng: np.random.Generator, *, grating: Light | None = None
) -> Image:
    """Return what the camera delivers of the light that reaches its lens.

    Args:
        light: (H, W, 3) float32 linear BGR, any scale. camera: see :class:`Camera`.
        rng: source of the noise.
        grating: (H, W, 3) float32 factors of a grating that :func:`optical_transfer` has already
            weakened; multiplied behind the lens, so that the lens blurs it only once.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    seen = blurred(light, camera.blur_px)
    if grating is not None:
        seen = seen * grating
    seen = seen + np.float32(camera.flare * float(np.quantile(seen[::8, ::8], 0.95)))
    gain = np.clip(camera.exposure / max(float(seen.mean()), 1e-4), 0.4, 3.0)
    balance = np.array(camera.balance_bgr, dtype=np.float32)
    seen = np.asarray(seen * np.float32(gain) * balance, dtype=np.float32)
    # Highlights roll off softly, as in every webcam: a hard clip would mark bright screens.
    seen = np.where(seen > 0.8, 1.0 - 0.2 * np.exp((0.8 - seen) / 0.2), seen).astype(np.float32)
    noise = rng.standard_normal(seen.shape, dtype=np.float32)
    seen = seen + noise * np.sqrt(camera.shot * np.maximum(seen, 0.0) + camera.read**2)
    seen = np.asarray(np.power(np.maximum(seen, 0.0), camera.tone), dtype=np.float32)
    if camera.mosaic:
        seen = _through_mosaic(seen)
    image = to_image(seen)
    if camera.sharpening > 0.05:
        soft = cv2.GaussianBlur(image, (0, 0), 1.0)
        amount = camera.sharpening
        image = np.asarray(cv2.addWeighted(image, 1.0 + amount, soft, -amount, 0.0), np.uint8)
    return through_jpeg(image, camera.jpeg_quality)


def through_jpeg(image: Image, quality: int) -> Image:
    """Return the picture after a JPEG of that quality, 0..100."""
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)


def _through_mosaic(light: Light) -> Light:
    raw = light[:, :, 1].copy()
    raw[0::2, 0::2] = light[0::2, 0::2, 2]
    raw[1::2, 1::2] = light[1::2, 1::2, 0]
    coded = np.asarray(np.clip(raw, 0.0, 1.0) * 65535.0, dtype=np.uint16)
    colour = cv2.cvtColor(coded, cv2.COLOR_BayerRGGB2BGR)
    return np.asarray(colour / np.float32(65535.0), dtype=np.float32)
