"""TensorRT with stand-ins for its module and for the CUDA driver; see board/."""

from __future__ import annotations

import ctypes
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
import pytest

from edgeai_core.errors import ModelError, RuntimeUnavailableError
from edgeai_core.runtimes.base import InferenceSession, Runtime, SessionOptions, Tensor
from edgeai_core.runtimes.fake import FakeRuntime
from edgeai_core.runtimes.selection import open_session
from edgeai_core.runtimes.tensorrt import engine_cache
from edgeai_core.runtimes.tensorrt.cuda import CudaDevice
from edgeai_core.runtimes.tensorrt.runtime import TensorRtRuntime
from edgeai_core.runtimes.tensorrt.session import TensorRtSession
from edgeai_core.runtimes.tensorrt.stand_in import CALIBRATION_INPUTS, TRIALS
from edgeai_core.runtimes.validation import InputSpec

BOARD = Path(__file__).parent / "board"
COMPILER = shutil.which("cc") or shutil.which("gcc")
pytestmark = pytest.mark.skipif(
    COMPILER is None, reason="no C compiler for the stand-in of NVIDIA's driver"
)


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
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
        self.model = self.write_model({"x": [[1, 2], "FLOAT"]}, folder / "twice.onnx")
        self.said: list[tuple[str, str]] = []
        self.options = SessionOptions(
            report=lambda model, sentence: self.said.append((model, sentence))
        )
        self.stand_ins: list[InferenceSession] = []
        self.device = CudaDevice(str(driver))

    def write_model(self, inputs: dict[str, Any], path: Path) -> Path:
        path.write_text(json.dumps({"inputs": inputs}))
        return path

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


def stored_file(board: Board) -> Path:
    [file] = board.folder.glob("*.engine")
    return file


@pytest.mark.parametrize("version", ["8.6.1", "10.3.0"])
def test_another_runtime_answers_until_the_engine_is_built_and_agrees(
    board: Board, version: str
) -> None:
    board.pretend(version=version)
    session = board.open(precision="f16")
    assert session.runtime_name == "onnxruntime"
    assert board.said[-1] == (
        "twice.onnx",
        "building the TensorRT engine; runs on onnxruntime until then",
    )
    board.run_until(session, lambda: session.runtime_name == "tensorrt")
    assert board.said[-1] == ("twice.onnx", "")
    np.testing.assert_array_equal(session.run({"x": np.array([[3, 4]], np.float32)})["y"], [[6, 8]])
    [stand_in] = board.stand_ins
    assert stand_in.closed  # type: ignore[attr-defined]
    assert [build["flags"] for build in board.builds] == [["FP16"]]
    session.close()
    session.close()
    with pytest.raises(ModelError, match="session is closed"):
        session.run({"x": np.zeros((1, 2), np.float32)})


def test_the_next_start_takes_the_engine_from_the_cache(board: Board) -> None:
    board.built().close()
    board.said.clear()
    session = board.open()
    assert session.runtime_name == "tensorrt"
    assert [sentence for _, sentence in board.said] == [""]
    assert len(board.builds) == 1
    assert len(board.stand_ins) == 1
    session.close()


def test_the_name_of_an_engine_says_what_it_is_for(board: Board) -> None:
    board.built(precision="f16").close()
    name = stored_file(board).name
    assert name.startswith("twice_trt10.3.0_Orin-nvgpu_sm87_f16_open1-16_")
    assert board.folder.stat().st_mode & 0o777 == 0o700


def test_another_model_gpu_version_or_precision_has_another_engine(board: Board) -> None:
    board.built().close()
    board.built(precision="f16").close()
    board.monkeypatch.setenv("FAKE_CUDA_NAME", "Xavier")
    board.device = CudaDevice(str(board.driver))
    board.built().close()
    board.pretend(version="8.6.1")
    board.built().close()
    board.write_model({"x": [[1, 2], "FLOAT"], "z": [[1, 2], "FLOAT"]}, board.model)
    board.write_model({"x": [[1, 2], "FLOAT"]}, board.model)
    board.model.write_text(board.model.read_text() + " ")
    board.built().close()
    assert len(board.builds) == 5
    assert len(list(board.folder.glob("*.engine"))) == 5


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda content: content[:-1], "it is damaged"),
        (lambda content: content.replace(b"Orin", b"Nano"), "built for another"),
        (lambda content: b"something else", "not written by this product"),
        (lambda content: content[:40], "twice"),
    ],
)
def test_a_damaged_or_foreign_engine_is_built_anew(
    board: Board,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[bytes], bytes],
    reason: str,
) -> None:
    board.built().close()
    file = stored_file(board)
    file.write_bytes(damage(file.read_bytes()))
    board.built().close()
    assert len(board.builds) == 2
    assert "it is built anew" in caplog.text
    assert reason in caplog.text


