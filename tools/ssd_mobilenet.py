"""Convert TensorFlow's frozen SSD-MobileNetV2 (COCO) to ONNX with the boxes decoded.

The frozen graph resizes, classifies and suppresses inside TensorFlow loops, which engines run
slowly or not at all (70 ms and five seconds of loading in OpenVINO). Only the convolutional part is
converted; the anchors are computed here and decoding becomes six tensor operations, so every
engine that reads ONNX can run the detector. Anchors and box code follow the TensorFlow Object
Detection API (anchor_generators/multiple_grid_anchor_generator.py, box_coders/
faster_rcnn_box_coder.py) with the values of ssd_mobilenet_v2_coco.config.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from frozen_graph import FrozenGraphError, GraphNode, read_frozen_graph
from onnx_writer import GraphWriter

INPUT_SIDE_PX = 300
CLASS_COUNT = 91  # 90 numbers of COCO, ten of them unused, and background at 0
_GRID_SIDES = (19, 10, 5, 3, 2, 1)
_MIN_SCALE, _MAX_SCALE = 0.2, 0.95
_ASPECTS = (1.0, 2.0, 0.5, 3.0, 1.0 / 3.0)
_FIRST_GRID = ((0.1, 1.0), (_MIN_SCALE, 2.0), (_MIN_SCALE, 0.5))  # (scale, aspect)
_CENTRE_SCALE, _SIZE_SCALE = 10.0, 5.0
_PIXELS = "Preprocessor/map/TensorArrayStack/TensorArrayGatherV3"

Array = npt.NDArray[Any]


@dataclass(slots=True)
class _Value:
    """A tensor on its way through the graph, NCHW.

    Attributes:
        name: ONNX name; empty while `weights` still collects what is folded into a convolution.
        side_px: height and width. source, weights, bias, attributes: the pending convolution.
    """

    name: str
    side_px: int
    source: str = ""
    weights: Array | None = None
    bias: Array | None = None
    attributes: Mapping[str, Any] | None = None


def anchors() -> npt.NDArray[np.float64]:
    """Return the (1917, 4) anchors as (centre y, centre x, height, width), 0..1 of the picture."""
    count = len(_GRID_SIDES)
    scales = [_MIN_SCALE + (_MAX_SCALE - _MIN_SCALE) * i / (count - 1) for i in range(count)]
    scales.append(1.0)
    rows = []
    for index, side in enumerate(_GRID_SIDES):
        shapes: list[tuple[float, float]] = [(scales[index], aspect) for aspect in _ASPECTS]
        shapes.append((float(np.sqrt(scales[index] * scales[index + 1])), 1.0))
        for y in range(side):
            for x in range(side):
                for scale, aspect in _FIRST_GRID if index == 0 else shapes:
                    root = np.sqrt(aspect)
                    rows.append(((y + 0.5) / side, (x + 0.5) / side, scale / root, scale * root))
    return np.array(rows)


def convert(frozen_graph: bytes) -> bytes:
    """Return the ONNX model for the bytes of the frozen graph.

    Returns:
        ONNX with input ``image`` (1, 300, 300, 3) uint8 RGB and outputs ``boxes`` (1, 1917, 4)
        float32 as (x_min, y_min, x_max, y_max), 0..1 of the picture, and ``scores``
        (1, 1917, 91) float32 in 0..1, column 0 background.

    Raises:
        FrozenGraphError: the graph has an operation that the converter does not know.
    """
    return _Converter(read_frozen_graph(frozen_graph)).run()


class _Converter:
    def __init__(self, nodes: Mapping[str, GraphNode]) -> None:
        self._nodes = nodes
        self._graph = GraphWriter("ssd_mobilenet_v2_coco")
        self._values: dict[str, _Value] = {}

    def run(self) -> bytes:
        graph = self._graph
        image = graph.image_input("image", (1, INPUT_SIDE_PX, INPUT_SIDE_PX, 3))
        pixels = graph.add("Cast", [image], to=1)
        pixels = graph.add("Transpose", [pixels], perm=[0, 3, 1, 2])
        self._values[_PIXELS] = _Value(pixels, INPUT_SIDE_PX)
        code = self._heads("concat", 4)
        logits = self._heads("concat_1", CLASS_COUNT)
        scores = graph.add("Sigmoid", [logits], output="scores")
        boxes = self._decoded(code)
        count = len(anchors())
        return graph.serialised([(boxes, (1, count, 4)), (scores, (1, count, CLASS_COUNT))])

    def _heads(self, concat: str, width: int) -> str:
        parts = []
        for name in self._nodes[concat].inputs[:-1]:  # the last input is the axis
            head = self._materialised(self._value(self._nodes[name].inputs[0]))
            head = self._graph.add("Transpose", [head], perm=[0, 2, 3, 1])
            shape = self._graph.constant(np.array([1, -1, width], np.int64))
            parts.append(self._graph.add("Reshape", [head, shape]))
        return self._graph.add("Concat", parts, axis=1)

    def _decoded(self, code: str) -> str:
        grid = anchors()
        centre, size = grid[:, 1::-1], grid[:, 3:1:-1]  # (x, y) and (width, height)
        graph = self._graph
        halves = graph.constant(np.array([2, 2], np.int64))
        # The code is (y, x, height, width); boxes leave as (x, y).
        order = graph.constant(np.array([1, 0, 3, 2], np.int64))
        code = graph.add("Gather", [code, order], axis=2)
        offset = f"{code}_offset"
        growth = f"{code}_growth"
        graph.split(code, halves, (offset, growth), axis=2)
        offset = graph.add("Mul", [offset, self._float(size / _CENTRE_SCALE)])
        offset = graph.add("Add", [offset, self._float(centre)])
        growth = graph.add("Mul", [growth, self._float(np.array(1.0 / _SIZE_SCALE))])
        half = graph.add("Mul", [graph.add("Exp", [growth]), self._float(size / 2)])
        corners = [graph.add("Sub", [offset, half]), graph.add("Add", [offset, half])]
        return graph.add("Concat", corners, axis=2, output="boxes")

    def _float(self, values: Array) -> str:
        return self._graph.constant(values.astype(np.float32))

    def _constant(self, name: str) -> Array | None:
        """Return the value of a node that depends on no pixel; None for the others."""
        node = self._nodes[name]
        if node.op == "Const":
            return node.tensor().astype(np.float64)
        if node.op == "Identity":
            return self._constant(node.inputs[0])
        if node.op not in ("Add", "Sub", "Mul", "Rsqrt"):
            return None
        operands = [self._constant(source) for source in node.inputs]
        if any(operand is None for operand in operands):
            return None
        first, second = operands[0], operands[-1]
        assert first is not None
        assert second is not None
        if node.op == "Rsqrt":
            return np.asarray(1.0 / np.sqrt(first))
        functions = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply}
        return np.asarray(functions[node.op](first, second))

    def _value(self, name: str) -> _Value:
        if name not in self._values:
            self._values[name] = self._converted(self._nodes[name])
        return self._values[name]

    def _converted(self, node: GraphNode) -> _Value:
        if node.op == "Identity":
            return self._value(node.inputs[0])
        if node.op in ("Conv2D", "DepthwiseConv2dNative"):
            return self._convolution(node)
        if node.op in ("Add", "Sub", "Mul", "BiasAdd"):
            return self._arithmetic(node)
        if node.op == "Relu6":
            source = self._value(node.inputs[0])
            bounds = [self._float(np.array(bound)) for bound in (0.0, 6.0)]
            clipped = self._graph.add("Clip", [self._materialised(source), *bounds])
            return _Value(clipped, source.side_px)
        raise FrozenGraphError(f"operation {node.op} of {node.name} is not supported")

    def _convolution(self, node: GraphNode) -> _Value:
        source = self._value(node.inputs[0])
        kernel = self._constant(node.inputs[1])
        if kernel is None or node.text("padding") != "SAME":
            raise FrozenGraphError(f"convolution {node.name}: expected fixed weights, SAME border")
        stride = node.integers("strides")[1]
        side = -(-source.side_px // stride)
        # "SAME" puts the odd pixel of the border at the end (right and bottom).
        border = max((side - 1) * stride + kernel.shape[0] - source.side_px, 0)
        pads = [border // 2, border // 2, border - border // 2, border - border // 2]
        group = 1
        if node.op == "DepthwiseConv2dNative":
            group = kernel.shape[2]
            kernel = kernel.transpose(0, 1, 3, 2)
        return _Value(
            "",
            side,
            source=self._materialised(source),
            weights=kernel.transpose(3, 2, 0, 1),
            bias=np.zeros(kernel.shape[3]),
            attributes={"strides": [stride, stride], "pads": pads, "group": group},
        )

    def _arithmetic(self, node: GraphNode) -> _Value:
        constants = [self._constant(name) for name in node.inputs]
        if constants[0] is None and constants[1] is None:
            return self._sum(node)
        live = node.inputs[0] if constants[0] is None else node.inputs[1]
        constant = constants[1] if constants[0] is None else constants[0]
        assert constant is not None
        value = self._value(live)
        if value.weights is None or value.bias is None:
            name = self._graph.add(node.op, [value.name, self._float(constant)])
            return _Value(name, value.side_px)
        gain = constant if node.op == "Mul" else np.array(1.0)
        shift = np.array(0.0) if node.op == "Mul" else constant
        weights = value.weights * gain.reshape(-1, 1, 1, 1)
        bias = value.bias * gain + shift
        return _Value(
            "",
            value.side_px,
            source=value.source,
            weights=weights,
            bias=bias,
            attributes=value.attributes,
        )

    def _sum(self, node: GraphNode) -> _Value:
        values = [self._value(name) for name in node.inputs]
        total = self._graph.add(node.op, [self._materialised(value) for value in values])
        return _Value(total, values[0].side_px)

    def _materialised(self, value: _Value) -> str:
        if not value.name:
            assert value.weights is not None
            assert value.bias is not None
            assert value.attributes is not None
            names = [value.source, self._float(value.weights), self._float(value.bias)]
            value.name = self._graph.add("Conv", names, **value.attributes)
        return value.name
