"""Readers of foreign weight files on hand-made bytes, and the anchors of the converted detector."""

from __future__ import annotations

import importlib
import struct
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

TOOLS = Path(__file__).parents[1] / "tools"
pytest.importorskip("onnx", reason="the onnx package writes the converted models")


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))


@pytest.fixture
def frozen_graph(_tools: None) -> ModuleType:
    return importlib.import_module("frozen_graph")


@pytest.fixture
def dlib_resnet(_tools: None) -> ModuleType:
    return importlib.import_module("dlib_resnet")


@pytest.fixture
def ssd_mobilenet(_tools: None) -> ModuleType:
    return importlib.import_module("ssd_mobilenet")


def field(number: int, payload: bytes | int) -> bytes:
    """Return one protobuf field: a short varint or bytes of up to 127."""
    if isinstance(payload, int):
        return bytes([number << 3, payload])
    return bytes([number << 3 | 2, len(payload)]) + payload


def node(name: str, op: str, *inputs: str, **attributes: bytes) -> bytes:
    body = field(1, name.encode()) + field(2, op.encode())
    body += b"".join(field(3, source.encode()) for source in inputs)
    for key, value in attributes.items():
        body += field(5, field(1, key.encode()) + field(2, value))
    return field(1, body)


def constant(name: str, values: list[float], shape: tuple[int, ...]) -> bytes:
    dims = b"".join(field(2, field(1, side)) for side in shape)
    tensor = field(1, 1) + field(2, dims) + field(4, struct.pack(f"<{len(values)}f", *values))
    return node(name, "Const", value=field(8, tensor))


def test_a_frozen_graph_is_read(frozen_graph: ModuleType) -> None:
    strides = field(1, b"".join(field(3, number) for number in (1, 2, 2, 1)))
    packed = field(1, field(3, bytes([1, 3, 3, 1])))
    graph = frozen_graph.read_frozen_graph(
        constant("w", [1.0, -2.0], (2, 1))
        + constant("full", [0.5], (3,))
        + node(
            "conv", "Conv2D", "x", "w", strides=strides, packed=packed, padding=field(2, b"SAME")
        )
    )
    conv = graph["conv"]
    assert (conv.op, conv.inputs, conv.text("padding")) == ("Conv2D", ("x", "w"), "SAME")
    assert conv.integers("strides") == (1, 2, 2, 1)
    assert conv.integers("packed") == (1, 3, 3, 1)
    np.testing.assert_array_equal(graph["w"].tensor(), [[1.0], [-2.0]])
    np.testing.assert_array_equal(graph["full"].tensor(), [0.5, 0.5, 0.5])


@pytest.mark.parametrize("data", [b"\x0a\x7fabc", b"\x0a", b"\x0b", b"\xff\xff"])
def test_bytes_that_are_no_graph_are_refused(frozen_graph: ModuleType, data: bytes) -> None:
    with pytest.raises(frozen_graph.FrozenGraphError):
        frozen_graph.read_frozen_graph(data)


def test_anchors_cover_the_picture(ssd_mobilenet: ModuleType) -> None:
    anchors = ssd_mobilenet.anchors()
    assert anchors.shape == (1917, 4)
    np.testing.assert_allclose(anchors[0], [0.5 / 19, 0.5 / 19, 0.1, 0.1])
    np.testing.assert_allclose(anchors[1], [0.5 / 19, 0.5 / 19, 0.2 / 2**0.5, 0.2 * 2**0.5])
    np.testing.assert_allclose(anchors[3], [0.5 / 19, 1.5 / 19, 0.1, 0.1])
    np.testing.assert_allclose(anchors[1083], [0.05, 0.05, 0.35, 0.35])
    np.testing.assert_allclose(anchors[-1], [0.5, 0.5, 0.95**0.5, 0.95**0.5])


def test_an_unknown_operation_is_named(ssd_mobilenet: ModuleType, frozen_graph: ModuleType) -> None:
    data = node("concat", "ConcatV2", "reshape", "axis") + node("reshape", "Reshape", "odd")
    data += node("odd", "Softmax", "x")
    with pytest.raises(frozen_graph.FrozenGraphError, match="operation Softmax of odd"):
        ssd_mobilenet.convert(data)


def packed(number: int) -> bytes:
    size = max(1, (number.bit_length() + 7) // 8)
    return bytes([size]) + number.to_bytes(size, "little")


def layer(name: str, *, sizes: tuple[int, ...] = (), values: tuple[float, ...] = ()) -> bytes:
    data = b"\x01" + bytes([len(name)]) + name.encode()
    data += b"".join(packed(size) for size in sizes)
    if values:
        data += packed(2) + packed(len(values)) + packed(1) * 3
        data += struct.pack(f"<{len(values)}f", *values)
    return data


def test_dlib_layers_are_read_in_order_with_their_values(dlib_resnet: ModuleType) -> None:
    data = b"header" + layer("con_4", values=(1.0, 2.0)) + b"??" + layer("affine_", values=(3.0,))
    data += layer("relu_") + layer("fc_2", sizes=(128, 300), values=(4.0, 5.0, 6.0))
    layers = dlib_resnet._read_layers(data)
    assert [entry.kind for entry in layers] == ["con_4", "affine_", "relu_", "fc_2"]
    assert [entry.values.tolist() for entry in layers] == [[1.0, 2.0], [3.0], [], [4.0, 5.0, 6.0]]


def test_a_layer_name_inside_a_tensor_is_no_layer(dlib_resnet: ModuleType) -> None:
    text = b"\x01\x05relu_\x00"
    data = layer("affine_", values=struct.unpack("<2f", text))
    assert [entry.kind for entry in dlib_resnet._read_layers(data)] == ["affine_"]


def test_a_cut_tensor_is_refused(dlib_resnet: ModuleType) -> None:
    with pytest.raises(dlib_resnet.DlibFormatError, match="do not fit"):
        dlib_resnet.convert(layer("con_4", values=(1.0, 2.0))[:-1])


def test_another_network_is_refused(dlib_resnet: ModuleType) -> None:
    with pytest.raises(dlib_resnet.DlibFormatError, match="expected dlib's face recognition"):
        dlib_resnet.convert(layer("relu_"))


def test_written_bytes_depend_on_content_only() -> None:
    writer = importlib.import_module("onnx_writer")

    def written(**attributes: int) -> bytes:
        graph = writer.GraphWriter("g")
        value = graph.add("Cast", [graph.image_input("x", (1, 2))], to=1)
        value = graph.add("Softmax", [value], output="y", **attributes)
        serialised: bytes = graph.serialised([(value, (1, 2))])
        return serialised

    assert written(axis=1) == written(axis=1)
    assert written(axis=1) != written(axis=0)
