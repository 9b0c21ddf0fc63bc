"""How much of the picture one value of a layer sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Sliding of a kernel: (height, width) of the kernel with its holes filled, and of the step."""

    extent: Pair
    stride: Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The part of the picture behind one value, by axis (height, width).

    Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks" (Distill,
    2019), equations 1 and 2, from the front of the network to its end. It is what the arithmetic
    reaches, not where the weight lies, and it may be larger than the picture: zeros fill the rest.

    Attributes:
        size: pixels. jump: pixels between neighbouring values; below 1 after upsampling beyond
            the picture. positions: values along each axis, to know what "all of them" covers.
    """

    size: tuple[float, float] = (1.0, 1.0)
    jump: tuple[float, float] = (1.0, 1.0)
    positions: Pair = (1, 1)

    def through(self, window: Window, *, positions: Pair) -> Field:
        """Return the field behind a sliding window: a convolution or a pooling."""
        grown = (
            s + (e - 1) * j for s, e, j in zip(self.size, window.extent, self.jump, strict=True)
        )
        steps = (j * s for j, s in zip(self.jump, window.stride, strict=True))
        return Field(size=_pair(grown), jump=_pair(steps), positions=positions)

    def through_everything(self) -> Field:
        """Return the field of a value computed from all positions: a global pooling."""
        whole = Window(extent=self.positions, stride=(1, 1))
        return self.through(whole, positions=(1, 1))

    def resized(self, positions: Pair) -> Field:
        """Return the field after a resize; a value is taken from one place, as the nearest is."""
        jump = (
            j * p / max(q, 1) for j, p, q in zip(self.jump, self.positions, positions, strict=True)
        )
        return Field(size=self.size, jump=_pair(jump), positions=positions)

    def moved(self, positions: Pair) -> Field:
        """Return the same field where padding or cutting has changed the number of positions."""
        return Field(size=self.size, jump=self.jump, positions=positions)


def join(fields: Iterable[Field]) -> Field:
    """Return the field of a value computed from several branches: the largest of each axis."""
    found = list(fields)
    return Field(
        size=_pair(max(f.size[axis] for f in found) for axis in (0, 1)),
        jump=_pair(max(f.jump[axis] for f in found) for axis in (0, 1)),
        positions=(max(f.positions[0] for f in found), max(f.positions[1] for f in found)),
    )


def _pair(values: Iterable[float]) -> tuple[float, float]:
    height, width = values
    return (height, width)
