"""How an engine comes to be: built beside another runtime, tried, kept, refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeai_core.errors import ModelError, RuntimeUnavailableError
from edgeai_core.runtimes.selection import open_session
from edgeai_core.runtimes.tensorrt import engine_cache
from edgeai_core.runtimes.tensorrt.cuda import CudaDevice
from edgeai_core.runtimes.tensorrt.stand_in import CALIBRATION_INPUTS, TRIALS
from edgeai_core.runtimes.validation import InputSpec


def stored_file(board: Any) -> Path:
    [file] = board.folder.glob("*.engine")
    return file


@pytest.mark.parametrize("version", ["8.6.1", "10.3.0"])
def test_another_runtime_answers_until_the_engine_is_built_and_agrees(
    board: Any, version: str
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


def test_the_next_start_takes_the_engine_from_the_cache(board: Any) -> None:
    board.built().close()
    board.said.clear()
    session = board.open()
    assert session.runtime_name == "tensorrt"
    assert [sentence for _, sentence in board.said] == [""]
    assert len(board.builds) == 1
    assert len(board.stand_ins) == 1
    session.close()


def test_the_name_of_an_engine_says_what_it_is_for(board: Any) -> None:
    board.built(precision="f16").close()
    name = stored_file(board).name
    assert name.startswith("twice_trt10.3.0_Orin-nvgpu_sm87_f16_open1-16_")
    assert board.folder.stat().st_mode & 0o777 == 0o700


def test_another_model_gpu_version_or_precision_has_another_engine(board: Any) -> None:
    board.built().close()
    board.built(precision="f16").close()
    board.monkeypatch.setenv("FAKE_CUDA_NAME", "Xavier")
    board.device = CudaDevice(str(board.driver))
    board.built().close()
    board.pretend(version="8.6.1")
    board.built().close()
    board.write_model([1, 2], note="trained anew")
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
    board: Any,
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


def test_an_engine_that_tensorrt_refuses_is_built_anew(board: Any) -> None:
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
    board: Any, failure: str, reason: str
) -> None:
    board.pretend(fail=failure)
    sentence = board.refused()
    assert sentence.startswith("not on TensorRT but on onnxruntime: ")
    assert reason in sentence


def test_an_engine_that_answers_otherwise_is_refused_now_and_at_the_next_start(
    board: Any,
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


def test_an_engine_that_fails_on_the_card_is_refused(board: Any) -> None:
    board.monkeypatch.setenv("FAKE_CUDA_FAIL", "memory")
    assert "cuMemAlloc_v2 failed with 2 (out of memory)" in board.refused()


def test_int8_is_calibrated_with_what_the_camera_shows_and_the_ranges_are_kept(
    board: Any,
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


def test_without_tensorrt_another_runtime_answers_and_says_so(
    board: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    session = board.open()
    assert session.runtime_name == "onnxruntime"
    assert board.said[-1] == (
        "twice.onnx",
        "not on TensorRT but on onnxruntime: the package tensorrt is not installed; see "
        "docs/boards.md",
    )


def test_what_nobody_listens_to_is_in_the_log(
    board: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    spec = InputSpec(name="x", shape=(1, 2), dtype=np.dtype(np.float32))
    sample = {"x": np.ones((1, 2), np.float32)}
    open_session(board.model, sample=sample, runtime="tensorrt", runtimes=board.runtimes(spec))
    assert "model twice.onnx: not on TensorRT but on onnxruntime: the package" in caplog.text


def test_without_any_runtime_beside_it_tensorrt_is_an_error(board: Any) -> None:
    board.pretend(version="7.1.3")
    with pytest.raises(RuntimeUnavailableError, match=r"got TensorRT 7\.1\.3, expected 8\.5 to 10"):
        open_session(
            board.model,
            sample={"x": np.ones((1, 2), np.float32)},
            runtime="tensorrt",
            runtimes=[board.runtime],
        )


def test_auto_takes_tensorrt_only_where_its_engine_is_there(
    board: Any, caplog: pytest.LogCaptureFixture
) -> None:
    board.open(runtime="auto").close()
    assert "inference.runtime tensorrt has one built" in caplog.text
    assert board.builds == []
    board.built().close()
    caplog.clear()
    with caplog.at_level("INFO"):
        board.open(runtime="auto").close()
    assert "ms on tensorrt" in caplog.text


def test_closing_ends_a_build_that_goes_on(board: Any) -> None:
    board.pretend(fail="slow")
    session = board.open()
    board.run_until(session, lambda: "reading the model" in board.said[-1][1])
    session.close()
    assert list(board.folder.glob("*.engine")) == []


def test_an_engine_is_compared_on_several_inputs_before_it_takes_over(board: Any) -> None:
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
