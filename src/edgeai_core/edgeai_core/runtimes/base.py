"""What an inference runtime must offer; every engine is hidden behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Tensor = npt.NDArray[np.generic]

FLOAT32, FLOAT16, INT8 = "f32", "f16", "int8"
# What a node may ask for; only TensorRT knows the last two.
PRECISIONS = (FLOAT32, FLOAT16, INT8)

# Told (model file name, sentence): what people should know of how it runs; "" when it is over.
Report = Callable[[str, str], None]


def unreported(model: str, sentence: str) -> None:
    """Tell nobody: the log has what matters, and goes without what others are told anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """How a model is run.

    Attributes:
        threads: CPU threads for one inference; one per model is the safe default when several
            models share few cores.
        precision: "f32" for reproducible figures, "auto" lets the engine choose (bf16, fp16);
            "f16" and "int8" are TensorRT's, the others take them for "f32".
        report: told when the model runs other than asked for.
    """

    threads: int = 1
    precision: str = FLOAT32
    report: Report = unreported


class InferenceSession(Protocol):
    """A loaded model. Not thread-safe: one worker owns it."""

    @property
    def runtime_name(self) -> str:
        """Name of the runtime that runs it."""
        ...

    @property
    def input_names(self) -> Sequence[str]:
        """Input names in the model's order."""
        ...

    @property
    def output_names(self) -> Sequence[str]:
        """Output names in the model's order."""
        ...

    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run one inference; outputs are owned by the caller.

        Raises:
            ModelError: an input is missing or has a wrong shape or dtype.
        """
        ...

    def close(self) -> None:
        """Free the engine's memory; calling it twice is harmless."""
        ...


class Runtime(Protocol):
    """An inference engine."""

    @property
    def name(self) -> str: ...

    @property
    def file_suffixes(self) -> frozenset[str]:
        """Model files it reads, with the dot: {".onnx", ".tflite"}."""
        ...

    def missing(self) -> str:
        """Return why it cannot be used on this machine and how to mend it; empty when it can."""
        ...

    def load(self, path: Path, options: SessionOptions) -> InferenceSession:
        """Load a model file.

        Raises:
            ModelError: the file cannot be read or has operators the engine does not know.
        """
        ...
