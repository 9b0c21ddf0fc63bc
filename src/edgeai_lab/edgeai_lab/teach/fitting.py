"""Fitting the small head of a thing to lessons, with torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from edgeai_core.analyzers.objects.taught import (
    BOX_NUMBERS,
    CANDIDATES,
    LevelHead,
    neighbourhoods,
    padded,
)
from edgeai_lab.teach.lessons import Floats, Lesson

_GATE_UNITS, _UNITS = 8, 64
_GATE_STEPS, _STEPS, _BATCH = 250, 800, 512
_RANDOM_FREE, _HARD_FREE = 24, 40
_DROPOUT, _DECAY = 0.2, 1e-3
# So many of the cells that show the thing must pass the gate.
_GATE_RECALL = 0.995
_BOX_WEIGHT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FitConfig:
    """Steps of the gate and of the head at each level; a test takes few."""

    gate_steps: int = _GATE_STEPS
    steps: int = _STEPS


def fit_levels(lessons: Sequence[Lesson], *, seed: int, config: FitConfig) -> list[LevelHead]:
    """Return the weights for each level.

    First the gate, against random cells and then against those that it takes for the thing; then
    the head, against the cells that pass the gate: what it will be asked at run time.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    return [_fit_level(lessons, number, rng, config) for number in range(len(lessons[0].maps))]


def _fit_level(
    lessons: Sequence[Lesson], level: int, rng: np.random.Generator, config: FitConfig
) -> LevelHead:
    channels = lessons[0].maps[level].shape[0]
    things = _cells(lessons, level, [lesson.targets[level].cells for lesson in lessons])
    if not len(things):
        return _blind(channels)
    scale = 1 / max(1e-6, float(np.sqrt((things**2).mean())))
    chosen = [_random_free(lesson, level, rng, 2 * _RANDOM_FREE) for lesson in lessons]
    gate = _Gate(channels, scale)
    for hard in (False, True):
        if hard:
            ranked = [_hard_free(lesson, level, gate, _RANDOM_FREE) for lesson in lessons]
            chosen = [np.concatenate(pair) for pair in zip(chosen, ranked, strict=True)]
        gate.fit(things, _cells(lessons, level, chosen), config.gate_steps)
    least = float(np.quantile(gate.values(things), 1 - _GATE_RECALL)) - 0.1
    asked = [
        np.concatenate([_hard_free(lesson, level, gate, _HARD_FREE), few[:_RANDOM_FREE]])
        for lesson, few in zip(lessons, chosen, strict=True)
    ]
    head = _Head(channels, scale)
    cells = [lesson.targets[level].cells for lesson in lessons]
    boxes = np.concatenate([lesson.targets[level].boxes for lesson in lessons])
    centres = np.concatenate([_centres(lesson, level) for lesson in lessons])
    head.fit(
        _neighbours(lessons, level, cells),
        _distances(boxes, centres),
        _neighbours(lessons, level, asked),
        config.steps,
    )
    return LevelHead(**gate.arrays(), gate_least=least, **head.arrays())


