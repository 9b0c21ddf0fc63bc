"""Readers of foreign weight files on hand-made bytes."""

from __future__ import annotations

import importlib
import struct
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parents[1] / "tools"
pytest.importorskip("onnx", reason="the onnx package writes the converted models")


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))


@pytest.fixture
def dlib_resnet(_tools: None) -> ModuleType:
    return importlib.import_module("dlib_resnet")


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
