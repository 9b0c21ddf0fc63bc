"""A walking person and a bag, cut out to be pasted on other pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_core.errors import DataError
from edgeai_core.geometry import Box
from edgeai_core.geometry import iou_matrix as overlaps
from edgeai_lab.pictures import Image

Cutout = npt.NDArray[np.uint8]

# A pixel is foreground from this sum of differences of the three colours on; shadows on the path
# of vtest.avi stay below.
_FOREGROUND = 75
_BACKGROUND_FRAMES = 60
_MIN_AREA_PX = 250
_SHADOW_ALPHA = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Somebody who walks alone through a part of a clip, with nobody near.

    Attributes:
        begin, end: first frame and the one after the last. box: pixels, in the first frame.
    """

    begin: int
    end: int
    box: Box


def background_of(frames: Sequence[Image]) -> Image:
    """Return the median of frames spread over a clip: what stands still."""
    step = max(1, len(frames) // _BACKGROUND_FRAMES)
    return np.asarray(np.median(np.stack(frames[::step]), axis=0), np.uint8)


def cut_walk(frames: Sequence[Image], background: Image, passage: Passage) -> list[Cutout]:
    """Return a walker of a clip, frame by frame, without what is around.

    Args:
        frames: (H, W, 3) uint8 BGR each. background: of the same size.
        passage: where the walker is.

    Returns:
        (h, w, 4) uint8 BGRA each, as high and wide as the person.

    Raises:
        DataError: the walker is not found in most frames.
    """
    cutouts, box = [], passage.box
    for frame in frames[passage.begin : passage.end]:
        difference = cv2.absdiff(frame, background).sum(axis=2)
        mask = (difference > _FOREGROUND).astype(np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 5), np.uint8))
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        _, numbers, stats, _ = cv2.connectedComponentsWithStats(mask)
        parts = [
            (index, Box(float(x), float(y), float(x + w), float(y + h)))
            for index, (x, y, w, h, area) in enumerate(stats)
            if index and area >= _MIN_AREA_PX
        ]
        if not parts:
            continue
        edges = np.array([part.as_xyxy() for _, part in parts])
        shares = overlaps(edges, np.array([box.as_xyxy()]))[:, 0]
        best = int(np.argmax(shares))
        if shares[best] < 0.3:
            continue
        index, box = parts[best]
        x_min, y_min, x_max, y_max = map(int, box.as_xyxy())
        alpha = ((numbers[y_min:y_max, x_min:x_max] == index) * 255).astype(np.uint8)
        cutouts.append(np.dstack([frame[y_min:y_max, x_min:x_max], alpha]))
    if len(cutouts) < (passage.end - passage.begin) / 2:
        raise DataError(
            f"cut-outs: the walker was found in {len(cutouts)} of "
            f"{passage.end - passage.begin} frames; give another passage"
        )
    return cutouts


def read_bag(path: Path) -> Cutout:
    """Return a transparent picture of a bag, cut to its outline.

    Raises:
        DataError: it cannot be read, or has no transparency.
    """
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise DataError(f"bag {path}: cannot be read as a picture; give a PNG or WebP")
    if image.ndim != 3 or image.shape[2] != 4:
        raise DataError(f"bag {path}: got shape {image.shape}, expected four channels (BGRA)")
    rows, columns = np.nonzero(image[..., 3] > 20)
    if not len(rows):
        raise DataError(f"bag {path}: all of it is transparent")
    cut = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return np.ascontiguousarray(cut, np.uint8)


def draw_bag() -> Cutout:
    """Return a drawn black trolley case, (160, 110, 4) uint8 BGRA."""
    scale = 4
    canvas = np.zeros((160 * scale, 110 * scale, 4), np.uint8)
    y, x = np.mgrid[: canvas.shape[0], : canvas.shape[1]] / scale
    # Rounded like a barrel, and darker towards the floor.
    light = 0.75 + 0.35 * np.cos((x - 40) * 1.4 / 60) - 0.12 * (y - 40) / 110

    def fill(edges: tuple[float, ...], radius: float, colour: tuple[int, ...], lit: bool) -> None:
        x_min, y_min, x_max, y_max = edges
        across = np.maximum(np.maximum(x_min + radius - x, x - x_max + radius), 0)
        along = np.maximum(np.maximum(y_min + radius - y, y - y_max + radius), 0)
        inside = np.hypot(across, along) <= radius
        shade = (light if lit else np.ones_like(light))[inside][:, None]
        canvas[inside, :3] = np.clip(shade * colour, 0, 255)
        canvas[inside, 3] = 255

    def clear(edges: tuple[int, ...]) -> None:
        x_min, y_min, x_max, y_max = (edge * scale for edge in edges)
        canvas[y_min:y_max, x_min:x_max] = 0

    fill((35, 2, 75, 60), 6, (150, 150, 155), lit=False)
    clear((40, 7, 70, 60))
    for wheel in (22, 88):
        fill((wheel - 8, 144, wheel + 8, 158), 6, (25, 25, 25), lit=False)
    fill((38, 32, 72, 42), 4, (30, 30, 30), lit=False)
    clear((42, 36, 68, 42))
    fill((8, 40, 102, 150), 12, (24, 24, 24), lit=True)
    for rib in (24, 40, 56, 72, 88):
        fill((rib - 1.5, 48, rib + 1.5, 142), 1, (14, 14, 14), lit=True)
    fill((8, 92, 102, 95), 1, (40, 40, 40), lit=False)
    fill((44, 60, 66, 72), 2, (200, 200, 200), lit=False)
    return np.asarray(cv2.resize(canvas, (110, 160), interpolation=cv2.INTER_AREA), np.uint8)


def paste(image: Image, cutout: Cutout, box: Box, *, mirrored: bool = False) -> None:
    """Paste a cut-out into a box of an image, with a shadow at its foot; in place."""
    width_px, height_px = max(2, round(box.width_px)), max(2, round(box.height_px))
    scaled = cv2.resize(cutout, (width_px, height_px), interpolation=cv2.INTER_AREA)
    if mirrored:
        scaled = cv2.flip(scaled, 1)
    alpha = cv2.GaussianBlur(scaled[..., 3].astype(np.float32) / 255, (0, 0), 0.7)[..., None]
    _shade(image, box)
    left, top = round(box.x_min_px), round(box.y_min_px)
    x_min, y_min = max(0, left), max(0, top)
    x_max = min(image.shape[1], left + width_px)
    y_max = min(image.shape[0], top + height_px)
    if x_min >= x_max or y_min >= y_max:
        return
    part = (slice(y_min - top, y_max - top), slice(x_min - left, x_max - left))
    under = image[y_min:y_max, x_min:x_max]
    under[:] = (under * (1 - alpha[part]) + scaled[part][..., :3] * alpha[part]).astype(np.uint8)


def _shade(image: Image, box: Box) -> None:
    center = (round(box.center_px[0]), round(box.y_max_px))
    axes = (max(1, round(0.6 * box.width_px)), max(1, round(0.05 * box.height_px)))
    y_min, y_max = max(0, center[1] - 3 * axes[1]), min(image.shape[0], center[1] + 3 * axes[1])
    if y_min >= y_max:
        return
    shade = np.zeros((y_max - y_min, image.shape[1]), np.float32)
    cv2.ellipse(shade, (center[0], center[1] - y_min), axes, 0, 0, 360, _SHADOW_ALPHA, -1)
    shade = cv2.GaussianBlur(shade, (0, 0), 2.0)[..., None]
    image[y_min:y_max] = (image[y_min:y_max] * (1 - shade)).astype(np.uint8)
