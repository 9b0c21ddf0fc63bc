"""Where a thing may be in the pictures of a clip: what moved, what stands out, what is a hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

from edgeai_lab.pictures import Image

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

# Of 255 levels, beyond what noise and a nodding head change.
_LEAST_CHANGE = 22.0
# A still camera leaves at least this share of the pixels as they were.
_STILL_SHARE = 0.55
_RING = 0.06
# Of the pictures; a thing that nobody holds leaves the picture now and then at most.
_HAND_SHARE = 0.3
_LEVELS = 16


class Setting(Enum):
    """How the thing was shown."""

    STILL_CAMERA = "still camera, moving thing"
    MOVING_CAMERA = "moving camera or nothing moves; the thing is in the middle"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """What the pictures of a clip have in common.

    Attributes:
        setting: how the thing was shown.
        background: (H, W, 3) uint8 BGR, what most pictures show at a pixel.
        hand: whether an arm holds the thing: what moves reaches the picture's border. Only then is
            skin no part of the thing; an orange box on its own has the colours of skin, too.
    """

    setting: Setting
    background: Image
    hand: bool = False


def learn_scene(images: Sequence[Image], empty: Sequence[Image] = ()) -> Scene:
    """Return the scene of the pictures of a clip.

    Args:
        images: (H, W, 3) uint8 BGR of one size. empty: pictures of that size without the thing;
            those that show the same view help where the thing rests long in one place.
    """
    chosen = list(images[:: max(1, len(images) // 40)])
    background = np.median(np.stack(chosen), axis=0).astype(np.uint8)
    same_view = [
        picture
        for picture in empty[:: max(1, len(empty) // 80)]
        if float((change(picture, background) < _LEAST_CHANGE).mean()) > _STILL_SHARE
    ]
    if same_view:
        background = np.median(np.stack(chosen + same_view), axis=0).astype(np.uint8)
    still = [float((change(image, background) < _LEAST_CHANGE).mean()) for image in chosen]
    moved = [float((change(image, background) >= _LEAST_CHANGE).mean()) for image in chosen]
    is_still = np.median(still) > _STILL_SHARE and np.median(moved) > 0.005
    setting = Setting.STILL_CAMERA if is_still else Setting.MOVING_CAMERA
    reaching = [_reaches_border(change(image, background) >= _LEAST_CHANGE) for image in chosen]
    hand = bool(is_still) and float(np.mean(reaching)) >= _HAND_SHARE
    return Scene(setting=setting, background=background, hand=hand)


def _reaches_border(moved: Mask) -> bool:
    """Return whether the largest thing that moved touches the picture's border."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(moved.astype(np.uint8))
    if count < 2:
        return False
    largest = labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    edges = (largest[:2], largest[-2:], largest[:, :2], largest[:, -2:])
    return any(bool(edge.any()) for edge in edges)


def change(image: Image, background: Image) -> Floats:
    """Return (H, W) float32: the largest difference of the channels, smoothed, in levels."""
    difference = cv2.absdiff(image, background).max(axis=2).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(difference, (0, 0), 1.5), np.float32)


def has_moved(image: Image, scene: Scene) -> Mask:
    """Return (H, W): pixels that do not show the background."""
    return np.asarray(change(image, scene.background) >= _LEAST_CHANGE)


def skin(image: Image) -> Mask:
    """Return (H, W): pixels with the colours of skin, of all tones (Chai and Ngan 1999)."""
    colours = cv2.cvtColor(cv2.GaussianBlur(image, (0, 0), 1.0), cv2.COLOR_BGR2YCrCb)
    low, high = np.array([35, 136, 77], np.uint8), np.array([255, 173, 127], np.uint8)
    return np.asarray(cv2.inRange(colours, low, high) > 0)


def seed_of(image: Image, scene: Scene) -> Floats:
    """Return (H, W) float32 0..1: how likely each pixel is the thing's, by this picture alone."""
    if scene.setting is Setting.STILL_CAMERA:
        moved = np.clip((change(image, scene.background) - _LEAST_CHANGE) / 25, 0, 1)
        likely = np.where(skin(image), moved * 0.05, moved) if scene.hand else moved
    else:
        likely = unlike_the_border(image) * _middle(image.shape[0], image.shape[1])
    return np.asarray(cv2.GaussianBlur(likely.astype(np.float32), (0, 0), 2.0), np.float32)


def unlike_the_border(image: Image) -> Floats:
    """Return (H, W) float32 0..1: 1 where a pixel has colours that the picture's border lacks."""
    height, width = image.shape[:2]
    ring = np.ones((height, width), bool)
    edge = max(2, round(min(height, width) * _RING))
    ring[edge:-edge, edge:-edge] = False
    codes = colour_codes(image)
    counts = np.bincount(codes[ring], minlength=_LEVELS**3).reshape((_LEVELS,) * 3)
    smooth = _smoothed(counts.astype(np.float32)).ravel()
    common = smooth[codes] / max(1.0, float(smooth.max()))
    return np.asarray(1 - np.clip(common / 0.05, 0, 1), np.float32)


def colour_codes(image: Image) -> npt.NDArray[np.intp]:
    """Return (H, W): the cell of each pixel in a coarse table of Lab colours."""
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB).astype(np.intp) * _LEVELS // 256
    return np.asarray((lab[..., 0] * _LEVELS + lab[..., 1]) * _LEVELS + lab[..., 2])


def colour_evidence(images: Sequence[Image], masks: Sequence[Mask]) -> Floats:
    """Return the table of how much more common each colour is in the masks than outside, 0..1.

    What shows in most masks is the thing; what also lies around is not.
    """
    inside = np.zeros(_LEVELS**3, np.float32)
    outside = np.zeros(_LEVELS**3, np.float32)
    for image, mask in zip(images, masks, strict=True):
        codes = colour_codes(image)
        near = cv2.dilate(mask.astype(np.uint8), np.ones((41, 41), np.uint8)) > 0
        for table, where in ((inside, mask), (outside, near & ~mask)):
            counts = np.bincount(codes[where], minlength=_LEVELS**3)
            table += counts / max(1, counts.sum())
    tables = [_smoothed(table.reshape((_LEVELS,) * 3)).ravel() for table in (inside, outside)]
    total = tables[0] + tables[1]
    share = np.divide(tables[0], total, out=np.full_like(total, 0.5), where=total > 1e-4)
    return np.asarray(share, np.float32)


def _smoothed(table: Floats) -> Floats:
    kernel = np.array([0.25, 0.5, 0.25], np.float32)
    for axis in range(3):
        table = np.apply_along_axis(np.convolve, axis, table, kernel, mode="same")
    return np.asarray(table, np.float32)


def _middle(height: int, width: int) -> Floats:
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    return np.asarray(np.exp(-(((rows**2 + columns**2) / 0.5) ** 2)), np.float32)
