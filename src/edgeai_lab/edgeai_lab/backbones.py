"""Backbones by name behind one interface: bytes of pictures in, a vector of features out."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edgeai_core.errors import ConfigError, ModelError
from edgeai_lab.backbone_names import BACKBONES, BackboneName, Library
from edgeai_lab.backbone_weights import resolve_weights
from edgeai_lab.torch_operators import declare_torchvision_operators

# Weight and bias of the classifier that was cut off.
_MOST_LEFT_OVER = 2


class Backbone(nn.Module):
    """A network without its classifier.

    Args:
        row: of the table. body: (N, 3, side, side) float32 in the row's scale to (N, D).
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, row: BackboneName, body: nn.Module) -> None:
        super().__init__()
        self.row = row
        self.body = body
        mean, deviation = row.scale.value
        # Not saved: they belong to the row, and old checkpoints must not change them.
        self.register_buffer("mean", _by_colour(mean), persistent=False)
        self.register_buffer("deviation", _by_colour(deviation), persistent=False)
        self.dimension = self._measure()

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, D) float32 features of (N, 3, H, W) RGB pictures, 0..255, any number type."""
        features: Tensor = self.body((pictures.float() - self.mean) / self.deviation)
        return features.flatten(1)

    def _measure(self) -> int:
        """Return D by trying: the libraries name it in as many ways as they have networks."""
        training = self.training
        self.eval()
        with torch.inference_mode():
            features = self(torch.zeros(1, 3, self.row.side_px, self.row.side_px))
        self.train(training)
        return int(features.shape[1])


class LeNet(nn.Module):
    """LeNet-5 without its last layer, for colour pictures of 32 x 32 px.

    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition"
    (1998), figure 2. Departs from it: ReLU for the scaled tanh, largest values for trained
    averages, and every map of the second convolution sees all of the first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 6, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            # A picture of another size is brought to the five by five that the next layer takes.
            nn.AdaptiveAvgPool2d(5),
            nn.Conv2d(16, 120, 5),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(120, 84),
            nn.ReLU(),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, 84) for (N, 3, 32, 32)."""
        features: Tensor = self.layers(pictures)
        return features


def create_backbone(name: str, *, pretrained: bool) -> Backbone:
    """Return a backbone with pinned weights, or with random ones of torch's generator.

    Raises:
        ConfigError: unknown name, or none of its weights are pinned.
        ModelMissingError, ModelIntegrityError, ModelError: the weights cannot be used.
    """
    row = backbone_row(name)
    weights = resolve_weights(name) if pretrained else None
    declare_torchvision_operators()
    if row.library is Library.TIMM:
        body = _timm_body(row.builder)
    elif row.library is Library.TORCHVISION:
        body = _torchvision_body(row.builder)
    else:
        body = LeNet()
    if weights is not None:
        _load(name, body, weights)
    return Backbone(row, body)


def backbone_row(name: str) -> BackboneName:
    """Return a row of the table.

    Raises:
        ConfigError: there is none of that name.
    """
    row = BACKBONES.get(name)
    if row is None:
        near = difflib.get_close_matches(name, BACKBONES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(BACKBONES)}"
        raise ConfigError(f"backbone {name}: unknown; {hint}")
    return row


def _timm_body(builder: str) -> nn.Module:
    import timm

    body: nn.Module = timm.create_model(builder, pretrained=False, num_classes=0)
    return body


def _torchvision_body(builder: str) -> nn.Module:
    from torchvision import models

    options: dict[str, Any] = {"weights": None}
    if builder == "googlenet":
        options |= {"aux_logits": False, "init_weights": False}
    body: nn.Module = getattr(models, builder)(**options)
    if hasattr(body, "fc"):
        body.fc = nn.Identity()
    else:
        # The last layer alone: what lies before it in the classifier belongs to the features.
        body.classifier[-1] = nn.Identity()
    return body


def _load(name: str, body: nn.Module, path: Path) -> None:
    """Fill a body by order: publishers name the same layers in their own ways."""
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as exc:  # torch raises whatever its unpickler meets
        raise ModelError(f"backbone {name}: {path} cannot be read: {exc}") from exc
    own = body.state_dict()
    fits = len(own) <= len(saved) <= len(own) + _MOST_LEFT_OVER and all(
        value.shape == other.shape
        for value, other in zip(own.values(), saved.values(), strict=False)
    )
    if not fits:
        raise ModelError(
            f"backbone {name}: {path} holds {len(saved)} tensors that do not fit the network's "
            f"{len(own)}; the versions of the file and of the library do not belong together"
        )
    body.load_state_dict(dict(zip(own, saved.values(), strict=False)))


def _by_colour(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).reshape(1, 3, 1, 1)
