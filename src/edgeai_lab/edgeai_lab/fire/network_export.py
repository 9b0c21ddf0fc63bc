"""The trained network as the file that the product runs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edgeai_lab.fire.network import FireHead, Trunk

INPUT_NAME = "image"
OUTPUT_NAMES = ("scores", "cell_scores", "cell_boxes")
_LOG_LIMIT = 4.0


class ExportedFire(nn.Module):
    """Trunk and head behind the input and outputs that the product's fire model asks for.

    Args:
        trunk, head: trained. hazard_threshold: logit of the hazard score that becomes 0.5: the
            product has one threshold, whatever the training gave.
    """

    offset: Tensor

    def __init__(self, trunk: Trunk, head: FireHead, *, hazard_threshold: float) -> None:
        super().__init__()
        self.trunk, self.head = trunk, head
        offset = torch.tensor([hazard_threshold, 0.0, 0.0, 0.0])
        self.register_buffer("offset", offset)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return scores and boxes of one picture.

        Args:
            image: (1, 3, 224, 224) float32 RGB, (value - 127) / 128.

        Returns:
            (1, 4) hazard, flame, smoke, large in 0..1; (1, 2, 14, 14) scores of flame and smoke in
            0..1; (1, 2, 4, 14, 14) boxes of them: x_min, y_min, x_max, y_max in 0..1 of the
            picture, a little outside at its borders.
        """
        logits, cells = self.head(*self.trunk(image))
        scores = torch.sigmoid(logits - self.offset)
        side = cells.shape[-1]
        reach = cells[:, 2:].clamp(-_LOG_LIMIT, _LOG_LIMIT).exp().reshape(1, 2, 4, side, side)
        centres = torch.arange(side, dtype=torch.float32) + 0.5
        x, y = centres[None, None, None, :], centres[None, None, :, None]
        edges = [x - reach[:, :, 0], y - reach[:, :, 1], x + reach[:, :, 2], y + reach[:, :, 3]]
        return scores, torch.sigmoid(cells[:, :2]), torch.stack(edges, dim=2) / side
