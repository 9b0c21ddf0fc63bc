"""Make models that take bytes fit for TensorRT's parser."""

from __future__ import annotations

import importlib


def cast_at_input(model: bytes) -> bytes:
    """Return a model in which every uint8 input is cast to float before anything else.

    TensorRT takes uint8 from outside and lets nothing but a cast touch it (its documentation of
    DataType::kUINT8); our detector turns the picture first and casts then. Bytes are exact in
    float, so that the answers stay the same.

    Args:
        model: a serialized ONNX model. One that is fit already comes back as it is.
    """
    onnx = importlib.import_module("onnx")
    graph = (loaded := onnx.load_model_from_string(model)).graph
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
    if not casts:
        return model
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    # What was noted of the tensors in between says bytes; it is worked out anew when parsing.
    del graph.value_info[:]
    return bytes(loaded.SerializeToString())
