"""Networks that tell fights: on motion, on shifted frames, over time, on joints."""

from __future__ import annotations

import copy
from typing import cast

import torch
from torch import Tensor, nn

from edgeai_lab.actions.fights.fitting import FightNetwork
from edgeai_lab.fire.network import MIDDLE_CHANNELS, FireHead, Trunk, load_imagenet, read_imagenet

# Stem and eight blocks: what they give is computed once. Three more blocks learn.
_FRONT_LAYERS = 9
FRONT_CHANNELS = 80
_POOLED = 2 * MIDDLE_CHANNELS
FEATURES = 3 * MIDDLE_CHANNELS


def imagenet_trunk() -> nn.Sequential:
    """Return EfficientNet-lite0 up to stride 16 with its ImageNet weights.

    Raises:
        ModelMissingError, ModelIntegrityError: they are not installed or are other ones.
    """
    trunk = Trunk()
    load_imagenet(trunk, FireHead(), read_imagenet())
    return trunk.middle.eval()


def front_of(trunk: nn.Sequential) -> nn.Sequential:
    """Return the layers that stay as they are: (N, 3, S, S) to (N, 80, S / 16, S / 16)."""
    return trunk[:_FRONT_LAYERS]


def back_of(trunk: nn.Sequential) -> nn.Sequential:
    """Return a copy of the layers behind the front: to (N, 112, S / 16, S / 16)."""
    return copy.deepcopy(cast("nn.Sequential", trunk[_FRONT_LAYERS:]))


class MotionTrunk(nn.Module):
    """What the product runs on each picture of motion; it keeps its ImageNet weights.

    Args:
        trunk: EfficientNet-lite0 up to stride 16.
    """

    def __init__(self, trunk: nn.Sequential) -> None:
        super().__init__()
        self.front, self.back = front_of(trunk), back_of(trunk)

    def forward(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Return (N, FEATURES) features and the front's (N, 80, h, w) maps of (N, 3, S, S)."""
        maps = self.front(motion)
        deep = self.back(maps)
        spread = deep.var(dim=(2, 3), unbiased=False).clamp_min(0).sqrt()
        return torch.cat([_pooled(deep), spread], dim=1), maps


class MotionNetwork(FightNetwork):
    """Judges each picture of motion by itself.

    Args:
        back: layers with ImageNet weights, which learn too. dropout: 0..1, of the features.
    """

    def __init__(self, back: nn.Sequential, *, dropout: float = 0.5) -> None:
        super().__init__()
        self.kept = back
        self.head = nn.Sequential(nn.LayerNorm(_POOLED), nn.Dropout(dropout), nn.Linear(_POOLED, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, K) logits of (B, K, 80, h, w) maps."""
        features = _pooled(self.kept(_batched(maps)))
        logits: Tensor = self.head(features)
        return logits.view(maps.shape[:2])


class ShiftedNetwork(FightNetwork):
    """Frames whose channels are shifted in time before each block (Lin et al., "TSM", 2019).

    An eighth of the channels comes from the frame before, an eighth from the one behind.
    """

    def __init__(self, back: nn.Sequential, *, dropout: float = 0.5) -> None:
        super().__init__()
        self.kept = back
        self.head = nn.Sequential(nn.LayerNorm(_POOLED), nn.Dropout(dropout), nn.Linear(_POOLED, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, 1) logits of (B, K, 80, h, w) maps of K frames in order."""
        batch, frames = maps.shape[:2]
        now = maps
        for block in cast("nn.Sequential", self.kept):
            moved = block(_batched(_shifted(now)))
            now = moved.view(batch, frames, *moved.shape[1:])
        features = _pooled(now.flatten(0, 1)).view(batch, frames, -1)
        logits: Tensor = self.head(features.mean(dim=1))
        return logits


class RecurrentNetwork(FightNetwork):
    """A recurrent layer on frozen features (Donahue et al., "LRCN", 2015; GRU for LSTM)."""

    def __init__(self, *, width: int = 64, dropout: float = 0.5) -> None:
        super().__init__()
        self.kept = nn.Identity()
        self.norm = nn.Sequential(nn.LayerNorm(FEATURES), nn.Dropout(dropout))
        self.memory = nn.GRU(FEATURES, width, batch_first=True)
        self.out = nn.Linear(width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return (B, 1) logits of (B, K, FEATURES) features of K frames in order."""
        states, _ = self.memory(self.norm(features))
        logits: Tensor = self.out(states.mean(dim=1))
        return logits


class SkeletonNetwork(FightNetwork):
    """Convolutions over time on the joints and boxes of two people.

    Args:
        channels: numbers per moment. width: of the layers.
    """

    def __init__(self, channels: int, *, width: int = 48, dropout: float = 0.4) -> None:
        super().__init__()
        self.kept = nn.Identity()
        self.layers = nn.Sequential(
            nn.Conv1d(channels, width, 3, padding=1),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=1),
            nn.BatchNorm1d(width),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * width, 1))

    def forward(self, moments: Tensor) -> Tensor:
        """Return (B, 1) logits of (B, channels, T) moments in order."""
        maps = self.layers(moments)
        logits: Tensor = self.head(torch.cat([maps.mean(dim=2), maps.amax(dim=2)], dim=1))
        return logits


class ExportedTrunk(nn.Module):
    """The trunk behind the one output that the product asks for.

    Args:
        trunk: with ImageNet weights.
    """

    def __init__(self, trunk: MotionTrunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, motion: Tensor) -> Tensor:
        """Return (N, FEATURES) features of (N, 3, S, S) pictures of motion."""
        features: Tensor = self.trunk(motion)[0]
        return features


def parameters_of(*modules: nn.Module) -> int:
    """Return how many numbers modules hold that are learnt."""
    return sum(p.numel() for module in modules for p in module.parameters())


def _batched(maps: Tensor) -> Tensor:
    """Return (B * K, C, h, w), channels last: a third faster on a CPU, measured."""
    return maps.flatten(0, 1).contiguous(memory_format=torch.channels_last)


def _pooled(maps: Tensor) -> Tensor:
    return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)


def _shifted(maps: Tensor) -> Tensor:
    part = maps.shape[2] // 8
    moved = torch.zeros_like(maps)
    moved[:, 1:, :part] = maps[:, :-1, :part]
    moved[:, :-1, part : 2 * part] = maps[:, 1:, part : 2 * part]
    moved[:, :, 2 * part :] = maps[:, :, 2 * part :]
    return moved
