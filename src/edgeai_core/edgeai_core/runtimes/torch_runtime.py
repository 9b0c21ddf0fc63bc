"""PyTorch and TensorRT (through torch2trt) for boards with a CUDA GPU.

Both read the same .onnx files as the other engines: onnx2torch rebuilds the module from the graph,
so no pickled code is ever loaded. None of the libraries is imported before it is chosen. TensorRT
engines are built on the board and kept; the file name holds everything that makes an engine
unusable when it changes: TensorRT's version, the GPU, the precision and the model's sha256.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import InferenceSession, SessionOptions, Tensor
from edgeai_core.runtimes.validation import InputSpec, check_inputs

_BOARD_HELP = "on a Jetson install NVIDIA's wheel for its JetPack, elsewhere use openvino"


def _absent(*modules: str) -> str:
    for module in modules:
        if importlib.util.find_spec(module) is None:
            return f"the package {module} is not installed; {_BOARD_HELP}"
    if not importlib.import_module("torch").cuda.is_available():
        return "PyTorch finds no CUDA GPU; use openvino or onnxruntime, which are faster on a CPU"
    return ""


class TorchRuntime:
    """Runs .onnx files as PyTorch modules on the first CUDA GPU."""

    name = "torch"
    file_suffixes = frozenset({".onnx"})

    def missing(self) -> str:
        return _absent("torch", "onnx", "onnx2torch")

    def load(self, path: Path, options: SessionOptions) -> InferenceSession:
        module, specs, outputs = _module(path)
        return _TorchSession(path.name, self.name, module, specs, outputs)


class Torch2TrtRuntime:
    """Runs .onnx files as TensorRT engines that torch2trt builds once per board.

    Args:
        cache_directory: where engines are kept; None for `engines` beside the model.
    """

    name = "torch2trt"
    file_suffixes = frozenset({".onnx"})

    def __init__(self, cache_directory: Path | None = None) -> None:
        self._cache_directory = cache_directory

    def missing(self) -> str:
        return _absent("torch", "onnx", "onnx2torch", "tensorrt", "torch2trt")

    def load(self, path: Path, options: SessionOptions) -> InferenceSession:
        torch = importlib.import_module("torch")
        torch2trt = importlib.import_module("torch2trt")
        module, specs, outputs = _module(path)
        engine_path = self._engine_path(path, options)
        engine = torch2trt.TRTModule()
        if engine_path.is_file():
            engine.load_state_dict(torch.load(engine_path, weights_only=True))
        else:
            engine = self._built(torch2trt, module, specs, options)
            _save(torch, engine.state_dict(), engine_path)
        return _TorchSession(path.name, self.name, engine, specs, outputs)

    def _built(
        self, torch2trt: Any, module: Any, specs: Sequence[InputSpec], options: SessionOptions
    ) -> Any:
        torch = importlib.import_module("torch")
        blanks = [
            torch.from_numpy(np.zeros(tuple(side or 1 for side in spec.shape), spec.dtype)).cuda()
            for spec in specs
        ]
        return torch2trt.torch2trt(module, blanks, fp16_mode=options.precision == "auto")

    def _engine_path(self, path: Path, options: SessionOptions) -> Path:
        torch, tensorrt = importlib.import_module("torch"), importlib.import_module("tensorrt")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        gpu = re.sub(r"[^A-Za-z0-9]+", "-", torch.cuda.get_device_name(0))
        directory = self._cache_directory or path.parent / "engines"
        key = f"{path.stem}-trt{tensorrt.__version__}-{gpu}-{options.precision}-{digest[:16]}"
        return directory / f"{key}.pth"


def _save(torch: Any, state: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".part{os.getpid()}")
    torch.save(state, partial)
    partial.replace(path)


def _module(path: Path) -> tuple[Any, tuple[InputSpec, ...], tuple[str, ...]]:
    onnx = importlib.import_module("onnx")
    onnx2torch = importlib.import_module("onnx2torch")
    try:
        model = onnx.load(str(path))
        module = onnx2torch.convert(model).eval().cuda()
    except Exception as exc:  # protobuf, onnx and onnx2torch share no exception base
        raise ModelError(f"model {path.name}: PyTorch cannot load it: {exc}") from exc
    weights = {tensor.name for tensor in model.graph.initializer}
    specs = tuple(_spec(onnx, port) for port in model.graph.input if port.name not in weights)
    return module, specs, tuple(port.name for port in model.graph.output)


def _spec(onnx: Any, port: Any) -> InputSpec:
    kind = port.type.tensor_type
    return InputSpec(
        name=port.name,
        shape=tuple(side.dim_value or None for side in kind.shape.dim),
        dtype=np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)),
    )


class _TorchSession:
    def __init__(
        self,
        model: str,
        runtime_name: str,
        module: Any,
        specs: Sequence[InputSpec],
        outputs: Sequence[str],
    ) -> None:
        self._model = model
        self._runtime_name = runtime_name
        self._module: Any = module
        self._specs = tuple(specs)
        self._outputs = tuple(outputs)

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
        if self._module is None:
            raise ModelError(f"model {self._model}: the session is closed; open it again")
        check_inputs(self._model, self._specs, inputs)
        torch = importlib.import_module("torch")
        with torch.inference_mode():
            tensors = [torch.from_numpy(inputs[spec.name]).cuda() for spec in self._specs]
            try:
                results = self._module(*tensors)
            except RuntimeError as exc:
                raise ModelError(
                    f"model {self._model}: {self._runtime_name} failed: {exc}"
                ) from exc
            if len(self._outputs) == 1:
                results = (results,)
            return {
                name: result.cpu().numpy()
                for name, result in zip(self._outputs, results, strict=True)
            }

    def close(self) -> None:
        if self._module is not None:
            self._module = None
            importlib.import_module("torch").cuda.empty_cache()