class _Gate:
    def __init__(self, channels: int, scale: float) -> None:
        self._scale = scale
        self._inner = torch.nn.Linear(channels, _GATE_UNITS)
        self._outer = torch.nn.Linear(_GATE_UNITS, 1, bias=False)

    def __call__(self, cells: Tensor) -> Tensor:
        hidden = functional.relu(self._inner(cells * self._scale))
        return self._outer(hidden)[:, 0]

    def fit(self, things: Floats, free: Floats, steps: int) -> None:
        rows = torch.from_numpy(np.concatenate([things, free]))
        wanted = torch.zeros(len(rows))
        wanted[: len(things)] = 1
        weights = [*self._inner.parameters(), *self._outer.parameters()]
        optimiser = torch.optim.AdamW(weights, lr=1e-2, weight_decay=_DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, total_steps=steps)
        for _ in range(steps):
            batch = torch.cat(
                [
                    torch.randint(len(things), (_BATCH // 4,)),
                    torch.randint(len(things), len(rows), (_BATCH,)),
                ]
            )
            loss = functional.binary_cross_entropy_with_logits(self(rows[batch]), wanted[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()

    def values(self, cells: Floats) -> Floats:
        with torch.no_grad():
            return np.asarray(self(torch.from_numpy(cells)).numpy(), np.float32)

    def arrays(self) -> dict[str, Floats]:
        return {
            "gate_weight": _array(self._inner.weight * self._scale),
            "gate_bias": _array(self._inner.bias),
            "gate_out": _array(self._outer.weight[0]),
        }


class _Head:
    def __init__(self, channels: int, scale: float) -> None:
        self._scale = scale
        self._inner = torch.nn.Linear(9 * channels, _UNITS)
        self._outer = torch.nn.Linear(_UNITS, 1 + BOX_NUMBERS)

    def __call__(self, rows: Tensor, *, training: bool) -> Tensor:
        rows = functional.dropout(rows * self._scale, _DROPOUT, training)
        hidden = functional.relu(self._inner(rows))
        return self._outer(functional.dropout(hidden, _DROPOUT, training))

    def fit(self, things: Floats, distances: Floats, free: Floats, steps: int) -> None:
        positive, negative = torch.from_numpy(things), torch.from_numpy(free)
        reach = torch.from_numpy(distances).clamp(min=0.05).log()
        weights = [*self._inner.parameters(), *self._outer.parameters()]
        optimiser = torch.optim.AdamW(weights, lr=3e-3, weight_decay=_DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
        with torch.no_grad():
            self._outer.bias[1:] = reach.mean(dim=0)
        for _ in range(steps):
            ours = torch.randint(len(positive), (_BATCH // 3,))
            others = torch.randint(len(negative), (_BATCH,))
            out = self(torch.cat([positive[ours], negative[others]]).float(), training=True)
            wanted = torch.zeros(len(out))
            wanted[: len(ours)] = 1
            loss = functional.binary_cross_entropy_with_logits(out[:, 0], wanted)
            loss = loss + _BOX_WEIGHT * _box_loss(out[: len(ours), 1:], reach[ours])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()

    def arrays(self) -> dict[str, Floats]:
        return {
            "weight": _array((self._inner.weight * self._scale).T),
            "bias": _array(self._inner.bias),
            "out_weight": _array(self._outer.weight.T),
            "out_bias": _array(self._outer.bias),
        }


def _box_loss(found: Tensor, wanted: Tensor) -> Tensor:
    """Return one minus the mean intersection over union of boxes about the same cell.

    Args:
        found, wanted: (N, 4) logarithms of the distances to the four edges.
    """
    a, b = found.clamp(-5, 5).exp(), wanted.exp()
    inner = torch.minimum(a, b)
    overlap = (inner[:, 0] + inner[:, 2]) * (inner[:, 1] + inner[:, 3])
    areas = [(r[:, 0] + r[:, 2]) * (r[:, 1] + r[:, 3]) for r in (a, b)]
    iou = overlap / (areas[0] + areas[1] - overlap)
    return 1 - iou.mean() + 0.2 * functional.smooth_l1_loss(found, wanted)


def _array(tensor: Tensor) -> Floats:
    return np.ascontiguousarray(tensor.detach().numpy(), np.float32)


def _blind(channels: int) -> LevelHead:
    """Return a level that sees nothing: no thing of its size was shown."""
    return LevelHead(
        gate_weight=np.zeros((1, channels), np.float32),
        gate_bias=np.zeros(1, np.float32),
        gate_out=np.zeros(1, np.float32),
        gate_least=1.0,
        weight=np.zeros((9 * channels, 1), np.float32),
        bias=np.zeros(1, np.float32),
        out_weight=np.zeros((1, 1 + BOX_NUMBERS), np.float32),
        out_bias=np.zeros(1 + BOX_NUMBERS, np.float32),
    )


def _cells(lessons: Sequence[Lesson], level: int, chosen: Sequence[npt.NDArray[np.intp]]) -> Floats:
    parts = [
        lesson.maps[level].reshape(len(lesson.maps[level]), -1)[:, cells].T
        for lesson, cells in zip(lessons, chosen, strict=True)
    ]
    return np.concatenate(parts).astype(np.float32)


def _neighbours(
    lessons: Sequence[Lesson], level: int, chosen: Sequence[npt.NDArray[np.intp]]
) -> npt.NDArray[np.float32]:
    parts = []
    for lesson, cells in zip(lessons, chosen, strict=True):
        if len(cells):
            rows, columns = np.divmod(cells, lesson.maps[level].shape[2])
            parts.append(neighbourhoods(padded(lesson.maps[level]), rows, columns))
    return np.concatenate(parts)


def _random_free(
    lesson: Lesson, level: int, rng: np.random.Generator, count: int
) -> npt.NDArray[np.intp]:
    free = np.flatnonzero(lesson.targets[level].free)
    return rng.permutation(free)[:count]


def _hard_free(lesson: Lesson, level: int, gate: _Gate, count: int) -> npt.NDArray[np.intp]:
    """Return the free cells that the gate takes for the thing before all others."""
    free = np.flatnonzero(lesson.targets[level].free)
    values = gate.values(_cells([lesson], level, [free]))
    count = min(max(count, CANDIDATES), len(free))
    return free[np.argsort(-values)[:count]] if count else free


def _centres(lesson: Lesson, level: int) -> Floats:
    rows, columns = np.divmod(lesson.targets[level].cells, lesson.maps[level].shape[2])
    return np.stack([columns + 0.5, rows + 0.5], axis=1).astype(np.float32)


def _distances(boxes: Floats, centres: Floats) -> Floats:
    """Return (N, 4) the distances of the left, upper, right and lower edge in cells."""
    low, high = centres - boxes[:, :2], boxes[:, 2:] - centres
    return np.concatenate([low, high], axis=1).astype(np.float32)
