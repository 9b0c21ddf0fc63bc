"""Build one engine in a process of its own, and start that process.

TensorRT's builder takes minutes, a core and up to gigabytes, and keeps what it took. In a process
of its own it cannot freeze the graph, when memory is short it is the one that is ended, and what it
took goes back. Progress is read from its standard output, one sentence a line; the reason of a
failure is the last line of its standard error.
"""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edgeai_core.errors import EdgeAiError, ModelError
from edgeai_core.runtimes.base import INT8, Tensor
from edgeai_core.runtimes.tensorrt.building import build_plan, make_calibrator
from edgeai_core.runtimes.tensorrt.cuda import first_device
from edgeai_core.runtimes.tensorrt.engine_cache import EngineCache, EngineKey, StoredEngine

_PROGRESS_PERIOD_S = 2.0
_STOP_TIMEOUT_S = 5.0
# What reads frames and answers people goes first.
_NICENESS = 10


class EngineBuild:
    """A running build; ask :meth:`poll` for its end.

    Args:
        model: the ONNX file. key, cache: what is built and where it goes. samples: inputs to
            calibrate INT8 with.

    Raises:
        ModelError: the process cannot be started.
    """

    def __init__(
        self,
        model: Path,
        key: EngineKey,
        cache: EngineCache,
        samples: Sequence[Mapping[str, Tensor]] = (),
    ) -> None:
        self.progress = "waiting"
        self.started_s = time.monotonic()
        order = {
            "model": str(model.absolute()),
            "folder": str(cache.folder),
            "key": dataclasses.asdict(key),
        }
        # Files, because pipes that nobody empties would stop the builder. They have no name:
        # calibration inputs are pictures, and nobody else shall find them.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        given = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            _write_samples(given, samples)
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, json.dumps(order)],
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                # Ctrl-C is for the graph, which then ends this process by itself.
                start_new_session=True,
                text=True,
            )
        except OSError as exc:
            self._errors.close()
            raise ModelError(f"model {model.name}: cannot start TensorRT's builder: {exc}") from exc
        finally:
            given.close()
        self._reader = threading.Thread(target=self._read, name="engine-progress", daemon=True)
        self._reader.start()

    def poll(self) -> str | None:
        """Return None while it builds, "" when it is done, else why it failed."""
        code = self._process.poll()
        if code is None:
            return None
        self._reader.join(_STOP_TIMEOUT_S)
        reason = "" if code == 0 else self._reason(code)
        self.close()
        return reason

    def close(self) -> None:
        """End the process; calling it twice is harmless."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join(_STOP_TIMEOUT_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.progress = line.strip() or self.progress

    def _reason(self, code: int) -> str:
        if code < 0:
            return f"the builder was ended by signal {-code}; signal 9 is mostly a lack of memory"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"the builder ended with {code} without a word"


def _write_samples(stream: io.IOBase, samples: Sequence[Mapping[str, Tensor]]) -> None:
    if samples:
        arrays = {
            f"{index}/{name}": values
            for index, sample in enumerate(samples)
            for name, values in sample.items()
        }
        np.savez(stream, **arrays)  # type: ignore[arg-type]
    stream.seek(0)


def _read_samples(content: bytes) -> list[dict[str, Tensor]]:
    if not content:
        return []
    samples: dict[int, dict[str, Tensor]] = {}
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        for label in arrays.files:
            index, _, name = label.partition("/")
            samples.setdefault(int(index), {})[name] = arrays[label]
    return [samples[index] for index in sorted(samples)]


class _Progress:
    """Print at most one sentence in a while; TensorRT completes thousands of steps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told_s = -_PROGRESS_PERIOD_S

    def __call__(self, sentence: str) -> None:
        with self._lock:
            now_s = time.monotonic()
            if now_s - self._told_s >= _PROGRESS_PERIOD_S:
                self._told_s = now_s
                print(sentence, flush=True)


def build(model: Path, key: EngineKey, cache: EngineCache, samples: bytes) -> None:
    """Build what is not there yet and store it; the work of the process.

    Raises:
        ModelError: it cannot be built. OSError: it cannot be stored.
    """
    print("waiting for another engine of this board", flush=True)
    with cache.building():
        if cache.find(key) is not None:
            # Two nodes that share a model want one engine.
            return
        print("reading the model", flush=True)
        trt = importlib.import_module("tensorrt")
        calibrator = None
        if key.precision == INT8:
            ranges = cache.calibration_path(key)
            device = first_device()
            device.enter_thread()
            calibrator = make_calibrator(
                trt,
                device,
                _read_samples(samples),
                known=ranges.read_bytes() if ranges.is_file() else b"",
                keep=lambda measured: cache.write(ranges, measured),
            )
        plan = build_plan(
            trt, model, precision=key.precision, calibrator=calibrator, progress=_Progress()
        )
        cache.store(key, StoredEngine(plan=plan))


def main(arguments: Sequence[str]) -> int:
    """Build what the first argument describes; return the exit code."""
    os.nice(_NICENESS)
    order = json.loads(arguments[0])
    try:
        build(
            Path(order["model"]),
            EngineKey(**order["key"]),
            EngineCache(Path(order["folder"])),
            sys.stdin.buffer.read(),
        )
    except (EdgeAiError, OSError) as exc:
        print(f"\n{exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
