"""Pictures of motion of clips: as the product sees them, and varied ones to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from edgeai_core.analyzers.actions.fights import SHARES, STRIDE
from edgeai_core.analyzers.actions.motion import (
    GAIN,
    INPUT_PX,
    MOMENTS,
    Floats,
    Grey,
    Square,
    busiest_square,
    cut_out,
    differences,
    network_input,
    small_grey,
)
from edgeai_lab.pictures import Image

# The square's side when learning, of the short side; wider than what is judged.
_LEARNT_SHARES = (0.32, 0.8)
# Of the square's side: how far it is moved from the busiest place.
_SHIFT = 0.15
_TURN_DEG = 15.0
# Natural logarithm of the largest change of the gain.
_GAIN_SPREAD = 0.5
# Moments may be up to so many steps apart instead of one: slower cameras, faster people.
_STRETCH = 2
_STRETCHED_SHARE = 0.2


def greys_of(frames: Sequence[Image]) -> list[Grey]:
    """Return the small grey pictures of (H, W, 3) uint8 BGR frames."""
    return [small_grey(frame) for frame in frames]


def judged_inputs(greys: Sequence[Grey]) -> Iterator[Floats]:
    """Yield the network's (3, side, side) inputs of a clip, those of one reading together."""
    for first in range(0, max(0, len(greys) - MOMENTS) + 1, STRIDE):
        changes = differences(greys[first : first + MOMENTS])
        if len(changes) < MOMENTS - 1:
            return
        for share in SHARES:
            yield network_input(cut_out(changes, busiest_square(changes, share=share)))


def learnt_input(greys: Sequence[Grey], rng: np.random.Generator) -> Floats:
    """Return a (3, side, side) input of a random part of a clip of four moments or more, varied.

    Mirrored and run backwards each half of the time, now and then slower; moved, turned, nearer,
    farther, fainter, stronger.
    """
    changes = differences(_drawn_moments(greys, rng))
    square = busiest_square(changes, share=float(rng.uniform(*_LEARNT_SHARES)))
    picture = cut_out(changes, _moved(square, changes.shape[1:], rng))
    if rng.random() < 0.5:
        picture = np.ascontiguousarray(picture[:, ::-1])
    if rng.random() < 0.5:
        middle = (INPUT_PX / 2, INPUT_PX / 2)
        turn = cv2.getRotationMatrix2D(middle, float(rng.uniform(-_TURN_DEG, _TURN_DEG)), 1.0)
        picture = np.asarray(cv2.warpAffine(picture, turn, (INPUT_PX, INPUT_PX)), np.float32)
    gain = GAIN * float(np.exp(rng.uniform(-_GAIN_SPREAD, _GAIN_SPREAD)))
    return network_input(picture, gain=gain)


def _drawn_moments(greys: Sequence[Grey], rng: np.random.Generator) -> list[Grey]:
    first = int(rng.integers(0, len(greys) - MOMENTS + 1))
    drawn = list(greys[first : first + MOMENTS])
    rest = greys[first : first + MOMENTS + _STRETCH]
    if rng.random() < _STRETCHED_SHARE and len(rest) > MOMENTS:
        chosen = np.sort(rng.choice(len(rest), MOMENTS, replace=False))
        drawn = [rest[index] for index in chosen]
    return drawn[::-1] if rng.random() < 0.5 else drawn


def _moved(square: Square, shape: tuple[int, ...], rng: np.random.Generator) -> Square:
    reach = _SHIFT * square.side_px
    height, width = shape
    return Square(
        x_px=int(np.clip(square.x_px + rng.uniform(-reach, reach), 0, width - square.side_px)),
        y_px=int(np.clip(square.y_px + rng.uniform(-reach, reach), 0, height - square.side_px)),
        side_px=square.side_px,
    )