def test_an_engine_that_tensorrt_refuses_is_built_anew(board: Board) -> None:
    board.built().close()
    file = stored_file(board)
    cache = engine_cache.EngineCache(board.folder)
    header = json.loads(file.read_bytes().split(b"\n")[1])
    key = engine_cache.EngineKey(**header["key"])
    foreign = json.dumps({"version": "10.9.0"}).encode()
    cache.store(key, engine_cache.StoredEngine(plan=foreign, difference=0.0))
    board.built().close()
    assert len(board.builds) == 2


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("parse", "TensorRT cannot read it: no importer for operator Mystery"),
        ("build", "TensorRT built no engine in f32"),
        ("start", "TensorRT cannot start: pybind11"),
        ("killed", "ended by signal 9; signal 9 is mostly a lack of memory"),
    ],
)
def test_a_failed_build_is_told_and_the_other_runtime_goes_on(
    board: Board, failure: str, reason: str
) -> None:
    board.pretend(fail=failure)
    sentence = board.refused()
    assert sentence.startswith("not on TensorRT but on onnxruntime: ")
    assert reason in sentence


def test_an_engine_that_answers_otherwise_is_refused_now_and_at_the_next_start(
    board: Board,
) -> None:
    board.pretend(error="0.3")
    sentence = board.refused(precision="f16")
    assert "answers otherwise: 30.0% off, expected up to 5%" in sentence
    board.said.clear()
    session = board.open(precision="f16")
    assert session.runtime_name == "onnxruntime"
    assert f"delete {stored_file(board)} to have it tried again" in board.said[-1][1]
    assert len(board.builds) == 1
    session.close()


def test_an_engine_that_fails_on_the_card_is_refused(board: Board) -> None:
    board.monkeypatch.setenv("FAKE_CUDA_FAIL", "memory")
    assert "cuMemAlloc_v2 failed with 2 (out of memory)" in board.refused()


def test_int8_is_calibrated_with_what_the_camera_shows_and_the_ranges_are_kept(
    board: Board,
) -> None:
    session = board.open(precision="int8")
    assert "keeping inputs to calibrate INT8 (0 of 32)" in board.said[-1][1]
    board.run_until(session, lambda: session.runtime_name == "tensorrt")
    session.close()
    [build] = board.builds
    assert build["flags"] == ["FP16", "INT8"]
    assert build["calibrated"] == f"{CALIBRATION_INPUTS} batches"
    board.monkeypatch.setenv("FAKE_CUDA_NAME", "Xavier")
    board.device = CudaDevice(str(board.driver))
    board.built(precision="int8").close()
    assert board.builds[1]["calibrated"] == f"from cache {CALIBRATION_INPUTS}:0"


def test_open_sides_take_up_to_sixteen(board: Board) -> None:
    board.write_model({"x": [[-1, 2], "FLOAT"]}, board.model)
    spec = InputSpec(name="x", shape=(None, 2), dtype=np.dtype(np.float32))
    session = open_session(
        board.model,
        sample={"x": np.ones((1, 2), np.float32)},
        runtime="tensorrt",
        options=board.options,
        runtimes=board.runtimes(spec),
    )
    board.run_until(session, lambda: session.runtime_name == "tensorrt")
    three = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.testing.assert_array_equal(session.run({"x": three})["y"], three * 2)
    with pytest.raises(ModelError, match=r"input x is \(17, 2\), its engine takes up to \(16, 2\)"):
        session.run({"x": np.zeros((17, 2), np.float32)})
    session.close()
    assert board.builds[0]["profiles"] == [{"x": [[1, 2], [1, 2], [16, 2]]}]


def test_inputs_that_the_engine_does_not_take_are_refused_when_it_is_opened(board: Board) -> None:
    board.write_model({"x": [[1, 2], "UINT8"]}, board.model)
    sentence = board.refused()
    assert "expected input x (1,2) uint8, got (1,2) float32" in sentence


