"""Pictures as cameras could have taken them: turned, scaled, cut, mixed, in other light."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from edgeai_core.analyzers.objects.model import INPUT_SIDE_PX
from edgeai_lab.objects.examples import Example
from edgeai_lab.pictures import Image

BORDER = 114
# A box of which less than this is left is not asked for any more.
_LEAST_SHARE = 0.35
_LEAST_SIDE_PX = 4.0
Boxes = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """How far pictures are changed; chances are 0..1.

    Attributes:
        mosaic: chance that four pictures share one. quarter_turn: chance of a turn by 90, 180 or
            270 degrees. tilt_degrees: largest small turn. smallest, largest: scale of a picture on
            the canvas, 1 fits it in. side_px: of the canvas, a multiple of 32.
    """

    mosaic: float = 0.5
    quarter_turn: float = 0.4
    tilt_degrees: float = 5.0
    smallest: float = 0.5
    largest: float = 1.5
    side_px: int = INPUT_SIDE_PX


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Canvas:
    """A picture to train on: (S, S, 3) uint8 BGR, and (N, 5) class and corners in pixels."""

    image: Image
    boxes: Boxes


def fitted(example: Example) -> Canvas:
    """Return the example as the product sees it: letterboxed, nothing varied."""
    height, width = example.image.shape[:2]
    scale = INPUT_SIDE_PX / max(height, width)
    matrix = np.array(
        [
            [scale, 0, (INPUT_SIDE_PX - scale * width) / 2],
            [0, scale, (INPUT_SIDE_PX - scale * height) / 2],
        ]
    )
    side = (INPUT_SIDE_PX, INPUT_SIDE_PX)
    return Canvas(image=_moved(example.image, matrix, side), boxes=_boxes_in(example, matrix, side))


def vary(
    example: Example, other: Callable[[], Example], variation: Variation, rng: Generator
) -> Canvas:
    """Return the example on a canvas, alone or with three others."""
    side_px = variation.side_px
    if rng.random() >= variation.mosaic:
        image, boxes = _placed(example, (side_px, side_px), variation, rng)
        return Canvas(image=_relit(image, rng), boxes=boxes)
    cut_x, cut_y = (int(v) for v in rng.uniform(0.3, 0.7, 2) * side_px)
    image = np.empty((side_px, side_px, 3), np.uint8)
    found = []
    members = [example, other(), other(), other()]
    quarters = [(x, y) for y in (0, 1) for x in (0, 1)]
    for place in rng.permutation(4):
        right, below = quarters[place]
        left, top = cut_x * right, cut_y * below
        size = (
            side_px - cut_x if right else cut_x,
            side_px - cut_y if below else cut_y,
        )
        part, boxes = _placed(members.pop(), size, variation, rng)
        image[top : top + size[1], left : left + size[0]] = _relit(part, rng)
        found.append(boxes + np.array([0, left, top, left, top], np.float32))
    return Canvas(image=image, boxes=np.concatenate(found))


def _placed(
    example: Example, size: tuple[int, int], variation: Variation, rng: Generator
) -> tuple[Image, Boxes]:
    """Return a picture of (width, height) that shows the example somewhere, and its boxes."""
    height, width = example.image.shape[:2]
    turn = float(rng.uniform(-variation.tilt_degrees, variation.tilt_degrees))
    quarter = int(rng.integers(1, 4)) if rng.random() < variation.quarter_turn else 0
    angle = math.radians(turn + 90 * quarter)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    scale = max(size) / max(width, height)
    scale *= math.exp(rng.uniform(math.log(variation.smallest), math.log(variation.largest)))
    stretch = math.exp(rng.uniform(-0.15, 0.15))
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([mirror * stretch, 1 / stretch])
    # The middle goes so far from the canvas's middle that some of the picture is always seen.
    slack = np.abs(np.array(size) - scale * np.array([width, height])) / 2 + 0.1 * np.array(size)
    middle = np.array(size) / 2 + rng.uniform(-1, 1, 2) * slack
    offset = middle - linear @ np.array([width / 2, height / 2])
    matrix = np.concatenate([linear, offset[:, None]], axis=1)
    return _moved(example.image, matrix, size), _boxes_in(example, matrix, size)


def _moved(image: Image, matrix: npt.NDArray[np.float64], size: tuple[int, int]) -> Image:
    shrinking = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if shrinking < 0.6:  # bilinear reading alone would skip pixels
        reduced = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        image = np.asarray(reduced, np.uint8)
        matrix = matrix @ np.diag([2.0, 2.0, 1.0])
    moved = cv2.warpAffine(
        image,
        matrix,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(BORDER,) * 3,
    )
    return np.asarray(moved, np.uint8)


def _boxes_in(example: Example, matrix: npt.NDArray[np.float64], size: tuple[int, int]) -> Boxes:
    """Return (N, 5) of the boxes that are still seen, around their moved corners."""
    if not len(example.boxes):
        return np.zeros((0, 5), np.float32)
    height, width = example.image.shape[:2]
    sides = example.boxes[:, 1:] * np.array([width, height, width, height])
    corners = sides[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    low, high = moved.min(axis=1), moved.max(axis=1)
    whole = (high - low).prod(axis=1)
    low, high = np.clip(low, 0, size), np.clip(high, 0, size)
    left = np.clip(high - low, 0, None)
    kept = (left.prod(axis=1) >= _LEAST_SHARE * whole) & (left >= _LEAST_SIDE_PX).all(axis=1)
    rows = np.concatenate([example.boxes[:, :1], low, high], axis=1)[kept]
    return np.asarray(rows, np.float32)


def _relit(image: Image, rng: Generator) -> Image:
    """Return the picture in other light and through another lens."""
    if rng.random() < 0.15:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        image = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    levels = np.arange(256) / 255.0
    tables = []
    gamma = math.exp(rng.uniform(-0.5, 0.5))
    gain, lift = math.exp(rng.uniform(-0.3, 0.3)), rng.uniform(-0.06, 0.06)
    for _ in range(3):
        tint = math.exp(rng.uniform(-0.12, 0.12))
        tables.append(np.clip(255 * (gain * tint * levels**gamma + lift), 0, 255))
    image = np.asarray(cv2.LUT(image, np.stack(tables, axis=1)[None].astype(np.uint8)), np.uint8)
    if rng.random() < 0.25:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.8)), np.uint8)
    if rng.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 70))]
        image = np.asarray(
            cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR), np.uint8
        )
    if rng.random() < 0.2:
        reach = int(rng.integers(3, 18))
        noise = rng.integers(-reach, reach + 1, image.shape, np.int16)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return image
