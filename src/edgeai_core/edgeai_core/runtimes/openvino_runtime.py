"""OpenVINO on the CPU: the fastest engine on x86 and the only one here that reads tflite."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import InferenceSession, SessionOptions, Tensor
from edgeai_core.runtimes.validation import InputSpec, check_inputs

# Nodes of one process that run the same model need its weights once: the second copy of the object
# detector took 45 MB, a second request of the first takes 2. Requests of one compiled model wait
# for each other, so no more than this many share one.
_SESSIONS_PER_COMPILED_MODEL = 2


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
        with _COMPILING:
            return _shared_model(path, options, properties).open_session()


class _CompiledModel:
    """A compiled model and the sessions that share it."""

    def __init__(self, model: str, compiled: Any) -> None:
        self._model = model
        self._compiled = compiled
        # Not counted: a session that nobody closed must not keep its place for ever.
        self._sessions: weakref.WeakSet[_OpenVinoSession] = weakref.WeakSet()

    @property
    def has_room(self) -> bool:
        using = sum(session.is_open for session in self._sessions)
        return using < _SESSIONS_PER_COMPILED_MODEL

    def open_session(self) -> _OpenVinoSession:
        session = _OpenVinoSession(self._model, self._compiled, owner=self)
        self._sessions.add(session)
        return session


_COMPILING = threading.Lock()
# Guarded by the lock. Gone with the last session that uses it.
_COMPILED: weakref.WeakValueDictionary[tuple[object, ...], _CompiledModel] = (
    weakref.WeakValueDictionary()
)


def _shared_model(
    path: Path, options: SessionOptions, properties: Mapping[str, Any]
) -> _CompiledModel:
    """Return a compiled model that takes one more session; compile the file when there is none.

    Raises:
        ModelError: the file cannot be read or compiled.
    """
    try:
        facts = path.stat()
    except OSError as exc:
        raise ModelError(f"model {path.name}: OpenVINO cannot load it: {exc.strerror}") from exc
    file = (path.resolve(), facts.st_ino, facts.st_size, facts.st_mtime_ns)
    key = (*file, options.threads, options.precision)
    known = _COMPILED.get(key)
    if known is not None and known.has_room:
        return known
    core = shared_core()
    try:
        # Two steps, so that the source graph is freed before the first inference.
        graph = core.read_model(path)
        compiled = core.compile_model(graph, "CPU", dict(properties))
    except RuntimeError as exc:
        reason = str(exc).strip().splitlines()[-1]
        raise ModelError(f"model {path.name}: OpenVINO cannot load it: {reason}") from exc
    made = _CompiledModel(path.name, compiled)
    _COMPILED[key] = made
    return made


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

    def __init__(self, model: str, compiled: Any, *, owner: object) -> None:
        self._model = model
        # Keeps the compiled model among those that can be shared.
        self._owner: object | None = owner
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

    @property
    def is_open(self) -> bool:
        return self._request is not None

    def close(self) -> None:
        self._request = None
        self._owner = None
