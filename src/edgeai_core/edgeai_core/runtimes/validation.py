"""Check the tensors that are given to a model before an engine sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """What one input of a model takes.

    Attributes:
        name: input name. shape: sizes; None where the model leaves a side open. dtype: of elements.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype[np.generic]

    def __str__(self) -> str:
        sides = ",".join("?" if side is None else str(side) for side in self.shape)
        return f"{self.name} ({sides}) {self.dtype}"

    def accepts(self, tensor: Tensor) -> bool:
        """Return whether a tensor has the dtype and the shape."""
        return (
            tensor.dtype == self.dtype
            and len(tensor.shape) == len(self.shape)
            and all(w is None or w == g for w, g in zip(self.shape, tensor.shape, strict=True))
        )


def check_inputs(model: str, specs: Sequence[InputSpec], inputs: Mapping[str, Tensor]) -> None:
    """Raise ModelError unless `inputs` are what the model takes, no more and no less."""
    expected = {spec.name: spec for spec in specs}
    if inputs.keys() != expected.keys():
        raise ModelError(
            f"model {model}: expected inputs {', '.join(expected)}, got "
            f"{', '.join(inputs) or 'none'}; name every input once"
        )
    for name, tensor in inputs.items():
        if not expected[name].accepts(tensor):
            got = f"({','.join(map(str, tensor.shape))}) {tensor.dtype}"
            raise ModelError(
                f"model {model}: expected input {expected[name]}, got {got}; convert the tensor "
                "or export the model again with this layout"
            )
