"""Fit one network of fights on some clips: the same lesson for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgeai_lab.actions.fights.scoring import Labels, Scores

Indices = npt.NDArray[np.int64]


class Views(Protocol):
    """What a network sees of clips."""

    def draw(self, chosen: Indices, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """Return (B, ...) random views of B clips, varied."""

    def fixed(self, index: int) -> npt.NDArray[np.float32]:
        """Return (V, ...) views of a clip as the product sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """How a network is taught.

    Attributes:
        passes: how often each clip is drawn. batch_clips: of one step. learning_rate: of new
            layers. kept_rate: of layers with ImageNet weights. decay: of new layers' weights.
        smoothing: share of a label that is given to the other class: some labels are wrong.
    """

    passes: int
    batch_clips: int = 16
    learning_rate: float = 1e-3
    kept_rate: float = 2e-4
    decay: float = 0.05
    smoothing: float = 0.1


class FightNetwork(nn.Module):
    """A network that gives (B, K) logits of (B, ...) views; its `kept` has ImageNet weights."""

    kept: nn.Module


def fit(
    build: Callable[[], FightNetwork],
    views: Views,
    labels: Labels,
    chosen: Indices,
    lesson: Lesson,
    *,
    seed: int,
) -> FightNetwork:
    """Return a new network, taught on the chosen clips, in evaluation mode.

    The loss is of each view and of a clip's mean: views of a fight that show none weigh less.
    Normalisation keeps ImageNet's statistics.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = build()
    optimizer = _optimizer(network, lesson)
    rates = [group["lr"] for group in optimizer.param_groups]
    batch = min(lesson.batch_clips, len(chosen))
    per_pass = len(chosen) // batch
    total = lesson.passes * per_pass
    for step in range(total):
        if step % per_pass == 0:
            order = rng.permutation(chosen)
        clips = order[(step % per_pass) * batch :][:batch]
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * _schedule(step, total)
        _teach(network)
        logits = network(torch.from_numpy(views.draw(clips, rng)))
        loss = _loss(logits, torch.from_numpy(labels[clips]), lesson.smoothing)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    network.eval()
    return network


def score_clip(network: FightNetwork, views: Views, index: int) -> float:
    """Return the mean logit of a clip's fixed views."""
    with torch.inference_mode():
        return float(network(torch.from_numpy(views.fixed(index))).mean())


def out_of_fold(
    fitted: Callable[[Indices], Callable[[int], float]],
    folds: Indices,
    *,
    report: Callable[[str], None],
) -> Scores:
    """Return (N,) scores, each of a model that was taught without the clip's fold.

    Args:
        fitted: teaches on indices and returns what scores a clip. folds: (N,) number of each
            clip's fold. report: told when a fold is done.
    """
    scores = np.zeros(len(folds))
    for fold in np.unique(folds):
        score = fitted(np.flatnonzero(folds != fold).astype(np.int64))
        for index in np.flatnonzero(folds == fold):
            scores[index] = score(int(index))
        report(f"fold {int(fold) + 1} of {len(np.unique(folds))}")
    return scores


def _loss(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    targets = labels.float() * (1 - 2 * smoothing) + smoothing
    each = functional.binary_cross_entropy_with_logits(logits, targets[:, None].expand_as(logits))
    whole = functional.binary_cross_entropy_with_logits(logits.mean(dim=1), targets)
    return (each + whole) / 2


def _optimizer(network: FightNetwork, lesson: Lesson) -> torch.optim.Optimizer:
    kept = {id(p) for p in network.kept.parameters()}
    new = [p for p in network.parameters() if id(p) not in kept]
    groups: list[dict[str, Any]] = [
        {"params": new, "lr": lesson.learning_rate, "weight_decay": lesson.decay},
        {"params": list(network.kept.parameters()), "lr": lesson.kept_rate, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]])


def _teach(network: FightNetwork) -> None:
    network.train()
    for module in network.kept.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def _schedule(step: int, total: int) -> float:
    """Return the factor of the rates: a short rise, then half a cosine to 0."""
    rise = max(1, min(10, total // 10))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, total - rise)))
