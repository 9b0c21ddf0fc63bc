"""What a network that knows ImageNet sees in pictures, to tell which ones are nearly the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from edgeai_lab.backbone_names import DEFAULT_BACKBONE
from edgeai_lab.backbones import create_backbone
from edgeai_lab.pictures import Image, read_picture
from edgeai_lab.progress import Track, silent

_BATCH = 32
_DECODING_THREADS = 2


def compute_features(
    paths: Sequence[Path], *, track: Track[list[Path]] = silent
) -> npt.NDArray[np.float32]:
    """Return (N, D) float32 features of length 1 of the default backbone with its pinned weights.

    Pictures are stretched to the backbone's square.

    Raises:
        DataError: a picture cannot be decoded. ModelMissingError: the weights are not installed.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    backbone = create_backbone(DEFAULT_BACKBONE, pretrained=True).eval().to(device)
    side = backbone.row.side_px
    parts = []
    with ThreadPoolExecutor(_DECODING_THREADS) as pool, torch.inference_mode():
        for batch in track(list(_batches(paths)), "look at pictures"):
            pictures = np.stack(list(pool.map(lambda path: load_square(path, side), batch)))
            features = backbone(torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2))
            parts.append(torch.nn.functional.normalize(features, dim=1).cpu().numpy())
    return np.concatenate(parts) if parts else np.empty((0, backbone.dimension), np.float32)


def load_square(path: Path, side_px: int) -> Image:
    """Return a picture stretched to (side, side, 3) uint8 RGB.

    Raises:
        DataError: it cannot be decoded.
    """
    picture = read_picture(path)
    # Averaging where pixels become fewer: other methods skip some, and twins look different.
    smaller = min(picture.shape[:2]) >= side_px
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    square = cv2.resize(picture, (side_px, side_px), interpolation=how)
    return np.asarray(cv2.cvtColor(square, cv2.COLOR_BGR2RGB), np.uint8)


def _batches(paths: Sequence[Path]) -> Iterator[list[Path]]:
    for start in range(0, len(paths), _BATCH):
        yield list(paths[start : start + _BATCH])
