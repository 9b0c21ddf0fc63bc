"""Write a torch module as one ONNX file."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from edgeai_core.errors import DataError

_OPSET = 18


def write_onnx(
    module: torch.nn.Module,
    sample: torch.Tensor,
    path: Path,
    *,
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> None:
    """Write a module of one input as ONNX, weights inside, shapes as in the sample.

    Raises:
        DataError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with quiet_exporter():
            torch.onnx.export(
                module.eval(),
                (sample,),
                str(path),
                input_names=list(inputs),
                output_names=list(outputs),
                opset_version=_OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc


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
