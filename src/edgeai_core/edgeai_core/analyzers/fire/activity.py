"""Whether something in the picture flickers or drifts, told apart from noise, shake and light.

A flame flickers at 1..10 Hz and smoke drifts; a lamp, a sunset and a printed picture do neither.
The measure is how much a region's pixels change between moments a fraction of a second apart, over
how much they would change by the camera's noise and by what is left of its shaking.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.config import param
from edgeai_core.geometry import Box

_NS_PER_S = 1_000_000_000
_WIDTH_PX = 160
_MIN_SAMPLES = 8
# Pairs of samples this far apart are compared: at 8 samples/s 1/8, 1/4 and 1/2 s. No steady flicker
# is in step with all three.
_LAGS = (1, 2, 4)
# Of a pixel's changes the 70th percentile counts: what happens once in the window (a lamp switched
# on, somebody walking past) is in fewer than 30 % of the pairs.
_CHANGE_SHARE = 0.7
# Grey levels that pixels change by where nothing moves, in a small picture of a poor camera; for
# regions that leave nothing of the picture to measure it on.
_USUAL_NOISE = 1.5
# A clean 8-bit camera still rounds; less noise than this is not believed.
_NOISE_FLOOR = 0.6
# Shaking that registration leaves, in pixels of the small picture, where the rest of the picture
# has no edges to measure it on.
_SHAKE_FLOOR_PX = 0.15
_MAX_SHIFT_PX = 8.0
_BLUR_PX = 1.0
_STEPS = 3
_RIDGE = 1.0
_MAX_PIXELS = 1000
_MIN_REGION_PX = 4
_EDGE_GRADIENT = 8.0
_MIN_EDGES = 20

Grey = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityConfig:
    """What is remembered of the last seconds."""

    window_s: float = param(
        3.0,
        "How far back changes of the picture are looked at; longer tells slow smoke better from "
        "noise and takes longer to notice that something began to move",
        unit="s",
        minimum=1.0,
        maximum=20.0,
    )
    samples_per_s: float = param(
        8.0,
        "Small pictures kept of every second, at most; more cost time and memory",
        unit="1/s",
        minimum=2.0,
        maximum=20.0,
    )


class ActivityMeter:
    """Measures how much regions of a camera's picture change; owned by one thread.

    It keeps small greyscale pictures of the last seconds: at most `window_s` x `samples_per_s`,
    and no fewer than 8, which a slow camera spreads over more time. Time is the frames' stamps: a
    stamp that goes back, or another picture size, forgets them all; a repeated stamp adds none.
    """

    def __init__(self, config: ActivityConfig) -> None:
        count = max(_MIN_SAMPLES, round(config.window_s * config.samples_per_s))
        self._samples: deque[Grey] = deque(maxlen=count)
        self._stamps_ns: deque[int] = deque(maxlen=count)
        # 0.8: a camera of the wanted rate is never exactly in time.
        self._min_gap_ns = round(0.8 * _NS_PER_S / config.samples_per_s)
        self._last_ns: int | None = None

    def add(self, image: npt.NDArray[np.uint8], stamp_ns: int) -> None:
        """Take note of a (H, W, 3) uint8 BGR image."""
        if self._last_ns is not None and stamp_ns < self._last_ns:
            self.reset()
        self._last_ns = stamp_ns
        if self._stamps_ns and stamp_ns - self._stamps_ns[-1] < self._min_gap_ns:
            return
        small = _small_grey(image)
        if self._samples and self._samples[-1].shape != small.shape:
            self.reset()
        self._samples.append(small)
        self._stamps_ns.append(stamp_ns)

    def reset(self) -> None:
        """Forget everything."""
        self._samples.clear()
        self._stamps_ns.clear()
        self._last_ns = None

    def measure(self, boxes: Sequence[Box], *, width_px: int, height_px: int) -> tuple[float, ...]:
        """Return the activity of every box: 1 as calm as the rest of the picture, 5 a lively flame.

        Args:
            boxes: pixels of the `width_px` x `height_px` picture.

        Returns:
            One number >= 0 for every box; NaN while fewer than 8 pictures are known.
        """
        if len(self._samples) < _MIN_SAMPLES or not boxes:
            return (math.nan,) * len(boxes)
        height, width = self._samples[-1].shape
        masks = [_mask(box, width / width_px, height / height_px, (height, width)) for box in boxes]
        rest = np.flatnonzero(~np.logical_or.reduce(masks))
        alone = len(rest) < height * width / 10
        if alone:
            rest = np.arange(height * width)
        still = _stilled(self._samples, rest)
        noise, shake_px = _calm(still.changes(_thinned(rest)), still.gradients(_thinned(rest)))
        if alone:
            noise, shake_px = min(noise, _USUAL_NOISE), _SHAKE_FLOOR_PX
        return tuple(
            still.activity(_thinned(np.flatnonzero(mask)), noise, shake_px) for mask in masks
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Still:
    """Pictures without the camera's shaking: (N, P) grey levels, as seen and at one exposure."""

    plain: Grey
    levelled: Grey
    gradient: Grey

    def gradients(self, pixels: npt.NDArray[np.intp]) -> Grey:
        return self.gradient[pixels]

    def changes(self, pixels: npt.NDArray[np.intp]) -> Grey:
        """Return how much pixels keep changing, in grey levels.

        The smaller of the changes as seen and at one exposure: a clipped lamp does not follow the
        exposure, everything else does.
        """
        return np.minimum(_change(self.plain[:, pixels]), _change(self.levelled[:, pixels]))

    def activity(self, pixels: npt.NDArray[np.intp], noise: float, shake_px: float) -> float:
        """Return the mean change over the mean change that noise and shake would make."""
        expected = np.hypot(noise, shake_px * self.gradient[pixels])
        return float(self.changes(pixels).mean() / expected.mean())


