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

from edgeai_core.analyzers.fire.cuts import SETTLED, CutDetector
from edgeai_core.analyzers.fire.registration import Anchor, Sample, slopes
from edgeai_core.config import param
from edgeai_core.geometry import Box
from edgeai_core.thumbnails import Grey, grey, thinned, thumbnail

_NS_PER_S = 1_000_000_000
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
_MIN_REGION_PX = 4
_EDGE_GRADIENT = 8.0
_MIN_EDGES = 20
# A flame's colours: bright red, well above blue and not below green, of 255 levels. Yellow and red
# clothes and sunlit wood have them too: what the model says of the place decides.
_LEAST_RED, _LEAST_WARMTH = 140, 40
# How much a warm pixel must change to be looked at closely, as measure() counts it, and how many
# such pixels there must be in a window of this side.
_LIVELY, _LEAST_LIVELY_PX, _PLACE_PX = 3.0, 4, 9
_MOST_LIVELY = 12.0
# More warm pixels are a warm scene: looked at thinned out, for the time it takes.
_MOST_WARM_PX = 4000


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
    and no fewer than 8, which a slow camera spreads over more time. Each is moved and levelled onto
    an earlier one, the anchor, when it comes, so that no frame has to do the work for all. Pictures
    of another view do not compare: after a cut what moves is not known for a second. Time is the
    frames' stamps: a stamp that goes back, or another picture size, forgets them all; a repeated
    stamp adds none.
    """

    def __init__(self, config: ActivityConfig) -> None:
        count = max(_MIN_SAMPLES, round(config.window_s * config.samples_per_s))
        self._samples: deque[Sample] = deque(maxlen=count)
        # 0.8: a camera of the wanted rate is never exactly in time.
        self._min_gap_ns = round(0.8 * _NS_PER_S / config.samples_per_s)
        self._anchor: Anchor | None = None
        self._anchored = 0
        self._cuts = CutDetector()
        self._warm: npt.NDArray[np.bool_] | None = None
        self._last_ns: int | None = None
        self._kept_ns: int | None = None

    def add(self, image: npt.NDArray[np.uint8], stamp_ns: int) -> bool:
        """Take note of a (H, W, 3) uint8 BGR image.

        Returns:
            Whether the camera's view was found to be another one than half a second ago.
        """
        if self._last_ns is not None and stamp_ns < self._last_ns:
            self.reset()
        self._last_ns = stamp_ns
        if self._kept_ns is not None and stamp_ns - self._kept_ns < self._min_gap_ns:
            return False
        colours = thumbnail(image)
        small = grey(colours)
        if self._anchor is not None and self._anchor.picture.shape != small.shape:
            self.reset()
            self._last_ns = stamp_ns
        self._kept_ns = stamp_ns
        self._warm = _flame_coloured(colours)
        self._keep(small)
        cut = self._cuts.update(small)
        if cut:
            while len(self._samples) > SETTLED:
                self._samples.popleft()
        return cut

    def _keep(self, small: Grey) -> None:
        sample = self._anchor.fitted(small) if self._anchor is not None else None
        self._anchored += 1
        if sample is None:
            # The first, or the camera was turned: what was before does not compare.
            sample, self._anchor, self._anchored = Sample(small), Anchor(small), 0
        elif self._anchored >= (self._samples.maxlen or 0):
            moved = [old.seen_from(sample) for old in self._samples]
            self._samples.clear()
            self._samples.extend(moved)
            sample, self._anchor, self._anchored = Sample(small), Anchor(small), 0
        self._samples.append(sample)

    def reset(self) -> None:
        """Forget everything."""
        self._samples.clear()
        self._anchor = None
        self._anchored = 0
        self._cuts.reset()
        self._warm = None
        self._last_ns = self._kept_ns = None

    def measure(self, boxes: Sequence[Box], *, width_px: int, height_px: int) -> tuple[float, ...]:
        """Return the activity of every box: 1 as calm as the rest of the picture, 5 a lively flame.

        Args:
            boxes: pixels of the `width_px` x `height_px` picture.

        Returns:
            One number >= 0 for every box; NaN while fewer than 8 pictures are known.
        """
        if len(self._samples) < _MIN_SAMPLES or not boxes:
            return (math.nan,) * len(boxes)
        still = _Still(self._samples)
        height, width = still.shape
        masks = [_mask(box, width / width_px, height / height_px, (height, width)) for box in boxes]
        rest = np.flatnonzero(~np.logical_or.reduce(masks))
        alone = len(rest) < height * width / 10
        if alone:
            rest = np.arange(height * width)
        rest = thinned(rest)
        noise, shake_px = _calm(still.changes(rest), still.gradient[rest])
        if alone:
            noise, shake_px = min(noise, _USUAL_NOISE), _SHAKE_FLOOR_PX
        return tuple(
            still.activity(thinned(np.flatnonzero(mask)), noise, shake_px) for mask in masks
        )

    def warm_flicker(self) -> tuple[float, float] | None:
        """Return where something of a flame's colours moves most; None where nothing does.

        Returns:
            x and y in 0..1 of the picture's width and height.
        """
        if len(self._samples) < _MIN_SAMPLES or self._warm is None or not self._warm.any():
            return None
        pixels = np.flatnonzero(self._warm)
        pixels = pixels[:: 1 + len(pixels) // _MOST_WARM_PX]
        still = _Still(self._samples)
        everywhere = thinned(np.arange(self._warm.size))
        noise, shake_px = _calm(still.changes(everywhere), still.gradient[everywhere])
        lively = still.changes(pixels) / np.hypot(noise, shake_px * still.gradient[pixels])
        lively[lively < _LIVELY] = 0
        if np.count_nonzero(lively) < _LEAST_LIVELY_PX:
            return None
        liveliness = np.zeros(self._warm.shape, np.float32)
        liveliness.flat[pixels] = np.minimum(lively, _MOST_LIVELY)
        window = (_PLACE_PX, _PLACE_PX)
        around = cv2.boxFilter(
            liveliness, -1, window, normalize=False, borderType=cv2.BORDER_CONSTANT
        )
        row, column = np.unravel_index(int(np.argmax(around)), around.shape)
        if around[row, column] < _LEAST_LIVELY_PX * _LIVELY:
            return None
        height, width = around.shape
        return (float(column) + 0.5) / width, (float(row) + 0.5) / height


class _Still:
    """The samples side by side, as if the camera had stood still."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._plain = np.stack([sample.moved.reshape(-1) for sample in samples])
        self._gains = np.array([[sample.gain] for sample in samples], np.float32)
        self._offsets = np.array([[sample.offset] for sample in samples], np.float32)
        self.shape = samples[-1].moved.shape
        x_slope, y_slope = slopes(self._plain.mean(axis=0).reshape(self.shape))
        self.gradient = np.hypot(x_slope, y_slope).reshape(-1)

    def changes(self, pixels: npt.NDArray[np.intp]) -> Grey:
        """Return how much pixels keep changing, in grey levels.

        The smaller of the changes as seen and at one exposure: a clipped lamp does not follow the
        exposure, everything else does.
        """
        plain = self._plain[:, pixels]
        return np.minimum(_change(plain), _change((plain - self._offsets) / self._gains))

    def activity(self, pixels: npt.NDArray[np.intp], noise: float, shake_px: float) -> float:
        """Return the mean change over the mean change that noise and shake would make."""
        expected = np.hypot(noise, shake_px * self.gradient[pixels])
        return float(self.changes(pixels).mean() / expected.mean())


def _flame_coloured(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    blue, green, red = cv2.split(picture)
    warm = (red >= _LEAST_RED) & (red >= green) & (cv2.subtract(red, blue) >= _LEAST_WARMTH)
    return np.asarray(warm, np.bool_)


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
