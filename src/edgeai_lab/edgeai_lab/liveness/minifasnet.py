"""MiniFASNet: a 80x80 patch classifier of living faces and flat copies.

The layout is read from the weights' shapes, so that both published networks load into one class.
Weights: Silent-Face-Anti-Spoofing (Minivision, Apache-2.0): 2.7_80x80_MiniFASNetV2 and
4_0_0_80x80_MiniFASNetV1SE; input BGR 0..255, three classes, class 1 is a living face.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from edgeai_core.errors import DataError

_Weights = Mapping[str, Tensor]


class ConvUnit(nn.Module):
    """Convolution, batch norm and, where the weights have one, PReLU."""

    def __init__(self, weights: _Weights, name: str, *, stride: int = 1, padding: int = 0) -> None:
        super().__init__()
        out, per_group, side, _ = weights[f"{name}.conv.weight"].shape
        groups = out if per_group == 1 and side > 1 else 1
        self.conv = nn.Conv2d(
            per_group * groups, out, side, stride, padding, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(out)
        has_prelu = f"{name}.prelu.weight" in weights
        self.prelu: nn.Module = nn.PReLU(out) if has_prelu else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.prelu(self.bn(self.conv(x)))
        return out


class Squeeze(nn.Module):
    """Squeeze-and-excitation gate on the output of a block."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, hidden, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.fc2 = nn.Conv2d(hidden, channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.relu(self.bn1(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * torch.sigmoid(self.bn2(self.fc2(gate)))


class Bottleneck(nn.Module):
    """Point-wise, depth-wise, point-wise; with a shortcut where the stride is 1."""

    def __init__(self, weights: _Weights, name: str, *, stride: int, shortcut: bool) -> None:
        super().__init__()
        self.conv = ConvUnit(weights, f"{name}.conv")
        self.conv_dw = ConvUnit(weights, f"{name}.conv_dw", stride=stride, padding=1)
        self.project = ConvUnit(weights, f"{name}.project")
        self.shortcut = shortcut
        gate = f"{name}.se_module.fc1.weight"
        self.se_module: nn.Module = nn.Identity()
        if gate in weights:
            hidden, channels = weights[gate].shape[:2]
            self.se_module = Squeeze(channels, hidden)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.se_module(self.project(self.conv_dw(self.conv(x))))
        return x + out if self.shortcut else out


class Stage(nn.Module):
    """Bottlenecks in a row, as many as the weights hold."""

    def __init__(self, weights: _Weights, name: str) -> None:
        super().__init__()
        count = 0
        while f"{name}.model.{count}.conv.conv.weight" in weights:
            count += 1
        blocks = (
            Bottleneck(weights, f"{name}.model.{i}", stride=1, shortcut=True) for i in range(count)
        )
        self.model = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.model(x)
        return out


class MiniFASNet(nn.Module):
    """The whole net; (N, 3, 80, 80) float32 BGR 0..255 to (N, 3) logits."""

    def __init__(self, weights: _Weights) -> None:
        super().__init__()
        self.conv1 = ConvUnit(weights, "conv1", stride=2, padding=1)
        self.conv2_dw = ConvUnit(weights, "conv2_dw", padding=1)
        self.conv_23 = Bottleneck(weights, "conv_23", stride=2, shortcut=False)
        self.conv_3 = Stage(weights, "conv_3")
        self.conv_34 = Bottleneck(weights, "conv_34", stride=2, shortcut=False)
        self.conv_4 = Stage(weights, "conv_4")
        self.conv_45 = Bottleneck(weights, "conv_45", stride=2, shortcut=False)
        self.conv_5 = Stage(weights, "conv_5")
        self.conv_6_sep = ConvUnit(weights, "conv_6_sep")
        self.conv_6_dw = ConvUnit(weights, "conv_6_dw")
        self.linear = nn.Linear(512, 128, bias=False)
        self.bn = nn.BatchNorm1d(128)
        self.drop = nn.Dropout(0.2)
        self.prob = nn.Linear(128, 3, bias="prob.bias" in weights)

    def features(self, x: Tensor) -> Tensor:
        x = self.conv_23(self.conv2_dw(self.conv1(x)))
        x = self.conv_45(self.conv_4(self.conv_34(self.conv_3(x))))
        x = self.conv_6_dw(self.conv_6_sep(self.conv_5(x)))
        out: Tensor = self.bn(self.linear(x.flatten(1)))
        return out

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.prob(self.drop(self.features(x)))
        return out


def load_minifasnet(path: Path) -> MiniFASNet:
    """Return the network of a published or fine-tuned state dict, in evaluation mode.

    Raises:
        DataError: the file cannot be read, or it is no MiniFASNet.
    """
    try:
        # weights_only: a pickle of unknown origin could run code.
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as exc:
        raise DataError(f"liveness: weights {path} cannot be read: {exc.strerror}") from exc
    except Exception as exc:  # torch raises whatever its unpickler meets
        raise DataError(f"liveness: {path} is no file of weights; give a MiniFASNet .pth") from exc
    try:
        weights = {name.removeprefix("module."): value for name, value in stored.items()}
        network = MiniFASNet(weights)
        network.load_state_dict(weights, strict=True)
    except (AttributeError, KeyError, RuntimeError, ValueError) as exc:
        raise DataError(f"liveness: {path} holds no MiniFASNet of 80 x 80 px") from exc
    network.eval()
    return network
