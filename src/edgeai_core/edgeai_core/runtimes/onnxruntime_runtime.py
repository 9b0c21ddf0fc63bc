"""ONNX Runtime: near OpenVINO on the CPU, at home on Arm boards, and on a GPU with its build."""

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


_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class OnnxRuntimeRuntime:
    """Runs .onnx files on the CPU; always in the model's own precision."""

    name = "onnxruntime"
    file_suffixes = frozenset({".onnx"})
    _providers: tuple[str, ...] = (_CPU,)

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
                str(path), settings, providers=list(self._providers)
            )
        except Exception as exc:  # its exception classes share no public base
            reason = str(exc).strip().splitlines()[0]
            raise ModelError(f"model {path.name}: ONNX Runtime cannot load it: {reason}") from exc
        # A provider that cannot start is left out with a line in the log, and the CPU does it all.
        if (got := engine.get_providers()[0]) != self._providers[0]:
            raise ModelError(
                f"model {path.name}: ONNX Runtime runs it on {got}, expected {self._providers[0]}; "
                "its GPU build wants the CUDA and cuDNN that it was made for"
            )
        return _OnnxRuntimeSession(path.name, self.name, engine)


class OnnxRuntimeCudaRuntime(OnnxRuntimeRuntime):
    """Runs .onnx files on the first CUDA GPU, with ONNX Runtime's GPU build."""

    name = "onnxruntime_cuda"
    _providers = (_CUDA, _CPU)

    def missing(self) -> str:
        absent = super().missing()
        if absent:
            return absent
        if _CUDA not in importlib.import_module("onnxruntime").get_available_providers():
            return "this onnxruntime is built without CUDA; on a Jetson install onnxruntime-gpu"
        return ""


class _OnnxRuntimeSession:
    def __init__(self, model: str, runtime_name: str, engine: Any) -> None:
        self._model = model
        self._runtime_name = runtime_name
        self._engine: Any = engine
        self._specs = tuple(_spec(model, port) for port in engine.get_inputs())
        self._outputs = tuple(port.name for port in engine.get_outputs())

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
