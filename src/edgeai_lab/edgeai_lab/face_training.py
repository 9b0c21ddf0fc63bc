"""Train an embedding network from scratch on a folder of aligned chips per person."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgeai_core.errors import DataError
from edgeai_lab.face_folders import read_chip
from edgeai_lab.face_metrics import roc, tar_at_far
from edgeai_lab.face_network import ArcFaceHead, FaceNetwork, SoftmaxHead, chip_to_tensor
from edgeai_lab.face_recipe import FaceRecipe, PeopleSplit
from edgeai_lab.progress import Track, silent

CHECKPOINT_NAME, CURVES_NAME = "checkpoint.pt", "curves.csv"
# Pairs grow with the square of the chips: these are at most 360 chips and 64,620 pairs.
_MOST_HELD_OUT_PEOPLE, _MOST_CHIPS_EACH = 60, 6
_SHIFT_PX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutFigures:
    """Verification among people who were never trained on; see face_metrics. All 0..1."""

    auc: float
    equal_error_rate: float
    tar_at_far_1pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One row of the curves; the loss is the mean over the epoch's chips."""

    epoch: int
    loss: float
    accuracy: float
    auc: float
    equal_error_rate: float
    tar_at_far_1pct: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Training:
    """The network of the best epoch, the held-out figures of that epoch, and all epochs."""

    network: FaceNetwork
    best: Epoch
    epochs: tuple[Epoch, ...]


@dataclass(slots=True)
class _State:
    """What a checkpoint keeps, beside the weights of network, head and optimizer."""

    epochs: list[Epoch]
    best: Epoch | None
    best_weights: dict[str, Tensor]


