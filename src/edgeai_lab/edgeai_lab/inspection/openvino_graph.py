"""Read the layers of a model file as OpenVINO reads them: ONNX, tflite, IR and frozen graphs.

One reader for all formats, and what it counts is what the fastest engine here computes.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgeai_core.errors import ModelError, RuntimeUnavailableError
from edgeai_core.model_store import sha256_of
from edgeai_core.runtimes.openvino_runtime import OpenVinoRuntime, shared_core
from edgeai_lab.inspection.layers import Inspection, Layer, Shape
from edgeai_lab.inspection.receptive_field import Field, Pair, Window, join

_LAYOUT = frozenset({"Convert", "Squeeze", "Transpose", "Unsqueeze"})
_CONVOLUTIONS = frozenset({"Convolution", "GroupConvolution"})
_UPWARDS = frozenset({"ConvolutionBackpropData", "GroupConvolutionBackpropData"})
_POOLINGS = frozenset({"AvgPool", "MaxPool"})
_REDUCTIONS = frozenset({"ReduceMax", "ReduceMean", "ReduceSum"})
_RESIZES = frozenset({"DepthToSpace", "Interpolate", "SpaceToDepth"})
_MOVES = frozenset({"Pad", "Slice", "StridedSlice"})
_WEIGHTED = _CONVOLUTIONS | _UPWARDS | {"MatMul", "PRelu"}
_CHANNEL_WISE = frozenset({"Add", "Divide", "Multiply", "Subtract"})
_RECURRENT = frozenset(
    {"GRUSequence", "If", "LSTMSequence", "Loop", "RNNSequence", "TensorIterator"}
)
# A step that the file spells as an operation of its own but that belongs to the one before it.
_BELONGS_TO = {
    **{(kind, step): kind for kind in _WEIGHTED - {"PRelu"} for step in ("Add", "Multiply")},
    ("Maximum", "Minimum"): "Clamp",
}


def inspect_file(path: Path, *, model: str, shape: Sequence[int] = ()) -> Inspection:
    """Return the layers of a model file for one picture.

    Args:
        path: .onnx, .tflite, .xml or .pb. model: what to call it.
        shape: of the input, where the file leaves sides open; an open first side alone is 1.

    Raises:
        RuntimeUnavailableError: OpenVINO is not installed. ModelError: the file cannot be read, or
            its input has open sides and no shape was given.
    """
    if missing := OpenVinoRuntime().missing():
        raise RuntimeUnavailableError(f"model {model}: it is read with OpenVINO: {missing}")
    try:
        graph = shared_core().read_model(path)
        graph.reshape({port: _closed(model, port, shape) for port in graph.inputs})
        passes = importlib.import_module("openvino.passes")
        manager = passes.Manager()
        # Computations on shapes that the readers write into the graph are none of the network.
        manager.register_pass(passes.ConstantFolding())
        manager.run_passes(graph)
        return _Reader(graph).read(model, sha256_of(path))
    except RuntimeError as exc:
        reason = str(exc).strip().splitlines()[-1]
        raise ModelError(f"model {model}: OpenVINO cannot read {path}: {reason}") from exc
    except OSError as exc:
        raise ModelError(f"model {model}: {path} cannot be read: {exc.strerror}") from exc


def _closed(model: str, port: Any, shape: Sequence[int]) -> list[int]:
    partial = port.get_partial_shape()
    if shape:
        return list(shape)
    if partial.rank.is_dynamic:
        raise ModelError(f"model {model}: its input is of any shape; give one with --shape")
    sides = [side.get_length() if side.is_static else None for side in partial]
    if sides and sides[0] is None:
        sides[0] = 1
    closed = [side for side in sides if side is not None]
    if len(closed) != len(sides):
        raise ModelError(
            f"model {model}: its input {partial} has open sides; give all with --shape, for "
            "example --shape 1,3,224,224"
        )
    return closed


class _Reader:
    """Walks a graph once, from its inputs to its results."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._constant: dict[str, bool] = {}
        self._counted: set[str] = set()
        self._fields: dict[str, Field] = {}
        self._rows: dict[str, Layer] = {}
        self._row_of: dict[str, str] = {}
        self._layout_steps = 0

    def read(self, model: str, sha256: str) -> Inspection:
        for node in self._graph.get_ordered_ops():
            self._visit(node)
        rows = tuple(self._rows.values())
        return Inspection(
            model=model,
            sha256=sha256,
            inputs=tuple((p.get_any_name(), tuple(p.get_shape())) for p in self._graph.inputs),
            layers=rows,
            layout_steps=self._layout_steps,
            uncounted=tuple(sorted({row.kind for row in rows} & _RECURRENT)),
        )

    def _visit(self, node: Any) -> None:
        kind, name = node.get_type_name(), node.get_name()
        sources = [value.get_node() for value in node.input_values()]
        self._constant[name] = kind != "Parameter" and all(
            self._constant[source.get_name()] for source in sources
        )
        if self._constant[name] or kind == "Result":
            return
        if kind == "Parameter":
            self._fields[name] = Field(positions=_positions(node.output(0)))
            return
        self._fields[name] = self._field(node, kind)
        if kind in _LAYOUT:
            self._layout_steps += 1
        elif not self._joined_to_the_row_before(node, kind):
            self._rows[name] = self._row(node, kind)
        self._row_of.setdefault(name, name)

    def _joined_to_the_row_before(self, node: Any, kind: str) -> bool:
        """Count a scale, a bias or the second half of a clamp to the layer that it belongs to."""
        changing = [v for v in node.input_values() if not self._constant[v.get_node().get_name()]]
        if len(changing) != 1 or len(changing[0].get_target_inputs()) != 1:
            return False
        before = self._row_of.get(changing[0].get_node().get_name(), "")
        row = self._rows.get(before)
        joined = _BELONGS_TO.get((row.kind, kind)) if row else None
        if row is None or joined is None:
            return False
        self._rows[before] = dataclasses.replace(
            row, kind=joined, parameters=row.parameters + self._parameters(node, kind)
        )
        if kind == "Multiply":
            # A shift may follow the scale (Gemm's factors, a batch norm), but nothing the shift.
            self._row_of[node.get_name()] = before
        return True

    def _row(self, node: Any, kind: str) -> Layer:
        attributes = node.get_attributes()
        kernel = _kernel(node, kind)
        sides = None
        if kernel is not None:
            sides = (*attributes["pads_begin"], *attributes["pads_end"])
        size = self._fields[node.get_name()].size
        return Layer(
            name=node.get_friendly_name(),
            kind=kind,
            output=_shape(node.output(0)),
            kernel=kernel,
            stride=tuple(attributes["strides"]) if kernel is not None else None,
            padding=sides,
            groups=_shape(node.input(1))[0] if kind.startswith("Group") else 1,
            parameters=self._parameters(node, kind),
            macs=_macs(node, kind),
            receptive_field=(math.ceil(size[0]), math.ceil(size[1])),
        )

    def _parameters(self, node: Any, kind: str) -> int:
        """Count the numbers that were trained; anchors and other tables of a decoder are not."""
        if kind not in _WEIGHTED | _CHANNEL_WISE | _RECURRENT:
            return 0
        total = 0
        for value in node.input_values():
            source = value.get_node()
            for leaf in self._constant_leaves(source):
                shape = _shape(leaf.output(0))
                per_channel = sum(side > 1 for side in shape) == 1
                if leaf.get_name() not in self._counted and (
                    per_channel or kind not in _CHANNEL_WISE
                ):
                    self._counted.add(leaf.get_name())
                    total += math.prod(shape)
        return total

    def _constant_leaves(self, node: Any) -> list[Any]:
        """Return the constants of numbers, not of indices, that a constant node is made from."""
        if not self._constant[node.get_name()]:
            return []
        if node.get_type_name() == "Constant":
            whole = node.output(0).get_element_type().get_type_name() in ("i32", "i64", "u64")
            return [] if whole else [node]
        return [
            leaf
            for value in node.input_values()
            for leaf in self._constant_leaves(value.get_node())
        ]

    def _field(self, node: Any, kind: str) -> Field:
        names = [value.get_node().get_name() for value in node.input_values()]
        before = join(self._fields[name] for name in names if not self._constant[name])
        if kind in _CONVOLUTIONS | _POOLINGS:
            extent, stride = _extent(node, kind), _pair(node.get_attributes()["strides"])
            window = Window(extent=extent, stride=stride)
            return before.through(window, positions=_positions(node.output(0)))
        if kind in _UPWARDS:
            # Each value comes from the inputs that the kernel, laid on the finer grid, covers.
            finer = before.resized(_positions(node.output(0)))
            return finer.through(
                Window(extent=_extent(node, kind), stride=(1, 1)), positions=finer.positions
            )
        if kind in _RESIZES:
            return before.resized(_resized_positions(node))
        if kind in _REDUCTIONS and _spatial(node):
            return before.through_everything()
        if kind == "MatMul":
            return before.through_everything()
        if kind in _MOVES and len(_shape(node.output(0))) == 4 and len(names) > 1:
            return before.moved(_moved_positions(node))
        return before