def _small_grey(image: npt.NDArray[np.uint8]) -> Grey:
    height_px, width_px = image.shape[:2]
    side = (min(_WIDTH_PX, width_px), max(1, round(height_px * min(1.0, _WIDTH_PX / width_px))))
    # Colour last: the small picture has a sixteenth of VGA's pixels.
    small = cv2.resize(image, side, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)


def _stilled(samples: Sequence[Grey], pixels: npt.NDArray[np.intp]) -> _Still:
    """Return the pictures moved and levelled onto the last one, judged by some of the pixels."""
    last = cv2.GaussianBlur(samples[-1], (0, 0), _BLUR_PX)
    x_slope = cv2.Sobel(last, cv2.CV_32F, 1, 0, scale=0.125)
    y_slope = cv2.Sobel(last, cv2.CV_32F, 0, 1, scale=0.125)
    edges = np.hypot(x_slope, y_slope).flat[pixels] >= _EDGE_GRADIENT
    if np.count_nonzero(edges) < _MIN_EDGES:
        # Nothing else shows the shaking, and flicker does not look like a shift.
        pixels = np.arange(last.size)
    chosen = _thinned(pixels)
    columns = np.stack(
        [last.flat[chosen], x_slope.flat[chosen], y_slope.flat[chosen], np.ones(len(chosen))],
        axis=1,
    )
    moved = [_fitted(picture, columns, chosen) for picture in samples]
    plain = np.stack([picture.reshape(-1) for picture, _, _ in moved])
    gains = np.array([[gain, offset] for _, gain, offset in moved], np.float32)
    mean = plain.mean(axis=0).reshape(last.shape)
    slope = np.hypot(
        cv2.Sobel(mean, cv2.CV_32F, 1, 0, scale=0.125),
        cv2.Sobel(mean, cv2.CV_32F, 0, 1, scale=0.125),
    )
    return _Still(
        plain=plain,
        levelled=(plain - gains[:, 1:]) / gains[:, :1],
        gradient=np.asarray(slope.reshape(-1), np.float32),
    )


def _fitted(
    picture: Grey, columns: npt.NDArray[np.float64], pixels: npt.NDArray[np.intp]
) -> tuple[Grey, float, float]:
    """Return a picture moved onto the last one, and its gain and offset against it.

    Gauss-Newton steps on picture = gain * last + offset - shift . slope (Lucas and Kanade, 1981);
    pixels that do not fit, because something moves there, count less from step to step.
    """
    x_px = y_px = 0.0
    gain, offset = 1.0, 0.0
    moved = picture
    for _ in range(_STEPS):
        values = cv2.GaussianBlur(moved, (0, 0), _BLUR_PX).flat[pixels].astype(np.float64)
        error = values - columns @ (gain, 0.0, 0.0, offset)
        scale = max(_NOISE_FLOOR, 3 * float(np.median(np.abs(error))))
        weighted = columns * (1 / (1 + (error / scale) ** 2))[:, None]
        # Ridge: without edges in a direction, the shift along it stays nothing.
        normal = weighted.T @ columns + np.diag((_RIDGE, _RIDGE, _RIDGE, _RIDGE))
        change = np.linalg.solve(normal, weighted.T @ error)
        gain, offset = gain + change[0], offset + change[3]
        x_px, y_px = x_px + change[1], y_px + change[2]
        if math.hypot(x_px, y_px) > _MAX_SHIFT_PX or not 0.25 < gain < 4:
            return picture, 1.0, 0.0
        matrix = np.array([[1, 0, x_px], [0, 1, y_px]], np.float32)
        moved = cv2.warpAffine(
            picture,
            matrix,
            picture.shape[::-1],
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.float32)
    return moved, float(gain), float(offset)


def _thinned(pixels: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return about a thousand of the pixels, evenly chosen."""
    return pixels[:: max(1, len(pixels) // _MAX_PIXELS)]


def _change(values: npt.NDArray[np.float32]) -> Grey:
    parts = []
    for lag in _LAGS:
        changes = np.abs(values[lag:] - values[:-lag])
        rank = int(_CHANGE_SHARE * (len(changes) - 1))
        parts.append(np.partition(changes, rank, axis=0)[rank])
    return np.asarray(np.mean(parts, axis=0), np.float32)


def _calm(
    change: npt.NDArray[np.float32], gradient: npt.NDArray[np.float32]
) -> tuple[float, float]:
    """Return the rest's noise in grey levels and its shake in pixels: change² = noise² + (s g)²."""
    flat = change[gradient <= np.median(gradient)]
    noise = max(_NOISE_FLOOR, float(np.median(flat)))
    edges = gradient >= _EDGE_GRADIENT
    if np.count_nonzero(edges) < _MIN_EDGES:
        return noise, _SHAKE_FLOOR_PX
    left = np.sqrt(np.maximum(change[edges] ** 2 - noise**2, 0)) / gradient[edges]
    return noise, max(_SHAKE_FLOOR_PX, float(np.median(left)))


def _mask(
    box: Box, x_scale: float, y_scale: float, shape: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Return where a box is on the small picture, grown until it has some pixels."""
    height, width = shape
    x_min, x_max = _span(box.x_min_px * x_scale, box.x_max_px * x_scale, width)
    y_min, y_max = _span(box.y_min_px * y_scale, box.y_max_px * y_scale, height)
    mask = np.zeros(shape, bool)
    mask[y_min:y_max, x_min:x_max] = True
    return mask


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    wanted = min(size, max(_MIN_REGION_PX, math.ceil(high) - math.floor(low)))
    begin = min(max(0, round((low + high - wanted) / 2)), size - wanted)
    return begin, begin + wanted
