"""A runtime for tests: a function stands for the model, nothing is read from disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import InferenceSession, SessionOptions, Tensor
from edgeai_core.runtimes.validation import InputSpec, check_inputs

ModelFunction = Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]


class FakeRuntime:
    """Answers every inference with a function of the inputs.

    Args:
        function: inputs by name to outputs by name. inputs: what the model takes; checked like a
            real model's. outputs: output names. name, file_suffixes, missing_reason: what the
            runtime says of itself.
    """

    def __init__(
        self,
        function: ModelFunction,
        *,
        inputs: Sequence[InputSpec],
        outputs: Sequence[str],
        name: str = "fake",
        file_suffixes: frozenset[str] = frozenset({".onnx"}),
        missing_reason: str = "",
    ) -> None:
        self._function = function
        self._inputs = tuple(inputs)
        self._outputs = tuple(outputs)
        self._name = name
        self._suffixes = file_suffixes
        self._missing = missing_reason

    @property
    def name(self) -> str:
        return self._name

    @property
    def file_suffixes(self) -> frozenset[str]:
        return self._suffixes

    def missing(self) -> str:
        return self._missing

    def load(self, path: Path, options: SessionOptions) -> InferenceSession:
        return FakeSession(
            self._function,
            inputs=self._inputs,
            outputs=self._outputs,
            runtime_name=self._name,
            model=path.name,
        )


class FakeSession:
    """A model made of a function; `closed` tells whether it was let go."""

    def __init__(
        self,
        function: ModelFunction,
        *,
        inputs: Sequence[InputSpec],
        outputs: Sequence[str],
        runtime_name: str = "fake",
        model: str = "fake",
    ) -> None:
        self._function = function
        self._specs = tuple(inputs)
        self._outputs = tuple(outputs)
        self._runtime_name = runtime_name
        self._model = model
        self.closed = False

    @property
    def runtime_name(self) -> str:
        return self._runtime_name

    @property
    def input_names(self) -> Sequence[str]:
        return tuple(spec.name for spec in self._specs)

    @property
    def output_names(self) -> Sequence[str]:
        return self._outputs

    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if self.closed:
            raise ModelError(f"model {self._model}: the session is closed; open it again")
        check_inputs(self._model, self._specs, inputs)
        results = self._function(inputs)
        return {name: results[name] for name in self._outputs}

    def close(self) -> None:
        self.closed = True
