"""Cameras behind a driver that may hang: capture thread, one-slot hand-over, time-outs."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from typing import Any, Protocol

from edgeai_core.errors import SourceError, SourceUnavailableError
from edgeai_core.sources.base import SourceContext, StreamConfig, frame_from_image
from edgeai_core.types import Frame

_LOG = logging.getLogger(__name__)

# A read that fails returns at once with some drivers; this keeps a broken camera from taking a
# whole core while its failures are counted.
_FAILED_READ_PAUSE_S = 0.02
_JOIN_TIMEOUT_S = 1.0


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that is used."""

    def isOpened(self) -> bool: ...  # noqa: N802 - OpenCV's name

    def read(self) -> tuple[bool, Any]: ...

    def get(self, propId: int, /) -> float: ...  # noqa: N803 - OpenCV's name

    def set(self, propId: int, value: float, /) -> bool: ...  # noqa: N803 - OpenCV's name

    def release(self) -> None: ...


class CaptureSource(ABC):
    """A live source whose every driver call runs on a thread of its own.

    The thread keeps the newest picture in one slot; an older one that nobody took is overwritten
    and counted. A driver that never returns costs the reader a time-out, not its life: the thread
    is left behind, releases the device should the driver ever come back, and until then `open`
    refuses to start a second one.

    Args:
        description: what is read, without secrets. config: size, rate, time-outs.
        context: clocks and frame name. tolerated_failures: reads that may fail in a row before
            the source counts as lost. open_timeout_s: how long the driver may take to open.
    """

    live = True

    def __init__(
        self,
        *,
        description: str,
        config: StreamConfig,
        context: SourceContext,
        tolerated_failures: int,
        open_timeout_s: float,
    ) -> None:
        self.description = description
        self._config = config
        self._context = context
        self._tolerated_failures = tolerated_failures
        self._open_timeout_s = open_timeout_s
        self._interrupted = False
        self._changed = threading.Condition()
        self._session: _Session | None = None
        self._last_thread: threading.Thread | None = None
        self._sequence = 0

    @abstractmethod
    def _connect(self) -> Capture:
        """Return an opened capture; runs on the capture thread.

        Raises:
            SourceError: with one sentence that says what to do.
        """

    @abstractmethod
    def _lost(self) -> SourceUnavailableError | None:
        """Return why the device is gone for good, asked after a failed read; None to try on."""

    @property
    def dropped_frames(self) -> int:
        return self._session.overwritten if self._session else 0

    def open(self) -> None:
        if self._last_thread is not None and self._last_thread.is_alive():
            raise SourceUnavailableError(
                f"{self.description}: the driver still hangs in the last call; unplug the device "
                "and plug it in again"
            )
        session = self._session = _Session()
        self._sequence = 0
        self._last_thread = threading.Thread(
            target=self._run, args=(session,), name=f"capture {self.description}", daemon=True
        )
        self._last_thread.start()
        with self._changed:
            self._changed.wait_for(
                lambda: session.opened or session.failure or self._interrupted,
                self._open_timeout_s,
            )
            if session.opened:
                return  # a failure since then is the next read's, after a picture that came
            if session.failure is not None:
                raise session.failure
            raise self._no_answer("did not open", self._open_timeout_s)

    def read(self) -> Frame:
        session = self._session
        if session is None:
            raise SourceError(f"{self.description}: read before open")
        with self._changed:
            self._changed.wait_for(
                lambda: session.slot is not None or session.failure or self._interrupted,
                self._config.stall_timeout_s,
            )
            slot, session.slot = session.slot, None
            if slot is None or self._interrupted:
                if session.failure is not None:
                    raise session.failure
                raise self._no_answer("delivered no frame", self._config.stall_timeout_s)
        image, stamp_ns = slot
        frame = frame_from_image(
            image, stamp_ns=stamp_ns, frame_id=self._context.frame_id, sequence=self._sequence
        )
        self._sequence += 1
        return frame

    def interrupt(self) -> None:
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()

    def close(self) -> None:
        session, self._session = self._session, None
        self._interrupted = False
        if session is None or self._last_thread is None:
            return
        session.closing.set()
        self._last_thread.join(_JOIN_TIMEOUT_S)
        if self._last_thread.is_alive():
            _LOG.warning("%s: the driver hangs; its thread is left behind", self.description)

    def _no_answer(self, what: str, timeout_s: float) -> SourceUnavailableError:
        if self._interrupted:
            return SourceUnavailableError(f"{self.description}: interrupted")
        return SourceUnavailableError(
            f"{self.description}: {what} within {timeout_s:g} s; check the cable or the network"
        )

    def _run(self, session: _Session) -> None:
        capture: Capture | None = None
        try:
            capture = self._connect()
            with self._changed:
                session.opened = True
                self._changed.notify_all()
            self._pump(capture, session)
        except SourceError as exc:
            self._fail(session, exc)
        except Exception as exc:
            _LOG.exception("%s: the capture library failed", self.description)
            failure = SourceUnavailableError(f"{self.description}: the driver failed: {exc}")
            failure.__cause__ = exc
            self._fail(session, failure)
        finally:
            if capture is not None:
                capture.release()

    def _fail(self, session: _Session, failure: SourceError) -> None:
        with self._changed:
            session.failure = failure
            self._changed.notify_all()

    def _pump(self, capture: Capture, session: _Session) -> None:
        failures = 0
        while not session.closing.is_set():
            decoded, image = capture.read()
            stamp_ns = self._context.clock_ns()
            if decoded:
                failures = 0
                with self._changed:
                    session.overwritten += session.slot is not None
                    session.slot = (image, stamp_ns)
                    self._changed.notify_all()
                continue
            failures += 1
            lost = self._lost()
            if lost is not None:
                raise lost
            if failures > self._tolerated_failures:
                raise SourceUnavailableError(
                    f"{self.description}: {failures} reads in a row failed; check the cable or "
                    "the network"
                )
            session.closing.wait(_FAILED_READ_PAUSE_S)


class _Session:
    """What one capture thread and the reader share; guarded by the source's condition."""

    def __init__(self) -> None:
        self.closing = threading.Event()
        self.opened = False
        self.failure: SourceError | None = None
        self.slot: tuple[Any, int] | None = None
        self.overwritten = 0
