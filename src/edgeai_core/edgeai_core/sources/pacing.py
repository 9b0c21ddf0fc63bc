"""When the next frame of a file is due."""

from __future__ import annotations

import logging

from edgeai_core.sources.base import SourceContext, StreamConfig

_LOG = logging.getLogger(__name__)

# Skipping also costs decoding time. A file that is decoded slower than it plays would fall behind
# faster the more it skips, so beyond this delay the schedule moves instead.
_MAX_CATCH_UP_S = 1.0


class Pacer:
    """Numbers the output frames of a file and says when each is due.

    Frame n is due at n / fps after the first. In real time a late reader gets the frame that is
    due now and the ones between are counted as skipped, so that delay never adds up. In fast
    pacing every frame is due at once and stamps are start + n / fps: the same file gives the same
    stamps apart from the start.
    """

    def __init__(self, config: StreamConfig, context: SourceContext) -> None:
        self._fps = config.fps
        self._real_time = config.pacing == "real_time"
        self._context = context
        self.restart()

    def restart(self) -> None:
        """Begin again with frame 0, due when it is first asked for."""
        self._next = 0
        self._origin_s: float | None = None
        self._start_ns = self._context.clock_ns()
        self.skipped = 0

    def choose(self) -> int:
        """Return the number of the frame to prepare now; does not wait."""
        number = self._next
        if self._real_time:
            now_s = self._context.monotonic_s()
            if self._origin_s is None:
                self._origin_s = now_s
            late_s = now_s - self._origin_s - number / self._fps
            if late_s > _MAX_CATCH_UP_S:
                _LOG.warning("playback was %.1f s late and goes on from where it was", late_s)
                self._origin_s += late_s
            elif late_s > 0:
                # The small term keeps a frame that is due right now from being passed over by
                # rounding.
                missed = int(late_s * self._fps + 1e-6)
                self.skipped += missed
                number += missed
        self._next = number + 1
        return number

    def wait(self, number: int) -> int:
        """Wait until frame `number` is due; return its stamp in nanoseconds."""
        if not self._real_time or self._origin_s is None:
            return self._start_ns + round(number * 1e9 / self._fps)
        left_s = self._origin_s + number / self._fps - self._context.monotonic_s()
        if left_s > 0:
            self._context.sleep(left_s)
        return self._context.clock_ns()
