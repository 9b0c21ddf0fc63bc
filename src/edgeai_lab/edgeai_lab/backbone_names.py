"""The table of backbones: a new one is a new row. Standard library only: the command line reads it.

A backbone is a network without its classifier: a picture goes in, a vector of features comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

DEFAULT_BACKBONE = "efficientnet_lite0"


class Library(Enum):
    """Who defines the layers."""

    TIMM = "timm"
    TORCHVISION = "torchvision"
    OWN = "edgeai_lab"


class Scale(Enum):
    """How bytes become the numbers that a backbone was made for: (mean, deviation) by colour."""

    IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    # EfficientNet-lite's own, which keeps the zero of quantised networks exact.
    LITE = ((127.0, 127.0, 127.0), (128.0, 128.0, 128.0))
    HALF = ((127.5, 127.5, 127.5), (127.5, 127.5, 127.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneName:
    """One row.

    Attributes:
        name: what the lab calls it. library, builder: who makes it under which name.
        side_px: the square picture it was designed for. scale: of its input.
    """

    name: str
    library: Library
    builder: str
    side_px: int = 224
    scale: Scale = Scale.IMAGENET


def _timm(
    name: str, builder: str = "", *, side_px: int = 224, scale: Scale = Scale.IMAGENET
) -> BackboneName:
    return BackboneName(
        name=name, library=Library.TIMM, builder=builder or name, side_px=side_px, scale=scale
    )


def _torchvision(name: str) -> BackboneName:
    return BackboneName(name=name, library=Library.TORCHVISION, builder=name)


_ROWS = (
    _timm(DEFAULT_BACKBONE, "tf_efficientnet_lite0", scale=Scale.LITE),
    _timm("efficientnet_b0"),
    _torchvision("mobilenet_v2"),
    _timm("mobilenet_v3_small", "mobilenetv3_small_100"),
    _timm("mobilenet_v3_large", "mobilenetv3_large_100"),
    _timm("resnet18"),
    _timm("resnet34"),
    _timm("resnet50"),
    _timm("densenet121"),
    _torchvision("googlenet"),
    _timm("inception_v3", side_px=299, scale=Scale.HALF),
    _timm("vgg11", "vgg11_bn"),
    _timm("vgg16", "vgg16_bn"),
    _torchvision("alexnet"),
    BackboneName(name="lenet", library=Library.OWN, builder="LeNet", side_px=32, scale=Scale.HALF),
)

BACKBONES: Mapping[str, BackboneName] = {row.name: row for row in _ROWS}
