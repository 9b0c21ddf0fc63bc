"""Convert dlib's face recognition ResNet (.dat) to ONNX.

The .dat stores the layers from the input to the output. A packed integer is a byte with the number
of bytes that follow (sign in the top bit), then those bytes, little-endian; a tensor is the version
2, four packed sizes and float32 little-endian values. The network is the one that dlib's example
dnn_face_recognition_ex.cpp declares; its conventions that matter here:

* convolutions and poolings with stride 2 have no border, those with stride 1 have a border of 1;
* a block that halves the picture adds an average-pooled copy of its input, and the smaller of the
  two operands is filled up with zeros at the end of every axis (channels, rows and columns).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onnx_writer import GraphWriter

CHIP_SIDE_PX = 150
EMBEDDING_SIZE = 128
# RGB mean and scale that the .dat's own input layer holds.
_MEAN_RGB = np.array([122.782, 117.001, 104.298])
_SCALE = 1.0 / 256.0

_LAYER = re.compile(rb"\x01[\x04-\x0a](con_4|affine_|relu_|max_pool_2|avg_pool_2|add_prev_|fc_2)")
_TENSOR_VERSION = 2
Array = npt.NDArray[np.float32]


class DlibFormatError(ValueError):
    """The bytes are not the network that this reader knows."""


@dataclass(frozen=True, slots=True)
class _Layer:
    kind: str
    values: Array


@dataclass(frozen=True, slots=True)
class _Convolution:
    weights: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class _Block:
    first: _Convolution
    second: _Convolution
    halves: bool


def convert(dat: bytes, *, mirrored_mean: bool = True) -> bytes:
    """Return the ONNX model for the bytes of dlib_face_recognition_resnet_model_v1.dat.

    Args:
        dat: the file's content.
        mirrored_mean: the embedding is the mean over the chip and its mirror image, which is worth
            0.8 points on LFW pairs; False gives dlib's plain embedding.

    Returns:
        ONNX with input ``chip`` (1, 150, 150, 3) uint8 RGB and output ``embedding`` (1, 128)
        float32.

    Raises:
        DlibFormatError: the layers are not those of the known network.
    """
    layers = _read_layers(dat)
    stem, blocks, projection = _network(layers)
    return _write(stem, blocks, projection, mirrored_mean=mirrored_mean)


def _read_layers(dat: bytes) -> list[_Layer]:
    layers = []
    end = 0
    for match in _LAYER.finditer(dat):
        if match.start() < end:
            continue  # the pattern inside a tensor's bytes
        kind = match.group(1).decode()
        values = np.empty(0, np.float32)
        at = match.end()
        if kind == "fc_2":
            for _ in range(2):  # number of outputs and of inputs
                _, at = _packed_integer(dat, at)
        if kind in ("con_4", "affine_", "fc_2"):
            values, at = _tensor(dat, at)
        end = at
        layers.append(_Layer(kind, values))
    return layers


def _packed_integer(dat: bytes, at: int) -> tuple[int, int]:
    count = dat[at] & 0x0F
    value = int.from_bytes(dat[at + 1 : at + 1 + count], "little")
    return (-value if dat[at] & 0x80 else value), at + 1 + count


def _tensor(dat: bytes, at: int) -> tuple[Array, int]:
    version, at = _packed_integer(dat, at)
    size = 1
    for _ in range(4):
        side, at = _packed_integer(dat, at)
        size *= side
    if version != _TENSOR_VERSION or at + 4 * size > len(dat):
        raise DlibFormatError(f"tensor at byte {at}: version {version}, {size} values do not fit")
    return np.frombuffer(dat, "<f4", size, at), at + 4 * size


def _network(layers: Sequence[_Layer]) -> tuple[_Convolution, list[_Block], Array]:
    kinds = [layer.kind for layer in layers]
    if kinds[:4] != ["con_4", "affine_", "relu_", "max_pool_2"] or kinds[-1] != "fc_2":
        raise DlibFormatError(f"expected dlib's face recognition ResNet, got layers {kinds[:8]} …")
    stem = _fused(layers[0], layers[1], channels_in=3, kernel=7)
    blocks = []
    channels, at = stem.bias.size, 4
    while kinds[at] == "con_4":
        first = _fused(layers[at], layers[at + 1], channels_in=channels, kernel=3)
        channels = first.bias.size
        second = _fused(layers[at + 3], layers[at + 4], channels_in=channels, kernel=3)
        halves = kinds[at + 5] == "avg_pool_2"
        blocks.append(_Block(first, second, halves))
        at += 8 if halves else 7
    projection = layers[-1].values.reshape(channels, EMBEDDING_SIZE)
    return stem, blocks, projection


def _fused(conv: _Layer, affine: _Layer, *, channels_in: int, kernel: int) -> _Convolution:
    """Return the convolution with the affine layer that follows it folded in."""
    channels = affine.values.size // 2
    gain, offset = affine.values.astype(np.float64).reshape(2, channels)
    values = conv.values.astype(np.float64)
    weights = values[:-channels].reshape(channels, channels_in, kernel, kernel)
    bias = values[-channels:] * gain + offset
    weights = weights * gain[:, None, None, None]
    return _Convolution(weights.astype(np.float32), bias.astype(np.float32))


def _with_input_scaling(stem: _Convolution) -> _Convolution:
    """Return the first convolution on raw 0..255 RGB: it has no border, so this is exact."""
    weights = stem.weights.astype(np.float64) * _SCALE
    shifts = weights * _MEAN_RGB[None, :, None, None]
    # fsum is exact, so the bytes do not depend on how the machine's vector unit orders a sum.
    bias = stem.bias - np.array([math.fsum(shift.ravel()) for shift in shifts])
    return _Convolution(weights.astype(np.float32), bias.astype(np.float32))


class _ResNetWriter(GraphWriter):
    def conv(self, source: str, layer: _Convolution, *, stride: int, pad: int) -> str:
        names = [source, self.constant(layer.weights), self.constant(layer.bias)]
        return self.add("Conv", names, strides=[stride, stride], pads=[pad, pad, pad, pad])

    def block(self, source: str, block: _Block, *, side: int, channels_in: int) -> tuple[str, int]:
        """Append a residual block and return its output and the side of its picture."""
        stride, pad = (2, 0) if block.halves else (1, 1)
        hidden = self.add("Relu", [self.conv(source, block.first, stride=stride, pad=pad)])
        result = self.conv(hidden, block.second, stride=1, pad=1)
        shortcut = source
        if block.halves:
            shortcut = self.add("AveragePool", [source], kernel_shape=[2, 2], strides=[2, 2])
            conv_side, pool_side = (side - 3) // 2 + 1, (side - 2) // 2 + 1
            side = max(conv_side, pool_side)
            channels = block.second.bias.size
            result = self._filled(result, 0, side - conv_side)
            shortcut = self._filled(shortcut, channels - channels_in, side - pool_side)
        return self.add("Relu", [self.add("Add", [result, shortcut])]), side

    def _filled(self, source: str, channels: int, pixels: int) -> str:
        if not channels and not pixels:
            return source
        pads = np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64)
        return self.add("Pad", [source, self.constant(pads)], mode="constant")


def _write(
    stem: _Convolution, blocks: Sequence[_Block], projection: Array, *, mirrored_mean: bool
) -> bytes:
    graph = _ResNetWriter("dlib_face_recognition_resnet")
    chip = graph.image_input("chip", (1, CHIP_SIDE_PX, CHIP_SIDE_PX, 3))
    value = graph.add("Cast", [chip], to=1)
    value = graph.add("Transpose", [value], perm=[0, 3, 1, 2])
    if mirrored_mean:
        ends = [np.array([number], np.int64) for number in (-1, np.iinfo(np.int64).min, 3, -1)]
        mirror = graph.add("Slice", [value, *(graph.constant(end) for end in ends)])
        value = graph.add("Concat", [value, mirror], axis=0)
    value = graph.add("Relu", [graph.conv(value, _with_input_scaling(stem), stride=2, pad=0)])
    value = graph.add("MaxPool", [value], kernel_shape=[3, 3], strides=[2, 2])
    side = ((CHIP_SIDE_PX - 7) // 2 + 1 - 3) // 2 + 1
    channels = stem.bias.size
    for block in blocks:
        value, side = graph.block(value, block, side=side, channels_in=channels)
        channels = block.second.bias.size
    axes = [0, 2, 3] if mirrored_mean else [2, 3]
    value = graph.add("ReduceMean", [value], axes=axes, keepdims=1)
    value = graph.add("Flatten", [value], axis=1)
    output = graph.add("MatMul", [value, graph.constant(projection)], output="embedding")
    return graph.serialised([(output, (1, EMBEDDING_SIZE))])
