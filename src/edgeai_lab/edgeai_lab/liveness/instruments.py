"""The things an impostor holds before the camera, and the ranges they are drawn from.

Why: no spoof set with an open licence is to be had. The simulation renders what physics says a
flat copy adds and loses; it is a lower bound of what an attacker can do (no masks, no make-up, no
colour-calibrated display of high resolution) and figures measured on it must say so.

Sources: clustered-dot halftoning and dot gain (Sharma, Digital Color Imaging Handbook, 2003); the
lists of cues in the recapture-detection literature; ISO/IEC 30107-3 names the instruments.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from edgeai_lab.liveness.camera import Range


class Presentation(Enum):
    """What is before the camera."""

    BONA_FIDE = "bona_fide"
    PRINT = "print"
    SCREEN = "screen"
    REPLAY = "replay"


class Framing(Enum):
    """Whether the edge of the copy is inside the camera's picture."""

    FULL = "full"
    BORDER = "border"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRanges:
    """What prints are drawn from; the meaning of each is told at :class:`Paper`.

    contone, flat and glossy are chances: of a photo print without dots, of a sheet that is not
    bent, of paper with a sheen.
    """

    contone: float = 0.3
    flat: float = 0.4
    glossy: float = 0.4
    screen_period_px: Range = (0.4, 2.5)
    dot_gain: Range = (0.05, 0.25)
    white: Range = (0.72, 0.9)
    tint: Range = (-0.04, 0.04)
    black: Range = (0.015, 0.06)
    saturation: Range = (0.7, 1.0)
    fibre: Range = (0.004, 0.025)
    sheen: Range = (0.05, 0.35)
    bend_rad: Range = (-0.6, 0.6)
    light_slope: Range = (-0.25, 0.25)
    margin: Range = (0.0, 0.12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A printed picture.

    Attributes:
        screen_period_px: halftone period in camera pixels; 0 for a contone photo print.
        dot_gain: widening of mid-tone dots. white_bgr: reflectance of bare paper, 0..1.
        black: reflectance of full ink. saturation: share kept by the inks.
        fibre: amplitude of paper texture. sheen: strength of a soft highlight.
        bend_rad: arc of the sheet from its middle to its edge. light_slope: shading across it.
        margin: white border, picture heights.
    """

    screen_period_px: float
    dot_gain: float
    white_bgr: tuple[float, float, float]
    black: float
    saturation: float
    fibre: float
    sheen: float
    bend_rad: float
    light_slope: float
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenRanges:
    """What displays are drawn from; the meaning of each is told at :class:`Screen`.

    pentile, lamps, flickering and white_bezel are chances.
    """

    pentile: float = 0.4
    lamps: float = 0.6
    flickering: float = 0.6
    white_bezel: float = 0.2
    pitch_px: Range = (0.35, 1.6)
    grid_contrast: Range = (0.3, 0.9)
    gamma: Range = (0.85, 1.25)
    blue: Range = (1.0, 1.3)
    red: Range = (0.8, 1.0)
    leak: Range = (0.003, 0.03)
    luminance: Range = (0.7, 2.5)
    ambient: Range = (0.0, 0.06)
    glare: Range = (0.1, 0.9)
    banding: Range = (0.01, 0.12)
    bands: Range = (0.7, 4.0)
    band_drift: Range = (-0.4, 0.4)
    focus_px: Range = (0.2, 1.3)
    bezel: Range = (0.02, 0.12)
    first_quality: tuple[int, int] = (40, 90)
    cadence: Range = (0.8, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A display.

    Attributes:
        pitch_px: display pixel in camera pixels. grid_contrast: black matrix and stripes.
        pentile: diagonal sub-pixels (OLED phones). gamma: exponent over the camera's.
        backlight_bgr: colour temperature. leak: black level.
        luminance: white of the display over a white wall of the room.
        ambient: mirrored room. glare: strength of mirrored lamps.
        banding: modulation by backlight flicker under a rolling shutter. bands: per frame.
        band_drift: bands per camera frame.
        focus_px: defocus of the recording and of the camera on the flat screen.
        bezel: frame, picture heights. bezel_light: its reflectance.
        first_quality: JPEG quality of the recording that is shown.
        cadence: recorded frames shown per camera frame.
    """

    pitch_px: float
    grid_contrast: float
    pentile: bool
    gamma: float
    backlight_bgr: tuple[float, float, float]
    leak: float
    luminance: float
    ambient: float
    glare: float
    banding: float
    bands: float
    band_drift: float
    focus_px: float
    bezel: float
    bezel_light: float
    first_quality: int
    cadence: float


def draw_paper(rng: np.random.Generator, ranges: PaperRanges) -> Paper:
    """Return a print drawn from the ranges."""

    def drawn(limits: Range) -> float:
        return float(rng.uniform(*limits))

    white, tint = drawn(ranges.white), drawn(ranges.tint)
    contone, flat, glossy = rng.random(3) < (ranges.contone, ranges.flat, ranges.glossy)
    return Paper(
        screen_period_px=0.0 if contone else drawn(ranges.screen_period_px),
        dot_gain=drawn(ranges.dot_gain),
        white_bgr=(white + tint, white, white - tint),
        black=drawn(ranges.black),
        saturation=drawn(ranges.saturation),
        fibre=drawn(ranges.fibre),
        sheen=drawn(ranges.sheen) if glossy else 0.0,
        bend_rad=0.0 if flat else drawn(ranges.bend_rad),
        light_slope=drawn(ranges.light_slope),
        margin=drawn(ranges.margin),
    )


def draw_screen(rng: np.random.Generator, ranges: ScreenRanges) -> Screen:
    """Return a display drawn from the ranges."""

    def drawn(limits: Range) -> float:
        return float(rng.uniform(*limits))

    pentile, lamps, flickering, white_bezel = rng.random(4) < (
        ranges.pentile,
        ranges.lamps,
        ranges.flickering,
        ranges.white_bezel,
    )
    return Screen(
        pitch_px=drawn(ranges.pitch_px),
        grid_contrast=drawn(ranges.grid_contrast),
        pentile=bool(pentile),
        gamma=drawn(ranges.gamma),
        backlight_bgr=(drawn(ranges.blue), 1.0, drawn(ranges.red)),
        leak=drawn(ranges.leak),
        luminance=drawn(ranges.luminance),
        ambient=drawn(ranges.ambient),
        glare=drawn(ranges.glare) if lamps else 0.0,
        banding=drawn(ranges.banding) if flickering else 0.0,
        bands=drawn(ranges.bands),
        band_drift=drawn(ranges.band_drift),
        focus_px=drawn(ranges.focus_px),
        bezel=drawn(ranges.bezel),
        bezel_light=0.6 if white_bezel else drawn((0.01, 0.08)),
        first_quality=int(rng.integers(*ranges.first_quality, endpoint=True)),
        cadence=drawn(ranges.cadence),
    )
