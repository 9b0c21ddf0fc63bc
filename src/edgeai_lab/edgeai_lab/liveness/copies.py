"""The light that reaches the camera from a print or a display.

Fine gratings (halftone screens, grids of sub-pixels) are evaluated analytically at the pixel
centres, their contrast reduced by lens and pixel aperture: sampling a grating above half a cycle
per pixel *is* the moire, so nothing needs super-sampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from edgeai_lab.liveness.camera import Light, blurred, optical_transfer, through_jpeg, to_light
from edgeai_lab.liveness.instruments import Paper, Screen
from edgeai_lab.liveness.pose import HEIGHT_PX, WIDTH_PX, Map, Pose, surface_coordinates
from edgeai_lab.pictures import Image

_CANVAS_HEIGHT_PX = 480
# Classic screen angles, degrees: yellow, magenta, cyan absorb blue, green, red.
_SCREEN_ANGLES_BGR = (0.0, 75.0, 15.0)
_LEAST_SWING = 0.004  # a grating weaker than one grey level of 256 is left out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """What a camera sees of a copy in its room.

    Attributes:
        light: (480, 640, 3) float32 linear BGR. grating: factors of the same shape, already
            weakened by lens and pixels; to be applied behind the lens.
    """

    light: Light
    grating: Light


def ink_on_paper(picture: Image, paper: Paper, rng: np.random.Generator) -> Light:
    """Return the reflectance of the printed picture without its halftone dots.

    Dot gain darkens the mid-tones, the inks keep part of the saturation, paper and ink bound the
    contrast, and fibres add a texture that is fixed to the sheet.
    """
    light = to_light(_canvas(picture))
    grey = light.mean(axis=2, keepdims=True)
    light = grey + np.float32(paper.saturation) * (light - grey)
    cover = 1.0 - np.clip(light, 0.0, 1.0)
    cover = np.minimum(cover + 2.0 * paper.dot_gain * cover * (1.0 - cover), 1.0)
    white = np.asarray(paper.white_bgr, dtype=np.float32)
    reflectance = paper.black + (white - paper.black) * (1.0 - cover)
    grain = rng.standard_normal(light.shape[:2]).astype(np.float32)
    fibre = 2.0 * cv2.GaussianBlur(grain, (0, 0), 1.2) + 4.0 * cv2.GaussianBlur(grain, (0, 0), 4.0)
    factor = 1.0 + paper.fibre * fibre[:, :, None]
    return np.asarray(reflectance * factor, dtype=np.float32)


def print_view(ink: Light, room: Light, pose: Pose, paper: Paper, *, blur_px: float) -> View:
    """Return what is seen of a print.

    Args:
        ink: of :func:`ink_on_paper`. room: (480, 640, 3) light behind the sheet.
        blur_px: of the camera's lens.
    """
    aspect = ink.shape[1] / ink.shape[0]
    across, down = surface_coordinates(pose, aspect=aspect, bend_rad=paper.bend_rad)
    reflectance = _sampled(ink, across, down)
    picture = _inside(across, down, aspect / 2, 0.5, pose.span)
    dots = _halftone(reflectance, across, down, paper=paper, span=pose.span, blur_px=blur_px)
    white = np.asarray(paper.white_bgr, dtype=np.float32)
    light = white + picture * (reflectance - white)
    angle = across * np.float32(2.0 * paper.bend_rad / aspect) - np.float32(paper.light_slope)
    shade = np.cos(np.clip(angle, -1.3, 1.3)) / math.cos(paper.light_slope)
    shade = shade * (1.0 + np.float32(paper.light_slope) * across)
    centre = np.float32(1.2 * paper.light_slope)
    highlight = np.exp(-((across - centre) ** 2 + (down + 0.25) ** 2) / 0.08)
    light = light * shade[:, :, None] + np.float32(0.4 * paper.sheen) * highlight[:, :, None]
    sheet = _inside(across, down, aspect / 2 + paper.margin, 0.5 + paper.margin, pose.span)
    return View(light=_over(room, light, sheet), grating=_on_copy(dots, picture))


def displayed(picture: Image, screen: Screen) -> Light:
    """Return the light that a display gives off when it shows a recording of the picture."""
    recorded = through_jpeg(_canvas(picture), screen.first_quality)
    light = blurred(to_light(recorded), screen.focus_px)
    backlight = np.asarray(screen.backlight_bgr, dtype=np.float32) * np.float32(screen.luminance)
    shown = np.power(np.clip(light, 0.0, 1.0), np.float32(screen.gamma)) + screen.leak
    return np.asarray(shown * backlight, dtype=np.float32)


def mirrored_room(room: Light, screen: Screen, rng: np.random.Generator) -> Light:
    """Return what the glass reflects: the room, blurred and flipped, and one or two lamps."""
    reflection = np.float32(screen.ambient) * blurred(room[:, ::-1].copy(), 4.0)
    lamps = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=np.float32)
    for _ in range(int(rng.integers(1, 3))):
        left, top = int(rng.integers(0, WIDTH_PX)), int(rng.integers(0, HEIGHT_PX))
        width, height = int(rng.integers(15, 120)), int(rng.integers(8, 70))
        if rng.random() < 0.5:
            turn = float(rng.uniform(0, 180))
            cv2.ellipse(lamps, (left, top), (width, height), turn, 0, 360, 1.0, -1)
        else:
            tilt = float(rng.uniform(-20, 20))
            corners = cv2.boxPoints(((left, top), (2.0 * width, 2.0 * height), tilt))
            cv2.fillConvexPoly(lamps, corners.astype(np.int32), 1.0)
    soft = np.asarray(cv2.GaussianBlur(lamps, (0, 0), float(rng.uniform(2.0, 14.0))))
    return np.asarray(reflection + np.float32(screen.glare) * soft[:, :, None], dtype=np.float32)


def screen_view(
    shown: Light,
    room: Light,
    pose: Pose,
    screen: Screen,
    *,
    glass: Light,
    band_phase: float,
    blur_px: float,
) -> View:
    """Return what is seen of a display.

    Args:
        shown: of :func:`displayed`. room: (480, 640, 3) light behind the display.
        glass: of :func:`mirrored_room`. band_phase: of the flicker, cycles. blur_px: of the lens.
    """
    aspect = shown.shape[1] / shown.shape[0]
    across, down = surface_coordinates(pose, aspect=aspect, bend_rad=0.0)
    light = _sampled(shown, across, down)
    rows = np.arange(HEIGHT_PX, dtype=np.float32)[:, None, None] / HEIGHT_PX
    flicker = 1.0 + screen.banding * np.sin(2 * math.pi * (screen.bands * rows + band_phase))
    light = np.asarray(light * flicker + glass, dtype=np.float32)
    panel = _inside(across, down, aspect / 2, 0.5, pose.span)
    bezel = np.float32(screen.bezel_light) + 0.5 * glass
    device = _inside(across, down, aspect / 2 + screen.bezel, 0.5 + 1.3 * screen.bezel, pose.span)
    softness_px = math.hypot(blur_px, 0.5 * screen.focus_px)
    grid = _subpixels(across, down, screen=screen, span=pose.span, blur_px=softness_px)
    whole = _over(room, bezel + panel * (light - bezel), device)
    return View(light=whole, grating=_on_copy(grid, panel))


def _canvas(picture: Image) -> Image:
    scale = _CANVAS_HEIGHT_PX / picture.shape[0]
    size = (max(8, round(picture.shape[1] * scale)), _CANVAS_HEIGHT_PX)
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=kernel), dtype=np.uint8)


def _sampled(canvas: Light, across: Map, down: Map) -> Light:
    height, width = canvas.shape[:2]
    columns = across * np.float32(height) + np.float32((width - 1) / 2)
    rows = down * np.float32(height) + np.float32((height - 1) / 2)
    return np.asarray(
        cv2.remap(canvas, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        dtype=np.float32,
    )


def _inside(across: Map, down: Map, half_width: float, half_height: float, span: float) -> Map:
    """Return the anti-aliased coverage, (H, W, 1) in 0..1, of a rectangle on the copy."""
    edge = np.minimum(half_width - np.abs(across), half_height - np.abs(down))
    cover = np.clip(edge * np.float32(span * HEIGHT_PX) + 0.5, 0.0, 1.0)
    return np.asarray(cover[:, :, None], dtype=np.float32)


def _halftone(
    reflectance: Light, across: Map, down: Map, *, paper: Paper, span: float, blur_px: float
) -> Light:
    """Return the factors by which clustered dots modulate the sensor's light.

    The fundamental of a dot of coverage a is proportional to sin(pi a): strongest in mid-tones,
    absent in paper white and full ink. Each ink has its own angle, so rosettes and colour moire
    follow from sampling.
    """
    factors = np.ones_like(reflectance)
    if paper.screen_period_px <= 0.0:
        return factors
    transfer = optical_transfer(1.0 / paper.screen_period_px, blur_px)
    if transfer < _LEAST_SWING:
        return factors
    per_height = 2.0 * math.pi * span * HEIGHT_PX / paper.screen_period_px
    for channel, angle in enumerate(_SCREEN_ANGLES_BGR):
        cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        first = np.float32(per_height) * (cosine * across + sine * down)
        second = np.float32(per_height) * (cosine * down - sine * across)
        white = paper.white_bgr[channel]
        tone = reflectance[:, :, channel]
        cover = np.clip((white - tone) / (white - paper.black), 0.0, 1.0)
        swing = 0.35 * transfer * (white - paper.black) * np.sin(np.float32(math.pi) * cover)
        factors[:, :, channel] += swing * (np.cos(first) + np.cos(second)) / np.maximum(tone, 0.02)
    return np.asarray(np.maximum(factors, 0.1), dtype=np.float32)


def _subpixels(across: Map, down: Map, *, screen: Screen, span: float, blur_px: float) -> Light:
    """Return the factors by which the sub-pixel grid of a display modulates the sensor's light.

    Red, green and blue stripes are a third of a pixel apart (on PenTile panels red and blue run
    diagonally at 0.7 of the pitch); the black matrix adds weaker rows. Two harmonics are kept.
    """
    factors = np.ones((*across.shape, 3), dtype=np.float32)
    per_height = span * HEIGHT_PX / screen.pitch_px
    u, v = across * np.float32(per_height), down * np.float32(per_height)
    for harmonic, weight in ((1, 1.4), (2, 0.6)):
        stripe = weight * screen.grid_contrast
        stripe *= optical_transfer(harmonic / screen.pitch_px, blur_px)
        if stripe < _LEAST_SWING:
            continue
        turn = np.float32(2.0 * math.pi * harmonic)
        rows = 0.35 * np.cos(turn * v)
        for channel in range(3):
            position = u + np.float32(channel / 3.0)
            if screen.pentile and channel != 1:
                position = np.float32(0.7) * (u + (v if channel == 0 else -v))
            factors[:, :, channel] += np.float32(stripe) * (np.cos(turn * position) + rows)
    return np.asarray(np.maximum(factors, 0.05), dtype=np.float32)


def _on_copy(grating: Light, coverage: Map) -> Light:
    return np.asarray(1.0 + coverage * (grating - 1.0), dtype=np.float32)


def _over(room: Light, light: Light, coverage: Map) -> Light:
    return np.asarray(room + coverage * (light - room), dtype=np.float32)