class FaceTrainer:
    """Trains one network; after each epoch the folder holds all that is needed to go on.

    Args:
        split: whom to train on and whom to measure on. recipe: the settings.
        folder: gets checkpoint.pt and curves.csv. device: "cpu" or "cuda".
        clock_s: seconds, for the curves.
    """

    def __init__(
        self,
        split: PeopleSplit,
        recipe: FaceRecipe,
        folder: Path,
        *,
        device: str = "cpu",
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._recipe, self._folder, self._clock_s = recipe, folder, clock_s
        self._device = torch.device(device)
        self._digest = split.digest()
        self._chips, self._labels = _load(split.training)
        first = itertools.islice(split.held_out.items(), _MOST_HELD_OUT_PEOPLE)
        self._held_out = _load({name: paths[:_MOST_CHIPS_EACH] for name, paths in first})
        torch.manual_seed(recipe.seed)
        self._network = FaceNetwork(dimension=recipe.dimension, width=recipe.width)
        self._head = _head(recipe, people=len(split.training))
        self._network.to(self._device)
        self._head.to(self._device)
        self._optimizer = torch.optim.AdamW(
            itertools.chain(self._network.parameters(), self._head.parameters()),
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
        )
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
        if origin != self._origin():
            raise DataError(
                f"training: {path} was made with other settings or other chips; resume with the "
                "same ones (only the number of epochs may differ) or choose another folder"
            )
        self._network.load_state_dict(saved["network"])
        self._head.load_state_dict(saved["head"])
        self._optimizer.load_state_dict(saved["optimizer"])
        epochs = [Epoch(**row) for row in saved["epochs"]]
        best = Epoch(**saved["best"])
        self._state = _State(epochs=epochs, best=best, best_weights=saved["best_weights"])
        return len(epochs)

    def run(self, *, track: Track[int] = silent) -> Training:
        """Train until the epochs are over or nothing gets better.

        Raises:
            DataError: the loss is no number any more, or the folder cannot be written.
        """
        recipe, state = self._recipe, self._state
        for number in track(range(len(state.epochs), recipe.epochs), f"train {recipe.head}"):
            if self._gave_up():
                break
            start = self._clock_s()
            loss, accuracy = self._train_epoch(number)
            figures = measure(self._network, *self._held_out, device=self._device)
            epoch = Epoch(
                epoch=number + 1,
                loss=loss,
                accuracy=accuracy,
                seconds=round(self._clock_s() - start, 3),
                **dataclasses.asdict(figures),
            )
            state.epochs.append(epoch)
            if state.best is None or epoch.auc > state.best.auc:
                state.best = epoch
                weights = self._network.state_dict().items()
                state.best_weights = {name: value.detach().clone() for name, value in weights}
            self._save()
        if state.best is None:
            raise DataError("training: no epoch was trained")
        self._network.load_state_dict(state.best_weights)
        self._network.eval()
        return Training(network=self._network, best=state.best, epochs=tuple(state.epochs))

    def _gave_up(self) -> bool:
        best, done = self._state.best, len(self._state.epochs)
        return best is not None and done - best.epoch >= self._recipe.patience

    def _train_epoch(self, number: int) -> tuple[float, float]:
        """Return the mean loss and the share of chips given to the right person, 0..1."""
        # Seeded by epoch: a resumed run shuffles and varies as an uninterrupted one does.
        generator = torch.Generator().manual_seed(self._recipe.seed * 100_003 + number)
        rate = 0.5 * (1 + math.cos(math.pi * number / self._recipe.epochs))
        for group in self._optimizer.param_groups:
            group["lr"] = self._recipe.learning_rate * rate
        self._network.train()
        self._head.train()
        losses, right = 0.0, 0
        for indices in _batches(len(self._labels), self._recipe.batch_size, generator):
            chips = chip_to_tensor(self._chips[indices].to(self._device))
            labels = self._labels[indices].to(self._device)
            with torch.autocast(self._device.type, enabled=self._device.type == "cuda"):
                embeddings = self._network(_varied(chips, generator))
                logits = self._head(embeddings, labels)
            loss = functional.cross_entropy(logits.float(), labels)
            if not bool(torch.isfinite(loss)):
                raise DataError(
                    f"training: the loss of epoch {number + 1} is {loss.item()}; lower the "
                    "learning rate and begin anew"
                )
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            losses += loss.item() * len(indices)
            right += int((logits.argmax(dim=1) == labels).sum())
        seen = len(self._labels)
        return losses / seen, right / seen

    def _origin(self) -> dict[str, Any]:
        settings = dataclasses.asdict(self._recipe)
        settings.pop("epochs")
        return {**settings, "data": self._digest}

    def _save(self) -> None:
        state = self._state
        rows = [dataclasses.asdict(epoch) for epoch in state.epochs]
        content = {
            "origin": self._origin(),
            "network": self._network.state_dict(),
            "head": self._head.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "epochs": rows,
            "best": dataclasses.asdict(state.best) if state.best else None,
            "best_weights": state.best_weights,
        }
        draft = self._folder / f".{CHECKPOINT_NAME}.{os.getpid()}"
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


def measure(
    network: FaceNetwork, chips: Tensor, labels: Tensor, *, device: torch.device
) -> HeldOutFigures:
    """Return verification figures over all pairs of chips.

    Args:
        chips: (N, 150, 150, 3) uint8 RGB. labels: (N,) int64 people.
    """
    network.eval()
    with torch.inference_mode():
        parts = [network(chip_to_tensor(part.to(device))).cpu() for part in chips.split(64)]
    embeddings = torch.cat(parts).double().numpy()
    first, second = np.triu_indices(len(embeddings), k=1)
    distances = np.linalg.norm(embeddings[first] - embeddings[second], axis=1)
    people = labels.numpy()
    same = people[first] == people[second]
    genuine, impostor = distances[same], distances[~same]
    curve = roc(genuine, impostor)
    return HeldOutFigures(
        auc=curve.auc,
        equal_error_rate=curve.equal_error_rate,
        tar_at_far_1pct=tar_at_far(genuine, impostor, max_far=0.01).tar,
    )


def _head(recipe: FaceRecipe, *, people: int) -> nn.Module:
    if recipe.head == "softmax":
        return SoftmaxHead(dimension=recipe.dimension, people=people, scale=recipe.scale)
    return ArcFaceHead(
        dimension=recipe.dimension, people=people, scale=recipe.scale, margin=recipe.margin
    )


def _load(people: Mapping[str, tuple[Path, ...]]) -> tuple[Tensor, Tensor]:
    """Return (N, 150, 150, 3) uint8 chips, 68 KB each, and (N,) int64 people."""
    chips = [read_chip(path) for paths in people.values() for path in paths]
    labels = [label for label, paths in enumerate(people.values()) for _ in paths]
    return torch.from_numpy(np.stack(chips)), torch.tensor(labels)


def _batches(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield shuffled indices; a last batch of one joins the one before: BatchNorm needs two."""
    order = torch.randperm(count, generator=generator)
    parts = list(order.split(size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    yield from parts


def _varied(chips: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror half of (N, 3, H, W) chips, change their light, and shift the batch a little."""
    count = len(chips)
    mirrored = (torch.rand(count, generator=generator) < 0.5).to(chips.device)
    chips = torch.where(mirrored[:, None, None, None], chips.flip(3), chips)
    contrast = 1.0 + 0.4 * (torch.rand(count, 1, 1, 1, generator=generator) - 0.5)
    brightness = 0.4 * (torch.rand(count, 1, 1, 1, generator=generator) - 0.5)
    chips = chips * contrast.to(chips.device) + brightness.to(chips.device)
    down, right = torch.randint(-_SHIFT_PX, _SHIFT_PX + 1, (2,), generator=generator).tolist()
    return torch.roll(chips, (down, right), dims=(2, 3)).clamp(-1.0, 1.0)
