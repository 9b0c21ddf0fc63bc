"""Pictures of one camera with what was found in them, for as long as somebody watches."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import cv2
import numpy as np

from edgeai_core.errors import EdgeAiError
from edgeai_core.privacy.live import LivePrivacy
from edgeai_core.types import Frame
from edgeai_dashboard.backend import LivePicture
from edgeai_dashboard.config import LiveConfig

# What was found stays on the picture for so long; an analyzer that stopped must not leave boxes.
_FRESH_S = 1.5


class LiveFeed:
    """Takes frames from any thread, encodes at most `fps` of them, and serves all watchers.

    Every watcher has room for one picture, the newest; what a slow one misses is gone. While one
    picture is encoded further frames are dropped. Without watchers nothing is subscribed.

    Args:
        camera: name. config: rate and size. clock_s: monotonic seconds.
        privacy: what is taken out of every picture; a picture without that is shown to nobody.
        report: is told one sentence when a picture cannot be shown.
        open_source: subscribes the feed's `take_frame` and `take_result`; closed by `close_source`.
            Both are awaited on the loop.
    """

    def __init__(
        self,
        camera: str,
        config: LiveConfig,
        *,
        privacy: LivePrivacy,
        report: Callable[[str], object],
        clock_s: Callable[[], float],
        open_source: Callable[[LiveFeed], Any],
        close_source: Callable[[LiveFeed], Any],
    ) -> None:
        self.camera = camera
        self.privacy = privacy
        self._config = config
        self._report = report
        self._clock_s = clock_s
        self._open_source = open_source
        self._close_source = close_source
        self._watchers: set[asyncio.Queue[LivePicture]] = set()
        self._changing = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()  # guards the three below, which foreign threads touch
        self._due_s = 0.0
        self._busy = False
        self._found: dict[str, tuple[float, Any]] = {}

    def retune(self, config: LiveConfig) -> None:
        """Take another rate and size from the next picture on."""
        self._config = config

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._watchers)

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[LivePicture]]:
        """Return pictures as they come, until the caller leaves.

        Raises:
            EdgeAiError: what must be hidden in the pictures cannot be.
        """
        queue: asyncio.Queue[LivePicture] = asyncio.Queue(maxsize=1)
        async with self._changing:
            self._loop = asyncio.get_running_loop()
            if not self._watchers:
                await asyncio.to_thread(self.privacy.open)
                try:
                    await self._open_source(self)
                except BaseException:
                    await asyncio.to_thread(self.privacy.close)
                    raise
            self._watchers.add(queue)

        async def pictures() -> AsyncIterator[LivePicture]:
            while True:
                yield await queue.get()

        try:
            yield pictures()
        finally:
            async with self._changing:
                self._watchers.discard(queue)
                if not self._watchers:
                    try:
                        await self._close_source(self)
                    finally:
                        await asyncio.to_thread(self.privacy.close)
                    with self._lock:
                        self._found.clear()

    def take_frame(self, frame: Frame) -> None:
        """Take a frame; on the camera's thread, so it only notes it."""
        now_s = self._clock_s()
        with self._lock:
            loop = self._loop
            if self._busy or now_s < self._due_s or loop is None:
                return
            self._busy = True
            self._due_s = max(self._due_s + 1.0 / self._config.fps, now_s)
            found = {
                kind: view
                for kind, (seen_s, view) in self._found.items()
                if now_s - seen_s < _FRESH_S
            }
        try:
            loop.call_soon_threadsafe(self._begin, frame, found)
        except RuntimeError:
            return  # the loop was closed between two frames

    def take_result(self, kind: str, view: Any) -> None:
        """Take what an analyzer found, in the types of JSON."""
        with self._lock:
            self._found[kind] = (self._clock_s(), view)

    def _begin(self, frame: Frame, found: dict[str, Any]) -> None:
        task = asyncio.ensure_future(self._encode(frame, found))
        # Held until it is done, as the loop holds tasks weakly.
        self._task = task

    async def _encode(self, frame: Frame, found: dict[str, Any]) -> None:
        try:
            jpeg = await asyncio.to_thread(self._jpeg, frame)
        except EdgeAiError as exc:
            if self._watchers:
                self._report(f"live picture of {self.camera} not shown: {exc}")
            return
        finally:
            with self._lock:
                self._busy = False
        head = {
            "camera": self.camera,
            "width": frame.width_px,
            "height": frame.height_px,
            "stamp_ms": frame.stamp_ns // 1_000_000,
            **found,
        }
        picture = LivePicture(head=head, jpeg=jpeg)
        for queue in self._watchers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(picture)

    def _jpeg(self, frame: Frame) -> bytes:
        width_px = self._config.width_px
        if frame.width_px > width_px:
            height_px = max(1, round(frame.height_px * width_px / frame.width_px))
            size = (width_px, height_px)
            image = np.asarray(
                cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA), np.uint8
            )
        else:
            # The frame belongs to all who got it.
            image = frame.image.copy()
        scale = image.shape[1] / frame.width_px
        self.privacy.screen(image, stamp_ns=frame.stamp_ns, scale=scale)
        quality = [cv2.IMWRITE_JPEG_QUALITY, self._config.jpeg_quality]
        return bytes(cv2.imencode(".jpg", image, quality)[1].tobytes())
