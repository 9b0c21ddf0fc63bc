"""From scenes to training samples: crops with what can be known of them, and made pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from edgeai_core.analyzers.fire.crops import INPUT_SIDE_PX
from edgeai_lab.compose.cutouts import Cutout
from edgeai_lab.fire.augment import degrade
from edgeai_lab.fire.landscapes import landscape
from edgeai_lab.fire.pasting import draw_smoke, paste_flame
from edgeai_lab.fire.scenes import Boxes, Scene, Stage
from edgeai_lab.fire.synthesis import HARD_NEGATIVES, autumn, fog
from edgeai_lab.pictures import Image

NO_BOXES: Boxes = np.zeros((0, 4), np.float32)
UNKNOWN = float("nan")
# A box belongs to a crop that shows this share of it, or that it covers this much of; the corner
# of a box may hold no flame, hence what lies between belongs to neither answer.
_SHOWN_SHARE, _COVERED_SHARE = 0.4, 0.08
_LEAST_COVERED, _HARMLESS_SHOWN = 0.0015, 0.03
_TRIES = 20


class Kind(Enum):
    """How a sample is made."""

    WHOLE = "whole picture"
    PART = "part of a picture"
    BACKGROUND = "part outside of all boxes"
    HARD = "made hard negative"
    FLAME = "pasted flame"
    SMOKE = "drawn smoke"
    LANDSCAPE = "made landscape"
    LANDSCAPE_SMOKE = "made landscape with drawn smoke"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One crop and what is known of it.

    Attributes:
        image: (224, 224, 3) uint8 BGR. kind: how it was made.
        scores: (4,) float32 targets of hazard, flame, smoke, large; NaN where unknown.
        weight: of the image scores in the loss, 0..1.
        flames, smokes: (N, 4) float32 boxes in 0..1 of the crop.
        boxes_known: False where a box is cut so that the cells' answer cannot be known.
    """

    image: Image
    kind: Kind
    scores: npt.NDArray[np.float32]
    weight: float
    flames: Boxes
    smokes: Boxes
    boxes_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to draw: a kind of sample of the scene with this number, by its own chance."""

    kind: Kind
    scene: int
    seed: int


def plan(
    scenes: Sequence[Scene],
    *,
    repeats: Mapping[str, Mapping[Kind, float]],
    rng: Generator,
) -> list[Order]:
    """Return the orders of one data set, shuffled.

    Args:
        scenes: what to draw from. repeats: samples per scene by source name (`ABONIA`, for scenes
            of fire sources that show none `ABONIA none`) and kind; a fraction is a chance.
    """
    orders: list[tuple[Kind, int]] = []
    for number, scene in enumerate(scenes):
        key = scene.source.name
        if scene.stage is Stage.NONE and f"{key} none" in repeats:
            key = f"{key} none"
        for kind, times in repeats[key].items():
            count = int(times) + int(rng.random() < times % 1)
            orders.extend((kind, number) for _ in range(count))
    seeds = rng.integers(0, 2**62, len(orders))
    drawn = [
        Order(kind=kind, scene=number, seed=int(seed))
        for (kind, number), seed in zip(orders, seeds, strict=True)
    ]
    return [drawn[i] for i in rng.permutation(len(drawn))]


def draw(order: Order, scenes: Sequence[Scene], cutouts: Sequence[Cutout]) -> Sample | None:
    """Return the sample, the same one at every call; None where the scene has no place for it."""
    rng = np.random.default_rng(order.seed)
    scene = scenes[order.scene]
    if order.kind is Kind.WHOLE:
        sample: Sample | None = _labelled(scene, _whole_region(rng), order.kind)
    elif order.kind is Kind.PART:
        sample = _labelled(scene, _part_region(scene, rng), order.kind)
    else:
        sample = _on_background(scene, order.kind, cutouts, rng)
    return None if sample is None else _augmented(sample, rng)


def cropped(boxes: Boxes, region: npt.NDArray[np.float64]) -> tuple[Boxes, npt.NDArray[np.float64]]:
    """Return boxes in 0..1 of a region of the picture, and the share of each that is inside."""
    low, high = region[:2], region[2:]
    clipped = np.concatenate(
        [np.clip(boxes[:, :2], low, high), np.clip(boxes[:, 2:], low, high)], axis=1
    )
    inside = (clipped[:, 2:] - clipped[:, :2]).prod(axis=1)
    whole = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-9)
    size = high - low
    moved = (clipped - np.tile(low, 2)) / np.tile(size, 2)
    return moved.astype(np.float32), inside / whole


def _labelled(scene: Scene, region: npt.NDArray[np.float64], kind: Kind) -> Sample:
    flames, flame, flames_known = _presence(scene.flames, region)
    smokes, smoke, smokes_known = _presence(scene.smokes, region)
    hazard = np.nanmax([flame, smoke]) if 1.0 in (flame, smoke) else flame + smoke
    large = UNKNOWN
    if kind is Kind.WHOLE and scene.stage is not Stage.NONE:
        large = float(scene.stage is Stage.FIRE)
    if flame == 1.0 and smoke == 0.0:
        smoke = UNKNOWN  # smoke beside flames often has no box
    return Sample(
        image=_cut(scene.image, region),
        kind=kind,
        scores=np.array([hazard, flame, smoke, large], np.float32),
        weight=1.0,
        flames=flames,
        smokes=smokes,
        boxes_known=flames_known and smokes_known,
    )


def _presence(boxes: Boxes, region: npt.NDArray[np.float64]) -> tuple[Boxes, float, bool]:
    """Return the boxes in the region, whether there is one (1, 0, unknown), and if that is all."""
    if not len(boxes):
        return NO_BOXES, 0.0, True
    moved, shown = cropped(boxes, region)
    covered = (moved[:, 2:] - moved[:, :2]).prod(axis=1)
    present = ((shown >= _SHOWN_SHARE) | (covered >= _COVERED_SHARE)) & (covered > _LEAST_COVERED)
    absent = (shown < _HARMLESS_SHOWN) & (covered < _HARMLESS_SHOWN)
    score = 1.0 if present.any() else 0.0 if absent.all() else UNKNOWN
    return moved[present], score, bool((present | absent).all())


def _on_background(
    scene: Scene, kind: Kind, cutouts: Sequence[Cutout], rng: Generator
) -> Sample | None:
    region = _background_region(scene, rng)
    if region is None:
        return None
    image = _cut(scene.image, region)
    flames, smokes = NO_BOXES, NO_BOXES
    # Some smoke of the fire pictures has no box: their backgrounds are trusted a little less.
    weight = 1.0 if scene.stage is Stage.NONE else 0.7
    large = UNKNOWN
    if kind is Kind.HARD:
        names = list(HARD_NEGATIVES)
        name = names[int(rng.integers(len(names)))]
        image = HARD_NEGATIVES[name](image, rng)
        if name == "candle":
            weight = 0.5
        elif rng.random() < 0.15:
            image = fog(image, rng)
    elif kind is Kind.FLAME:
        image, flames = paste_flame(image, cutouts, rng)
        if rng.random() < 0.3:
            image, smokes = draw_smoke(image, rng)
    elif kind is Kind.SMOKE:
        image, smokes = draw_smoke(image, rng)
    elif kind is Kind.LANDSCAPE:
        image = autumn(image, rng) if rng.random() < 0.15 else image
        image = landscape(image, rng)
    elif kind is Kind.LANDSCAPE_SMOKE:
        image, smokes = draw_smoke(landscape(image, rng), rng)
        if rng.random() < 0.3:
            image, flames = paste_flame(image, cutouts, rng)
    made = kind in (Kind.FLAME, Kind.SMOKE, Kind.LANDSCAPE_SMOKE)
    if made and not len(flames) and not len(smokes):
        return None
    flame, smoke = float(len(flames) > 0), float(len(smokes) > 0)
    return Sample(
        image=image,
        kind=kind,
        scores=np.array([max(flame, smoke), flame, smoke, large], np.float32),
        weight=weight,
        flames=flames,
        smokes=smokes,
        boxes_known=True,
    )


def _augmented(sample: Sample, rng: Generator) -> Sample:
    image = degrade(sample.image, rng)
    flames, smokes = sample.flames, sample.smokes
    if rng.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
        flames, smokes = _mirrored(flames), _mirrored(smokes)
    return replace(sample, image=image, flames=flames, smokes=smokes)


def _mirrored(boxes: Boxes) -> Boxes:
    return np.stack([1 - boxes[:, 2], boxes[:, 1], 1 - boxes[:, 0], boxes[:, 3]], axis=1)


def _whole_region(rng: Generator) -> npt.NDArray[np.float64]:
    if rng.random() < 0.3:
        return np.array([0.0, 0.0, 1.0, 1.0])
    return np.concatenate([rng.uniform(0, 0.08, 2), rng.uniform(0.92, 1, 2)])


def _part_region(scene: Scene, rng: Generator) -> npt.NDArray[np.float64]:
    size = rng.uniform(0.35, 0.85, 2)
    boxes = np.concatenate([scene.flames, scene.smokes])
    if len(boxes) and rng.random() < 0.7:
        box = boxes[int(rng.integers(len(boxes)))]
        low = rng.uniform(box[:2], np.maximum(box[2:], box[:2] + 1e-6)) - size * rng.random(2)
    else:
        low = rng.uniform(0, 1, 2) * (1 - size)
    low = np.clip(low, 0, 1 - size)
    return np.concatenate([low, low + size])


def _background_region(scene: Scene, rng: Generator) -> npt.NDArray[np.float64] | None:
    boxes = np.concatenate([scene.flames, scene.smokes])
    if not len(boxes):
        return _part_region(scene, rng) if rng.random() < 0.5 else _whole_region(rng)
    # Large ones first: small ones are blurred, and blur must not come to mean "no fire".
    for largest in np.linspace(1.0, 0.4, _TRIES):
        size = rng.uniform(0.2, largest, 2)
        low = rng.uniform(0, 1, 2) * (1 - size)
        region = np.concatenate([low, low + size])
        moved, _ = cropped(boxes, region)
        if not (moved[:, 2:] - moved[:, :2]).prod(axis=1).any():
            return region
    return None


def _cut(image: Image, region: npt.NDArray[np.float64]) -> Image:
    height, width = image.shape[:2]
    x_min, y_min = (int(v) for v in np.floor(region[:2] * (width, height)))
    x_max, y_max = (int(v) for v in np.ceil(region[2:] * (width, height)))
    part = image[y_min : max(y_max, y_min + 1), x_min : max(x_max, x_min + 1)]
    return resized(part)


def resized(image: Image) -> Image:
    """Return the picture stretched to the network's 224 x 224, as the product does it."""
    side = (INPUT_SIDE_PX, INPUT_SIDE_PX)
    return np.asarray(cv2.resize(image, side, interpolation=cv2.INTER_AREA), np.uint8)
