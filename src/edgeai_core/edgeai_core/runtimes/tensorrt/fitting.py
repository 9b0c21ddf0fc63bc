"""Make ONNX models fit for the parsers of TensorRT 8.5 to 10; their answers stay the same."""

from __future__ import annotations

import importlib
from typing import Any

# The newest that the parser of TensorRT 8.5 (JetPack 5) knows.
OPSET = 17
# The reductions whose axes became an input in 18; ReduceSum's had done so before.
_REDUCTIONS = (
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSumSquare",
)
# Attributes that are new in 18, with the value that says what 17 does anyway.
_NEW: dict[str, dict[str, object]] = {
    "Resize": {"antialias": 0, "keep_aspect_ratio_policy": b"stretch", "axes": None},
    "Split": {"num_outputs": None},
    **{name: {"noop_with_empty_axes": 0} for name in _REDUCTIONS},
}
_INPUTS_OF_17 = {"Pad": 3}


def fit_for_parser(model: bytes) -> bytes:
    """Return a model that the oldest parser reads: bytes are cast first, opset 18 becomes 17.

    Args:
        model: a serialized ONNX model. One that is fit already comes back as it is, one with what
            only opset 18 has stays at 18.
    """
    onnx = importlib.import_module("onnx")
    loaded = onnx.load_model_from_string(model)
    changed = _cast_at_input(onnx, loaded.graph)
    changed = _lower(onnx, loaded) or changed
    if not changed:
        return model
    # What was noted of the tensors in between may hold no longer; parsers work it out anew.
    del loaded.graph.value_info[:]
    return bytes(loaded.SerializeToString())


def _cast_at_input(onnx: Any, graph: Any) -> bool:
    """Cast every uint8 input to float before anything else; return whether there was one.

    TensorRT takes uint8 from outside and lets nothing but a cast touch it (its documentation of
    DataType::kUINT8); our detector turns the picture first and casts then. Bytes are exact in
    float.
    """
    byte_inputs = [
        port.name
        for port in graph.input
        if port.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    ]
    casts = []
    for name in byte_inputs:
        users = [node for node in graph.node if name in node.input and node.op_type != "Cast"]
        if not users:
            continue
        as_float = f"{name}_as_float"
        for node in users:
            node.input[:] = [as_float if given == name else given for given in node.input]
        casts.append(onnx.helper.make_node("Cast", [name], [as_float], to=onnx.TensorProto.FLOAT))
    if casts:
        nodes = [*casts, *graph.node]
        del graph.node[:]
        graph.node.extend(nodes)
    return bool(casts)


def _lower(onnx: Any, model: Any) -> bool:
    """Write opset 18 as 17 where that is possible; return whether it was.

    An older parser looks for the axes of a reduction among its attributes, finds none and reduces
    everything.
    """
    [opset] = [entry for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes = model.graph.node
    if opset.version != OPSET + 1 or not all(_can_be_old(onnx, n, constants) for n in nodes):
        return False
    for node in nodes:
        new = _NEW.get(node.op_type, {})
        kept = [attribute for attribute in node.attribute if attribute.name not in new]
        if node.op_type in _REDUCTIONS and len(node.input) > 1:
            axes = onnx.numpy_helper.to_array(constants[node.input[1]]).tolist()
            del node.input[1:]
            kept.append(onnx.helper.make_attribute("axes", axes))
        del node.attribute[:]
        node.attribute.extend(kept)
    opset.version = OPSET
    return True


def _can_be_old(onnx: Any, node: Any, constants: Any) -> bool:
    """Return whether a node of opset 18 can be written in 17."""
    if node.domain not in ("", "ai.onnx"):
        return False
    new = _NEW.get(node.op_type, {})
    for attribute in node.attribute:
        name = attribute.name
        if name in new and onnx.helper.get_attribute_value(attribute) != new[name]:
            return False
    if node.op_type in _REDUCTIONS:
        return len(node.input) < 2 or node.input[1] in constants
    return len(node.input) <= _INPUTS_OF_17.get(node.op_type, len(node.input))
