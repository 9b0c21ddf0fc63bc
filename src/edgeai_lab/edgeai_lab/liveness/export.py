"""From the trained liveness network to an ONNX file and the card that says what it is."""

from __future__ import annotations

import dataclasses
import hashlib
import platform
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import torch

from edgeai_core.analyzers.faces.passive_liveness import CONTEXT_SCALE, PATCH_SIDE_PX
from edgeai_core.errors import DataError, ModelError
from edgeai_core.runtimes.selection import open_session
from edgeai_lab.json_files import write_json
from edgeai_lab.liveness.minifasnet import MiniFASNet
from edgeai_lab.liveness.recipe import LivenessRecipe
from edgeai_lab.liveness.scene import TRAINED
from edgeai_lab.liveness.training import CurveRow
from edgeai_lab.liveness.training_faces import OPEN_SOURCES, OpenPictures
from edgeai_lab.onnx_export import quiet_exporter

MODEL_NAME, CARD_NAME = "passive_liveness.onnx", "passive_liveness.json"
INPUT_NAME, OUTPUT_NAME = "patch_bgr", "logits"
_OPSET = 18
_TOLERANCE = 1e-3


def export_network(network: MiniFASNet, path: Path) -> float:
    """Write the network as ONNX with a free number of patches.

    Returns:
        The largest difference of the logits from torch on patches of noise, with ONNX Runtime.

    Raises:
        ModelError: the file answers otherwise than the network. DataError: it cannot be written.
    """
    shape = (2, 3, PATCH_SIDE_PX, PATCH_SIDE_PX)
    patches = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    module = network.cpu().eval()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with quiet_exporter():
            torch.onnx.export(
                module,
                (torch.from_numpy(patches),),
                str(path),
                input_names=[INPUT_NAME],
                output_names=[OUTPUT_NAME],
                dynamic_shapes={"x": {0: torch.export.Dim("batch")}},
                opset_version=_OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc
    with torch.inference_mode():
        expected = module(torch.from_numpy(patches)).numpy()
    sample = {INPUT_NAME: patches}
    with closing(open_session(path, sample=sample, runtime="onnxruntime")) as session:
        answer = session.run(sample)[OUTPUT_NAME]
    difference = float(np.abs(answer - expected).max())
    if not difference <= _TOLERANCE:
        raise ModelError(
            f"{path} answers by {difference:.2g} otherwise than the trained network, allowed is "
            f"{_TOLERANCE:g}; do not use it"
        )
    return difference


def write_card(
    folder: Path,
    *,
    start: Path,
    pictures: OpenPictures,
    recipe: LivenessRecipe,
    curve: Sequence[CurveRow],
    difference: float,
) -> Path:
    """Write the model card beside the ONNX file and return its path.

    Args:
        start: weights that were trained further. curve: its last row is the exported network.
    """
    found = Counter(face.source.folder for face in pictures.faces)
    path = folder / CARD_NAME
    write_json(
        path,
        {
            "name": "passive_liveness",
            "task": "passive liveness",
            "file_name": MODEL_NAME,
            "sha256": _sha256(folder / MODEL_NAME),
            "input": f"{INPUT_NAME} (N, 3, {PATCH_SIDE_PX}, {PATCH_SIDE_PX}) float32 BGR 0..255, "
            f"the box of the face mesh grown {CONTEXT_SCALE:g} times",
            "output": f"{OUTPUT_NAME} (N, 3) float32: print, living, screen",
            "start": {"file_name": start.name, "sha256": _sha256(start)},
            "data": [
                {
                    "folder": source.folder,
                    "origin": source.origin,
                    "licence": source.licence,
                    "faces": found[source.folder],
                }
                for source in OPEN_SOURCES
            ],
            "textures": len(pictures.textures),
            "recipe": dataclasses.asdict(recipe),
            "ranges": dataclasses.asdict(TRAINED),
            "metrics": {
                "conditions": "single simulated pictures of held-out sources under the ranges of "
                "training; the same few people and rooms, so it flatters: measure with "
                "./edgeai lab evaluate liveness",
                "equal_error_rate": round(curve[-1].equal_error_rate, 6),
                "largest_difference_from_torch": difference,
            },
            "made_with": {"torch": torch.__version__, "python": platform.python_version()},
        },
    )
    return path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
