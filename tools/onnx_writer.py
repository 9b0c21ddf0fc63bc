"""Write small ONNX graphs whose bytes depend on nothing but their content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

# Opset 13 and IR 8 are read by every engine in use, also by the TensorRT of older boards.
_OPSET = 13
_IR_VERSION = 8


class GraphWriter:
    """Collects the nodes of one graph in order and numbers its values."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []

    def image_input(self, name: str, shape: Sequence[int]) -> str:
        """Declare a uint8 input and return its name."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.UINT8, list(shape)))
        return name

    def constant(self, value: npt.NDArray[Any]) -> str:
        """Store a tensor and return its name."""
        name = f"w{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, op: str, inputs: Sequence[str], *, output: str = "", **attributes: Any) -> str:
        """Append an operation and return the name of its output."""
        result = output or f"v{len(self._nodes)}"
        name = f"{op.lower()}_{len(self._nodes)}"
        # Attributes are written in the order of their names: keyword order must not matter.
        ordered = dict(sorted(attributes.items()))
        self._nodes.append(helper.make_node(op, list(inputs), [result], name=name, **ordered))
        return result

    def split(self, source: str, sizes: str, outputs: Sequence[str], *, axis: int) -> None:
        """Append a split of `source` along `axis` into `outputs`."""
        name = f"split_{len(self._nodes)}"
        self._nodes.append(
            helper.make_node("Split", [source, sizes], list(outputs), name=name, axis=axis)
        )

    def serialised(self, outputs: Sequence[tuple[str, Sequence[int]]]) -> bytes:
        """Return the checked model; `outputs` are (name, shape) of float32 results."""
        results = [helper.make_tensor_value_info(n, TensorProto.FLOAT, list(s)) for n, s in outputs]
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, results, initializer=self._constants
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="edgeai"
        )
        model.ir_version = _IR_VERSION
        onnx.checker.check_model(model)
        serialised: bytes = model.SerializeToString(deterministic=True)
        return serialised
