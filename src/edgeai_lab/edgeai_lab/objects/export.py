"""The trained network as the file that the product runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from edgeai_core.analyzers.objects.labels import COCO_NUMBERS, NEW_LABELS
from edgeai_core.analyzers.objects.model import FEATURE_OUTPUTS, INPUT_SIDE_PX
from edgeai_core.errors import ModelError
from edgeai_core.runtimes.selection import open_session
from edgeai_lab.objects.branch import Branch
from edgeai_lab.objects.loss import corners
from edgeai_lab.objects.network import (
    STRIDES_PX,
    Head,
    LevelHead,
    Neck,
    Trunk,
    placed,
)
from edgeai_lab.onnx_export import write_onnx

MODEL_NAME = "objects_nano.onnx"
INPUT_NAME = "image"
OUTPUT_NAMES = ("boxes", "scores", *FEATURE_OUTPUTS)
_TOLERANCE = 1e-3
_BOX_NUMBERS = 4


class ExportedObjects(nn.Module):
    """The whole network behind the input and outputs that the product's detector asks for.

    Of COCO's classes those are kept that the product names. What COCO taught and what the branch
    learned answer side by side, each with boxes of its own.
    """

    def __init__(self, trunk: Trunk, neck: Neck, head: Head, branch: Branch) -> None:
        super().__init__()
        self.trunk, self.neck, self.branch = trunk, neck, branch
        self.head = named_only(head, list(COCO_NUMBERS.values()))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return what the picture shows.

        Args:
            image: (1, 416, 416, 3) uint8 BGR.

        Returns:
            Boxes (1, A, 4) x_min, y_min, x_max, y_max in pixels of the input; scores (1, A, 23) in
            0..1; the head's three maps (1, 64, 52, 52), (1, 64, 26, 26), (1, 64, 13, 13).
        """
        maps = self.trunk(image.permute(0, 3, 1, 2).float())
        features, answers = [], []
        for level, own, stride in zip(self.head.levels, self.neck(*maps), STRIDES_PX, strict=True):
            assert isinstance(level, LevelHead)
            features.append(level.stem(own))
            answers.append(placed(level.answers(features[-1]), stride))
        known = torch.cat(answers, dim=1)
        new = self.branch(maps[0])
        presence = known[..., _BOX_NUMBERS : _BOX_NUMBERS + 1].sigmoid()
        known_scores = presence * known[..., _BOX_NUMBERS + 1 :].sigmoid()
        new_scores = new[..., _BOX_NUMBERS:].sigmoid()
        scores = torch.cat(
            [
                functional.pad(known_scores, (0, len(NEW_LABELS))),
                functional.pad(new_scores, (len(COCO_NUMBERS), 0)),
            ],
            dim=1,
        )
        boxes = torch.cat([known[..., :_BOX_NUMBERS], new[..., :_BOX_NUMBERS]], dim=1)
        return corners(boxes), scores, *features


def named_only(head: Head, columns: Sequence[int]) -> Head:
    """Return a copy of a head that answers for some of its classes only."""
    small = Head(len(columns))
    for own, given in zip(small.levels, head.levels, strict=True):
        state = given.state_dict()
        for name in ("classes.weight", "classes.bias"):
            state[name] = state[name][list(columns)]
        own.load_state_dict(state)
    small.eval()
    return small


def export(trunk: Trunk, neck: Neck, head: Head, branch: Branch, path: Path) -> float:
    """Write the network as the product runs it.

    Returns:
        The largest difference of a score from torch on a picture of noise.

    Raises:
        ModelError: the file answers otherwise than the network. DataError: it cannot be written.
    """
    network = ExportedObjects(trunk, neck, head, branch).to(memory_format=torch.contiguous_format)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (1, INPUT_SIDE_PX, INPUT_SIDE_PX, 3), np.uint8)
    write_onnx(network, image, path, input_name=INPUT_NAME, output_names=OUTPUT_NAMES)
    with torch.inference_mode():
        expected = network(torch.from_numpy(image))[1].numpy()
    inputs = {INPUT_NAME: image}
    with closing(open_session(path, sample=inputs, runtime="onnxruntime")) as session:
        found = np.asarray(session.run(inputs)["scores"], np.float32)
    difference = float(np.abs(found - expected).max())
    if not difference <= _TOLERANCE:
        raise ModelError(
            f"{path} answers by {difference:.2g} otherwise than the trained network, allowed is "
            f"{_TOLERANCE:g}; do not use it"
        )
    return difference
