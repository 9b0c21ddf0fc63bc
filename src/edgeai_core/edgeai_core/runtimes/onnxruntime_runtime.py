"""ONNX Runtime on the CPU: close to OpenVINO, smaller, and at home on Arm boards."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import InferenceSession, SessionOptions, Tensor
from edgeai_core.runtimes.validation import InputSpec, check_inputs

_DTYPES: Mapping[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(uint8)": np.uint8,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
}


class OnnxRuntimeRuntime:
    """Runs .onnx files; always in the model's own precision."""

    name = "onnxruntime"
    file_suffixes = frozenset({".onnx"})

    def missing(self) -> str:
        if importlib.util.find_spec("onnxruntime") is None:
            return "the package onnxruntime is not installed; pip install onnxruntime"
        return ""

    def load(self, path: Path, options: SessionOptions) -> InferenceSession:
        onnxruntime = importlib.import_module("onnxruntime")
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        # The arena keeps the largest amount ever used; plain allocation costs nothing measurable.
        settings.enable_cpu_mem_arena = False
        settings.log_severity_level = 3
        # Waiting threads must not burn the cores that the other models need.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            engine = onnxruntime.InferenceSession(
                str(path), settings, providers=["CPUExecutionProvider"]
            )
        except Exception as exc:  # its exception classes share no public base
            reason = str(exc).strip().splitlines()[0]
            raise ModelError(f"model {path.name}: ONNX Runtime cannot load it: {reason}") from exc
        return _OnnxRuntimeSession(path.name, engine)


class _OnnxRuntimeSession:
    runtime_name = OnnxRuntimeRuntime.name

    def __init__(self, model: str, engine: Any) -> None:
        self._model = model
        self._engine: Any = engine
        self._specs = tuple(_spec(model, port) for port in engine.get_inputs())
        self._outputs = tuple(port.name for port in engine.get_outputs())

    @property
    def input_names(self) -> Sequence[str]:
        return tuple(spec.name for spec in self._specs)

    @property
    def output_names(self) -> Sequence[str]:
        return self._outputs

    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if self._engine is None:
            raise ModelError(f"model {self._model}: the session is closed; open it again")
        check_inputs(self._model, self._specs, inputs)
        try:
            results = self._engine.run(None, dict(inputs))
        except Exception as exc:  # its exception classes share no public base
            raise ModelError(f"model {self._model}: ONNX Runtime failed: {exc}") from exc
        return dict(zip(self._outputs, results, strict=True))

    def close(self) -> None:
        self._engine = None


def _spec(model: str, port: Any) -> InputSpec:
    if port.type not in _DTYPES:
        raise ModelError(
            f"model {model}: input {port.name} is {port.type}, expected one of {', '.join(_DTYPES)}"
        )
    sides = tuple(side if isinstance(side, int) else None for side in port.shape)
    return InputSpec(name=port.name, shape=sides, dtype=np.dtype(_DTYPES[port.type]))
