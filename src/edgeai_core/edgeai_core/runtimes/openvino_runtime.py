"""OpenVINO on the CPU: the fastest engine on x86 and the only one here that reads tflite."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import InferenceSession, SessionOptions, Tensor
from edgeai_core.runtimes.validation import InputSpec, check_inputs


class OpenVinoRuntime:
    """Runs .onnx, .tflite, .xml (OpenVINO IR) and .pb (frozen TensorFlow graph) files."""

    name = "openvino"
    file_suffixes = frozenset({".onnx", ".tflite", ".xml", ".pb"})

    def missing(self) -> str:
        if importlib.util.find_spec("openvino") is None:
            return "the package openvino is not installed; pip install openvino"
        return ""

    def load(self, path: Path, options: SessionOptions) -> InferenceSession:
        properties: dict[str, Any] = {
            "INFERENCE_NUM_THREADS": options.threads,
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            # Pinning threads to cores makes several small models queue on the same core.
            "ENABLE_CPU_PINNING": False,
        }
        if options.precision != "auto":
            properties["INFERENCE_PRECISION_HINT"] = "f32"
        core = shared_core()
        try:
            # Two steps, so that the source graph is freed before the first inference.
            graph = core.read_model(path)
            compiled = core.compile_model(graph, "CPU", properties)
        except RuntimeError as exc:
            reason = str(exc).strip().splitlines()[-1]
            raise ModelError(f"model {path.name}: OpenVINO cannot load it: {reason}") from exc
        return _OpenVinoSession(path.name, compiled)


@functools.cache
def shared_core() -> Any:
    """Return the process's one OpenVINO core, which is never freed.

    Where the processor has AMX, its CPU plug-in sets an alternate signal stack and, when it goes,
    restores the one it had found. Cores that come and go in another order leave a freed stack
    behind, and the next signal (Ctrl-C) is a segmentation fault (openvino 2026.4).
    """
    return importlib.import_module("openvino").Core()


class _OpenVinoSession:
    runtime_name = OpenVinoRuntime.name

    def __init__(self, model: str, compiled: Any) -> None:
        self._model = model
        self._request: Any = compiled.create_infer_request()
        self._specs = tuple(
            InputSpec(
                name=port.get_any_name(),
                shape=tuple(
                    side.get_length() if side.is_static else None
                    for side in port.get_partial_shape()
                ),
                dtype=np.dtype(port.get_element_type().to_dtype()),
            )
            for port in compiled.inputs
        )
        self._outputs = tuple(port.get_any_name() for port in compiled.outputs)

    @property
    def input_names(self) -> Sequence[str]:
        return tuple(spec.name for spec in self._specs)

    @property
    def output_names(self) -> Sequence[str]:
        return self._outputs

    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if self._request is None:
            raise ModelError(f"model {self._model}: the session is closed; open it again")
        check_inputs(self._model, self._specs, inputs)
        try:
            results = self._request.infer(dict(inputs), share_inputs=True)
        except RuntimeError as exc:
            raise ModelError(f"model {self._model}: OpenVINO failed: {exc}") from exc
        return {name: results[index] for index, name in enumerate(self._outputs)}

    def close(self) -> None:
        self._request = None
