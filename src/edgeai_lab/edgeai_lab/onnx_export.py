"""From a torch module to an ONNX file that provably answers alike."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import nn

from edgeai_core.errors import DataError, ModelError
from edgeai_core.runtimes.selection import open_session

_OPSET = 18
_TOLERANCE = 1e-4


def write_onnx(
    module: nn.Module,
    sample: npt.NDArray[Any],
    path: Path,
    *,
    input_name: str,
    output_names: Sequence[str],
    any_batch: bool = False,
) -> None:
    """Write a module of one input as ONNX, in the shapes of the sample, in evaluation mode.

    Args: as for :func:`export_onnx`.

    Raises:
        DataError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with quiet_exporter():
            torch.onnx.export(
                module.eval(),
                (torch.from_numpy(sample),),
                str(path),
                input_names=[input_name],
                output_names=list(output_names),
                dynamic_shapes=({0: torch.export.Dim("batch")},) if any_batch else None,
                opset_version=_OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        forget_origin(path)
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc


def export_onnx(
    module: nn.Module,
    sample: npt.NDArray[Any],
    path: Path,
    *,
    input_name: str,
    output_name: str,
    any_batch: bool = False,
) -> float:
    """Write a module of one input and one output as ONNX, in the shapes of the sample.

    Args:
        module: leaves training. sample: two or more examples where `any_batch` leaves their number
            open. path: file to write.

    Returns:
        The largest difference from torch on the sample, measured with ONNX Runtime.

    Raises:
        ModelError: the file answers otherwise than the module. DataError: it cannot be written.
    """
    write_onnx(
        module,
        sample,
        path,
        input_name=input_name,
        output_names=(output_name,),
        any_batch=any_batch,
    )
    with torch.inference_mode():
        expected = module(torch.from_numpy(sample)).numpy()
    difference = float(np.abs(_run(path, input_name, sample)[output_name] - expected).max())
    # Features of some backbones are in the tens: what counts is the share.
    if not difference <= _TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise ModelError(
            f"{path} answers by {difference:.2g} otherwise than the trained network, allowed is "
            f"{_TOLERANCE:g}; do not use it"
        )
    return difference


def forget_origin(path: Path) -> None:
    """Take out of an ONNX file what the exporter notes about this machine.

    torch 2.13 writes the Python stack of every operation into the file: a model that is published
    would carry the paths, and with them the user's name. OSError where it cannot be written.
    """
    model = onnx.load(path)
    for entry in (*model.graph.node, *model.graph.value_info, *model.functions, model.graph, model):
        del entry.metadata_props[:]
    for entry in (*model.graph.node, *model.functions, model.graph, model):
        entry.doc_string = ""
    for function in model.functions:
        for node in function.node:
            del node.metadata_props[:]
            node.doc_string = ""
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    onnx.save(model, path)


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """Keep back what torch 2.13's exporter says of itself: old calls, and no torchvision here."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
            yield
    finally:
        logger.setLevel(level)


def _run(path: Path, input_name: str, sample: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    inputs = {input_name: sample}
    with closing(open_session(path, sample=inputs, runtime="onnxruntime")) as session:
        return dict(session.run(inputs))
