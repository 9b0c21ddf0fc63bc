"""The weights to start from: YOLOX-nano for COCO, as its ONNX file holds them."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from edgeai_core.analyzers.objects.model import INPUT_SIDE_PX
from edgeai_core.errors import DataError
from edgeai_lab.objects.network import COCO_CLASSES, Head, Neck, Trunk

START_FILE = Path("weights/yolox_nano-Kazuhito00/yolox_nano.onnx")


def read_start(path: Path) -> tuple[Trunk, Neck, Head]:
    """Return the network with the weights of an exported YOLOX-nano.

    The file's names are numbers of its exporter, so convolutions are matched by their order.

    Raises:
        DataError: the file cannot be read or is of another network.
    """
    trunk, neck, head = Trunk(), Neck(), Head(COCO_CLASSES)
    try:
        graph = onnx.load(str(path)).graph
    except Exception as exc:  # onnx and protobuf raise what they like
        raise DataError(f"objects: {path} cannot be read as ONNX: {exc}") from exc
    stored = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    given = [node.input for node in graph.node if node.op_type == "Conv"]
    wanted = _by_order(trunk, neck, head)
    if len(given) != len(wanted):
        raise DataError(
            f"objects: {path} has {len(given)} convolutions, YOLOX-nano has {len(wanted)}"
        )
    for names, layer in zip(given, wanted, strict=True):
        weight, bias = (torch.from_numpy(stored[name].copy()) for name in names[1:3])
        if layer is trunk.stem[0] and weight.shape[1:] == (12, 3, 3):
            weight = unfolded(weight)
        if weight.shape != layer.weight.shape or layer.bias is None:
            raise DataError(
                f"objects: {path}: {names[1]} is {tuple(weight.shape)}, YOLOX-nano has "
                f"{tuple(layer.weight.shape)} there"
            )
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
    return trunk.eval(), neck.eval(), head.eval()


def unfolded(weight: Tensor) -> Tensor:
    """Return (16, 3, 6, 6) for pixels, of (16, 12, 3, 3) for squares of four pixels.

    The squares' channels are those of the top left pixel, bottom left, top right, bottom right.
    """
    columns_rows = weight.reshape(-1, 2, 2, 3, 3, 3)  # column, row in the square, colour, y, x
    return columns_rows.permute(0, 3, 4, 2, 5, 1).reshape(-1, 3, 6, 6)


def _by_order(trunk: Trunk, neck: Neck, head: Head) -> list[nn.Conv2d]:
    """Return all convolutions in the order in which a picture meets them."""
    met: list[nn.Conv2d] = []
    hooks = [
        layer.register_forward_hook(lambda layer, _inputs, _output: met.append(layer))
        for part in (trunk, neck, head)
        for layer in part.modules()
        if isinstance(layer, nn.Conv2d)
    ]
    with torch.no_grad():
        head(neck(*trunk(torch.zeros(1, 3, INPUT_SIDE_PX, INPUT_SIDE_PX))))
    for hook in hooks:
        hook.remove()
    return met
