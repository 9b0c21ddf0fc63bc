"""The HTTP server on a thread and a loop of its own: nothing of it waits on the executor."""

from __future__ import annotations

import asyncio
import errno
import ssl
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from edgeai_core.errors import ConfigError
from edgeai_dashboard.config import HttpConfig

_START_TIMEOUT_S = 10.0
# A second graph on the machine takes the next port instead of failing.
_PORTS = 10
_STOP_TIMEOUT_S = 5.0
# Long enough for a page to take its last answer.
_SHUTDOWN_S = 1.0


class HttpServer:
    """Serves an application until it is stopped.

    Args:
        config: where. make_app: makes the application; called on the loop.
    """

    def __init__(self, config: HttpConfig, make_app: Callable[[], web.Application]) -> None:
        self._config = config
        self._make_app = make_app
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="dashboard-http", daemon=True)
        self._runner: web.AppRunner | None = None
        self.port = 0

    def start(self) -> None:
        """Listen; return when requests are answered.

        Raises:
            ConfigError: the address is taken or not of this machine, or the certificate is wrong.
        """
        context = self._tls()
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        try:
            self._on_loop(self._listen(context), _START_TIMEOUT_S)
        except OSError as exc:
            self.stop()
            raise ConfigError(
                f"parameters http.host and http.port: cannot listen on {self._config.host}:"
                f"{self._config.port} ({exc.strerror or exc}); choose another port"
            ) from exc

    def stop(self) -> None:
        """Close every connection and end the thread; calling it twice is harmless."""
        loop = self._loop
        if loop is None or not self._thread.is_alive():
            return
        try:
            self._on_loop(self._close(), _STOP_TIMEOUT_S)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join(_STOP_TIMEOUT_S)

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None  # made before the thread
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    def _on_loop(self, work: Coroutine[Any, Any, None], timeout_s: float) -> None:
        assert self._loop is not None  # called between start and stop
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    async def _listen(self, context: ssl.SSLContext | None) -> None:
        self._runner = web.AppRunner(
            # aiohttp's access log would hold names and filters of the query.
            self._make_app(),
            access_log=None,
            shutdown_timeout=_SHUTDOWN_S,
            handler_cancellation=True,
        )
        await self._runner.setup()
        await self._bind(self._runner, context)
        self.port = int(self._runner.addresses[0][1])

    async def _bind(self, runner: web.AppRunner, context: ssl.SSLContext | None) -> None:
        """Listen on the port, or on the first free one above it."""
        host, port = self._config.host, self._config.port
        for further in range(_PORTS if port else 1):
            try:
                await web.TCPSite(runner, host, port + further, ssl_context=context).start()
                return
            except OSError as exc:
                if exc.errno != errno.EADDRINUSE or further == _PORTS - 1:
                    raise

    async def _close(self) -> None:
        own = asyncio.current_task()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        left = [task for task in asyncio.all_tasks() if task is not own]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _tls(self) -> ssl.SSLContext | None:
        if not self._config.tls_certificate:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self._config.tls_certificate, self._config.tls_key)
        except (OSError, ssl.SSLError) as exc:
            raise ConfigError(
                f"parameters http.tls_certificate and http.tls_key: {exc}; expected two PEM files "
                "that belong together"
            ) from exc
        return context
