"""What the detector learns: guns and wallets, on the trunk that COCO taught."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from edgeai_core.analyzers.objects.labels import GUN, NEW_LABELS
from edgeai_core.geometry import non_maximum_suppression
from edgeai_lab.average_precision import PictureBoxes, average_precision
from edgeai_lab.objects.branch import Branch
from edgeai_lab.objects.examples import Example
from edgeai_lab.objects.loss import corners, detection_loss
from edgeai_lab.objects.network import Trunk, anchors
from edgeai_lab.objects.variation import Canvas, Variation, fitted, vary
from edgeai_lab.training import Outcome

FIGURE = "gun_ap50"
_MEASURE_BATCH = 16
_LEAST_SCORE, _SUPPRESSION_IOU = 0.01, 0.6
_MOST_LOOKED_AT, _MOST_FOUND = 300, 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """(N, 3, S, S) float32 pictures, and each one's (M, 5) boxes."""

    images: Tensor
    boxes: tuple[Tensor, ...]


class NewClasses:
    """The lesson of the branch; the trunk is only looked through."""

    name, things, figure = "objects", "pictures", FIGURE

    def __init__(
        self,
        trunk: Trunk,
        branch: Branch,
        *,
        training: Sequence[Example],
        weights: Sequence[float],
        validation: Sequence[Example],
        examples: int,
        variation: Variation,
        focus: float,
        rates: Mapping[str, float],
    ) -> None:
        self._trunk = trunk.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.network: nn.Module = branch.to(memory_format=torch.channels_last)
        self.parts: Mapping[str, nn.Module] = {
            "stride16": branch.stride16,
            "neck": branch.neck,
            "head": branch.head,
        }
        self.rates: Mapping[str, float] = rates
        self.examples = examples
        self._training, self._validation = list(training), list(validation)
        self._chances = np.array(weights) / np.sum(weights)
        self._variation, self._focus = variation, focus
        self._anchors = anchors(variation.side_px)

    def batches(
        self, indices: Sequence[Tensor], generator: torch.Generator, epoch: int
    ) -> Iterator[Batch]:
        del epoch
        seed = int(torch.randint(2**31, (1,), generator=generator))
        rng = np.random.default_rng(seed)

        def any_example() -> Example:
            return self._training[int(rng.choice(len(self._training), p=self._chances))]

        for chosen in indices:
            yield batch_of([vary(any_example(), any_example, self._variation, rng) for _ in chosen])

    def learn(self, batch: Batch) -> Outcome:
        answers = self._answers(batch.images)
        return Outcome(
            loss=detection_loss(answers, batch.boxes, self._anchors, focus=self._focus), right=0
        )

    def measure(self) -> Mapping[str, float]:
        return {FIGURE: precision_of_label(self._trunk, self.network, self._validation, GUN)}

    def _answers(self, images: Tensor) -> Tensor:
        # Measured with AVX-512: a picture takes 23 ms instead of 50, forth and back.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            with torch.no_grad():
                fine = self._trunk.finest(images)
            answers: Tensor = self.network(fine)
        return answers


def batch_of(canvases: Sequence[Canvas]) -> Batch:
    """Return canvases as the network takes them."""
    stacked = np.stack([canvas.image for canvas in canvases]).transpose(0, 3, 1, 2)
    images = torch.from_numpy(np.ascontiguousarray(stacked)).float()
    return Batch(
        images=images.contiguous(memory_format=torch.channels_last),
        boxes=tuple(torch.from_numpy(canvas.boxes) for canvas in canvases),
    )


def precision_of_label(
    trunk: Trunk, branch: nn.Module, examples: Sequence[Example], label: str
) -> float:
    """Return the average precision of a new class at half overlap, 0..1."""
    pictures = []
    column = NEW_LABELS.index(label)
    with torch.no_grad():
        for start in range(0, len(examples), _MEASURE_BATCH):
            canvases = [fitted(item) for item in examples[start : start + _MEASURE_BATCH]]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                answers = branch(trunk.finest(batch_of(canvases).images))
            for canvas, own in zip(canvases, answers, strict=True):
                scores = own[:, 4 + column].sigmoid().numpy()
                boxes = corners(own[:, :4]).numpy()
                some = np.argsort(-scores)[:_MOST_LOOKED_AT]
                some = some[scores[some] >= _LEAST_SCORE]
                kept = some[
                    non_maximum_suppression(
                        boxes[some], scores[some], iou_threshold=_SUPPRESSION_IOU
                    )
                ][:_MOST_FOUND]
                pictures.append(
                    PictureBoxes(
                        wanted=canvas.boxes[canvas.boxes[:, 0] == column, 1:],
                        found=boxes[kept],
                        scores=scores[kept],
                    )
                )
    return average_precision(pictures)
