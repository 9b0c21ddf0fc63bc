"""Train an embedding network from scratch on a folder of aligned chips per person."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgeai_lab.epochs import Epoch as TrainedEpoch
from edgeai_lab.face_folders import read_chip
from edgeai_lab.face_metrics import roc, tar_at_far
from edgeai_lab.face_network import ArcFaceHead, FaceNetwork, SoftmaxHead, chip_to_tensor
from edgeai_lab.face_recipe import FaceRecipe, PeopleSplit
from edgeai_lab.progress import Track, silent
from edgeai_lab.training import Outcome, Schedule, Trainer

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
        settings = dataclasses.asdict(recipe)
        settings.pop("epochs")
        self._lesson = _FaceLesson(split, recipe, device=torch.device(device))
        self._trainer = Trainer(
            self._lesson,
            Schedule(
                epochs=recipe.epochs,
                batch_size=recipe.batch_size,
                learning_rate=recipe.learning_rate,
                weight_decay=recipe.weight_decay,
                patience=recipe.patience,
                seed=recipe.seed,
            ),
            folder,
            origin={**settings, "data": split.digest()},
            device=torch.device(device),
            clock_s=clock_s,
        )

    def resume(self) -> int:
        """Go on from the folder's checkpoint; return how many epochs it has done.

        Raises:
            DataError: there is none, it is damaged, or it is of other settings or other data.
        """
        return self._trainer.resume()

    def run(self, *, track: Track[int] = silent) -> Training:
        """Train until the epochs are over or nothing gets better.

        Raises:
            DataError: the loss is no number any more, or the folder cannot be written.
        """
        history = self._trainer.run(track=track)
        return Training(
            network=self._lesson.network,
            best=_epoch(history.best),
            epochs=tuple(map(_epoch, history.epochs)),
        )


def _epoch(trained: TrainedEpoch) -> Epoch:
    figures = HeldOutFigures(**trained.figures)
    return Epoch(
        epoch=trained.epoch,
        loss=trained.loss,
        accuracy=trained.accuracy,
        seconds=trained.seconds,
        **dataclasses.asdict(figures),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Chips:
    pictures: Tensor
    people: Tensor


class _FaceLesson:
    """Chips of people to a head that tells these people apart; the head is thrown away."""

    things, figure = "chips", "auc"
    network: FaceNetwork

    def __init__(self, split: PeopleSplit, recipe: FaceRecipe, *, device: torch.device) -> None:
        self.name = recipe.head
        self._device = device
        self._chips, self._labels = _load(split.training)
        self.examples = len(self._labels)
        first = itertools.islice(split.held_out.items(), _MOST_HELD_OUT_PEOPLE)
        self._held_out = _load({name: paths[:_MOST_CHIPS_EACH] for name, paths in first})
        torch.manual_seed(recipe.seed)
        self.network = FaceNetwork(dimension=recipe.dimension, width=recipe.width).to(device)
        self._head = _head(recipe, people=len(split.training)).to(device)
        self.parts: Mapping[str, nn.Module] = {"network": self.network, "head": self._head}
        self.rates: Mapping[str, float] = {}

    def batches(
        self, indices: Sequence[Tensor], generator: torch.Generator, epoch: int
    ) -> Iterator[_Chips]:
        del epoch  # the generator is already the epoch's own
        for chosen in indices:
            chips = chip_to_tensor(self._chips[chosen].to(self._device))
            yield _Chips(
                pictures=_varied(chips, generator), people=self._labels[chosen].to(self._device)
            )

    def learn(self, batch: _Chips) -> Outcome:
        logits = self._head(self.network(batch.pictures), batch.people)
        return Outcome(
            loss=functional.cross_entropy(logits.float(), batch.people),
            right=int((logits.argmax(dim=1) == batch.people).sum()),
        )

    def measure(self) -> Mapping[str, float]:
        return dataclasses.asdict(measure(self.network, *self._held_out, device=self._device))


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
