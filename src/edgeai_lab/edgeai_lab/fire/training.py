"""Train the two heads, and the deep part under them, on cached maps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from edgeai_lab.fire.features import Cache
from edgeai_lab.fire.network import FireHead
from edgeai_lab.fire.recipe import FireRecipe

# Cells around the middle of a box answer for it: this share of its sides, at least one cell.
_CENTRE_SHARE = 0.5
_LOG_LIMIT = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One row of the curves: mean losses of the epoch, and its time."""

    epoch: int
    image_loss: float
    cell_loss: float
    overlap_loss: float
    seconds: float


def train_head(
    head: FireHead,
    cache: Cache,
    recipe: FireRecipe,
    *,
    report: Callable[[Epoch], None],
    clock_s: Callable[[], float] = time.monotonic,
) -> None:
    """Train in place and leave the head in evaluation mode.

    The normalisation layers keep ImageNet's statistics: batches of made pictures would move them
    away from what a camera sends. The deep part learns slower than the heads and is pulled back
    to its ImageNet weights (L2-SP, Li et al., 2018): it answers better on foreign pictures.
    """
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    deep = [*head.last.parameters(), *head.features.parameters()]
    own = [
        p
        for m in (head.image, head.reduce_middle, head.reduce_deep, head.boxes)
        for p in m.parameters()
    ]
    start = [p.detach().clone() for p in deep]
    groups: list[dict[str, Any]] = [
        {"params": own, "lr": recipe.learning_rate, "weight_decay": recipe.weight_decay}
    ]
    if recipe.deep_learning_rate > 0:
        groups.append({"params": deep, "lr": recipe.deep_learning_rate, "weight_decay": 0.0})
    for p in deep:
        p.requires_grad_(recipe.deep_learning_rate > 0)
    optimizer = torch.optim.AdamW(groups)
    rates = [group["lr"] for group in optimizer.param_groups]
    steps_an_epoch = math.ceil(len(cache) / recipe.batch_size)
    total, step = steps_an_epoch * recipe.epochs, 0
    for number in range(recipe.epochs):
        began = clock_s()
        head.train()
        for module in head.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval()
        sums = np.zeros(3)
        for chosen in np.array_split(rng.permutation(len(cache)), steps_an_epoch):
            factor = _schedule(step, total)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            losses = batch_losses(head, cache, chosen, smoothing=recipe.label_smoothing)
            loss = losses[0] + recipe.box_weight * (losses[1] + losses[2])
            if recipe.deep_learning_rate > 0:
                drift = sum(((p - q) ** 2).sum() for p, q in zip(deep, start, strict=True))
                loss = loss + recipe.pull * drift
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_([p for g in groups for p in g["params"]], 5.0)
            optimizer.step()
            sums += [float(value.detach()) for value in losses]
            step += 1
        image, cell, overlap = (float(value) for value in sums / steps_an_epoch)
        report(
            Epoch(
                epoch=number + 1,
                image_loss=round(image, 5),
                cell_loss=round(cell, 5),
                overlap_loss=round(overlap, 5),
                seconds=round(clock_s() - began, 1),
            )
        )
    head.eval()


