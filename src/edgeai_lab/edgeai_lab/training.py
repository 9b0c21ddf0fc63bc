"""The loop of every training: epochs, checkpoints, resume, curves and early stopping."""

from __future__ import annotations

import csv
import dataclasses
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from edgeai_core.errors import DataError
from edgeai_lab.epochs import Epoch
from edgeai_lab.progress import Track, silent

CHECKPOINT_NAME, CURVES_NAME = "checkpoint.pt", "curves.csv"
BatchT = TypeVar("BatchT")
_SHARE = "share"  # key of an optimizer's group: its part of the learning rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast to train; AdamW whose rate falls to 0 along a cosine.

    Attributes:
        epochs: most passes over the data. batch_size: examples a step. learning_rate: the largest.
        weight_decay: pull of the weights towards 0. patience: stop after so many epochs without a
            better figure. seed: of order and variation.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a batch taught: the mean loss to follow, and how many examples were right."""

    loss: Tensor
    right: int


class Lesson(Protocol[BatchT]):
    """What is trained, and on what.

    Attributes:
        name: for the progress bar. examples: how many there are. things: what they are called.
        network: whose best weights are kept. parts: all that is trained, the network included.
        rates: each part's share of the learning rate, 1 where it is not named.
        figure: which of the measured figures says that an epoch was better; higher is better.
    """

    name: str
    examples: int
    things: str
    network: nn.Module
    parts: Mapping[str, nn.Module]
    rates: Mapping[str, float]
    figure: str

    def batches(
        self, indices: Sequence[Tensor], generator: torch.Generator, epoch: int
    ) -> Iterator[BatchT]:
        """Yield a batch for each (B,) int64 indices of examples; all chance is the generator's."""

    def learn(self, batch: BatchT) -> Outcome:
        """Return what the parts make of a batch."""

    def measure(self) -> Mapping[str, float]:
        """Return figures of examples that are not trained on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All epochs, and the one whose weights the network has now."""

    best: Epoch
    epochs: tuple[Epoch, ...]


@dataclass(slots=True)
class _State:
    epochs: list[Epoch]
    best: Epoch | None
    best_weights: dict[str, Tensor]


