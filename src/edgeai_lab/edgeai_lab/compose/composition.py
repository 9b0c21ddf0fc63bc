"""One composed picture: cut-outs on a background, and where they can be seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from edgeai_core.geometry import Box
from edgeai_lab.compose.cutouts import VISIBLE, Cutout, Floats, Window, lay, window
from edgeai_lab.compose.variation import Variation, blob, varied, with_noise
from edgeai_lab.pictures import Image

_PLACINGS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeConfig:
    """What composed pictures look like.

    Attributes:
        width_px, height_px: size. most_things: 1 to this many labelled things a picture.
        least_side, most_side: longer side of a thing, share of the picture's shorter side.
        cover_share: how many of the things get something laid over them, 0..1.
        least_visible: share of a thing that is always to be seen, 0..1.
        most_distractors: up to this many unlabelled things a picture.
        variation: of the things.
    """

    width_px: int = 640
    height_px: int = 480
    most_things: int = 3
    least_side: float = 0.08
    most_side: float = 0.6
    cover_share: float = 0.3
    least_visible: float = 0.4
    most_distractors: int = 2
    variation: Variation = field(default_factory=Variation)

    def __post_init__(self) -> None:
        if not 0 < self.least_side <= self.most_side:
            raise ValueError(
                f"sides: expected 0 < least <= most, got {self.least_side}, {self.most_side}"
            )
        if min(self.width_px, self.height_px) < 32 or self.most_things < 1:
            raise ValueError("expected pictures of 32 px or more with one thing or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedThing:
    """A thing in a picture.

    Attributes:
        label: its class. box: extent of its visible pixels, in pixels of the picture.
        visible_share: visible pixels by those it would have uncovered in a larger picture, 0..1.
    """

    label: str
    box: Box
    visible_share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Composition:
    """A (H, W, 3) uint8 BGR picture and its things, those farther back first."""

    image: Image
    things: tuple[ComposedThing, ...]


@dataclass(slots=True, kw_only=True, eq=False)
class _Placed:
    label: str
    whole_px: int
    where: Window
    seen: Floats  # (H, W) of its window: opacity that is left of it

    def visible_px(self) -> int:
        return int(np.count_nonzero(self.seen >= VISIBLE))


def compose(
    background: Image,
    classes: Mapping[str, Sequence[Cutout]],
    rng: Generator,
    *,
    config: ComposeConfig,
    distractors: Sequence[Cutout] = (),
    things: int | None = None,
) -> Composition:
    """Lay things of random classes on a background.

    Args:
        background: (H, W, 3) uint8 BGR of any size; a random part of it is taken.
        classes: cut-outs by class. rng: all chance comes from it. distractors: unlabelled things.
        things: how many labelled ones; None for chance.
    """
    canvas = _part_of(background, config, rng).astype(np.float32)
    texture = background
    placed: list[_Placed] = []
    labels = list(classes)
    for _ in range(int(rng.integers(config.most_distractors + 1))):
        other = _distractor(distractors, texture, config, rng)
        _try(canvas, placed, other, "", config, rng)
    count = int(rng.integers(1, config.most_things + 1)) if things is None else things
    for _ in range(count):
        label = labels[int(rng.integers(len(labels)))]
        cutouts = classes[label]
        cutout = cutouts[int(rng.integers(len(cutouts)))]
        thing = varied(cutout, _side_px(config, rng), config.variation, rng)
        _try(canvas, placed, thing, label, config, rng)
        if placed and rng.random() < config.cover_share:
            _cover(canvas, placed, texture, distractors, config, rng)
    return Composition(
        image=with_noise(canvas, config.variation, rng),
        things=tuple(_described(thing) for thing in placed if thing.label),
    )


def visible_box(seen: npt.NDArray[np.floating], where: Window) -> Box:
    """Return the extent of the pixels at half opacity or more, in pixels of the picture."""
    mask = seen >= VISIBLE
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = where.picture[0].start, where.picture[1].start
    return Box(
        float(left + columns[0]),
        float(top + rows[0]),
        float(left + columns[-1] + 1),
        float(top + rows[-1] + 1),
    )


def _described(thing: _Placed) -> ComposedThing:
    return ComposedThing(
        label=thing.label,
        box=visible_box(thing.seen, thing.where),
        visible_share=min(1.0, thing.visible_px() / thing.whole_px),
    )


def _try(
    canvas: Floats,
    placed: list[_Placed],
    cutout: Cutout,
    label: str,
    config: ComposeConfig,
    rng: Generator,
    *,
    near: tuple[float, float] | None = None,
) -> None:
    """Lay a cut-out where every labelled thing stays visible enough; nowhere if there is no place.

    Args:
        near: (x, y) in pixels about which its centre is to lie; None for anywhere.
    """
    height, width = cutout.alpha.shape
    whole_px = int(np.count_nonzero(cutout.alpha >= VISIBLE))
    if not whole_px:
        return
    for _ in range(_PLACINGS):
        if near is None:
            x_px = int(rng.integers(-width // 4, max(1, canvas.shape[1] - 3 * width // 4)))
            y_px = int(rng.integers(-height // 4, max(1, canvas.shape[0] - 3 * height // 4)))
        else:
            x_px = round(near[0] + rng.normal(0, width / 3) - width / 2)
            y_px = round(near[1] + rng.normal(0, height / 3) - height / 2)
        where = window(canvas.shape, cutout.alpha.shape, x_px=x_px, y_px=y_px)
        alpha = cutout.alpha[where.patch]
        if not alpha.size or (label and _share(alpha, whole_px) < config.least_visible):
            continue
        left = [_left_of(thing, alpha, where) for thing in placed]
        if all(
            not thing.label or _share(seen, thing.whole_px) >= config.least_visible
            for thing, seen in zip(placed, left, strict=True)
        ):
            lay(canvas, cutout, where)
            for thing, seen in zip(placed, left, strict=True):
                thing.seen = seen
            if label:
                placed.append(
                    _Placed(label=label, whole_px=whole_px, where=where, seen=alpha.copy())
                )
            return


def _share(alpha: Floats, whole_px: int) -> float:
    return int(np.count_nonzero(alpha >= VISIBLE)) / whole_px


def _left_of(thing: _Placed, alpha: Floats, where: Window) -> Floats:
    """Return what is left of a placed thing under a new opacity."""
    rows, columns = (
        (max(a.start, b.start), min(a.stop, b.stop))
        for a, b in zip(thing.where.picture, where.picture, strict=True)
    )
    if rows[0] >= rows[1] or columns[0] >= columns[1]:
        return thing.seen
    own, new = (
        (
            slice(rows[0] - of.picture[0].start, rows[1] - of.picture[0].start),
            slice(columns[0] - of.picture[1].start, columns[1] - of.picture[1].start),
        )
        for of in (thing.where, where)
    )
    seen = thing.seen.copy()
    seen[own] *= 1 - alpha[new]
    return np.asarray(seen, np.float32)


def _cover(
    canvas: Floats,
    placed: list[_Placed],
    texture: Image,
    distractors: Sequence[Cutout],
    config: ComposeConfig,
    rng: Generator,
) -> None:
    """Lay something over a part of the last thing."""
    box = visible_box(placed[-1].seen, placed[-1].where)
    side = max(box.width_px, box.height_px) * rng.uniform(0.3, 0.9)
    if distractors and rng.random() < 0.5:
        chosen = distractors[int(rng.integers(len(distractors)))]
        cover = varied(chosen, side, config.variation, rng)
    else:
        cover = blob(texture, side, config.variation, rng)
    corner = (
        rng.choice([box.x_min_px, box.center_px[0], box.x_max_px]),
        rng.choice([box.y_min_px, box.center_px[1], box.y_max_px]),
    )
    _try(canvas, placed, cover, "", config, rng, near=corner)


def _distractor(
    distractors: Sequence[Cutout], texture: Image, config: ComposeConfig, rng: Generator
) -> Cutout:
    side = _side_px(config, rng)
    if distractors and rng.random() < 0.6:
        chosen = distractors[int(rng.integers(len(distractors)))]
        return varied(chosen, side, config.variation, rng)
    return blob(texture, side, config.variation, rng)


def _side_px(config: ComposeConfig, rng: Generator) -> float:
    shorter = min(config.width_px, config.height_px)
    low, high = math.log(config.least_side), math.log(config.most_side)
    return shorter * math.exp(rng.uniform(low, high))


def _part_of(background: Image, config: ComposeConfig, rng: Generator) -> Image:
    """Return a random part of a picture in the wanted size and proportions."""
    height, width = background.shape[:2]
    most = min(width / config.width_px, height / config.height_px)
    scale = most * rng.uniform(0.6, 1.0)
    part_width = max(1, min(width, round(config.width_px * scale)))
    part_height = max(1, min(height, round(config.height_px * scale)))
    x = int(rng.integers(width - part_width + 1))
    y = int(rng.integers(height - part_height + 1))
    part = background[y : y + part_height, x : x + part_width]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    how = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    size = (config.width_px, config.height_px)
    return np.asarray(cv2.resize(part, size, interpolation=how), np.uint8)
