"""Pictures drawn by a random generator: enough to try a training, not to learn from."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from edgeai_lab.objects.examples import Example, Part, Source
from edgeai_lab.objects.pipeline import Division

_SIDE_PX = 160
_EACH = 3


def generated_division(rng: Generator) -> Division:
    """Return three pictures of every source to train on, and three guns for each other part."""
    training = [drawn(source, number, rng) for source in Source for number in range(_EACH)]
    others = {
        part: tuple(drawn(Source.GUNS, number, rng) for number in range(_EACH))
        for part in (Part.VALIDATION, Part.TEST)
    }
    examples = {Part.TRAINING: tuple(training), **others}
    return Division(examples=examples, groups=sum(map(len, examples.values())))


def drawn(source: Source, number: int, rng: Generator) -> Example:
    """Return noise; for guns with a dark angle in it, for wallets with a brown rectangle."""
    image = rng.integers(90, 200, (_SIDE_PX, _SIDE_PX, 3), np.uint8)
    rows = np.zeros((0, 5), np.float32)
    if source in (Source.GUNS, Source.WALLET):
        width, height = (int(v) for v in rng.integers(50, 90, 2))
        left, top = (int(v) for v in rng.integers(5, 60, 2))
        right, bottom = left + width, top + height
        if source is Source.GUNS:
            cv2.rectangle(image, (left, top), (right, top + height // 3), (30, 30, 30), -1)
            cv2.rectangle(image, (left, top), (left + width // 3, bottom), (30, 30, 30), -1)
        else:
            cv2.rectangle(image, (left, top), (right, bottom), (40, 70, 110), -1)
        column = float(source is Source.WALLET)
        sides = np.array([left, top, right, bottom], np.float32) / _SIDE_PX
        rows = np.concatenate([[column], sides])[None].astype(np.float32)
    return Example(name=f"{source.name.lower()}_{number}", source=source, image=image, boxes=rows)