class Trainer:
    """Trains one lesson; after each epoch the folder holds all that is needed to go on.

    Args:
        lesson: what to train. schedule: how. folder: gets checkpoint.pt and curves.csv.
        origin: settings and data that a checkpoint must share to be resumed, beside the schedule.
        device: where the lesson's parts are. clock_s: seconds, for the curves.
    """

    def __init__(
        self,
        lesson: Lesson[Any],
        schedule: Schedule,
        folder: Path,
        *,
        origin: Mapping[str, object],
        device: torch.device,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lesson, self._schedule, self._folder = lesson, schedule, folder
        self._device, self._clock_s = device, clock_s
        settings = dataclasses.asdict(schedule)
        settings.pop("epochs")
        self._origin = {**settings, **origin}
        groups = [
            {"params": list(part.parameters()), _SHARE: lesson.rates.get(name, 1.0)}
            for name, part in lesson.parts.items()
        ]
        self._optimizer = torch.optim.AdamW(
            groups, lr=schedule.learning_rate, weight_decay=schedule.weight_decay
        )
        # Half precision loses small slopes unless they are scaled; on a CPU both do nothing.
        self._half = device.type == "cuda"
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._half)
        self._state = _State(epochs=[], best=None, best_weights={})

    def resume(self) -> int:
        """Go on from the folder's checkpoint; return how many epochs it has done.

        Raises:
            DataError: there is none, it is damaged, or it is of other settings or other data.
        """
        path = self._folder / CHECKPOINT_NAME
        if not path.is_file():
            raise DataError(f"training: {path} does not exist; leave --resume out to begin")
        try:
            saved = torch.load(path, map_location=self._device, weights_only=True)
            origin = saved["origin"]
        except Exception as exc:  # torch raises whatever its unpickler meets
            raise DataError(f"training: checkpoint {path} is damaged; begin anew") from exc
        if origin != self._origin:
            raise DataError(
                f"training: {path} was made with other settings or other {self._lesson.things}; "
                "resume with the same ones (only the number of epochs may differ) or choose "
                "another folder"
            )
        for name, part in self._lesson.parts.items():
            part.load_state_dict(saved["parts"][name])
        self._optimizer.load_state_dict(saved["optimizer"])
        self._scaler.load_state_dict(saved["scaler"])
        epochs = [Epoch(**fields) for fields in saved["epochs"]]
        best = epochs[saved["best"] - 1]
        self._state = _State(epochs=epochs, best=best, best_weights=saved["best_weights"])
        return len(epochs)

    def run(self, *, track: Track[int] = silent) -> History:
        """Train until the epochs are over or nothing gets better; keep the best weights.

        Raises:
            DataError: the loss is no number any more, or the folder cannot be written.
        """
        lesson, state = self._lesson, self._state
        numbers = range(len(state.epochs), self._schedule.epochs)
        for number in track(numbers, f"train {lesson.name}"):
            if self._gave_up():
                break
            start = self._clock_s()
            # Dropout and its like take their chance from torch itself, not from a generator.
            with torch.random.fork_rng():
                torch.manual_seed(self._seed(number))
                loss, accuracy = self._train_epoch(number)
            for part in lesson.parts.values():
                part.eval()
            epoch = Epoch(
                epoch=number + 1,
                loss=loss,
                accuracy=accuracy,
                figures=dict(lesson.measure()),
                seconds=round(self._clock_s() - start, 3),
            )
            state.epochs.append(epoch)
            if state.best is None or self._worth(epoch) > self._worth(state.best):
                state.best = epoch
                weights = lesson.network.state_dict().items()
                state.best_weights = {name: value.detach().clone() for name, value in weights}
            self._save()
        if state.best is None:
            raise DataError("training: no epoch was trained")
        lesson.network.load_state_dict(state.best_weights)
        lesson.network.eval()
        return History(best=state.best, epochs=tuple(state.epochs))

    def _seed(self, number: int) -> int:
        """Return the seed of an epoch: a resumed run goes on as an uninterrupted one does."""
        return self._schedule.seed * 100_003 + number

    def _worth(self, epoch: Epoch) -> float:
        return epoch.figures[self._lesson.figure]

    def _gave_up(self) -> bool:
        best, done = self._state.best, len(self._state.epochs)
        return best is not None and done - best.epoch >= self._schedule.patience

    def _train_epoch(self, number: int) -> tuple[float, float]:
        """Return the mean loss and the share of examples that were right, 0..1."""
        lesson, schedule = self._lesson, self._schedule
        generator = torch.Generator().manual_seed(self._seed(number))
        rate = 0.5 * (1 + math.cos(math.pi * number / schedule.epochs))
        for group in self._optimizer.param_groups:
            group["lr"] = schedule.learning_rate * rate * group[_SHARE]
        for part in lesson.parts.values():
            part.train()
        indices = _shuffled(lesson.examples, schedule.batch_size, generator)
        losses, right = 0.0, 0
        batches = lesson.batches(indices, generator, number)
        for chosen, batch in zip(indices, batches, strict=True):
            with torch.autocast(self._device.type, enabled=self._half):
                outcome = lesson.learn(batch)
            if not bool(torch.isfinite(outcome.loss)):
                raise DataError(
                    f"training: the loss of epoch {number + 1} is {outcome.loss.item()}; lower the "
                    "learning rate and begin anew"
                )
            self._optimizer.zero_grad()
            self._scaler.scale(outcome.loss).backward()
            self._scaler.step(self._optimizer)
            self._scaler.update()
            losses += outcome.loss.item() * len(chosen)
            right += outcome.right
        return losses / lesson.examples, right / lesson.examples

    def _save(self) -> None:
        state = self._state
        content = {
            "origin": self._origin,
            "parts": {name: part.state_dict() for name, part in self._lesson.parts.items()},
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "epochs": [dataclasses.asdict(epoch) for epoch in state.epochs],
            "best": state.best.epoch if state.best else 0,
            "best_weights": state.best_weights,
        }
        draft = self._folder / f".{CHECKPOINT_NAME}.{os.getpid()}"
        rows = [epoch.row() for epoch in state.epochs]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            torch.save(content, draft)
            draft.replace(self._folder / CHECKPOINT_NAME)
            curves = self._folder / CURVES_NAME
            with curves.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        except OSError as exc:
            raise DataError(f"training: {self._folder} cannot be written: {exc}") from exc


def _shuffled(count: int, size: int, generator: torch.Generator) -> list[Tensor]:
    """Return shuffled indices; a last batch of one joins the one before: BatchNorm needs two."""
    parts = list(torch.randperm(count, generator=generator).split(size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts
