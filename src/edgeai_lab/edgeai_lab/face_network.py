"""A small embedding network for aligned face chips, and the two heads that teach it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_BLOCKS = ((2, 2), (2, 2), (4, 2), (4, 1), (8, 2), (8, 1))  # (width factor, stride)


class FaceNetwork(nn.Module):
    """Depthwise separable convolutions down to one vector.

    The blocks are those of Howard et al., "MobileNets" (2017), with ReLU6, which quantises well.

    Args:
        dimension: length D of the embedding. width: channels of the first layer; the last has
            eight times as many.
    """

    def __init__(self, *, dimension: int, width: int) -> None:
        super().__init__()
        layers = [_convolution(3, width, kernel=5, stride=2)]
        channels = width
        for factor, stride in _BLOCKS:
            layers.append(_convolution(channels, channels, stride=stride, groups=channels))
            layers.append(_convolution(channels, width * factor, kernel=1))
            channels = width * factor
        self.features = nn.Sequential(*layers)
        self.embedding = nn.Linear(channels, dimension)

    def forward(self, chips: Tensor) -> Tensor:
        """Return (N, D) float32 of length 1 for (N, 3, 150, 150) float32 RGB in -1..1."""
        pooled = self.features(chips).mean(dim=(2, 3))
        return functional.normalize(self.embedding(pooled), dim=1)


def _convolution(
    inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(),
    )


class SoftmaxHead(nn.Module):
    """One logit per person, by a scaled cosine to the person's direction, without a margin.

    This is NormFace (Wang et al., 2017): plain softmax on embeddings of length 1 cannot become
    confident, hence the scale.

    Args:
        dimension: D. people: C. scale: factor of the cosines.
    """

    def __init__(self, *, dimension: int, people: int, scale: float) -> None:
        super().__init__()
        self.directions = nn.Parameter(torch.empty(people, dimension))
        nn.init.xavier_uniform_(self.directions)
        self.scale = scale

    def cosines(self, embeddings: Tensor) -> Tensor:
        """Return (N, C) cosines for (N, D) embeddings of length 1."""
        return functional.linear(embeddings, functional.normalize(self.directions, dim=1))

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return (N, C) logits for (N, D) embeddings; the (N,) int64 labels are not needed."""
        return self.scale * self.cosines(embeddings)


class ArcFaceHead(SoftmaxHead):
    """Adds an angle to the own person's: people must be told apart by at least that margin.

    Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition" (CVPR 2019),
    equation 3. Where angle and margin together pass 180 degrees the cosine would rise again; there
    it goes on falling in a straight line, as in the authors' published code.

    Args:
        dimension, people, scale: as for the softmax head. margin: radians, below pi / 2.
    """

    def __init__(self, *, dimension: int, people: int, scale: float, margin: float) -> None:
        super().__init__(dimension=dimension, people=people, scale=scale)
        self.margin = margin

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return (N, C) logits with the margin on the (N,) int64 labels."""
        cosines = self.cosines(embeddings).float()
        own = cosines.gather(1, labels[:, None]).clamp(-1.0, 1.0)
        # The tiny term keeps the root's slope finite where a cosine is exactly 1.
        sines = torch.sqrt((1.0 - own * own).clamp_min(1e-12))
        turned = own * math.cos(self.margin) - sines * math.sin(self.margin)
        beyond = own - self.margin * math.sin(self.margin)
        with_margin = torch.where(own > -math.cos(self.margin), turned, beyond)
        return self.scale * cosines.scatter(1, labels[:, None], with_margin)


class ExportedNetwork(nn.Module):
    """The network behind the input and output that the product's embedder asks for."""

    def __init__(self, network: FaceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, chip: Tensor) -> Tensor:
        """Return (1, D) of length 1 for (1, 150, 150, 3) uint8 RGB: chip and mirror image."""
        upright = chip_to_tensor(chip)
        mirrored = torch.flip(upright, dims=[3])
        return functional.normalize(self.network(upright) + self.network(mirrored), dim=1)


def chip_to_tensor(chips: Tensor) -> Tensor:
    """Return (N, 3, H, W) float32 in -1..1 for (N, H, W, 3) uint8."""
    return chips.permute(0, 3, 1, 2).float() / 127.5 - 1.0
