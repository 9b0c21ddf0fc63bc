"""What an engine takes and answers, and what the stand-ins of this folder are worth."""

from __future__ import annotations

import ctypes
import importlib
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import edgeai_core
from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import Tensor
from edgeai_core.runtimes.selection import open_session
from edgeai_core.runtimes.tensorrt.cuda import CudaDevice
from edgeai_core.runtimes.tensorrt.fitting import fit_for_parser
from edgeai_core.runtimes.tensorrt.runtime import TensorRtRuntime
from edgeai_core.runtimes.tensorrt.session import TensorRtSession
from edgeai_core.runtimes.validation import InputSpec

BOARD = Path(__file__).parent
WEIGHTS = Path(edgeai_core.__file__).parent / "weights"


def test_open_sides_take_up_to_sixteen(board: Any) -> None:
    board.write_model(["many", 2])
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


def test_inputs_that_the_engine_does_not_take_are_refused_when_it_is_opened(board: Any) -> None:
    board.write_model([1, 2], kind=onnx.TensorProto.UINT8)
    sentence = board.refused()
    assert "expected input x (1,2) uint8, got (1,2) float32" in sentence


@pytest.mark.parametrize(
    ("version", "reason"),
    [("10.3.0", ""), ("8.5.2", ""), ("11.4.0.106", "got TensorRT 11.4.0.106, expected 8.5 to 10")],
)
def test_missing_tells_what_version_it_wants(board: Any, version: str, reason: str) -> None:
    board.pretend(version=version)
    assert board.runtime.missing() == reason


def test_missing_tells_of_no_driver_and_of_no_device(board: Any) -> None:
    absent = TensorRtRuntime(board.folder, device=lambda: CudaDevice("libno-such-driver.so.1"))
    assert "no CUDA driver" in absent.missing()
    board.monkeypatch.setenv("FAKE_CUDA_FAIL", "init")
    none = TensorRtRuntime(board.folder, device=lambda: CudaDevice(str(board.driver)))
    assert "cuInit failed with 100 (no CUDA-capable device is detected)" in none.missing()


def test_closing_a_session_gives_its_memory_back(board: Any) -> None:
    held = ctypes.CDLL(str(board.driver)).allocations_held
    before = held()
    session = board.built()
    assert held() == before + 2
    session.close()
    assert held() == before


def test_any_thread_may_run_a_session(board: Any) -> None:
    session = board.built()
    answers: list[Tensor] = []
    inputs = {"x": np.array([[5, 6]], np.float32)}
    worker = threading.Thread(target=lambda: answers.append(session.run(inputs)["y"]))
    worker.start()
    worker.join(30)
    np.testing.assert_array_equal(answers[0], [[10, 12]])
    session.close()


def test_a_failed_inference_is_a_model_error(board: Any) -> None:
    session = board.built()
    with pytest.raises(ModelError, match="TensorRT could not run it"):
        session.run({"x": np.array([[99, 0]], np.float32)})
    session.close()


def test_the_stand_ins_have_no_name_that_tensorrt_has_not(board: Any) -> None:
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


def test_a_tensor_of_a_kind_that_numpy_has_not_is_an_error(board: Any) -> None:
    module = importlib.import_module("tensorrt")
    built = {"version": module.__version__, "ports": [["x", [1, 2], "FLOAT"]], "error": 0.0}
    session = TensorRtSession(module, "twice.onnx", json.dumps(built).encode(), board.device)
    assert [str(spec) for spec in session.input_specs] == ["x (1,2) float32"]
    session.close()
    board.monkeypatch.setattr(module.ICudaEngine, "get_tensor_dtype", lambda *_: "DataType.BF16")
    with pytest.raises(ModelError, match="tensor x is BF16, which NumPy has not"):
        TensorRtSession(module, "twice.onnx", json.dumps(built).encode(), board.device)


def test_a_model_of_bytes_is_cast_first_and_answers_the_same(board: Any) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    board.write_model([1, 2], kind=onnx.TensorProto.UINT8)
    cast = fit_for_parser(board.model.read_bytes())
    first = onnx.load_model_from_string(cast).graph.node[0]
    assert (first.op_type, list(first.input)) == ("Cast", ["x"])
    session = onnxruntime.InferenceSession(cast, providers=["CPUExecutionProvider"])
    [answer] = session.run(None, {"x": np.array([[3, 200]], np.uint8)})
    np.testing.assert_array_equal(answer, [[6, 400]])


def test_a_model_that_casts_its_bytes_first_is_left_as_it_is(board: Any) -> None:
    once = fit_for_parser(board.model.read_bytes())
    assert once == board.model.read_bytes()
    board.write_model([1, 2], kind=onnx.TensorProto.UINT8)
    cast = fit_for_parser(board.model.read_bytes())
    assert fit_for_parser(cast) == cast


@pytest.mark.parametrize("weights", sorted(WEIGHTS.glob("*.onnx")), ids=lambda path: path.stem)
def test_our_weights_answer_the_same_after_they_were_made_fit(weights: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    content = weights.read_bytes()
    fit = onnx.load_model_from_string(fit_for_parser(content))
    onnx.checker.check_model(fit)
    assert [entry.version for entry in fit.opset_import] == [17]
    answers = []
    for model in (content, fit_for_parser(content)):
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        [port] = session.get_inputs()
        shape = [side if isinstance(side, int) else 1 for side in port.shape]
        values = np.random.default_rng(7).integers(0, 255, shape)
        kind = np.uint8 if port.type == "tensor(uint8)" else np.float32
        answers.append(session.run(None, {port.name: values.astype(kind)}))
    for before, after in zip(*answers, strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-5)


def test_what_only_opset_18_has_stays_there(board: Any) -> None:
    helper = onnx.helper
    ports = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 2]) for name in ("x", "y")
    ]
    for options, version in (({"noop_with_empty_axes": 1}, 18), ({"noop_with_empty_axes": 0}, 17)):
        node = helper.make_node("ReduceMean", ["x"], ["y"], **options)
        graph = helper.make_graph([node], "mean", ports[:1], ports[1:])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
        fit = onnx.load_model_from_string(fit_for_parser(model.SerializeToString()))
        assert fit.opset_import[0].version == version
