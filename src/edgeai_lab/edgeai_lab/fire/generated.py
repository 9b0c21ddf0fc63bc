"""Pictures drawn by a random generator: enough to try a training, not to learn from."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from edgeai_lab.fire.pasting import draw_smoke
from edgeai_lab.fire.samples import NO_BOXES
from edgeai_lab.fire.scenes import Boxes, Scene, Source, stage_of
from edgeai_lab.fire.synthesis import noise_map
from edgeai_lab.pictures import Image

_SIDE_PX = 128
_EACH = 8


def generated_scenes(rng: Generator) -> list[Scene]:
    """Return eight scenes of every source: the fire sources with a flame, every other one smoke."""
    scenes = []
    for source in Source:
        for number in range(_EACH):
            image, flames, smokes = _ground(rng), NO_BOXES, NO_BOXES
            if source in (Source.ABONIA, Source.BIPLAB) and number < _EACH - 2:
                image, flames = _flame(image, rng)
                if number % 2:
                    image, smokes = draw_smoke(image, rng)
            scenes.append(
                Scene(
                    name=f"{source.name.lower()}_{number}",
                    source=source,
                    image=image,
                    flames=flames,
                    smokes=smokes,
                    stage=stage_of(flames, smokes),
                )
            )
    return scenes


def _ground(rng: Generator) -> Image:
    shades = [noise_map(_SIDE_PX, _SIDE_PX, rng, coarse=int(rng.integers(2, 9))) for _ in range(3)]
    return np.asarray(np.stack(shades, axis=2) * rng.uniform(60, 160), np.uint8)


def _flame(image: Image, rng: Generator) -> tuple[Image, Boxes]:
    half = rng.integers(12, 30, 2)
    centre = rng.integers(half + 1, _SIDE_PX - half - 1)
    mask = np.zeros(image.shape[:2], np.float32)
    axes = (int(half[0] * 0.7), int(half[1] * 0.7))
    cv2.ellipse(mask, (int(centre[0]), int(centre[1])), axes, 0, 0, 360, 1.0, -1)
    lit = np.where(mask[..., None] > 0, np.array([30, 160, 250]), image).astype(np.uint8)
    box = np.concatenate([centre - half, centre + half]) / _SIDE_PX
    return lit, box[None].astype(np.float32)