def batch_losses(
    head: FireHead, cache: Cache, chosen: npt.NDArray[np.intp], *, smoothing: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the losses of the image scores, the cells' scores and the boxes' overlap."""
    middle = torch.from_numpy(cache.middle[chosen]).float()
    late = torch.from_numpy(cache.late[chosen]).float()
    scores, cells = head(middle, late)
    image = _image_loss(scores, cache, chosen, smoothing)
    known = torch.from_numpy(cache.boxes_known[chosen])
    boxes = torch.from_numpy(cache.boxes[chosen])
    cell, overlap = _box_losses(cells[known], boxes[known])
    return image, cell, overlap


def _image_loss(
    scores: Tensor, cache: Cache, chosen: npt.NDArray[np.intp], smoothing: float
) -> Tensor:
    targets = torch.from_numpy(cache.scores[chosen])
    weights = torch.from_numpy(cache.weights[chosen])[:, None].expand_as(targets)
    known = ~torch.isnan(targets)
    smooth = targets[known] * (1 - 2 * smoothing) + smoothing
    loss = functional.binary_cross_entropy_with_logits(scores[known], smooth, reduction="none")
    return (loss * weights[known]).sum() / len(targets)


def _box_losses(cells: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Quality focal loss of the scores and generalised overlap loss of the boxes.

    After FCOS (Tian et al., 2019) on one map and generalised focal loss (Li et al., 2020): a
    cell's score is to be the overlap of its box, so that no centre score is needed.
    """
    side = cells.shape[-1]
    scores = cells[:, :2]
    distances = cells[:, 2:].reshape(len(cells), 2, 4, side, side).clamp(-_LOG_LIMIT, _LOG_LIMIT)
    target, positive = assign(boxes * side, side)
    centres = torch.arange(side) + 0.5
    x, y = centres[None, :].expand(side, side), centres[:, None].expand(side, side)
    reach = distances.exp()
    found = torch.stack(
        [x - reach[:, :, 0], y - reach[:, :, 1], x + reach[:, :, 2], y + reach[:, :, 3]], dim=-1
    )
    quality = torch.zeros_like(scores)
    overlap = scores.new_zeros(())
    if positive.any():
        iou, giou = _overlaps(found[positive], target[positive])
        quality[positive] = iou.detach().clamp(0, 1)
        overlap = (1 - giou).mean()
    raw = functional.binary_cross_entropy_with_logits(scores, quality, reduction="none")
    focus = (quality - scores.detach().sigmoid()).abs() ** 2
    return (raw * focus).sum() / max(1, int(positive.sum())), overlap


def assign(boxes: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Return for every cell the box it answers for and whether there is one.

    Args:
        boxes: (N, 2, B, 4) in cells, empty ones have no area. side: cells per side.

    Returns:
        (N, 2, side, side, 4) boxes and (N, 2, side, side) bool; of several boxes the smallest.
    """
    centres = torch.arange(side) + 0.5
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    size = (boxes[..., 2:] - boxes[..., :2]).clamp_min(0)
    half = torch.maximum(size * _CENTRE_SHARE / 2, torch.full_like(size, 0.51))
    in_x = (centres - middle[..., 0, None]).abs() <= half[..., 0, None]
    in_y = (centres - middle[..., 1, None]).abs() <= half[..., 1, None]
    area = size.prod(dim=-1)
    inside = in_y[..., :, None] & in_x[..., None, :] & (area > 0)[..., None, None]
    cost = torch.where(inside, area[..., None, None], torch.inf)
    least, index = cost.min(dim=2)
    chosen = boxes.gather(2, index.flatten(2)[..., None].expand(-1, -1, -1, 4))
    return chosen.reshape(*index.shape, 4), torch.isfinite(least)


def _overlaps(found: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Return intersection over union and its generalised form (Rezatofighi et al., 2019)."""
    low = torch.maximum(found[:, :2], wanted[:, :2])
    high = torch.minimum(found[:, 2:], wanted[:, 2:])
    both = (high - low).clamp_min(0).prod(dim=1)
    union = (
        (found[:, 2:] - found[:, :2]).prod(dim=1)
        + (wanted[:, 2:] - wanted[:, :2]).prod(dim=1)
        - both
    ).clamp_min(1e-6)
    hull = (
        torch.maximum(found[:, 2:], wanted[:, 2:]) - torch.minimum(found[:, :2], wanted[:, :2])
    ).prod(dim=1)
    iou = both / union
    return iou, iou - (hull - union) / hull.clamp_min(1e-6)


def _schedule(step: int, total: int) -> float:
    """Return the factor of the learning rates: a short rise, then half a cosine to 0."""
    rise = max(1, total // 20)
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, total - rise)))
