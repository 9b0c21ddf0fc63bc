"""A board whose TensorRT and CUDA driver are the stand-ins of this folder."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import edgeai_core
from edgeai_core.runtimes.base import InferenceSession, Runtime, SessionOptions, Tensor
from edgeai_core.runtimes.fake import FakeRuntime
from edgeai_core.runtimes.selection import open_session
from edgeai_core.runtimes.tensorrt.cuda import CudaDevice
from edgeai_core.runtimes.tensorrt.runtime import TensorRtRuntime
from edgeai_core.runtimes.validation import InputSpec

BOARD = Path(__file__).parent
WEIGHTS = Path(edgeai_core.__file__).parent / "weights"
COMPILER = shutil.which("cc") or shutil.which("gcc")


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if COMPILER is None:
        pytest.skip("no C compiler for the stand-in of NVIDIA's driver")
    library = tmp_path_factory.mktemp("driver") / "libcuda.so.1"
    subprocess.run(
        [str(COMPILER), "-shared", "-fPIC", "-o", str(library), str(BOARD / "cuda.c")], check=True
    )
    return library


class Board:
    """A board with a model, and what a node would hear."""

    def __init__(self, folder: Path, driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "engines"
        self.driver = driver
        self.monkeypatch = monkeypatch
        self.log = folder / "builds.jsonl"
        self.model = folder / "twice.onnx"
        self.write_model([1, 2])
        self.said: list[tuple[str, str]] = []
        self.options = SessionOptions(
            report=lambda model, sentence: self.said.append((model, sentence))
        )
        self.stand_ins: list[InferenceSession] = []
        self.device = CudaDevice(str(driver))

    def write_model(
        self, shape: list[int | str], *, kind: int = onnx.TensorProto.FLOAT, note: str = ""
    ) -> None:
        """Write a model that doubles, as TensorRT's stand-in does; bytes are cast at the end."""
        helper = onnx.helper
        nodes = [
            helper.make_node("Transpose", ["x"], ["turned"], perm=[1, 0]),
            helper.make_node("Cast", ["turned"], ["floats"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Transpose", ["floats"], ["back"], perm=[1, 0]),
            helper.make_node("Add", ["back", "back"], ["y"]),
        ]
        given = helper.make_tensor_value_info("x", kind, shape)
        answer = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, shape)
        graph = helper.make_graph(nodes, "twice", [given], [answer], doc_string=note)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        self.model.write_bytes(model.SerializeToString())

    def pretend(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(f"FAKE_TRT_{name.upper()}", value)
        importlib.reload(importlib.import_module("tensorrt"))

    @property
    def builds(self) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]

    @property
    def runtime(self) -> TensorRtRuntime:
        return TensorRtRuntime(self.folder, device=lambda: self.device)

    def runtimes(self, spec: InputSpec) -> list[Runtime]:
        board = self

        class Noted(FakeRuntime):
            def load(self, path: Path, options: SessionOptions) -> InferenceSession:
                session = super().load(path, options)
                board.stand_ins.append(session)
                return session

        def twice(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
            return {"y": inputs["x"].astype(np.float32) * 2}  # type: ignore[operator]

        stand_in = Noted(twice, inputs=[spec], outputs=["y"], name="onnxruntime")
        return [stand_in, self.runtime]

    def open(self, shape: tuple[int, ...] = (1, 2), **options: Any) -> InferenceSession:
        spec = InputSpec(name="x", shape=shape, dtype=np.dtype(np.float32))
        return open_session(
            self.model,
            sample={"x": np.ones(shape, np.float32)},
            runtime=options.pop("runtime", "tensorrt"),
            options=SessionOptions(report=self.options.report, **options),
            runtimes=self.runtimes(spec),
        )

    def run_until(self, session: InferenceSession, done: Callable[[], bool]) -> None:
        """Give the session inputs, as a camera does, until something is so."""
        deadline_s = time.monotonic() + 60
        number = 0
        while not done():
            assert time.monotonic() < deadline_s, f"it never happened; heard {self.said[-3:]}"
            number = number % 50 + 1
            inputs = np.array([[number, -number]], np.float32)
            np.testing.assert_allclose(session.run({"x": inputs})["y"], inputs * 2, rtol=0.3)
            threading.Event().wait(0.005)

    def built(self, **options: Any) -> InferenceSession:
        """Return a session whose engine has taken over."""
        session = self.open(**options)
        self.run_until(session, lambda: session.runtime_name == "tensorrt")
        return session

    def refused(self, **options: Any) -> str:
        """Return the sentence about an engine that could not be."""
        session = self.open(**options)
        self.run_until(session, lambda: self.said[-1][1].startswith("not on TensorRT"))
        assert session.runtime_name == "onnxruntime"
        session.close()
        return self.said[-1][1]


@pytest.fixture
def board(tmp_path: Path, driver: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """A board whose builder processes see the same stand-ins."""
    for variable, folder in (("PYTHONPATH", BOARD), ("LD_LIBRARY_PATH", driver.parent)):
        before = os.environ.get(variable, "")
        monkeypatch.setenv(variable, f"{folder}{os.pathsep}{before}" if before else str(folder))
    monkeypatch.syspath_prepend(str(BOARD))
    monkeypatch.setenv("FAKE_TRT_LOG", str(tmp_path / "builds.jsonl"))
    before = sys.modules.pop("tensorrt", None)
    yield Board(tmp_path, driver, monkeypatch)
    sys.modules.pop("tensorrt", None)
    if before is not None:
        sys.modules["tensorrt"] = before
