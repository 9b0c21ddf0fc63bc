"""The pictures of a lesson: things on backgrounds, the clip's own pictures, empty ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from edgeai_core.errors import SourceError
from edgeai_core.footage import footage_path
from edgeai_core.geometry import Box
from edgeai_core.sources.reading import images_of
from edgeai_lab.compose.composition import ComposeConfig, compose
from edgeai_lab.compose.cutouts import Cutout
from edgeai_lab.compose.variation import Variation, relit
from edgeai_lab.pictures import Image
from edgeai_lab.teach.backgrounds import draw_room
from edgeai_lab.teach.segmentation import Segmented

# Real pictures that set-up has on the machine; a demo clip that is missing is no reason to stop.
_FOOTAGE = (("bikes", 2.0), ("vtest", 0.4))
_ROOMS = 48
_EMPTY_EVERY = 3
_LIGHT = Variation(light=0.2, tint=0.05, noise=0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """A picture (H, W, 3) uint8 BGR and where the thing is in it."""

    image: Image
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backdrops:
    """Pictures without the thing, by where they are from; groups are drawn from equally often."""

    groups: tuple[tuple[Image, ...], ...]

    @classmethod
    def of(cls, groups: Iterable[Sequence[Image]]) -> Backdrops:
        """Return the groups that hold pictures."""
        return cls(groups=tuple(tuple(group) for group in groups if len(group)))

    def draw(self, rng: Generator) -> Image:
        """Return one, (H, W, 3) uint8 BGR."""
        group = self.groups[int(rng.integers(len(self.groups)))]
        return group[int(rng.integers(len(group)))]

    def split(self, *, every: int = 4) -> tuple[Backdrops, Backdrops]:
        """Return those to learn from, and every n-th for measuring; a lone one serves both."""
        learn = tuple(
            tuple(x for i, x in enumerate(group) if i % every or len(group) == 1)
            for group in self.groups
        )
        return Backdrops(groups=learn), Backdrops(groups=tuple(g[::every] for g in self.groups))


def common_backdrops(rng: Generator) -> tuple[tuple[Image, ...], ...]:
    """Return what everybody has: drawn rooms, and the demo's clips where they are set up."""
    rooms = tuple(draw_room(rng) for _ in range(_ROOMS))
    return rooms, tuple(_demo_pictures())


def composed(
    cutouts: Sequence[Cutout],
    backdrops: Backdrops,
    rivals: Sequence[Cutout],
    rng: Generator,
    *,
    config: ComposeConfig,
) -> Callable[[int], Example]:
    """Return a function that composes picture number n; every third is without the thing.

    Every other one is in another light as a whole: a camera's exposure changes a room with all
    that is in it.
    """
    classes = {"thing": tuple(cutouts)}

    def make(number: int) -> Example:
        composition = compose(
            backdrops.draw(rng),
            classes,
            rng,
            config=config,
            distractors=rivals,
            things=0 if number % _EMPTY_EVERY == 0 else None,
        )
        image = composition.image if rng.random() < 0.5 else relit(composition.image, _LIGHT, rng)
        return Example(image=image, boxes=tuple(thing.box for thing in composition.things))

    return make


def from_clip(shown: Sequence[Segmented], rng: Generator) -> Iterator[Example]:
    """Yield each picture of the clip mirrored or not, and a part of it, in another light."""
    for picture in shown:
        box, image = picture.box, picture.image
        for part in (False, True):
            example = _part(image, box, rng) if part else Example(image=image, boxes=(box,))
            if rng.random() < 0.5:
                example = _mirrored(example)
            lit = relit(np.ascontiguousarray(example.image), _LIGHT, rng)
            yield Example(image=lit, boxes=example.boxes)


def _part(image: Image, box: Box, rng: Generator) -> Example:
    """Return a part of the picture that holds the whole box, so that the thing looks larger."""
    height, width = image.shape[:2]
    left = int(rng.uniform(0, 0.8) * box.x_min_px)
    top = int(rng.uniform(0, 0.8) * box.y_min_px)
    right = width - int(rng.uniform(0, 0.8) * (width - box.x_max_px))
    bottom = height - int(rng.uniform(0, 0.8) * (height - box.y_max_px))
    moved = Box(box.x_min_px - left, box.y_min_px - top, box.x_max_px - left, box.y_max_px - top)
    return Example(image=image[top:bottom, left:right], boxes=(moved,))


def _mirrored(example: Example) -> Example:
    width = example.image.shape[1]
    boxes = tuple(
        Box(width - b.x_max_px, b.y_min_px, width - b.x_min_px, b.y_max_px) for b in example.boxes
    )
    return Example(image=example.image[:, ::-1], boxes=boxes)


def _demo_pictures() -> Iterator[Image]:
    for name, fps in _FOOTAGE:
        try:
            yield from images_of(str(footage_path(name)), fps=fps)
        except SourceError:
            continue
