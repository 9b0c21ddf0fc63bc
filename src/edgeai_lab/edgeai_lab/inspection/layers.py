"""A network as a table: one row per layer, and its totals."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One operation of a network.

    Attributes:
        name: as the file calls it. kind: the operation. output: sides of what it computes.
        kernel, stride: (height, width), None where nothing slides. padding: top, left, bottom,
            right. groups: parts that the channels fall into; as many as channels is depthwise.
        parameters: trained numbers, those of its bias included. macs: multiplications with
            addition for one picture. receptive_field: pixels of the picture (height, width) that
            one value sees, possibly more than there are.
    """

    name: str
    kind: str
    output: Shape
    kernel: Shape | None = None
    stride: Shape | None = None
    padding: Shape | None = None
    groups: int = 1
    parameters: int = 0
    macs: int = 0
    receptive_field: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """All layers of a network in the order of their computation.

    Attributes:
        model: what was asked for. sha256: of the file. inputs: name and shape of each input.
        layers: the rows. layout_steps: operations left out because they only turn or relabel axes.
        uncounted: kinds of layers whose multiplications are not counted.
    """

    model: str
    sha256: str
    inputs: tuple[tuple[str, Shape], ...]
    layers: tuple[Layer, ...]
    layout_steps: int = 0
    uncounted: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """Trained numbers of all layers."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiplications with addition of all layers, for one picture."""
        return sum(layer.macs for layer in self.layers)

    def result(self) -> dict[str, object]:
        """Return the table for JSON."""
        return {
            "model": self.model,
            "sha256": self.sha256,
            "inputs": {name: list(shape) for name, shape in self.inputs},
            "layers": [dataclasses.asdict(layer) for layer in self.layers],
            "totals": {
                "layers": len(self.layers),
                "parameters": self.parameters,
                "macs": self.macs,
                "layout_steps_left_out": self.layout_steps,
                "macs_not_counted_of": list(self.uncounted),
            },
        }


_HEADER = (
    *("#", "layer", "type", "kernel", "stride", "padding", "output", "parameters", "MACs"),
    "sees px",
)
_LONGEST_NAME = 36
_RIGHT_ALIGNED = frozenset({0, 7, 8, 9})


def describe(inspection: Inspection) -> str:
    """Return the table as lines of text, with the totals below it."""
    rows = [_row(number, layer) for number, layer in enumerate(inspection.layers, start=1)]
    widths = [max(map(len, column)) for column in zip(_HEADER, *rows, strict=True)]
    lines = [_line(_HEADER, widths), "  ".join("-" * width for width in widths)]
    lines += [_line(row, widths) for row in rows]
    inputs = ", ".join(f"{name} {_sides(shape)}" for name, shape in inspection.inputs)
    lines += [
        "",
        f"{inspection.model}: input {inputs}; {len(rows)} layers, "
        f"{inspection.parameters:,} parameters, {inspection.macs / 1e6:,.2f} million MACs",
    ]
    if inspection.layout_steps:
        lines.append(
            f"{inspection.layout_steps} operations that only turn or relabel axes are left out"
        )
    if inspection.uncounted:
        lines.append(f"MACs are not counted for: {', '.join(inspection.uncounted)}")
    return "\n".join(lines)


def _row(number: int, layer: Layer) -> tuple[str, ...]:
    name = layer.name
    if len(name) > _LONGEST_NAME:
        name = f"…{name[1 - _LONGEST_NAME :]}"
    kind = layer.kind if layer.groups == 1 else f"{layer.kind} /{layer.groups}"
    height, width = layer.receptive_field
    return (
        str(number),
        name,
        kind,
        _sides(layer.kernel),
        _sides(layer.stride),
        _padding(layer.padding),
        _sides(layer.output),
        f"{layer.parameters:,}" if layer.parameters else "",
        f"{layer.macs:,}" if layer.macs else "",
        str(height) if height == width else f"{height}x{width}",
    )


def _sides(shape: Sequence[int] | None) -> str:
    return "" if shape is None else "x".join(map(str, shape))


def _padding(sides: Shape | None) -> str:
    if not sides:
        return ""
    return str(sides[0]) if len(set(sides)) == 1 else ",".join(map(str, sides))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.rjust(width) if column in _RIGHT_ALIGNED else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded).rstrip()
