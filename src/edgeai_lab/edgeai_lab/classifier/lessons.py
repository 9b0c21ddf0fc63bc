"""What a classifier learns from: features that are computed once, or the pictures themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgeai_lab.backbones import Backbone
from edgeai_lab.classifier.examples import Example, Examples
from edgeai_lab.classifier.figures import measure
from edgeai_lab.classifier.network import Classifier
from edgeai_lab.classifier.recipe import ClassifierRecipe
from edgeai_lab.classifier.variation import vary
from edgeai_lab.feature_extraction import FeatureExtractor
from edgeai_lab.pictures import Image, load_square, read_rgb, stretched
from edgeai_lab.progress import Track, silent
from edgeai_lab.training import Outcome

_DECODING_THREADS = 2
_MEASURED_AT_ONCE = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """(B, ...) inputs of the network and (B,) int64 classes."""

    inputs: Tensor
    labels: Tensor


class _Lesson:
    """What both kinds have in common: the loss and the figures."""

    things, figure = "pictures", "balanced_accuracy"

    def __init__(
        self, examples: Examples, recipe: ClassifierRecipe, network: nn.Module, device: torch.device
    ) -> None:
        self.name = f"{recipe.regime} {recipe.backbone}"
        self.examples = len(examples.training)
        self.network = network.to(device)
        self._device, self._recipe, self._examples = device, recipe, examples
        self._labels = _labels(examples.training)
        self._weights = class_weights(examples).to(device) if recipe.balance else None

    def learn(self, batch: Batch) -> Outcome:
        logits = self.network(batch.inputs.to(self._device))
        labels = batch.labels.to(self._device)
        loss = functional.cross_entropy(
            logits.float(),
            labels,
            weight=self._weights,
            label_smoothing=self._recipe.label_smoothing,
        )
        return Outcome(loss=loss, right=int((logits.argmax(dim=1) == labels).sum()))

    def _figures(self, scores: npt.NDArray[np.floating]) -> Mapping[str, float]:
        labels = [example.label for example in self._examples.validation]
        figures = measure(scores, labels, self._examples.classes)
        return {
            "validation_loss": figures.loss,
            "validation_accuracy": figures.accuracy,
            "balanced_accuracy": figures.balanced_accuracy,
        }


class FeatureLesson(_Lesson):
    """A head on features of a backbone that does not change, computed once for every picture."""

    def __init__(
        self,
        examples: Examples,
        recipe: ClassifierRecipe,
        *,
        backbone: Backbone,
        head: nn.Module,
        device: torch.device,
        track: Track[Example] = silent,
    ) -> None:
        super().__init__(examples, recipe, head, device)
        self.parts: Mapping[str, nn.Module] = {"network": self.network}
        self.rates: Mapping[str, float] = {}
        side_px = recipe.side_px or backbone.row.side_px
        count, views = len(examples.training), recipe.views
        self._features = np.empty((count, 1 + views, backbone.dimension), np.float32)
        with closing(FeatureExtractor(backbone, side_px=side_px)) as extractor:
            for place, example in enumerate(track(examples.training, "features to train on")):
                picture = read_rgb(example.path)
                copies = [
                    vary(
                        picture,
                        recipe.variation,
                        side_px=side_px,
                        rng=np.random.default_rng((recipe.seed, view, place)),
                    )
                    for view in range(views)
                ]
                for view, copy in enumerate([stretched(picture, side_px), *copies]):
                    self._features[place, view] = extractor.features(copy)
            validation = [
                extractor.features(load_square(example.path, side_px))
                for example in track(examples.validation, "features to stop by")
            ]
        self._validation = torch.from_numpy(np.stack(validation))

    def batches(
        self, indices: Sequence[Tensor], generator: torch.Generator, epoch: int
    ) -> Iterator[Batch]:
        del epoch
        for chosen in indices:
            views = torch.randint(0, self._features.shape[1], (len(chosen),), generator=generator)
            features = self._features[chosen.numpy(), views.numpy()]
            yield Batch(inputs=torch.from_numpy(features), labels=self._labels[chosen])

    def measure(self) -> Mapping[str, float]:
        with torch.inference_mode():
            logits = self.network(self._validation.to(self._device))
        return self._figures(logits.float().softmax(dim=1).cpu().numpy())


class PictureLesson(_Lesson):
    """Backbone and head on pictures, each varied anew in every epoch."""

    def __init__(
        self,
        examples: Examples,
        recipe: ClassifierRecipe,
        *,
        classifier: Classifier,
        device: torch.device,
    ) -> None:
        super().__init__(examples, recipe, classifier, device)
        # The layout that pictures come in: a training step of lite0 costs a sixth less in it.
        classifier.to(memory_format=torch.channels_last)
        self.parts: Mapping[str, nn.Module] = {
            "backbone": classifier.backbone,
            "head": classifier.head,
        }
        slower = recipe.regime == "finetune"
        self.rates: Mapping[str, float] = {"backbone": recipe.backbone_rate if slower else 1.0}
        self._side_px = recipe.side_px or classifier.backbone.row.side_px

    def batches(
        self, indices: Sequence[Tensor], generator: torch.Generator, epoch: int
    ) -> Iterator[Batch]:
        """Decode and vary the next batch while the network learns from this one."""
        del generator  # variation is seeded by epoch and picture: threads may finish in any order
        with ThreadPoolExecutor(_DECODING_THREADS) as pool:
            waiting: list[Future[Image]] = []
            for number, chosen in enumerate(indices):
                current = waiting or self._submit(pool, chosen, epoch)
                following = indices[number + 1] if number + 1 < len(indices) else None
                waiting = [] if following is None else self._submit(pool, following, epoch)
                pictures = np.stack([future.result() for future in current])
                yield Batch(inputs=_channels_first(pictures), labels=self._labels[chosen])

    def measure(self) -> Mapping[str, float]:
        parts = []
        examples = self._examples.validation
        with ThreadPoolExecutor(_DECODING_THREADS) as pool, torch.inference_mode():
            for start in range(0, len(examples), _MEASURED_AT_ONCE):
                some = examples[start : start + _MEASURED_AT_ONCE]
                squares = pool.map(lambda e: load_square(e.path, self._side_px), some)
                inputs = _channels_first(np.stack(list(squares))).to(self._device)
                parts.append(self.network(inputs).float().softmax(dim=1).cpu().numpy())
        return self._figures(np.concatenate(parts))

    def _submit(self, pool: ThreadPoolExecutor, chosen: Tensor, epoch: int) -> list[Future[Image]]:
        return [pool.submit(self._varied, place, epoch) for place in chosen.tolist()]

    def _varied(self, place: int, epoch: int) -> Image:
        recipe = self._recipe
        return vary(
            read_rgb(self._examples.training[place].path),
            recipe.variation,
            side_px=self._side_px,
            rng=np.random.default_rng((recipe.seed, epoch, place)),
        )


def class_weights(examples: Examples) -> Tensor:
    """Return (C,) float32 weights that make every class count alike, 1 in the mean of pictures."""
    counts = Counter(example.label for example in examples.training)
    total, classes = len(examples.training), len(examples.classes)
    return torch.tensor([total / (classes * counts[label]) for label in range(classes)])


def _labels(examples: Sequence[Example]) -> Tensor:
    return torch.tensor([example.label for example in examples])


def _channels_first(pictures: npt.NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2)
