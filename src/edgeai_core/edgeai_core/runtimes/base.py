"""What an inference runtime must offer; every engine is hidden behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Tensor = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """How a model is run.

    Attributes:
        threads: CPU threads for one inference; one per model is the safe default when several
            models share few cores.
        precision: "f32" for reproducible figures, "auto" lets the engine choose (bf16, fp16).
    """

    threads: int = 1
    precision: str = "f32"


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
