"""Fitting the closer look at a finding, with torch."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgeai_core.analyzers.objects.taught_closer import (
    BOX_NUMBERS,
    BOX_STEP,
    MIDDLE,
    PART_SIDE_PX,
    CloserLook,
)
from edgeai_lab.teach.lessons import Floats
from edgeai_lab.teach.practice import Practice

_CHANNELS, _STRIDES = (3, 16, 32, 64, 64), (2, 2, 2, 1)
_SQUEEZED, _HIDDEN = 16, 64
_NAMES = ("first", "second", "third", "fourth")
# A part counts as the thing's from this overlap on, as nothing's below that one; what lies between
# teaches the box alone.
_RIGHT, _WRONG = 0.45, 0.3
_BATCH, _BATCH_RIGHT, _BATCH_BETWEEN = 96, 32, 8
_RATE, _DECAY, _DROPOUT = 4e-3, 1e-2, 0.2
# Light, tint and noise of the parts, on top of those of the pictures.
_LIGHT, _TINT, _NOISE = 0.2, 0.05, 0.015


def fit_closer(practice: Practice, *, steps: int, seed: int) -> CloserLook:
    """Return the network that tells parts with the thing from others, and says where it is."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    overlap = practice.overlap
    between = np.flatnonzero((overlap >= _WRONG) & (overlap < _RIGHT))
    groups = (
        (np.flatnonzero(overlap >= _RIGHT), _BATCH_RIGHT),
        (between, _BATCH_BETWEEN * bool(len(between))),
        (np.flatnonzero(overlap < _WRONG), _BATCH - _BATCH_RIGHT - _BATCH_BETWEEN),
    )
    network = _Network()
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=max(2, steps))
    for _ in range(steps):
        batch = np.concatenate([rng.choice(group, count) for group, count in groups if count])
        loss = _loss(network, practice, batch, int(rng.integers(8)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.weights()


def _loss(network: _Network, practice: Practice, batch: Floats, view: int) -> Tensor:
    images = torch.from_numpy(practice.images[batch]).permute(0, 3, 1, 2).float() / 255
    count = len(batch)
    light = torch.randn(count, 1, 1, 1) * _LIGHT + torch.randn(count, 3, 1, 1) * _TINT
    images = (images * light.exp()).clamp(0, 1)
    images = images + torch.randn(count, 1, 1, 1).abs() * _NOISE * torch.randn_like(images)
    boxes, wanted = (torch.from_numpy(a[batch]) for a in (practice.boxes, practice.wanted))
    images, boxes, wanted = _seen_from(view, images, boxes, wanted)
    logits, found = network(images - MIDDLE, boxes)
    overlap = torch.from_numpy(practice.overlap[batch])
    sure, near = (overlap >= _RIGHT) | (overlap < _WRONG), overlap >= _WRONG
    score = functional.binary_cross_entropy_with_logits(
        logits[sure], (overlap[sure] >= _RIGHT).float()
    )
    edges = functional.smooth_l1_loss(found[near], wanted[near], beta=0.05)
    return score + edges + (1 - _overlap(found[near], wanted[near])).mean()


def _seen_from(
    view: int, images: Tensor, boxes: Tensor, wanted: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return parts and boxes mirrored or turned in one of eight ways."""
    pair = [boxes, wanted]
    if view & 1:
        images = images.flip(3)
        pair = [torch.stack([1 - b[:, 2], b[:, 1], 1 - b[:, 0], b[:, 3]], 1) for b in pair]
    if view & 2:
        images = images.flip(2)
        pair = [torch.stack([b[:, 0], 1 - b[:, 3], b[:, 2], 1 - b[:, 1]], 1) for b in pair]
    if view & 4:
        images = images.transpose(2, 3)
        pair = [b[:, [1, 0, 3, 2]] for b in pair]
    return images, pair[0], pair[1]


def _overlap(a: Tensor, b: Tensor) -> Tensor:
    """Return (N,) intersection over union of (N, 4) boxes, pair by pair."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    inner = (high - low).clamp(min=0).prod(1)
    areas = [(box[:, 2:] - box[:, :2]).clamp(min=0).prod(1) for box in (a, b)]
    return inner / (areas[0] + areas[1] - inner + 1e-6)


class _Network:
    def __init__(self) -> None:
        self._convolutions = [
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            for (inputs, outputs), stride in zip(pairwise(_CHANNELS), _STRIDES, strict=True)
        ]
        self._norms = [nn.BatchNorm2d(channels) for channels in _CHANNELS[1:]]
        cells = (PART_SIDE_PX // 8) ** 2
        self._squeeze = nn.Conv2d(_CHANNELS[-1], _SQUEEZED, 1)
        self._hidden = nn.Linear(cells * _SQUEEZED + _CHANNELS[-1] + BOX_NUMBERS, _HIDDEN)
        self._out = nn.Linear(_HIDDEN, 1 + BOX_NUMBERS)

    def parameters(self) -> list[Tensor]:
        modules = (*self._convolutions, *self._norms, self._squeeze, self._hidden, self._out)
        return [weight for module in modules for weight in module.parameters()]

    def __call__(self, images: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        maps = images
        for convolution, norm in zip(self._convolutions, self._norms, strict=True):
            maps = functional.relu(norm(convolution(maps)))
        squeezed = functional.relu(self._squeeze(maps)).permute(0, 2, 3, 1).flatten(1)
        values = torch.cat([squeezed, maps.amax((2, 3)), boxes], dim=1)
        hidden = functional.relu(self._hidden(functional.dropout(values, _DROPOUT)))
        out = self._out(functional.dropout(hidden, _DROPOUT))
        return out[:, 0], boxes + out[:, 1:] * BOX_STEP

    def weights(self) -> CloserLook:
        """Return the weights, the norms folded into the convolutions."""
        arrays: dict[str, Floats] = {}
        for name, convolution, norm in zip(_NAMES, self._convolutions, self._norms, strict=True):
            gain = norm.weight / (norm.running_var + norm.eps).sqrt()
            kernel = convolution.weight * gain[:, None, None, None]
            arrays[name] = _array(kernel.permute(2, 3, 1, 0).flatten(0, 2))
            arrays[f"{name}_bias"] = _array(norm.bias - norm.running_mean * gain)
        for name, layer in (
            ("squeeze", self._squeeze),
            ("hidden", self._hidden),
            ("out", self._out),
        ):
            arrays[name] = _array(layer.weight.flatten(1).T)
            arrays[f"{name}_bias"] = _array(layer.bias)
        return CloserLook(**arrays)


def _array(tensor: Tensor) -> Floats:
    return np.ascontiguousarray(tensor.detach().numpy(), np.float32)
