"""The CUDA runtimes with stand-ins for torch, onnx2torch, TensorRT and torch2trt."""

from __future__ import annotations

import contextlib
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import SessionOptions
from edgeai_core.runtimes.torch_runtime import Torch2TrtRuntime, TorchRuntime

pytest.importorskip("onnx", reason="the onnx package reads the model's ports")


class FakeTensor:
    def __init__(self, values: Any) -> None:
        self.values = values

    def cuda(self) -> FakeTensor:
        return self

    def cpu(self) -> FakeTensor:
        return self

    def numpy(self) -> Any:
        return self.values


class Doubler:
    """A module that doubles its input."""

    def eval(self) -> Doubler:
        return self

    def cuda(self) -> Doubler:
        return self

    def __call__(self, tensor: FakeTensor) -> FakeTensor:
        if tensor.values[0, 0] < 0:
            raise RuntimeError("CUDA out of memory")
        return FakeTensor(tensor.values * 2)


class TrtModule(Doubler):
    def __init__(self) -> None:
        self.state: dict[str, Any] = {}

    def state_dict(self) -> dict[str, Any]:
        return {"engine": "bytes"}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.state = state


class Board:
    """What the stand-ins saw and pretend to be."""

    def __init__(self) -> None:
        self.gpu = "NVIDIA Orin (nvgpu)"
        self.cuda = True
        self.built: list[bool] = []
        self.loaded: list[str] = []
        self.emptied = 0


def _module(name: str, **members: Any) -> ModuleType:
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    for key, value in members.items():
        setattr(module, key, value)
    return module


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    board = Board()

    def load(path: Path, *, weights_only: bool) -> dict[str, Any]:
        assert weights_only
        board.loaded.append(Path(path).name)
        return {"engine": Path(path).read_text()}

    def build(module: Any, samples: list[FakeTensor], *, fp16_mode: bool) -> TrtModule:
        assert samples[0].values.shape == (1, 2)
        board.built.append(fp16_mode)
        return TrtModule()

    def empty() -> None:
        board.emptied += 1

    cuda = SimpleNamespace(
        is_available=lambda: board.cuda,
        get_device_name=lambda index: board.gpu,
        empty_cache=empty,
    )
    modules = [
        _module(
            "torch",
            cuda=cuda,
            from_numpy=FakeTensor,
            inference_mode=contextlib.nullcontext,
            load=load,
            save=lambda state, path: Path(path).write_text(state["engine"]),
        ),
        _module("onnx2torch", convert=lambda model: Doubler()),
        _module("tensorrt", __version__="10.3.0"),
        _module("torch2trt", TRTModule=TrtModule, torch2trt=build),
    ]
    for module in modules:
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return board


@pytest.fixture
def model(tmp_path: Path) -> Path:
    import onnx

    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    ports = [helper.make_tensor_value_info(name, kind, [1, 2]) for name in ("x", "y")]
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])], "twice", ports[:1], ports[1:]
    )
    path = tmp_path / "twice.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


def test_missing_names_the_package_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert TorchRuntime().missing() == (
        "the package torch is not installed; on a Jetson install NVIDIA's wheel for its JetPack, "
        "elsewhere use openvino"
    )


def test_missing_says_when_there_is_no_gpu(board: Board) -> None:
    assert TorchRuntime().missing() == ""
    assert Torch2TrtRuntime().missing() == ""
    board.cuda = False
    assert "no CUDA GPU" in TorchRuntime().missing()


def test_torch_runs_the_module(board: Board, model: Path) -> None:
    session = TorchRuntime().load(model, SessionOptions())
    result = session.run({"x": np.array([[1.0, 2.0]], np.float32)})
    assert (session.runtime_name, session.input_names) == ("torch", ("x",))
    np.testing.assert_array_equal(result["y"], [[2.0, 4.0]])
    session.close()
    session.close()
    assert board.emptied == 1
    with pytest.raises(ModelError, match="session is closed"):
        session.run({"x": np.zeros((1, 2), np.float32)})


def test_a_failure_on_the_gpu_is_a_model_error(board: Board, model: Path) -> None:
    session = TorchRuntime().load(model, SessionOptions())
    with pytest.raises(ModelError, match=r"twice\.onnx: torch failed: CUDA out of memory"):
        session.run({"x": np.array([[-1.0, 0.0]], np.float32)})


def test_a_damaged_file_is_a_model_error(board: Board, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(b"this is no model")
    with pytest.raises(ModelError, match=r"model bad\.onnx: PyTorch cannot load it"):
        TorchRuntime().load(path, SessionOptions())


def test_an_engine_is_built_once_and_then_read_from_the_cache(board: Board, model: Path) -> None:
    for _ in range(2):
        session = Torch2TrtRuntime().load(model, SessionOptions())
        result = session.run({"x": np.array([[3.0, 0.0]], np.float32)})
        np.testing.assert_array_equal(result["y"], [[6.0, 0.0]])
    assert board.built == [False]
    [engine] = (model.parent / "engines").iterdir()
    assert board.loaded == [engine.name]
    assert engine.name.startswith("twice-trt10.3.0-NVIDIA-Orin-nvgpu--f32-")


def test_another_gpu_version_precision_or_model_builds_another_engine(
    board: Board, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = Torch2TrtRuntime()
    runtime.load(model, SessionOptions())
    runtime.load(model, SessionOptions(precision="auto"))
    board.gpu = "Xavier"
    runtime.load(model, SessionOptions())
    monkeypatch.setattr(sys.modules["tensorrt"], "__version__", "8.5.2")
    runtime.load(model, SessionOptions())
    model.write_bytes(model.read_bytes() + b"\x3a\x00")
    runtime.load(model, SessionOptions())
    assert board.built == [False, True, False, False, False]
    assert len(list((model.parent / "engines").iterdir())) == 5
