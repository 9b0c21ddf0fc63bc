"""Fitting the last look at a finding: which of the boxes that a head proposes are the thing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from edgeai_core.analyzers.objects.features import FeatureMaps
from edgeai_core.analyzers.objects.taught import LevelHead, TaughtHead, proposals
from edgeai_core.analyzers.objects.taught_check import BoxCheck, box_statistics
from edgeai_core.geometry import iou_matrix
from edgeai_lab.teach.lessons import Floats, Lesson

_PROPOSED = 12
_RIGHT_IOU, _WRONG_IOU = 0.5, 0.3
_SHAKEN, _SHAKE = 4, 0.08
_UNITS, _DROPOUT, _DECAY = 48, 0.3, 1e-2
_BATCH = 256


def fit_check(
    lessons: Sequence[Lesson], levels: Sequence[LevelHead], *, steps: int, seed: int
) -> BoxCheck | None:
    """Return the network that tells right proposals from wrong ones; None without both kinds."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    # A check makes the head propose faint boxes as well, which is what is wanted here.
    head = TaughtHead("thing", levels, _silent_check())
    right, wrong = [], []
    for lesson in lessons:
        features = lesson.features()
        boxes_px = proposals([head], features, most=_PROPOSED).boxes_px
        overlap = iou_matrix(boxes_px, lesson.boxes_px)
        best = overlap.max(axis=1) if overlap.size else np.zeros(len(boxes_px))
        wrong.append(_statistics(features, boxes_px[best < _WRONG_IOU]))
        right.append(_statistics(features, boxes_px[best >= _RIGHT_IOU]))
        right.append(_statistics(features, _shaken(lesson.boxes_px, rng)))
    things, others = np.concatenate(right), np.concatenate(wrong)
    if not (len(things) and len(others)):
        return None
    return _fitted(things, others, steps)


def _fitted(things: Floats, others: Floats, steps: int) -> BoxCheck:
    rows = np.concatenate([things, others])
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    right, wrong = (torch.from_numpy((part - middle) / spread) for part in (things, others))
    inner, outer = torch.nn.Linear(rows.shape[1], _UNITS), torch.nn.Linear(_UNITS, 1)
    weights = [*inner.parameters(), *outer.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=3e-3, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for _ in range(steps):
        ours = right[torch.randint(len(right), (_BATCH // 2,))]
        theirs = wrong[torch.randint(len(wrong), (_BATCH,))]
        batch = functional.dropout(torch.cat([ours, theirs]), _DROPOUT)
        hidden = functional.dropout(functional.relu(inner(batch)), _DROPOUT)
        wanted = torch.zeros(len(batch))
        wanted[: len(ours)] = 1
        loss = functional.binary_cross_entropy_with_logits(outer(hidden)[:, 0], wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        weight = inner.weight.numpy().T / spread[:, None]
        bias = inner.bias.numpy() - (middle / spread) @ inner.weight.numpy().T
        return BoxCheck(
            weight=weight.astype(np.float32),
            bias=bias.astype(np.float32),
            out_weight=outer.weight[0].numpy().copy(),
            out_bias=outer.bias.numpy().copy(),
        )


def _statistics(features: FeatureMaps, boxes_px: Floats) -> Floats:
    return box_statistics(features.levels, features.strides_px, boxes_px)


def _shaken(boxes_px: Floats, rng: np.random.Generator) -> Floats:
    """Return each box several times, its edges moved a little, as a head places them."""
    sides = np.concatenate([boxes_px[:, 2:] - boxes_px[:, :2]] * 2, axis=1)
    shaken = [boxes_px + rng.normal(0, _SHAKE, boxes_px.shape) * sides for _ in range(_SHAKEN)]
    return np.concatenate(shaken).astype(np.float32)


def _silent_check() -> BoxCheck:
    nothing = np.zeros(1, np.float32)
    return BoxCheck(
        weight=np.zeros((1, 1), np.float32), bias=nothing, out_weight=nothing, out_bias=nothing
    )
