"""Stands for NVIDIA's `tensorrt` where there is none: the same names, a network that doubles.

A model is an ONNX file of any content, of which the inputs count; output y is twice x. The card is
the stand-in of libcuda.so.1, whose addresses are those of this process. What it pretends and what
it saw goes through the environment, because engines are built in another process:
FAKE_TRT_VERSION, FAKE_TRT_FAIL (parse, build, start, killed, slow), FAKE_TRT_ERROR (relative),
FAKE_TRT_LOG (a file, one JSON line for every build).
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import time
from enum import Enum
from typing import Any

import numpy as np
import onnx

__version__ = os.environ.get("FAKE_TRT_VERSION", "10.3.0")
_NUMPY = {"FLOAT": np.float32, "UINT8": np.uint8}


class _Numbered(Enum):
    """As pybind11's enums: int(x) works, str(x) is Class.NAME."""

    def __int__(self) -> int:
        return int(self.value)


class DataType(_Numbered):
    FLOAT = 0
    UINT8 = 5


class NetworkDefinitionCreationFlag(_Numbered):
    EXPLICIT_BATCH = 0


class BuilderFlag(_Numbered):
    FP16 = 0
    INT8 = 1
    TF32 = 7


class MemoryPoolType(_Numbered):
    WORKSPACE = 0


class TensorIOMode(_Numbered):
    NONE = 0
    INPUT = 1
    OUTPUT = 2


class Logger:
    WARNING = 2

    def __init__(self, min_severity: int = WARNING) -> None:
        self.min_severity = min_severity


class ITensor:
    def __init__(self, name: str, shape: list[int], dtype: str) -> None:
        self.name, self.shape, self.dtype = name, tuple(shape), DataType[dtype]


class INetworkDefinition:
    def __init__(self) -> None:
        self.ports: list[ITensor] = []

    @property
    def num_inputs(self) -> int:
        return len(self.ports)

    def get_input(self, index: int) -> ITensor:
        return self.ports[index]


class IOptimizationProfile:
    def __init__(self) -> None:
        self.shapes: dict[str, list[tuple[int, ...]]] = {}

    def set_shape(
        self, input: str, min: tuple[int, ...], opt: tuple[int, ...], max: tuple[int, ...]
    ) -> None:
        self.shapes[input] = [min, opt, max]


class IInt8EntropyCalibrator2:
    pass


class IBuilderConfig:
    def __init__(self) -> None:
        self.flags = {BuilderFlag.TF32}
        self.profiles: list[IOptimizationProfile] = []
        self.int8_calibrator: Any = None
        self.limits: dict[MemoryPoolType, int] = {}

    def set_flag(self, flag: BuilderFlag) -> None:
        self.flags.add(flag)

    def clear_flag(self, flag: BuilderFlag) -> None:
        self.flags.discard(flag)

    def set_memory_pool_limit(self, pool: MemoryPoolType, pool_size: int) -> None:
        self.limits[pool] = pool_size

    def add_optimization_profile(self, profile: IOptimizationProfile) -> int:
        self.profiles.append(profile)
        return len(self.profiles) - 1

    def set_calibration_profile(self, profile: IOptimizationProfile) -> bool:
        return profile in self.profiles


class ParserError:
    def desc(self) -> str:
        return "no importer for operator Mystery"


class OnnxParser:
    def __init__(self, network: INetworkDefinition, logger: Logger) -> None:
        self._network = network
        self.num_errors = 0

    def parse(self, model: bytes, path: str | None = None) -> bool:
        if os.environ.get("FAKE_TRT_FAIL") == "parse":
            self.num_errors = 1
            return False
        graph = onnx.load_model_from_string(model).graph
        for port in graph.input:
            kind = port.type.tensor_type
            shape = [side.dim_value or -1 for side in kind.shape.dim]
            dtype = {onnx.TensorProto.FLOAT: "FLOAT", onnx.TensorProto.UINT8: "UINT8"}
            self._network.ports.append(ITensor(port.name, shape, dtype[kind.elem_type]))
            users = [node.op_type for node in graph.node if port.name in node.input]
            if kind.elem_type == onnx.TensorProto.UINT8 and set(users) != {"Cast"}:
                # Only a cast may touch bytes that come from outside.
                self.num_errors = 1
                return False
        return True

    def get_error(self, index: int) -> ParserError:
        return ParserError()