def _kernel(node: Any, kind: str) -> Shape | None:
    if kind in _POOLINGS:
        return tuple(node.get_attributes()["kernel"])
    if kind in _CONVOLUTIONS | _UPWARDS:
        return _shape(node.input(1))[3 if kind.startswith("Group") else 2 :]
    return None


def _extent(node: Any, kind: str) -> Pair:
    """Return the kernel's reach with its holes filled."""
    kernel = _kernel(node, kind) or (1, 1)
    dilations: Sequence[int] = node.get_attributes().get("dilations", (1,) * len(kernel))
    return _pair([(side - 1) * hole + 1 for side, hole in zip(kernel, dilations, strict=True)])


def _macs(node: Any, kind: str) -> int:
    if kind in _CONVOLUTIONS:
        per_value = math.prod(_shape(node.input(1))[2 if kind.startswith("Group") else 1 :])
        return math.prod(_shape(node.output(0))) * per_value
    if kind in _UPWARDS:
        per_value = math.prod(_shape(node.input(1))[2 if kind.startswith("Group") else 1 :])
        return math.prod(_shape(node.input(0))) * per_value
    if kind == "MatMul":
        attributes: Mapping[str, Any] = node.get_attributes()
        first = _shape(node.input(0))
        inner = first[-2] if attributes["transpose_a"] and len(first) > 1 else first[-1]
        return math.prod(_shape(node.output(0))) * inner
    return 0


