"""Messages as bytes that are equal exactly when all their fields are.

Serialised messages do not serve: CDR pads fields to their alignment and leaves open with what.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any


def canonical(message: Any) -> bytes:
    """Return all fields of a message, by name and bit for bit, as bytes.

    Args:
        message: of any ROS type, or a value of a field: number, text, bytes, list or array.
    """
    if hasattr(message, "get_fields_and_field_types"):
        parts = []
        for name in message.get_fields_and_field_types():
            parts.append(name.encode() + b"=" + canonical(getattr(message, name)))
        return _framed(b"m", b"".join(parts))
    if isinstance(message, str):
        return _framed(b"s", message.encode())
    if isinstance(message, (bytes, bytearray)):
        return _framed(b"b", bytes(message))
    if isinstance(message, bool):
        return b"t" if message else b"f"
    if isinstance(message, int):
        return _framed(b"i", str(message).encode())
    if isinstance(message, float):
        # Bits, not digits: minus zero is not zero, and NaN is NaN.
        return b"d" + struct.pack("<d", message)
    if hasattr(message, "tobytes"):  # array.array and NumPy arrays, as fields of numbers are
        return _framed(b"a", bytes(message.tobytes()))
    if isinstance(message, Iterable):
        return _framed(b"l", b"".join(canonical(item) for item in message))
    raise TypeError(f"message field: got {type(message).__name__}, expected what ROS messages hold")


def _framed(kind: bytes, content: bytes) -> bytes:
    # With its length in front, no content can be taken for the end of another.
    return kind + struct.pack("<Q", len(content)) + content
