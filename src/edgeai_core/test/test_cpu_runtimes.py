"""OpenVINO and ONNX Runtime on a model of one addition."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from edgeai_core.errors import ModelError
from edgeai_core.runtimes import openvino_runtime
from edgeai_core.runtimes.base import Runtime, SessionOptions
from edgeai_core.runtimes.onnxruntime_runtime import OnnxRuntimeRuntime
from edgeai_core.runtimes.openvino_runtime import OpenVinoRuntime

onnx = pytest.importorskip("onnx", reason="the onnx package writes the test's model")


def _usable(runtime: Runtime) -> object:
    reason = runtime.missing()
    return pytest.param(
        runtime, id=runtime.name, marks=pytest.mark.skipif(bool(reason), reason=reason or "-")
    )


both = pytest.mark.parametrize(
    "runtime", [_usable(OpenVinoRuntime()), _usable(OnnxRuntimeRuntime())]
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """y = x + 1 for x (1, 2) float32; n, a second output, is -x."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "one"], ["y"]), helper.make_node("Neg", ["x"], ["n"])],
        "tiny",
        [helper.make_tensor_value_info("x", kind, [1, 2])],
        [helper.make_tensor_value_info(name, kind, [1, 2]) for name in ("y", "n")],
        initializer=[helper.make_tensor("one", kind, [1], [1.0])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    made.ir_version = 8
    path = tmp_path_factory.mktemp("models") / "tiny.onnx"
    path.write_bytes(made.SerializeToString())
    return path


def test_signals_are_harmless_after_models_came_and_went(model: Path) -> None:
    # In a process of its own: where this fails, the process dies of a segmentation fault.
    if reason := OpenVinoRuntime().missing():
        pytest.skip(reason)
    script = textwrap.dedent(
        """
        import gc, pathlib, signal, sys
        import numpy as np
        from edgeai_core.runtimes.base import SessionOptions
        from edgeai_core.runtimes.openvino_runtime import OpenVinoRuntime

        signal.signal(signal.SIGINT, lambda number, frame: print("handled"))
        load = lambda: OpenVinoRuntime().load(pathlib.Path(sys.argv[1]), SessionOptions())
        sessions = [load(), load(), load()]
        for session in sessions:
            session.run({"x": np.ones((1, 2), np.float32)})
        for _ in range(3):
            sessions.pop(0).close()
            gc.collect()
        signal.raise_signal(signal.SIGINT)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, model], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "handled\n")


@both
@pytest.mark.parametrize("precision", ["f32", "auto"])
def test_runs_and_names_its_ports(runtime: Runtime, model: Path, precision: str) -> None:
    session = runtime.load(model, SessionOptions(threads=1, precision=precision))
    assert session.runtime_name == runtime.name
    assert tuple(session.input_names) == ("x",)
    assert tuple(session.output_names) == ("y", "n")
    result = session.run({"x": np.array([[1.0, 2.5]], np.float32)})
    np.testing.assert_array_equal(result["y"], [[2.0, 3.5]])
    np.testing.assert_array_equal(result["n"], [[-1.0, -2.5]])


@both
def test_outputs_belong_to_the_caller(runtime: Runtime, model: Path) -> None:
    session = runtime.load(model, SessionOptions())
    first = session.run({"x": np.array([[1.0, 1.0]], np.float32)})["y"]
    session.run({"x": np.array([[9.0, 9.0]], np.float32)})
    np.testing.assert_array_equal(first, [[2.0, 2.0]])


@both
def test_wrong_shape_is_refused_with_both_shapes(runtime: Runtime, model: Path) -> None:
    session = runtime.load(model, SessionOptions())
    message = r"tiny.onnx: expected input x \(1,2\) float32, got \(2,1\) float32"
    with pytest.raises(ModelError, match=message):
        session.run({"x": np.zeros((2, 1), np.float32)})


@both
def test_a_closed_session_says_so(runtime: Runtime, model: Path) -> None:
    session = runtime.load(model, SessionOptions())
    session.close()
    session.close()
    with pytest.raises(ModelError, match="session is closed"):
        session.run({"x": np.zeros((1, 2), np.float32)})


@both
@pytest.mark.parametrize("content", [b"", b"this is no model"])
def test_a_file_that_is_no_model_is_a_model_error(
    runtime: Runtime, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model bad\.onnx: .* cannot load it"):
        runtime.load(path, SessionOptions())


@both
def test_a_file_that_does_not_exist_is_a_model_error(runtime: Runtime, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model none\.onnx: .* cannot load it"):
        runtime.load(tmp_path / "none.onnx", SessionOptions())


class TestSharedWeights:
    """Two nodes of one process that run one model."""

    @pytest.fixture
    def compiled_files(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        if reason := OpenVinoRuntime().missing():
            pytest.skip(reason)
        core, files = openvino_runtime.shared_core(), []

        class CountingCore:
            compile_model = core.compile_model

            def read_model(self, path: Path) -> object:
                files.append(path.name)
                return core.read_model(path)

        monkeypatch.setattr(openvino_runtime, "shared_core", CountingCore)
        return files

    def test_two_sessions_compile_a_model_once_and_answer_alike(
        self, model: Path, compiled_files: list[str]
    ) -> None:
        first, second = (OpenVinoRuntime().load(model, SessionOptions()) for _ in range(2))
        assert compiled_files == ["tiny.onnx"]
        a = first.run({"x": np.array([[1.0, 2.0]], np.float32)})["y"]
        b = second.run({"x": np.array([[5.0, 6.0]], np.float32)})["y"]
        np.testing.assert_array_equal(np.vstack((a, b)), [[2.0, 3.0], [6.0, 7.0]])

    def test_a_compiled_model_serves_two_sessions(
        self, model: Path, compiled_files: list[str]
    ) -> None:
        sessions = [OpenVinoRuntime().load(model, SessionOptions()) for _ in range(4)]
        assert len(compiled_files) == 2
        sessions[2].close()
        sessions.append(OpenVinoRuntime().load(model, SessionOptions()))
        assert len(compiled_files) == 2

    def test_one_that_is_closed_leaves_the_other_running(
        self, model: Path, compiled_files: list[str]
    ) -> None:
        first, second = (OpenVinoRuntime().load(model, SessionOptions()) for _ in range(2))
        first.close()
        result = second.run({"x": np.zeros((1, 2), np.float32)})["y"]
        np.testing.assert_array_equal(result, [[1.0, 1.0]])

    def test_other_options_and_changed_files_are_other_models(
        self, model: Path, tmp_path: Path, compiled_files: list[str]
    ) -> None:
        path = tmp_path / "tiny.onnx"
        path.write_bytes(model.read_bytes())
        sessions = [
            OpenVinoRuntime().load(path, SessionOptions(threads=threads)) for threads in (1, 2)
        ]
        assert len(compiled_files) == 2
        path.write_bytes(model.read_bytes())
        os.utime(path, ns=(0, 0))
        sessions.append(OpenVinoRuntime().load(path, SessionOptions()))
        assert len(compiled_files) == 3