def _spatial(node: Any) -> bool:
    """Tell whether a reduction goes over height and width rather than over channels alone."""
    return math.prod(_shape(node.input(0))[-2:]) > math.prod(_shape(node.output(0))[-2:])


def _resized_positions(node: Any) -> Pair:
    """Return height and width behind a resize, which readers write in either layout."""
    before, after = _shape(node.input(0)), _shape(node.output(0))
    if node.get_type_name() != "Interpolate" or before[1] == after[1]:
        return _pair(after[2:])
    return _pair(after[1:3])


def _moved_positions(node: Any) -> Pair:
    """Return height and width behind padding or cutting, which both leave the layout alone."""
    after = _shape(node.output(0))
    return _pair(after[2:]) if _channels_first(node.input(0)) else _pair(after[1:3])


def _positions(port: Any) -> Pair:
    """Return height and width of a picture, (1, 1) of anything else."""
    shape = _shape(port)
    if len(shape) != 4:
        return (1, 1)
    return _pair(shape[2:]) if _channels_first(port) else _pair(shape[1:3])


def _channels_first(port: Any) -> bool:
    """Tell NCHW from the NHWC of pictures, whose last side is a number of colours.

    Behind the first convolution OpenVINO has turned everything to NCHW.
    """
    shape = _shape(port)
    return not (shape[-1] in (1, 3, 4) and shape[1] > 4 and shape[2] > shape[-1])


def _pair(values: Sequence[int]) -> Pair:
    """Return the last two of some sides; one side alone is a width."""
    sides = (1, 1, *values)
    return (int(sides[-2]), int(sides[-1]))


def _shape(port: Any) -> Shape:
    return tuple(int(side) for side in port.get_partial_shape().to_shape())
