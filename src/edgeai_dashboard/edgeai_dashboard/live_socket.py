"""The WebSocket: state and alerts as they come, pictures while they are watched."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from edgeai_core.errors import EdgeAiError
from edgeai_dashboard.desk import SESSION_COOKIE, Desk, desk_of
from edgeai_dashboard.graph_handlers import state_for
from edgeai_dashboard.needs import Need, satisfied
from edgeai_dashboard.sessions import Caller

_STATE_PERIOD_S = 1.0
_PING_PERIOD_S = 20.0
_MAX_MESSAGE_BYTES = 4096

#: What a client may say, and who may say it; every command is checked anew when it comes.
COMMANDS: dict[str, Need] = {
    "watch": Need.OPERATE,
    "unwatch": Need.ACCOUNT,
}


async def open_socket(request: web.Request) -> web.WebSocketResponse:
    """Serve one page until it leaves or its session is over."""
    socket = web.WebSocketResponse(heartbeat=_PING_PERIOD_S, max_msg_size=_MAX_MESSAGE_BYTES)
    await socket.prepare(request)
    client = _Client(desk_of(request), request.cookies.get(SESSION_COOKIE, ""), socket)
    await client.serve()
    return socket


class _Client:
    """One page. Its tasks end with it; a slow page gets fewer pictures, never a longer queue."""

    def __init__(self, desk: Desk, token: str, socket: web.WebSocketResponse) -> None:
        self._desk = desk
        self._token = token
        self._socket = socket
        self._watching: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        told = [asyncio.create_task(self._tell_state()), asyncio.create_task(self._tell_alerts())]
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    await self._on_command(message.data)
        finally:
            running = [task for task in (*told, self._watching) if task is not None]
            for task in running:
                task.cancel()
            # Whatever a task of a page that has left ends with is nobody's concern any more.
            await asyncio.gather(*running, return_exceptions=True)

    async def _on_command(self, text: str) -> None:
        try:
            content: Any = json.loads(text)
            command = str(content["command"])
            need = COMMANDS[command]
        except (ValueError, KeyError, TypeError):
            await self._send({"kind": "error", "error": "expected a known command"})
            return
        caller = self._caller(touch=True)
        if caller is None:
            await self._leave()
        elif not satisfied(need, caller.role):
            error = f"{command} is for {need.value}"
            await self._send({"kind": "error", "code": "role", "error": error})
        elif command == "watch":
            await self._stop_watching()
            camera = str(content.get("camera", ""))[:200]
            self._watching = asyncio.create_task(self._watch(camera))
        else:
            await self._stop_watching()

    async def _watch(self, camera: str) -> None:
        try:
            async with self._desk.backend.watch(camera) as pictures:
                async for picture in pictures:
                    caller = self._caller(touch=False)
                    if caller is None or not satisfied(COMMANDS["watch"], caller.role):
                        return
                    await self._send({"kind": "frame", **picture.head})
                    await self._socket.send_bytes(picture.jpeg)
        except EdgeAiError as exc:
            await self._send({"kind": "error", "error": str(exc)})
        except ConnectionError:
            return  # the page left; `serve` cleans up

    async def _stop_watching(self) -> None:
        task, self._watching = self._watching, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _tell_state(self) -> None:
        last: dict[str, Any] = {}
        while not self._socket.closed:
            caller = self._caller(touch=False)
            if caller is None:
                await self._leave()
                return
            state = state_for(caller, self._desk.backend.snapshot())
            if state != last:
                await self._send({"kind": "state", **state})
                last = state
            await asyncio.sleep(_STATE_PERIOD_S)

    async def _tell_alerts(self) -> None:
        async with self._desk.backend.alerts_feed() as alerts:
            async for alert in alerts:
                caller = self._caller(touch=False)
                if caller is not None and satisfied(Need.OPERATE, caller.role):
                    await self._send({"kind": "alert", "alert": alert})

    def _caller(self, *, touch: bool) -> Caller | None:
        return self._desk.sessions.caller(self._token, touch=touch)

    async def _send(self, content: dict[str, Any]) -> None:
        if not self._socket.closed:
            with contextlib.suppress(ConnectionError):
                await self._socket.send_json(content)

    async def _leave(self) -> None:
        await self._socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"log in again")