def test_without_tensorrt_another_runtime_answers_and_says_so(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    session = board.open()
    assert session.runtime_name == "onnxruntime"
    assert board.said[-1] == (
        "twice.onnx",
        "not on TensorRT but on onnxruntime: the package tensorrt is not installed; NVIDIA's "
        "images for Jetson bring it",
    )


def test_without_any_runtime_beside_it_tensorrt_is_an_error(board: Board) -> None:
    board.pretend(version="7.1.3")
    with pytest.raises(RuntimeUnavailableError, match=r"got TensorRT 7\.1\.3, expected 8\.5 to 10"):
        open_session(
            board.model,
            sample={"x": np.ones((1, 2), np.float32)},
            runtime="tensorrt",
            runtimes=[board.runtime],
        )


@pytest.mark.parametrize(
    ("version", "reason"),
    [("10.3.0", ""), ("8.5.2", ""), ("11.4.0.106", "got TensorRT 11.4.0.106, expected 8.5 to 10")],
)
def test_missing_tells_what_version_it_wants(board: Board, version: str, reason: str) -> None:
    board.pretend(version=version)
    assert board.runtime.missing() == reason


def test_missing_tells_of_no_driver_and_of_no_device(board: Board) -> None:
    absent = TensorRtRuntime(board.folder, device=lambda: CudaDevice("libno-such-driver.so.1"))
    assert "no CUDA driver" in absent.missing()
    board.monkeypatch.setenv("FAKE_CUDA_FAIL", "init")
    none = TensorRtRuntime(board.folder, device=lambda: CudaDevice(str(board.driver)))
    assert "cuInit failed with 100 (no CUDA-capable device is detected)" in none.missing()


def test_auto_takes_tensorrt_only_where_its_engine_is_there(
    board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    board.open(runtime="auto").close()
    assert "inference.runtime tensorrt has one built" in caplog.text
    assert board.builds == []
    board.built().close()
    caplog.clear()
    with caplog.at_level("INFO"):
        board.open(runtime="auto").close()
    assert "ms on tensorrt" in caplog.text


def test_closing_ends_a_build_that_goes_on(board: Board) -> None:
    board.pretend(fail="slow")
    session = board.open()
    board.run_until(session, lambda: "reading the model" in board.said[-1][1])
    session.close()
    assert list(board.folder.glob("*.engine")) == []


def test_closing_a_session_gives_its_memory_back(board: Board) -> None:
    held = ctypes.CDLL(str(board.driver)).allocations_held
    before = held()
    session = board.built()
    assert held() == before + 2
    session.close()
    assert held() == before


def test_any_thread_may_run_a_session(board: Board) -> None:
    session = board.built()
    answers: list[Tensor] = []
    inputs = {"x": np.array([[5, 6]], np.float32)}
    worker = threading.Thread(target=lambda: answers.append(session.run(inputs)["y"]))
    worker.start()
    worker.join(30)
    np.testing.assert_array_equal(answers[0], [[10, 12]])
    session.close()


def test_a_failed_inference_is_a_model_error(board: Board) -> None:
    session = board.built()
    with pytest.raises(ModelError, match="TensorRT could not run it"):
        session.run({"x": np.array([[99, 0]], np.float32)})
    session.close()


def test_an_engine_is_compared_on_several_inputs_before_it_takes_over(board: Board) -> None:
    board.built().close()
    file = stored_file(board)
    key = engine_cache.EngineKey(**json.loads(file.read_bytes().split(b"\n")[1])["key"])
    cache = engine_cache.EngineCache(board.folder)
    stored = cache.find(key)
    assert stored is not None
    assert stored.difference == 0.0
    cache.store(key, engine_cache.StoredEngine(plan=stored.plan))
    session = board.open()
    for number in range(TRIALS):
        assert session.runtime_name == "onnxruntime"
        session.run({"x": np.full((1, 2), number + 1, np.float32)})
    assert session.runtime_name == "tensorrt"
    session.close()


def test_the_stand_ins_have_no_name_that_tensorrt_has_not(board: Board) -> None:
    names = json.loads((BOARD / "tensorrt_names.json").read_text())
    known = {name: set(members) for name, members in names["in 8.6.1 and 10.3.0"].items()}
    for name, members in names["new in 10.3.0"].items():
        known.setdefault(name, set()).update(members)
    module = importlib.import_module("tensorrt")
    own = {"ports", "flags", "profiles", "limits", "built", "shapes", "min_severity", "log"}
    compared = 0
    for name, members in known.items():
        stand_in = getattr(module, name, None)
        if stand_in is None:
            continue
        public = {member for member in dir(stand_in) if not member.startswith("_")}
        if issubclass(stand_in, module._Numbered):
            public -= {"name", "value"}
        compared += len(public)
        assert public - members - own == set(), name
    assert compared > 30


def test_a_tensor_of_a_kind_that_numpy_has_not_is_an_error(board: Board) -> None:
    module = importlib.import_module("tensorrt")
    built = {"version": module.__version__, "ports": [["x", [1, 2], "FLOAT"]], "error": 0.0}
    session = TensorRtSession(module, "twice.onnx", json.dumps(built).encode(), board.device)
    assert [str(spec) for spec in session.input_specs] == ["x (1,2) float32"]
    session.close()
    board.monkeypatch.setattr(module.ICudaEngine, "get_tensor_dtype", lambda *_: "DataType.BF16")
    with pytest.raises(ModelError, match="tensor x is BF16, which NumPy has not"):
        TensorRtSession(module, "twice.onnx", json.dumps(built).encode(), board.device)
