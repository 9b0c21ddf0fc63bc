"""YOLOX-nano in torch, in the parts that are trained apart."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from edgeai_core.analyzers.objects.model import INPUT_SIDE_PX

STRIDES_PX = (8, 16, 32)
COCO_CLASSES = 80
# Channels of the backbone's three maps and of the neck's, finest first.
MAP_CHANNELS = (64, 128, 256)
TOWER_CHANNELS = 64
_BOX_NUMBERS = 4

Maps = tuple[Tensor, Tensor, Tensor]


class Conv(nn.Sequential):
    """A convolution with its normalisation folded in, then SiLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 1, *, stride: int = 1, groups: int = 1
    ) -> None:
        convolution = nn.Conv2d(
            inputs, outputs, kernel, stride=stride, padding=(kernel - 1) // 2, groups=groups
        )
        super().__init__(convolution, nn.SiLU())


class DepthwiseConv(nn.Sequential):
    """A 3x3 convolution of each channel alone, then one that mixes channels."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__(
            Conv(inputs, inputs, 3, stride=stride, groups=inputs), Conv(inputs, outputs)
        )


class Bottleneck(nn.Module):
    """A residual step of a :class:`CrossStage`."""

    def __init__(self, channels: int, *, residual: bool) -> None:
        super().__init__()
        self.reduce = Conv(channels, channels)
        self.look = DepthwiseConv(channels, channels)
        self.residual = residual

    def forward(self, maps: Tensor) -> Tensor:
        seen: Tensor = self.look(self.reduce(maps))
        return maps + seen if self.residual else seen


class CrossStage(nn.Module):
    """Half of the channels go through bottlenecks, half past them (CSPNet, Wang 2020)."""

    def __init__(self, inputs: int, outputs: int, *, depth: int, residual: bool = True) -> None:
        super().__init__()
        half = outputs // 2
        self.through, self.past = Conv(inputs, half), Conv(inputs, half)
        self.steps = nn.Sequential(*(Bottleneck(half, residual=residual) for _ in range(depth)))
        self.join = Conv(outputs, outputs)

    def forward(self, maps: Tensor) -> Tensor:
        through, past = self.through(maps), self.past(maps)
        joined: Tensor = self.join(torch.cat([self.steps(through), past], dim=1))
        return joined


class PyramidPooling(nn.Module):
    """Maxima of three sizes beside the map itself."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = Conv(channels, channels // 2)
        self.pools = nn.ModuleList(
            nn.MaxPool2d(side, stride=1, padding=side // 2) for side in (5, 9, 13)
        )
        self.join = Conv(channels * 2, channels)

    def forward(self, maps: Tensor) -> Tensor:
        reduced = self.reduce(maps)
        joined: Tensor = self.join(torch.cat([reduced, *(pool(reduced) for pool in self.pools)], 1))
        return joined


class Trunk(nn.Module):
    """CSPDarknet up to stride 16.

    Takes (N, 3, H, W) float32 BGR 0..255; gives (N, 64, H/8, W/8) and (N, 128, H/16, W/16).
    """

    def __init__(self) -> None:
        super().__init__()
        # YOLOX makes channels of the four pixels of a square and convolves them 3 x 3: the same in
        # two steps, and a tenth of the time of an inference goes into the first.
        self.stem = Conv(3, 16, 6, stride=2)
        self.stride4 = nn.Sequential(DepthwiseConv(16, 32, stride=2), CrossStage(32, 32, depth=1))
        self.stride8 = nn.Sequential(DepthwiseConv(32, 64, stride=2), CrossStage(64, 64, depth=3))
        self.stride16 = nn.Sequential(
            DepthwiseConv(64, 128, stride=2), CrossStage(128, 128, depth=3)
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.finest(images)
        return fine, self.stride16(fine)

    def finest(self, images: Tensor) -> Tensor:
        """Return (N, 64, H/8, W/8)."""
        fine: Tensor = self.stride8(self.stride4(self.stem(images)))
        return fine


class Neck(nn.Module):
    """The last stage, and a feature pyramid down and up again (PANet, Liu 2018).

    Takes the trunk's maps; gives (N, 64, 52, 52), (N, 128, 26, 26) and (N, 256, 13, 13) at 416 px.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stride32 = nn.Sequential(
            DepthwiseConv(128, 256, stride=2),
            PyramidPooling(256),
            CrossStage(256, 256, depth=1, residual=False),
        )
        self.lateral = Conv(256, 128)
        self.middle_down = CrossStage(256, 128, depth=1, residual=False)
        self.reduce = Conv(128, 64)
        self.fine = CrossStage(128, 64, depth=1, residual=False)
        self.fine_up = DepthwiseConv(64, 64, stride=2)
        self.middle = CrossStage(128, 128, depth=1, residual=False)
        self.middle_up = DepthwiseConv(128, 128, stride=2)
        self.coarse = CrossStage(256, 256, depth=1, residual=False)

    def forward(self, fine: Tensor, middle: Tensor) -> Maps:
        lateral = self.lateral(self.stride32(middle))
        down = self.middle_down(torch.cat([_doubled(lateral), middle], dim=1))
        reduced = self.reduce(down)
        finest = self.fine(torch.cat([_doubled(reduced), fine], dim=1))
        between = self.middle(torch.cat([self.fine_up(finest), reduced], dim=1))
        coarsest = self.coarse(torch.cat([self.middle_up(between), lateral], dim=1))
        return finest, between, coarsest


class LevelHead(nn.Module):
    """What one map says: classes, and boxes and their presence, each with two steps of its own.

    Args:
        inputs: channels. classes: how many. presence: whether it says, as YOLOX does, that there is
            something at all; without it each class says so for itself.
    """

    def __init__(self, inputs: int, classes: int, *, presence: bool = True) -> None:
        super().__init__()
        self.stem = Conv(inputs, TOWER_CHANNELS)
        self.class_tower, self.box_tower = (
            nn.Sequential(*(DepthwiseConv(TOWER_CHANNELS, TOWER_CHANNELS) for _ in range(2)))
            for _ in range(2)
        )
        self.classes = nn.Conv2d(TOWER_CHANNELS, classes, 1)
        self.box = nn.Conv2d(TOWER_CHANNELS, _BOX_NUMBERS, 1)
        self.presence = nn.Conv2d(TOWER_CHANNELS, 1, 1) if presence else None

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, 4 + presence + classes, H, W): offsets, log sizes in strides, logits."""
        return self.answers(self.stem(features))

    def answers(self, seen: Tensor) -> Tensor:
        """Return what :meth:`forward` does, of the stem's (N, 64, H, W)."""
        classes = self.classes(self.class_tower(seen))
        boxes = self.box_tower(seen)
        answers = [self.box(boxes)]
        if self.presence is not None:
            answers.append(self.presence(boxes))
        return torch.cat([*answers, classes], dim=1)


class Head(nn.Module):
    """One :class:`LevelHead` for each map.

    Gives (N, 3549, 4 + presence + classes) at 416 px: centre and size in pixels, then logits;
    finest map first, row by row.
    """

    def __init__(self, classes: int, *, presence: bool = True) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            LevelHead(channels, classes, presence=presence) for channels in MAP_CHANNELS
        )

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        parts = [
            placed(level(features), stride)
            for level, features, stride in zip(self.levels, maps, STRIDES_PX, strict=True)
        ]
        return torch.cat(parts, dim=1)


def anchors(side_px: int = INPUT_SIDE_PX) -> Tensor:
    """Return (A, 3) float32 of every place that gives a box: x, y of its corner, its stride."""
    rows = []
    for stride in STRIDES_PX:
        steps = torch.arange(side_px // stride, dtype=torch.float32) * stride
        y_px, x_px = torch.meshgrid(steps, steps, indexing="ij")
        flat = torch.stack([x_px.flatten(), y_px.flatten()], dim=1)
        rows.append(torch.cat([flat, torch.full((len(flat), 1), float(stride))], dim=1))
    return torch.cat(rows)


def _doubled(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2, mode="nearest")


def placed(raw: Tensor, stride: int) -> Tensor:
    """Return (N, H * W, C) of a map's answers, with boxes in pixels of the input."""
    raw = raw.float()  # half precision would place boxes by the pixel
    height, width = raw.shape[-2:]
    y, x = torch.meshgrid(
        torch.arange(height, device=raw.device, dtype=raw.dtype),
        torch.arange(width, device=raw.device, dtype=raw.dtype),
        indexing="ij",
    )
    centre = (raw[:, :2] + torch.stack([x, y])) * stride
    size = raw[:, 2:4].exp() * stride
    return torch.cat([centre, size, raw[:, 4:]], dim=1).flatten(2).transpose(1, 2)
