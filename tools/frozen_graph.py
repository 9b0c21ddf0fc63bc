"""Read a frozen TensorFlow graph with the standard library: nodes, their inputs and constants.

Only the part of the wire format that frozen inference graphs use is understood; the messages and
field numbers are those of tensorflow/core/framework/{graph,node_def,attr_value,tensor}.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_DTYPES: Mapping[int, str] = {1: "<f4", 3: "<i4", 9: "<i8"}


class FrozenGraphError(ValueError):
    """The bytes are not a frozen graph of the kind this reader knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """One operation of the graph.

    Attributes:
        name: unique name. op: TensorFlow's operator. inputs: names of the producers.
        attributes: raw AttrValue messages by name.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, bytes]

    def integers(self, name: str) -> tuple[int, ...]:
        """Return a list(int) attribute."""
        listed = _first(self.attributes[name], 1)
        numbers: list[int] = []
        for field, value in _fields(listed):
            if field == 3:
                numbers += _varints(value) if isinstance(value, bytes) else [value]
        return tuple(numbers)

    def text(self, name: str) -> str:
        """Return a string attribute."""
        return _first(self.attributes[name], 2).decode()

    def number(self, name: str, default: float) -> float:
        """Return a float attribute; `default` when the graph does not say."""
        if name not in self.attributes:
            return default
        return float(struct.unpack("<f", _first(self.attributes[name], 4))[0])

    def tensor(self) -> npt.NDArray[np.generic]:
        """Return the value of a Const node."""
        message = _first(self.attributes["value"], 8)
        dtype, content = "", b""
        shape: tuple[int, ...] = ()
        for field, value in _fields(message):
            if field == 1 and isinstance(value, int):
                dtype = _DTYPES.get(value, "")
            elif field == 2 and isinstance(value, bytes):
                shape = tuple(_dimension(dim) for number, dim in _fields(value) if number == 2)
            elif field == 4 and isinstance(value, bytes):
                content = value
            elif field == 5 and isinstance(value, bytes):
                content += value
        if not dtype or not content:
            raise FrozenGraphError(f"constant {self.name}: its type or encoding is not supported")
        values = np.frombuffer(content, dtype)
        # One stored value stands for a tensor full of it.
        return np.full(shape, values[0]) if values.size == 1 else values.reshape(shape)


def read_frozen_graph(data: bytes) -> dict[str, GraphNode]:
    """Return the nodes of a serialised GraphDef by name.

    Raises:
        FrozenGraphError: the bytes are cut off or no GraphDef.
    """
    nodes = {}
    try:
        for field, value in _fields(data):
            if field == 1 and isinstance(value, bytes):
                node = _node(value)
                nodes[node.name] = node
    except (IndexError, struct.error, UnicodeDecodeError) as exc:
        raise FrozenGraphError(f"not a frozen graph: {exc}") from exc
    return nodes


def _node(message: bytes) -> GraphNode:
    name, op, inputs, attributes = "", "", [], {}
    for field, value in _fields(message):
        if not isinstance(value, bytes):
            continue
        if field == 1:
            name = value.decode()
        elif field == 2:
            op = value.decode()
        elif field == 3:
            inputs.append(value.decode())
        elif field == 5:
            attributes[_first(value, 1).decode()] = _first(value, 2)
    return GraphNode(name=name, op=op, inputs=tuple(inputs), attributes=attributes)


def _dimension(message: int | bytes) -> int:
    sizes = [value for field, value in _fields(message) if field == 1] if message else []
    return sizes[0] if sizes and isinstance(sizes[0], int) else 0


def _first(message: int | bytes, wanted: int) -> bytes:
    for field, value in _fields(message):
        if field == wanted and isinstance(value, bytes):
            return value
    raise FrozenGraphError(f"field {wanted} is missing")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _varints(data: bytes) -> list[int]:
    at, values = 0, []
    while at < len(data):
        value, at = _varint(data, at)
        values.append(value)
    return values


def _fields(message: int | bytes) -> Iterator[tuple[int, int | bytes]]:
    if isinstance(message, int):
        raise FrozenGraphError("a message was expected, got a number")
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire, number = key & 7, key >> 3
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == 2:
            size, at = _varint(message, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise FrozenGraphError(f"wire type {wire} is not supported")
        if at + size > len(message):
            raise FrozenGraphError("the file is cut off")
        yield number, message[at : at + size]
        at += size
