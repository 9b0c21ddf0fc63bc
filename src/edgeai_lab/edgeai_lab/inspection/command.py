"""`edgeai lab inspect`."""

from __future__ import annotations

import argparse
import difflib
from pathlib import Path

from edgeai_core import model_store
from edgeai_core.catalog import CATALOG
from edgeai_core.errors import ConfigError
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
    """Return the layers of a model of the catalog or of a file.

    Args:
        model: its name or path. shape: of the input, for files that leave it open.

    Raises:
        ConfigError: there is no such model. ModelError: it cannot be read.
    """
    card = CATALOG.get(model)
    if card is not None:
        return inspect_file(model_store.resolve(card), model=card.name, shape=shape)
    path = Path(model)
    if path.is_file():
        return inspect_file(path, model=path.name, shape=shape)
    near = difflib.get_close_matches(model, CATALOG, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(CATALOG)}"
    raise ConfigError(f"inspect: {model} is no file and no model of the catalog; {hint}")
