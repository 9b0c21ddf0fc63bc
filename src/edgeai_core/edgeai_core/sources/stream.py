"""A thread that keeps one source delivering and says how it is doing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edgeai_core.errors import FrameError, SourceEndedError, SourceError
from edgeai_core.sources.base import FrameSource, StreamConfig
from edgeai_core.sources.health import StreamHealth, StreamRecord, StreamState
from edgeai_core.types import Frame

__all__ = ["Backoff", "FrameStream", "StreamHealth", "StreamState"]

_LOG = logging.getLogger(__name__)


class Backoff:
    """Waits that double from a first to a longest one; no jitter, one camera has one client.

    Args:
        first_s: the first wait, seconds. longest_s: the longest, seconds.
    """

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = min(first_s, longest_s)
        self._longest_s = longest_s
        self.reset()

    def reset(self) -> None:
        """Begin again with the first wait."""
        self._next_s = self._first_s

    def next_delay_s(self) -> float:
        """Return the wait before the next try, seconds."""
        delay_s = self._next_s
        self._next_s = min(2 * delay_s, self._longest_s)
        return delay_s


class FrameStream:
    """Reads a source on its own thread and hands every frame to `on_frame`.

    A live source is opened again for ever, with waits that double. A file ends the stream: ENDED
    after its last frame, FAILED when it cannot be read. Unusable pictures are counted and
    dropped. An exception in `on_frame` is logged and counted, and the stream goes on.

    Args:
        source: what to read; from `start` to the end of the stream it belongs to the thread.
        config: reconnect waits and `max_frames`.
        on_frame: called on the stream's thread; a slow one delays the next read, so hand over and
            return. monotonic_s: clock that never jumps, seconds.
    """

    def __init__(
        self,
        source: FrameSource,
        *,
        config: StreamConfig,
        on_frame: Callable[[Frame], None],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._source = source
        self._config = config
        self._on_frame = on_frame
        self._monotonic_s = monotonic_s
        self._backoff = Backoff(config.reconnect_delay_s, config.reconnect_delay_max_s)
        self._record = StreamRecord(monotonic_s)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def description(self) -> str:
        """What is read, for people; never holds a password."""
        return self._source.description

    def health(self) -> StreamHealth:
        """Return a snapshot; any thread may ask."""
        return self._record.snapshot()

    def start(self) -> None:
        """Begin to read; counts start from zero.

        Raises:
            RuntimeError: it runs already.
        """
        if self._thread is not None and self._thread.is_alive():
            raise RuntimeError(f"{self.description}: the stream runs already; stop it first")
        self._source.close()
        self._stopping.clear()
        self._backoff.reset()
        self._record = StreamRecord(self._monotonic_s)
        self._record.enter(StreamState.OPENING)
        self._thread = threading.Thread(
            target=self._run, name=f"stream {self.description}", daemon=True
        )
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End the stream and free the source; harmless when it does not run.

        Returns:
            Whether the thread ended in time. It does unless `on_frame` or a decoder hangs.
        """
        self._stopping.set()
        self._source.interrupt()
        return self.wait(timeout_s)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the stream to end by itself; return whether it did."""
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            _LOG.warning("%s: the stream did not end within %s s", self.description, timeout_s)
            return False
        return True

    def _run(self) -> None:
        final = StreamState.STOPPED
        while not self._stopping.is_set():
            outcome = self._session()
            if outcome in (StreamState.ENDED, StreamState.FAILED):
                final = outcome
                break
            self._stopping.wait(self._backoff.next_delay_s())
        self._record.enter(final)

    def _session(self) -> StreamState:
        """Open, read until something ends it, close; return what the stream should do then."""
        try:
            self._source.open()
            self._record.opened()
            _LOG.info("%s: streaming", self.description)
            self._pump()
            return StreamState.STOPPED if self._stopping.is_set() else StreamState.ENDED
        except SourceEndedError:
            return StreamState.ENDED
        except SourceError as exc:
            return self._interrupted_by(str(exc))
        except Exception as exc:
            _LOG.exception("%s: the source failed", self.description)
            return self._interrupted_by(f"{self.description}: the source failed: {exc}")
        finally:
            self._source.close()

    def _interrupted_by(self, error: str) -> StreamState:
        if self._stopping.is_set():
            return StreamState.STOPPED
        state = StreamState.RECONNECTING if self._source.live else StreamState.FAILED
        self._record.enter(state, error=error)
        _LOG.warning("%s", error)
        return state

    def _pump(self) -> None:
        """Deliver frames until the source fails or enough were delivered."""
        opened_s = self._monotonic_s()
        while not self._stopping.is_set():
            try:
                frame = self._source.read()
            except FrameError as exc:
                self._warn_sometimes(self._record.rejected(str(exc)), str(exc))
                continue
            count = self._record.delivered(dropped_by_source=self._source.dropped_frames)
            if self._monotonic_s() - opened_s >= self._config.reconnect_delay_max_s:
                self._backoff.reset()
            self._deliver(frame)
            if self._config.max_frames and count >= self._config.max_frames:
                return

    def _deliver(self, frame: Frame) -> None:
        try:
            self._on_frame(frame)
        except Exception as exc:
            error = f"{self.description}: the receiver of frames failed: {exc!r}"
            self._warn_sometimes(self._record.callback_failed(error), error, traceback=True)

    def _warn_sometimes(self, count: int, text: str, *, traceback: bool = False) -> None:
        # The 1st, 2nd, 4th, 8th ... time: a fault at every frame must not fill the disk.
        if count & (count - 1) == 0:
            _LOG.warning("%s (%d times so far)", text, count, exc_info=traceback)
