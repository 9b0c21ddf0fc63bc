"""A backbone with a head for classes, and the form in which it leaves the lab."""

from __future__ import annotations

from torch import Tensor, nn

from edgeai_lab.backbones import Backbone


def create_head(*, dimension: int, classes: int, hidden: int, dropout: float) -> nn.Sequential:
    """Return a head from (N, D) features to (N, C) logits, with a hidden layer if it has a width.

    It begins by scaling every feature, so that one learning rate suits all backbones.
    """
    layers: list[nn.Module] = [nn.BatchNorm1d(dimension), nn.Dropout(dropout)]
    if hidden:
        layers += [nn.Linear(dimension, hidden), nn.ReLU(), nn.Dropout(dropout)]
    layers.append(nn.Linear(hidden or dimension, classes))
    return nn.Sequential(*layers)


class Classifier(nn.Module):
    """(N, 3, H, W) RGB pictures, 0..255, to (N, C) logits."""

    def __init__(self, backbone: Backbone, head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, C) logits."""
        logits: Tensor = self.head(self.backbone(pictures))
        return logits


class ExportedClassifier(nn.Module):
    """The classifier behind bytes as OpenCV gives them, in RGB, and scores that add up to 1."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, picture: Tensor) -> Tensor:
        """Return (1, C) scores, 0..1, for (1, H, W, 3) uint8 RGB."""
        logits: Tensor = self.classifier(picture.permute(0, 3, 1, 2))
        return logits.softmax(dim=1)
