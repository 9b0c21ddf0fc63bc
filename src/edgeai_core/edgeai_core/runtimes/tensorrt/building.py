"""Build an engine from an ONNX file with TensorRT's own parser.

Uses what the bindings of 8.6.1 and 10.3.0 both have; only the progress monitor is new in 10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import FLOAT32, INT8, Tensor
from edgeai_core.runtimes.tensorrt.cuda import CudaDevice
from edgeai_core.runtimes.tensorrt.fitting import fit_for_parser

# Sides that a model leaves open: one is what nearly every call has, the liveness model takes a few.
OPEN_SIDES = (1, 1, 16)
# Scratch memory of one layer: what a board of 4 GB can spare. More finds no faster layer for nets
# of this size, and TensorRT's default is all of the memory.
_WORKSPACE_BYTES = 256 << 20


def build_plan(
    trt: Any,
    model: Path,
    *,
    precision: str,
    calibrator: Any = None,
    progress: Callable[[str], None],
) -> bytes:
    """Return the serialized engine of a model; takes minutes on a board.

    Args:
        trt: the module `tensorrt`. model: the ONNX file. precision: "f32", "f16" or "int8".
        calibrator: from :func:`make_calibrator`; needed for "int8".
        progress: called with a sentence, from any thread.

    Raises:
        ModelError: TensorRT cannot read the file or cannot build it.
    """
    logger = trt.Logger(trt.Logger.WARNING)
    try:
        builder = trt.Builder(logger)
    except TypeError as exc:  # what the binding makes of a null pointer: no device, no memory
        raise ModelError(f"model {model.name}: TensorRT cannot start: {exc}") from exc
    # TensorRT 10 knows no other networks and ignores the flag; 8 must be told.
    explicit = 1 << int(trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH)
    network = builder.create_network(explicit)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(fit_for_parser(model.read_bytes())):
        reasons = "; ".join(str(parser.get_error(i).desc()) for i in range(parser.num_errors))
        raise ModelError(f"model {model.name}: TensorRT cannot read it: {reasons or 'no reason'}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, _WORKSPACE_BYTES)
    # On by default since Ampere, with 10 bits of mantissa: f32 shall mean f32.
    config.clear_flag(trt.BuilderFlag.TF32)
    if precision != FLOAT32:
        config.set_flag(trt.BuilderFlag.FP16)
    profile = _profile(builder, network)
    if profile is not None:
        config.add_optimization_profile(profile)
    if precision == INT8:
        config.set_flag(trt.BuilderFlag.INT8)
        config.int8_calibrator = calibrator
        if profile is not None:
            config.set_calibration_profile(profile)
    if hasattr(trt, "IProgressMonitor"):
        config.progress_monitor = _monitor(trt, progress)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise ModelError(
            f"model {model.name}: TensorRT built no engine in {precision}; the lines above say why "
            "(often memory: stop what else uses it, or take inference.precision f32)"
        )
    return bytes(plan)


def _profile(builder: Any, network: Any) -> Any:
    """Return the range of the open sides, or None where every input is fixed."""
    ports = [network.get_input(index) for index in range(network.num_inputs)]
    if not any(side < 0 for port in ports for side in port.shape):
        return None
    profile = builder.create_optimization_profile()
    for port in ports:
        shapes = (
            tuple(chosen if side < 0 else side for side in port.shape) for chosen in OPEN_SIDES
        )
        profile.set_shape(port.name, *shapes)
    return profile


def make_calibrator(
    trt: Any,
    device: CudaDevice,
    samples: Sequence[Mapping[str, Tensor]],
    *,
    known: bytes,
    keep: Callable[[bytes], None],
) -> Any:
    """Return what tells TensorRT the ranges of a model's layers for INT8.

    Args:
        trt: the module. device: where the samples are copied to. samples: inputs of the model, as
            it was given them. known: ranges of an earlier build; empty to measure them.
        keep: called with what was measured.
    """

    class Calibrator(trt.IInt8EntropyCalibrator2):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IInt8EntropyCalibrator2.__init__(self)
            self._left = list(samples)
            self._addresses: dict[str, int] = {}

        def get_batch_size(self) -> int:
            return 1

        def get_batch(self, names: list[str]) -> list[int] | None:
            if not self._left:
                for address in self._addresses.values():
                    device.free(address)
                self._addresses.clear()
                return None
            sample = self._left.pop(0)
            for name in names:
                if name not in self._addresses:
                    self._addresses[name] = device.allocate(sample[name].nbytes)
                device.upload(self._addresses[name], sample[name])
            return [self._addresses[name] for name in names]

        def read_calibration_cache(self) -> bytes | None:
            return known or None

        def write_calibration_cache(self, cache: Any) -> None:
            keep(bytes(cache))

    return Calibrator()


def _monitor(trt: Any, progress: Callable[[str], None]) -> Any:
    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._steps: dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self._steps[phase_name] = num_steps

        def step_complete(self, phase_name: str, step: int) -> bool:
            progress(f"{phase_name}: {step + 1} of {self._steps.get(phase_name, 0)}")
            return True

        def phase_finish(self, phase_name: str) -> None:
            self._steps.pop(phase_name, None)

    return Monitor()
