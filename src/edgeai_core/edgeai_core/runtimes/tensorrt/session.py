"""Run an engine: its tensors by name, their memory on the card, one stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import Tensor
from edgeai_core.runtimes.tensorrt.cuda import CudaDevice
from edgeai_core.runtimes.validation import InputSpec, check_inputs

# By name: `tensorrt.nptype` of 8.5 asks NumPy for `np.bool`, which NumPy 1.24 took away.
_DTYPES: Mapping[str, type[np.generic]] = {
    "FLOAT": np.float32,
    "HALF": np.float16,
    "INT8": np.int8,
    "INT32": np.int32,
    "INT64": np.int64,
    "BOOL": np.bool_,
    "UINT8": np.uint8,
}


class TensorRtSession:
    """An engine that is ready to run.

    Args:
        trt: the module `tensorrt`. model: name for errors. plan: the serialized engine.
        device: where it runs.

    Raises:
        ModelError: TensorRT refuses the engine, or the card has no memory for it.
    """

    runtime_name = "tensorrt"

    def __init__(self, trt: Any, model: str, plan: bytes, device: CudaDevice) -> None:
        self._model = model
        self._device = device
        self._stack = ExitStack()
        device.enter_thread()
        self._logger = trt.Logger(trt.Logger.WARNING)
        # The engine needs its runtime as long as it lives.
        self._runtime = trt.Runtime(self._logger)
        engine = self._runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise ModelError(f"model {model}: TensorRT {trt.__version__} refuses its engine")
        self._engine: Any = engine
        self._context: Any = engine.create_execution_context()
        if self._context is None:
            raise ModelError(f"model {model}: the card has no memory for the engine")
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        is_input = {n: engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT for n in names}
        self._specs = tuple(self._spec(name) for name in names if is_input[name])
        self._outputs = tuple(name for name in names if not is_input[name])
        self._output_dtypes = {name: self._dtype(name) for name in self._outputs}
        # The largest that each input may be: memory is taken once.
        self._largest = {
            spec.name: tuple(engine.get_tensor_profile_shape(spec.name, 0)[2])
            if None in spec.shape
            else tuple(engine.get_tensor_shape(spec.name))
            for spec in self._specs
        }
        try:
            self._addresses = self._allocated()
            self._stream = device.create_stream()
            self._stack.callback(device.destroy_stream, self._stream)
        except ModelError:
            self._stack.close()
            raise

    @property
    def input_names(self) -> Sequence[str]:
        return tuple(spec.name for spec in self._specs)

    @property
    def output_names(self) -> Sequence[str]:
        return self._outputs

    @property
    def input_specs(self) -> Sequence[InputSpec]:
        """What the engine takes, from its own tensors."""
        return self._specs

    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if self._context is None:
            raise ModelError(f"model {self._model}: the session is closed; open it again")
        check_inputs(self._model, self._specs, inputs)
        # Which thread runs it is not ours to choose; the call costs a microsecond.
        self._device.enter_thread()
        held = [self._copied_in(name, values) for name, values in inputs.items()]
        if not self._context.execute_async_v3(self._stream):
            raise ModelError(f"model {self._model}: TensorRT could not run it; its log says why")
        results = {}
        for name in self._outputs:
            shape = tuple(self._context.get_tensor_shape(name))
            results[name] = np.empty(shape, self._output_dtypes[name])
            self._device.copy_out(results[name], self._addresses[name], self._stream)
        self._device.wait(self._stream)
        del held  # the copies had to outlive the wait
        return results

    def close(self) -> None:
        if self._context is not None:
            self._device.enter_thread()
            self._context = self._engine = None
            self._stack.close()

    def _copied_in(self, name: str, values: Tensor) -> Tensor:
        most = self._largest[name]
        if any(got > limit for got, limit in zip(values.shape, most, strict=True)):
            raise ModelError(
                f"model {self._model}: input {name} is {values.shape}, its engine takes up to "
                f"{most}; give it less at once"
            )
        self._context.set_input_shape(name, values.shape)
        contiguous = np.ascontiguousarray(values)
        self._device.copy_in(self._addresses[name], contiguous, self._stream)
        return contiguous

    def _allocated(self) -> dict[str, int]:
        addresses = {}
        for spec in self._specs:
            self._context.set_input_shape(spec.name, self._largest[spec.name])
            addresses[spec.name] = self._taken(spec.dtype, self._largest[spec.name])
        for name in self._outputs:
            shape = tuple(self._context.get_tensor_shape(name))
            if any(side < 0 for side in shape):
                raise ModelError(
                    f"model {self._model}: output {name} has a size that depends on the values "
                    f"({shape}); TensorRT cannot run it here, use another runtime"
                )
            addresses[name] = self._taken(self._output_dtypes[name], shape)
        for name, address in addresses.items():
            self._context.set_tensor_address(name, address)
        return addresses

    def _taken(self, dtype: np.dtype[np.generic], shape: Sequence[int]) -> int:
        address = self._device.allocate(dtype.itemsize * int(np.prod(shape, dtype=np.int64)))
        self._stack.callback(self._device.free, address)
        return address

    def _spec(self, name: str) -> InputSpec:
        sides = tuple(int(side) for side in self._engine.get_tensor_shape(name))
        return InputSpec(
            name=name,
            shape=tuple(None if side < 0 else side for side in sides),
            dtype=self._dtype(name),
        )

    def _dtype(self, name: str) -> np.dtype[np.generic]:
        kind = str(self._engine.get_tensor_dtype(name)).rpartition(".")[2]
        if kind not in _DTYPES:
            raise ModelError(f"model {self._model}: tensor {name} is {kind}, which NumPy has not")
        return np.dtype(_DTYPES[kind])
