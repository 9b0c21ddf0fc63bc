"""TensorRT as a runtime of the table."""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgeai_core.errors import EdgeAiError, ModelError
from edgeai_core.runtimes.base import (
    FLOAT16,
    INT8,
    PRECISIONS,
    InferenceSession,
    SessionOptions,
    Tensor,
)
from edgeai_core.runtimes.tensorrt.builder_process import EngineBuild
from edgeai_core.runtimes.tensorrt.cuda import CudaDevice, first_device
from edgeai_core.runtimes.tensorrt.engine_cache import (
    EngineCache,
    EngineKey,
    StoredEngine,
    engine_directory,
)
from edgeai_core.runtimes.tensorrt.session import TensorRtSession
from edgeai_core.runtimes.tensorrt.stand_in import StandInSession
from edgeai_core.runtimes.validation import check_inputs

_log = logging.getLogger(__name__)
# 8.5 is the first with tensors by name (JetPack 5); 11 builds strongly typed networks only.
_OLDEST, _TOO_NEW = (8, 5), (11, 0)
_NEEDED = ("tensorrt", "onnx")
StandIn = Callable[[], InferenceSession]


class TensorRtRuntime:
    """Runs .onnx files as TensorRT engines that are built on the board, once.

    Args:
        folder: where engines are kept; None for :func:`engine_directory`. device: gives the card.
    """

    name = "tensorrt"
    file_suffixes = frozenset({".onnx"})

    def __init__(
        self, folder: Path | None = None, device: Callable[[], CudaDevice] = first_device
    ) -> None:
        self._folder = folder
        self._device = device

    def missing(self) -> str:
        for package in _NEEDED:
            if importlib.util.find_spec(package) is None:
                return f"the package {package} is not installed; see docs/boards.md"
        try:
            version = str(importlib.import_module("tensorrt").__version__)
        except (ImportError, OSError, AttributeError) as exc:
            return f"the package tensorrt cannot be loaded: {exc}"
        numbers = tuple(int(digits) for digits in re.findall(r"\d+", version)[:2])
        if not _OLDEST <= numbers < _TOO_NEW:
            return f"got TensorRT {version}, expected 8.5 to 10"
        try:
            self._device()
        except EdgeAiError as exc:
            return str(exc)
        return ""

    def load(self, path: Path, options: SessionOptions) -> InferenceSession:
        """Open the engine that an earlier start built and tried.

        Raises:
            ModelError: there is none; naming the runtime has it built.
        """
        workshop = self._workshop(path, options)
        stored = workshop.stored()
        if stored is None or stored.difference is None or stored.refusal:
            why = stored.refusal if stored and stored.refusal else "none was built and tried yet"
            raise ModelError(
                f"model {path.name}: no TensorRT engine ({why}); inference.runtime tensorrt has "
                "one built"
            )
        return workshop.open()

    def open_beside(
        self,
        path: Path,
        options: SessionOptions,
        sample: Mapping[str, Tensor],
        stand_in: Callable[[str], InferenceSession],
    ) -> InferenceSession:
        """Open an engine, or have one built while another runtime answers.

        Args:
            path: model file. options: how. sample: one input of the right shapes.
            stand_in: opens the model with the runtime that answers instead; its argument is why it
                does so for good, empty while that is not known.
        """
        workshop = self._workshop(path, options, sample)
        stored = workshop.stored()
        if stored is not None and stored.refusal:
            return stand_in(f"{stored.refusal}; delete {workshop.file} to have it tried again")
        if stored is not None and stored.difference is not None:
            try:
                session = workshop.open()
            except ModelError as exc:
                _log.warning("%s; its engine is built anew", exc)
                workshop.file.unlink(missing_ok=True)
                stored = None
            else:
                _log.info("model %s: TensorRT engine %s", path.name, workshop.file)
                return session
        return StandInSession(
            model=path.name,
            stand_in=stand_in(""),
            workshop=workshop,
            precision=workshop.precision,
            needs_samples=workshop.needs_samples,
            engine_is_built=stored is not None,
            report=options.report,
        )

    def _workshop(
        self, path: Path, options: SessionOptions, sample: Mapping[str, Tensor] | None = None
    ) -> _EngineWorkshop:
        device = self._device()
        # "auto" leaves the choice to the engine: half precision is what these boards are made for.
        precision = FLOAT16 if options.precision == "auto" else options.precision
        if precision not in PRECISIONS:
            raise ModelError(
                f"model {path.name}: got precision {precision!r}, expected one of "
                f"{', '.join(PRECISIONS)}"
            )
        status = path.stat()
        key = EngineKey(
            model=path.stem,
            model_sha256=_sha256(path, status.st_size, status.st_mtime_ns),
            tensorrt=str(importlib.import_module("tensorrt").__version__),
            gpu=device.name,
            capability=device.capability,
            precision=precision,
        )
        cache = EngineCache(self._folder or engine_directory())
        return _EngineWorkshop(path, key, cache, device, sample)


class _EngineWorkshop:
    """Builds, opens and judges the engine of one model."""

    def __init__(
        self,
        model: Path,
        key: EngineKey,
        cache: EngineCache,
        device: CudaDevice,
        sample: Mapping[str, Tensor] | None,
    ) -> None:
        self._model = model
        self._key = key
        self._cache = cache
        self._device = device
        self._sample = sample
        self.file = cache.path(key)
        self.precision = key.precision

    @property
    def needs_samples(self) -> bool:
        """Whether INT8 must be calibrated before the engine can be built."""
        known = self._cache.calibration_path(self._key).is_file()
        return self._key.precision == INT8 and not known

    def stored(self) -> StoredEngine | None:
        """Return what the cache has."""
        return self._cache.find(self._key)

    def start(self, samples: Sequence[Mapping[str, Tensor]]) -> EngineBuild:
        return EngineBuild(self._model, self._key, self._cache, samples)

    def open(self) -> InferenceSession:
        stored = self.stored()
        if stored is None:
            raise ModelError(f"model {self._model.name}: its engine is not in {self.file}")
        module = importlib.import_module("tensorrt")
        session = TensorRtSession(module, self._model.name, stored.plan, self._device)
        if self._sample is not None:
            try:
                check_inputs(self._model.name, session.input_specs, self._sample)
            except ModelError:
                session.close()
                raise
        return session

    def judge(self, *, difference: float, refusal: str) -> None:
        stored = self.stored()
        if stored is None:
            return
        # A refused engine is of no more use; that it was refused is.
        plan = b"" if refusal else stored.plan
        judged = StoredEngine(plan=plan, difference=difference, refusal=refusal)
        try:
            self._cache.store(self._key, judged)
        except OSError as exc:
            _log.warning("engine %s: cannot write how it did (%s)", self.file, exc.strerror)


@functools.cache
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    """Return the sha256 of a file; asked again only when its size or time changes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