class Builder:
    def __init__(self, logger: Logger) -> None:
        if os.environ.get("FAKE_TRT_FAIL") == "start":
            raise TypeError("pybind11::init(): factory function returned nullptr")

    def create_network(self, flags: int = 0) -> INetworkDefinition:
        if __version__.startswith("8"):
            assert flags == 1, "the parser of TensorRT 8 reads into explicit-batch networks only"
        return INetworkDefinition()

    def create_builder_config(self) -> IBuilderConfig:
        return IBuilderConfig()

    def create_optimization_profile(self) -> IOptimizationProfile:
        return IOptimizationProfile()

    def build_serialized_network(
        self, network: INetworkDefinition, config: IBuilderConfig
    ) -> bytes | None:
        failure = os.environ.get("FAKE_TRT_FAIL")
        if failure == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if failure == "slow":
            time.sleep(60)
        if failure == "build":
            return None
        calibrated = _calibrate(network, config) if BuilderFlag.INT8 in config.flags else None
        monitor = getattr(config, "progress_monitor", None)
        if monitor is not None:
            monitor.phase_start("Building", None, 1)
            assert monitor.step_complete("Building", 0)
            monitor.phase_finish("Building")
        built = {
            "version": __version__,
            "flags": sorted(flag.name for flag in config.flags),
            "calibrated": calibrated,
            "profiles": [profile.shapes for profile in config.profiles],
            "ports": [[p.name, p.shape, p.dtype.name] for p in network.ports],
            "error": float(os.environ.get("FAKE_TRT_ERROR", "0")),
        }
        if "FAKE_TRT_LOG" in os.environ:
            with open(os.environ["FAKE_TRT_LOG"], "a") as log:
                log.write(json.dumps(built) + "\n")
        return json.dumps(built).encode()


def _calibrate(network: INetworkDefinition, config: IBuilderConfig) -> str:
    calibrator = config.int8_calibrator
    known = calibrator.read_calibration_cache()
    if known is not None:
        return f"from cache {bytes(known).decode()}"
    batches, total = 0, 0.0
    while (addresses := calibrator.get_batch([port.name for port in network.ports])) is not None:
        for port, address in zip(network.ports, addresses, strict=True):
            shape = tuple(max(side, 1) for side in port.shape)
            total += float(_at(address, shape, port.dtype).sum())
        batches += 1
    calibrator.write_calibration_cache(f"{batches}:{total:g}".encode())
    return f"{batches} batches"


def _at(address: int, shape: tuple[int, ...], dtype: DataType) -> Any:
    kind = np.dtype(_NUMPY[dtype.name])
    size = int(np.prod(shape)) * kind.itemsize
    memory = (ctypes.c_uint8 * size).from_address(address)
    return np.frombuffer(memory, kind).reshape(shape)


class IExecutionContext:
    def __init__(self, engine: ICudaEngine) -> None:
        self._engine = engine
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._addresses: dict[str, int] = {}

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self._shapes[name] = tuple(shape)
        return True

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        # The one output is as large as the first input.
        return self._shapes.get(name) or next(iter(self._shapes.values()))

    def set_tensor_address(self, name: str, memory: int) -> bool:
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        name = self._engine.get_tensor_name(0)
        values = _at(self._addresses[name], self._shapes[name], self._engine.get_tensor_dtype(name))
        if float(values.flat[0]) == 99.0:
            return False
        answer = _at(self._addresses["y"], self._shapes[name], DataType.FLOAT)
        answer[...] = values.astype(np.float32) * 2 * (1 + self._engine.built["error"])
        return True


class ICudaEngine:
    def __init__(self, built: dict[str, Any]) -> None:
        self.built = built
        self._tensors = {
            name: (tuple(shape), DataType[dtype]) for name, shape, dtype in built["ports"]
        }
        self._tensors["y"] = (next(iter(self._tensors.values()))[0], DataType.FLOAT)

    @property
    def num_io_tensors(self) -> int:
        return len(self._tensors)

    def get_tensor_name(self, index: int) -> str:
        return list(self._tensors)[index]

    def get_tensor_mode(self, name: str) -> TensorIOMode:
        return TensorIOMode.OUTPUT if name == "y" else TensorIOMode.INPUT

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self._tensors[name][0]

    def get_tensor_dtype(self, name: str) -> DataType:
        return self._tensors[name][1]

    def get_tensor_profile_shape(self, name: str, profile_index: int) -> list[tuple[int, ...]]:
        return [tuple(shape) for shape in self.built["profiles"][profile_index][name]]

    def create_execution_context(self) -> IExecutionContext:
        return IExecutionContext(self)


class Runtime:
    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> ICudaEngine | None:
        built = json.loads(serialized_engine)
        # An engine of another version is refused with a null pointer.
        return ICudaEngine(built) if built["version"] == __version__ else None


if __version__.startswith("10"):

    class IProgressMonitor:
        def __init__(self) -> None:
            pass
