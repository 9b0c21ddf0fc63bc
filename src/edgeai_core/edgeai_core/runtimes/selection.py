"""The table of runtimes, and opening a model with one of them or with the fastest."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgeai_core.errors import ModelError, RuntimeUnavailableError
from edgeai_core.heap import return_free_memory
from edgeai_core.runtimes.base import InferenceSession, Runtime, SessionOptions, Tensor
from edgeai_core.runtimes.onnxruntime_runtime import OnnxRuntimeCudaRuntime, OnnxRuntimeRuntime
from edgeai_core.runtimes.openvino_runtime import OpenVinoRuntime
from edgeai_core.runtimes.tensorrt.runtime import TensorRtRuntime
from edgeai_core.runtimes.tensorrt.stand_in import tell_refusal
from edgeai_core.runtimes.torch_runtime import Torch2TrtRuntime, TorchRuntime

AUTO = "auto"
RUNTIMES: tuple[Runtime, ...] = (
    OpenVinoRuntime(),
    OnnxRuntimeRuntime(),
    OnnxRuntimeCudaRuntime(),
    TensorRtRuntime(),
    TorchRuntime(),
    Torch2TrtRuntime(),
)
RUNTIME_CHOICES: tuple[str, ...] = (AUTO, *(runtime.name for runtime in RUNTIMES))

# What answers where TensorRT does not, the first that can: the GPU before the processor.
_STAND_INS = (OnnxRuntimeCudaRuntime.name, OnnxRuntimeRuntime.name, OpenVinoRuntime.name)
# It builds its engine while it is opened, minutes in which the graph would stand still.
_ONLY_BY_NAME = frozenset({Torch2TrtRuntime.name})
_TIMED_RUNS = 5
_log = logging.getLogger(__name__)


def open_session(
    path: Path,
    *,
    sample: Mapping[str, Tensor],
    runtime: str = AUTO,
    options: SessionOptions | None = None,
    runtimes: Sequence[Runtime] = RUNTIMES,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
) -> InferenceSession:
    """Load a model with a named runtime, or with the fastest one on this machine.

    "auto" loads the file with every installed runtime that reads it, times a few inferences on
    `sample` and keeps the fastest; the figures are logged. One candidate needs no race. Whatever
    is chosen has run once before it is handed out, so that a model which does not fit its card
    fails at start and not at the first frame.

    "tensorrt" never fails for want of TensorRT: another runtime answers while its engine is built,
    or for good where there can be none, and `options.report` is told so. "auto" takes TensorRT
    into its race only where its engine is there already.

    Args:
        path: model file. sample: one input of the right shapes. runtime: a name of `runtimes` or
            "auto". options: None for the defaults.
        runtimes: the table to choose from. clock_ns: monotonic time in nanoseconds.

    Raises:
        RuntimeUnavailableError: no runtime of that name, or it cannot run the file here.
        ModelError: the file cannot be loaded or does not take `sample`.
    """
    options = options or SessionOptions()
    options.report(path.name, "")  # whatever was told of an earlier opening
    try:
        return _opened(path, sample, runtime, options, runtimes, clock_ns)
    finally:
        # What loading leaves on the heap is as large as the weights.
        return_free_memory()


def _opened(
    path: Path,
    sample: Mapping[str, Tensor],
    runtime: str,
    options: SessionOptions,
    runtimes: Sequence[Runtime],
    clock_ns: Callable[[], int],
) -> InferenceSession:
    for candidate in runtimes:
        if candidate.name == runtime and isinstance(candidate, TensorRtRuntime):
            return _beside(candidate, path, sample, options, runtimes)
    if runtime != AUTO:
        return _tried(_named(path, runtime, runtimes), path, options, sample)
    reasons = {candidate.name: _refusal(candidate, path) for candidate in runtimes}
    for name in _ONLY_BY_NAME & reasons.keys():
        reasons[name] = reasons[name] or "it is taken by name only"
    able = [candidate for candidate in runtimes if not reasons[candidate.name]]
    if not able:
        listed = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise RuntimeUnavailableError(f"model {path.name}: no runtime can run it ({listed})")
    if len(able) == 1:
        _log.info("model %s: runs on %s, the only runtime for it here", path.name, able[0].name)
        return _tried(able[0], path, options, sample)
    return _fastest(path, able, options, sample, clock_ns)


def _beside(
    tensorrt: TensorRtRuntime,
    path: Path,
    sample: Mapping[str, Tensor],
    options: SessionOptions,
    runtimes: Sequence[Runtime],
) -> InferenceSession:
    """Open a model with TensorRT, or with the first stand-in and a word about it."""
    able = {other.name: other for other in runtimes if not _refusal(other, path)}
    refusal = _refusal(tensorrt, path)

    def stand_in(reason: str) -> InferenceSession:
        name = next((name for name in _STAND_INS if name in able), None)
        if name is None:
            listed = ", ".join(_STAND_INS)
            raise RuntimeUnavailableError(
                f"model {path.name}: TensorRT needs one of {listed} beside it, and none can be "
                f"used here; {reason}"
            )
        session = _tried(able[name], path, options, sample)
        if reason:
            tell_refusal(options.report, path.name, reason, session.runtime_name)
        return session

    if path.suffix not in tensorrt.file_suffixes:
        # Nothing is wrong with this board: the other runtime's name in the status says it.
        _log.info("model %s: TensorRT reads .onnx only", path.name)
        return stand_in("")
    if refusal:
        return stand_in(refusal)
    return tensorrt.open_beside(path, options, sample, stand_in)


def _named(path: Path, name: str, runtimes: Sequence[Runtime]) -> Runtime:
    for candidate in runtimes:
        if candidate.name == name:
            refusal = _refusal(candidate, path)
            if not refusal:
                return candidate
            others = [other.name for other in runtimes if not _refusal(other, path)]
            raise RuntimeUnavailableError(
                f"model {path.name}: runtime {name} cannot be used: {refusal}; usable here: "
                f"{', '.join([AUTO, *others]) if others else 'none'}"
            )
    choices = ", ".join([AUTO, *(candidate.name for candidate in runtimes)])
    raise RuntimeUnavailableError(f"unknown runtime {name!r}; choose one of {choices}")


def _refusal(runtime: Runtime, path: Path) -> str:
    if path.suffix not in runtime.file_suffixes:
        return f"it reads {', '.join(sorted(runtime.file_suffixes))}, not {path.suffix}"
    return runtime.missing()


def _tried(
    runtime: Runtime, path: Path, options: SessionOptions, sample: Mapping[str, Tensor]
) -> InferenceSession:
    session = runtime.load(path, options)
    try:
        session.run(sample)
    except ModelError:
        session.close()
        raise
    return session


def _fastest(
    path: Path,
    candidates: Sequence[Runtime],
    options: SessionOptions,
    sample: Mapping[str, Tensor],
    clock_ns: Callable[[], int],
) -> InferenceSession:
    best: InferenceSession | None = None
    best_ms = float("inf")
    failures: list[str] = []
    for candidate in candidates:
        try:
            session = _tried(candidate, path, options, sample)
            took_ms = _measured_ms(session, sample, clock_ns)
        except ModelError as exc:
            _log.warning("runtime %s left out: %s", candidate.name, exc)
            failures.append(str(exc))
            continue
        _log.info("model %s: %.2f ms on %s", path.name, took_ms, candidate.name)
        loser: InferenceSession | None = session
        if took_ms < best_ms:
            loser, best, best_ms = best, session, took_ms
        if loser is not None:
            loser.close()
    if best is None:
        raise ModelError(f"model {path.name}: every runtime failed: {'; '.join(failures)}")
    _log.info("model %s: chose %s (%.2f ms)", path.name, best.runtime_name, best_ms)
    return best


def _measured_ms(
    session: InferenceSession, sample: Mapping[str, Tensor], clock_ns: Callable[[], int]
) -> float:
    """Return the shortest of a few runs: the least disturbed by what else the machine does."""
    times_ns = []
    for _ in range(_TIMED_RUNS):
        started_ns = clock_ns()
        session.run(sample)
        times_ns.append(clock_ns() - started_ns)
    return min(times_ns) / 1e6
