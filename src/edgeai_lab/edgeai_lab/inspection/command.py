"""`edgeai lab inspect`."""

from __future__ import annotations

import argparse
import difflib
import tempfile
from pathlib import Path

from edgeai_core import model_store
from edgeai_core.catalog import CATALOG
from edgeai_core.errors import ConfigError
from edgeai_lab.backbone_names import BACKBONES
from edgeai_lab.inspection.layers import Inspection, describe
from edgeai_lab.inspection.openvino_graph import inspect_file
from edgeai_lab.json_files import write_json


def run_inspect(arguments: argparse.Namespace) -> int:
    """Print the layers of a model; return the exit code."""
    inspection = inspect(arguments.model, shape=tuple(arguments.shape))
    print(describe(inspection))
    if arguments.json is not None:
        write_json(arguments.json, inspection.result())
        print(f"result {arguments.json}")
    return 0


def inspect(model: str, *, shape: tuple[int, ...] = ()) -> Inspection:
    """Return the layers of a model of the catalog, of a file or of a backbone.

    Args:
        model: its name or path, tried in this order.
        shape: of the input, for files that leave it open.

    Raises:
        ConfigError: there is no such model. ModelError: it cannot be read.
    """
    card = CATALOG.get(model)
    if card is not None:
        return inspect_file(model_store.resolve(card), model=card.name, shape=shape)
    path = Path(model)
    if path.is_file():
        return inspect_file(path, model=path.name, shape=shape)
    if model in BACKBONES:
        return _inspect_backbone(model)
    known = (*CATALOG, *BACKBONES)
    near = difflib.get_close_matches(model, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
    raise ConfigError(f"inspect: {model} is no file, no model of the catalog, no backbone; {hint}")


def _inspect_backbone(name: str) -> Inspection:
    """Write the backbone down and read it again, so that all models are counted alike."""
    import numpy as np

    from edgeai_lab.backbones import create_backbone
    from edgeai_lab.onnx_export import export_onnx

    side = BACKBONES[name].side_px
    picture = np.random.default_rng(0).normal(size=(1, 3, side, side)).astype(np.float32)
    with tempfile.TemporaryDirectory(prefix="edgeai-inspect-") as folder:
        path = Path(folder) / f"{name}.onnx"
        export_onnx(
            create_backbone(name, pretrained=False).body,
            picture,
            path,
            input_name="picture",
            output_name="features",
        )
        return inspect_file(path, model=name)
