"""A session that answers from the first frame on while its engine is still to be made.

Another runtime answers. Meanwhile the engine is built in a process of its own (for INT8 after
inputs were kept to calibrate with), then both answer the same inputs and are compared, and only an
engine that agrees takes over. What stands in the way is told to people; the other runtime goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Protocol

import numpy as np

from edgeai_core.errors import ModelError
from edgeai_core.runtimes.base import (
    FLOAT16,
    FLOAT32,
    INT8,
    InferenceSession,
    Report,
    Tensor,
    unreported,
)

# How far an engine's answers may be from the stand-in's, as L2 norm of the difference over that of
# the stand-in's. Rounding to f16 and int8 stays well below; an engine that is broken does not.
# It is no measure of accuracy: see docs/boards.md for int8.
AGREEMENT: Mapping[str, float] = {FLOAT32: 0.01, FLOAT16: 0.05, INT8: 0.2}
TRIALS = 8
# Inputs for INT8: NVIDIA's samples take hundreds, but of strangers' pictures; these are of the very
# camera. Every tenth, so that they are not all of one moment.
CALIBRATION_INPUTS = 32
_EVERY = 10
_TOLD_PERIOD_S = 30.0
_log = logging.getLogger(__name__)


class Build(Protocol):
    """A build that goes on elsewhere."""

    @property
    def progress(self) -> str: ...

    @property
    def started_s(self) -> float: ...

    def poll(self) -> str | None:
        """Return None while it goes on, "" when it is done, else why it failed."""
        ...

    def close(self) -> None: ...


class Workshop(Protocol):
    """Makes, opens and judges the engine of one model."""

    def start(self, samples: Sequence[Mapping[str, Tensor]]) -> Build:
        """Begin to build; ModelError when that is impossible."""
        ...

    def open(self) -> InferenceSession:
        """Open the engine that was built; ModelError when there is none."""
        ...

    def judge(self, *, difference: float, refusal: str) -> None:
        """Write down how the engine did, for the next start."""
        ...


class _Phase(Enum):
    COLLECTING = "collecting"
    BUILDING = "building"
    TRYING = "trying"
    ENGINE = "engine"
    REFUSED = "refused"


class StandInSession:
    """Answers with `stand_in` until an engine does.

    Not thread-safe, as every session: the worker that runs it also moves it on.

    Args:
        model: file name. stand_in: what answers meanwhile; closed by this session.
        workshop: where the engine comes from. precision: "f32", "f16" or "int8".
        needs_samples: whether inputs must be kept to calibrate with. engine_is_built: whether it
            only needs to be tried. report: told what goes on. monotonic_s: seconds.
    """

    def __init__(
        self,
        *,
        model: str,
        stand_in: InferenceSession,
        workshop: Workshop,
        precision: str,
        needs_samples: bool,
        engine_is_built: bool,
        report: Report,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._stand_in = stand_in
        self._workshop = workshop
        self._precision = precision
        self._report = report
        self._monotonic_s = monotonic_s
        self._inputs = tuple(stand_in.input_names)
        self._outputs = tuple(stand_in.output_names)
        self._engine: InferenceSession | None = None
        self._build: Build | None = None
        self._samples: list[dict[str, Tensor]] = []
        self._seen = 0
        self._trials = 0
        self._difference = 0.0
        self._told_s = -_TOLD_PERIOD_S
        self._closed = False
        self._phase = _Phase.COLLECTING
        if engine_is_built:
            self._try_engine()
        elif needs_samples:
            self._tell_collected()
        else:
            self._start_build()

    @property
    def runtime_name(self) -> str:
        """What answers now."""
        if self._phase is _Phase.ENGINE and self._engine is not None:
            return self._engine.runtime_name
        return self._stand_in.runtime_name

    @property
    def input_names(self) -> Sequence[str]:
        return self._inputs

    @property
    def output_names(self) -> Sequence[str]:
        return self._outputs

    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if self._closed:
            raise ModelError(f"model {self._model}: the session is closed; open it again")
        if self._phase is _Phase.ENGINE and self._engine is not None:
            return self._engine.run(inputs)
        results = self._stand_in.run(inputs)
        if self._phase is _Phase.COLLECTING:
            self._collect(inputs)
        elif self._phase is _Phase.BUILDING:
            self._look_at_build()
        elif self._phase is _Phase.TRYING:
            self._compare(inputs, results)
        return results

    def close(self) -> None:
        self._closed = True
        self._samples.clear()
        for part in (self._build, self._engine, self._stand_in):
            if part is not None:
                part.close()

    def _collect(self, inputs: Mapping[str, Tensor]) -> None:
        if self._seen % _EVERY == 0:
            # The caller may fill the same arrays again.
            self._samples.append({name: np.array(values) for name, values in inputs.items()})
        self._seen += 1
        if len(self._samples) >= CALIBRATION_INPUTS:
            self._start_build()
        else:
            self._tell_collected()

    def _tell_collected(self) -> None:
        kept = f"{len(self._samples)} of {CALIBRATION_INPUTS}"
        self._tell(f"keeping inputs to calibrate INT8 ({kept})")

    def _start_build(self) -> None:
        try:
            self._build = self._workshop.start(self._samples)
        except ModelError as exc:
            self._refuse(str(exc))
            return
        finally:
            self._samples.clear()
        self._phase = _Phase.BUILDING
        self._tell("building the TensorRT engine")

    def _look_at_build(self) -> None:
        assert self._build is not None  # the phase says so
        failure = self._build.poll()
        if failure is None:
            took_s = self._monotonic_s() - self._build.started_s
            self._tell(f"building the TensorRT engine, {took_s:.0f} s ({self._build.progress})")
            return
        self._build = None
        if failure:
            self._refuse(failure)
        else:
            self._try_engine()

    def _try_engine(self) -> None:
        try:
            self._engine = self._workshop.open()
        except ModelError as exc:
            self._refuse(str(exc))
            return
        self._phase = _Phase.TRYING
        self._tell("comparing the TensorRT engine with what answers now")

    def _compare(self, inputs: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
        assert self._engine is not None  # the phase says so
        try:
            answered = self._engine.run(inputs)
        except ModelError as exc:
            self._refuse(str(exc))
            return
        self._difference = max(self._difference, relative_difference(expected, answered))
        self._trials += 1
        limit = AGREEMENT[self._precision]
        if self._difference > limit:
            refusal = (
                f"its engine in {self._precision} answers otherwise: {self._difference:.1%} off, "
                f"expected up to {limit:.0%}; take a finer inference.precision"
            )
            self._workshop.judge(difference=self._difference, refusal=refusal)
            self._refuse(refusal)
        elif self._trials >= TRIALS:
            self._take_over()

    def _take_over(self) -> None:
        self._workshop.judge(difference=self._difference, refusal="")
        self._phase = _Phase.ENGINE
        _log.info("model %s: TensorRT takes over, %.2f %% off", self._model, 100 * self._difference)
        self._report(self._model, "")
        self._stand_in.close()

    def _refuse(self, reason: str) -> None:
        self._phase = _Phase.REFUSED
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()
        self._told_s = -_TOLD_PERIOD_S
        tell_refusal(self._report, self._model, reason, self._stand_in.runtime_name)

    def _tell(self, doing: str) -> None:
        sentence = f"{doing}; runs on {self._stand_in.runtime_name} until then"
        self._report(self._model, sentence)
        now_s = self._monotonic_s()
        if now_s - self._told_s >= _TOLD_PERIOD_S:
            self._told_s = now_s
            _log.info("model %s: %s", self._model, sentence)


def tell_refusal(report: Report, model: str, reason: str, stand_in: str) -> None:
    """Say that and why a model does not run on TensorRT: to whoever wants to hear it, else log it.

    Args:
        report: told. model: file name. reason: why. stand_in: the runtime that answers instead.
    """
    sentence = f"not on TensorRT but on {stand_in}: {reason}"
    # Nodes warn by themselves, where people look; twice the same line would hide others.
    if report is unreported:
        _log.warning("model %s: %s", model, sentence)
    report(model, sentence)


def relative_difference(expected: Mapping[str, Tensor], got: Mapping[str, Tensor]) -> float:
    """Return the largest difference of any output, as L2 norm over that of what was expected.

    Infinite where an output is missing, has another shape or holds no numbers.
    """
    if expected.keys() != got.keys():
        return float("inf")
    worst = 0.0
    for name, wanted in expected.items():
        answer = got[name]
        if answer.shape != wanted.shape:
            return float("inf")
        wanted64, answer64 = wanted.astype(np.float64), answer.astype(np.float64)
        gap = float(np.linalg.norm(answer64 - wanted64))
        scale = max(float(np.linalg.norm(wanted64)), 1e-6)
        worst = max(worst, gap / scale) if np.isfinite(gap) else float("inf")
    return worst
