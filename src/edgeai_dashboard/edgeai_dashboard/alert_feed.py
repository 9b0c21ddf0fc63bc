"""Alerts as they are published, for every page that is open."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edgeai_dashboard.backend import Json

# A page that is slower than this many alerts misses the oldest; its list has them all.
_WAITING_ALERTS = 100


class AlertFeed:
    """Hands what comes on one thread to watchers on a loop."""

    def __init__(self) -> None:
        self._queues: set[tuple[asyncio.AbstractEventLoop, asyncio.Queue[Json]]] = set()

    def publish(self, view: Json) -> None:
        """Hand an alert to everybody who watches; from any thread."""
        for loop, queue in tuple(self._queues):
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(_put_newest, queue, view)

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[Json]]:
        """Return alerts as they come, until the caller leaves."""
        queue: asyncio.Queue[Json] = asyncio.Queue(maxsize=_WAITING_ALERTS)
        entry = (asyncio.get_running_loop(), queue)
        # A set of its own each time: `publish` may be iterating over the last one.
        self._queues = self._queues | {entry}

        async def alerts() -> AsyncIterator[Json]:
            while True:
                yield await queue.get()

        try:
            yield alerts()
        finally:
            self._queues = self._queues - {entry}


def _put_newest(queue: asyncio.Queue[Json], view: Json) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(view)
