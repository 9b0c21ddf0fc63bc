"""What a network that knows ImageNet sees in pictures, to tell which ones are nearly the same."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeai_lab.backbone_names import DEFAULT_BACKBONE
from edgeai_lab.backbones import create_backbone
from edgeai_lab.feature_extraction import FeatureExtractor
from edgeai_lab.pictures import load_square
from edgeai_lab.progress import Track, silent


def compute_features(
    paths: Sequence[Path], *, track: Track[Path] = silent
) -> npt.NDArray[np.float32]:
    """Return (N, D) float32 features of length 1 of the default backbone with its pinned weights.

    Pictures are stretched to the backbone's square.

    Raises:
        DataError: a picture cannot be decoded. ModelMissingError: the weights are not installed.
    """
    backbone = create_backbone(DEFAULT_BACKBONE, pretrained=True)
    side_px = backbone.row.side_px
    features = np.empty((len(paths), backbone.dimension), np.float32)
    with closing(FeatureExtractor(backbone, side_px=side_px)) as extractor:
        for place, path in enumerate(track(paths, "look at pictures")):
            found = extractor.features(load_square(path, side_px))
            features[place] = found / np.linalg.norm(found)
    return features
