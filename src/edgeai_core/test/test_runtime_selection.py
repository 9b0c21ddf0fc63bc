from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from edgeai_core.errors import ModelError, RuntimeUnavailableError
from edgeai_core.runtimes.base import InferenceSession, SessionOptions, Tensor
from edgeai_core.runtimes.fake import FakeRuntime
from edgeai_core.runtimes.selection import RUNTIME_CHOICES, RUNTIMES, open_session
from edgeai_core.runtimes.validation import InputSpec, check_inputs

MODEL = Path("net.onnx")
SPEC = InputSpec(name="x", shape=(1, None), dtype=np.dtype(np.float32))
SAMPLE: Mapping[str, Tensor] = {"x": np.zeros((1, 2), np.float32)}


class Clock:
    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def runtime_taking(
    clock: Clock, name: str, took_ms: float, *, missing_reason: str = ""
) -> FakeRuntime:
    def function(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        clock.now_ns += int(took_ms * 1e6)
        return {"y": inputs["x"]}

    return FakeRuntime(
        function, inputs=[SPEC], outputs=["y"], name=name, missing_reason=missing_reason
    )


def test_auto_keeps_the_fastest_and_logs_every_figure(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    table = [runtime_taking(clock, "slow", 9.0), runtime_taking(clock, "quick", 2.5)]
    with caplog.at_level(logging.INFO):
        session = open_session(MODEL, sample=SAMPLE, runtimes=table, clock_ns=clock)
    assert session.runtime_name == "quick"
    assert "net.onnx: 9.00 ms on slow" in caplog.text
    assert "chose quick (2.50 ms)" in caplog.text


class Remembering(FakeRuntime):
    """Keeps the sessions it handed out."""

    opened: list[InferenceSession]

    def load(self, path: Path, options: SessionOptions) -> InferenceSession:
        session = super().load(path, options)
        self.opened = [*getattr(self, "opened", []), session]
        return session


def remembering(function: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]) -> Remembering:
    return Remembering(function, inputs=[SPEC], outputs=["y"], name="remembering")


def test_auto_closes_the_losers() -> None:
    clock = Clock()

    def slow(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        clock.now_ns += 10**9
        return {"y": inputs["x"]}

    for place in (0, 1):
        table: list[FakeRuntime] = [runtime_taking(clock, "quick", 1.0)]
        loser = remembering(slow)
        table.insert(place, loser)
        winner = open_session(MODEL, sample=SAMPLE, runtimes=table, clock_ns=clock)
        assert [getattr(session, "closed", None) for session in loser.opened] == [True]
        assert winner.run(SAMPLE)["y"].shape == (1, 2)


def test_auto_leaves_out_a_runtime_that_fails_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        raise ModelError("operator Foo is unknown")

    table = [remembering(broken), runtime_taking(Clock(), "good", 1.0)]
    session = open_session(MODEL, sample=SAMPLE, runtimes=table)
    assert session.runtime_name == "good"
    assert "remembering left out: operator Foo is unknown" in caplog.text


def test_auto_reports_every_failure_when_all_fail() -> None:
    def broken(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        raise ModelError("operator Foo is unknown")

    with pytest.raises(ModelError, match=r"every runtime failed: operator Foo.*; operator Foo"):
        open_session(MODEL, sample=SAMPLE, runtimes=[remembering(broken), remembering(broken)])


def test_a_named_runtime_is_tried_once_before_it_is_handed_out() -> None:
    runtime = remembering(lambda inputs: {"y": inputs["x"]})
    with pytest.raises(ModelError, match=r"expected input x \(1,\?\) float32, got \(2\) uint8"):
        open_session(
            MODEL,
            sample={"x": np.zeros(2, np.uint8)},
            runtime="remembering",
            runtimes=[runtime],
        )
    assert getattr(runtime.opened[0], "closed", None) is True


def test_unknown_runtime_lists_the_choices() -> None:
    with pytest.raises(RuntimeUnavailableError, match="'tensorflow'; choose one of auto, a, b"):
        open_session(
            MODEL,
            sample=SAMPLE,
            runtime="tensorflow",
            runtimes=[runtime_taking(Clock(), "a", 1), runtime_taking(Clock(), "b", 1)],
        )


def test_missing_runtime_says_why_and_what_else_works() -> None:
    clock = Clock()
    table = [
        runtime_taking(clock, "absent", 1, missing_reason="not installed; pip install absent"),
        runtime_taking(clock, "here", 1),
    ]
    with pytest.raises(
        RuntimeUnavailableError,
        match="absent cannot be used: not installed; pip install absent; usable here: auto, here",
    ):
        open_session(MODEL, sample=SAMPLE, runtime="absent", runtimes=table)


def test_no_runtime_for_the_suffix_is_one_error_with_all_reasons() -> None:
    table = [runtime_taking(Clock(), "a", 1)]
    with pytest.raises(RuntimeUnavailableError, match=r"a: it reads \.onnx, not \.tflite"):
        open_session(Path("net.tflite"), sample=SAMPLE, runtimes=table)


def test_inputs_must_be_named_completely() -> None:
    with pytest.raises(ModelError, match="net: expected inputs x, got y; name every input once"):
        check_inputs("net", [SPEC], {"y": np.zeros((1, 2), np.float32)})


@pytest.mark.parametrize(
    "tensor",
    [np.zeros((1, 2), np.float64), np.zeros((2, 2), np.float32), np.zeros((1, 2, 1), np.float32)],
)
def test_wrong_dtype_size_or_rank_is_refused(tensor: Tensor) -> None:
    with pytest.raises(ModelError, match=r"expected input x \(1,\?\) float32"):
        check_inputs("net", [SPEC], {"x": tensor})


def test_an_open_side_takes_any_length() -> None:
    check_inputs("net", [SPEC], {"x": np.zeros((1, 77), np.float32)})


def test_the_fake_refuses_to_run_after_close() -> None:
    session = runtime_taking(Clock(), "fake", 1).load(MODEL, SessionOptions())
    session.close()
    session.close()
    with pytest.raises(ModelError, match="session is closed"):
        session.run(SAMPLE)


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
def test_every_runtime_of_the_table_keeps_the_contract(runtime: object) -> None:
    from edgeai_core.runtimes.base import Runtime

    entry: Runtime = runtime  # type: ignore[assignment]
    assert entry.name in RUNTIME_CHOICES
    assert entry.file_suffixes
    assert all(suffix.startswith(".") for suffix in entry.file_suffixes)
    assert isinstance(entry.missing(), str)
