"""Features of a backbone that is not trained any more, as fast as this machine gives them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from edgeai_core.runtimes.base import InferenceSession, SessionOptions
from edgeai_core.runtimes.selection import open_session
from edgeai_lab.backbones import Backbone
from edgeai_lab.onnx_export import export_onnx
from edgeai_lab.pictures import Image


class FeatureExtractor:
    """Runs a backbone on single pictures: by torch on a GPU, else by the fastest CPU runtime.

    EfficientNet-lite0 takes 102 ms of a core per picture in eager torch and 7 ms in OpenVINO
    (224 px, two shared x86-64 cores): a data set of a thousand pictures pays for the export.

    Args:
        backbone: with the weights to use. side_px: of the square pictures.
    """

    def __init__(self, backbone: Backbone, *, side_px: int) -> None:
        self._session: InferenceSession | None = None
        self._backbone = backbone.eval()
        if torch.cuda.is_available():
            self._backbone.to("cuda")
            return
        sample = np.random.default_rng(0).integers(0, 256, (1, 3, side_px, side_px), np.uint8)
        with tempfile.TemporaryDirectory(prefix="edgeai-features-") as folder:
            path = Path(folder) / "backbone.onnx"
            export_onnx(backbone, sample, path, input_name="pictures", output_name="features")
            self._session = open_session(
                path,
                sample={"pictures": sample},
                options=SessionOptions(threads=len(os.sched_getaffinity(0))),
            )

    def features(self, picture: Image) -> npt.NDArray[np.float32]:
        """Return (D,) float32 for a (side, side, 3) uint8 RGB picture."""
        batch = np.ascontiguousarray(picture.transpose(2, 0, 1)[None])
        if self._session is not None:
            return np.asarray(self._session.run({"pictures": batch})["features"][0], np.float32)
        with torch.inference_mode():
            found = self._backbone(torch.from_numpy(batch).to("cuda"))
        return np.asarray(found[0].cpu().numpy(), np.float32)

    def close(self) -> None:
        """Give the runtime's memory back."""
        if self._session is not None:
            self._session.close()
            self._session = None
