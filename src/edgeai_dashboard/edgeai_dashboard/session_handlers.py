"""Logging in and out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from edgeai_core.access.permissions import permission_names
from edgeai_dashboard.desk import (
    SESSION_COOKIE,
    Desk,
    RefusedError,
    anybody_of,
    body_of,
    caller_of,
    desk_of,
    text_in,
)
from edgeai_dashboard.sessions import Caller


async def get_session(request: web.Request) -> web.Response:
    """Say who is logged in, and the token that changes must carry."""
    return web.json_response(_described(anybody_of(request)))


async def log_in(request: web.Request) -> web.Response:
    """Open a session for the right password."""
    desk = desk_of(request)
    content = await body_of(request)
    name, password = text_in(content, "name"), text_in(content, "password", limit=1024)
    keys = (f"address {request.remote}", f"name {name}")
    _check_wait(desk, keys)
    async with desk.hashing:
        # Several attempts may have waited here together.
        _check_wait(desk, keys)
        account = await asyncio.to_thread(desk.accounts.check, name, password)
        if account is None:
            desk.throttle.failed(*keys)
        else:
            desk.throttle.succeeded(*keys)
    if account is None:
        desk.report(f"log-in refused from {request.remote}")
        raise RefusedError(401, "name or password is wrong", code="password")
    old = request.cookies.get(SESSION_COOKIE, "")
    if old:
        desk.sessions.close(old)
    token = desk.sessions.open(account)
    response = web.json_response(_described(desk.sessions.caller(token)))
    response.set_cookie(
        SESSION_COOKIE,
        token,
        httponly=True,
        samesite="Strict",
        secure=desk.config.http.scheme == "https",
        max_age=round(desk.config.session.lifetime_h * 3600),
        path="/",
    )
    return response


async def log_out(request: web.Request) -> web.Response:
    """End the session."""
    desk_of(request).sessions.close(request.cookies.get(SESSION_COOKIE, ""))
    response = web.json_response(_described(None))
    response.del_cookie(SESSION_COOKIE, path="/", samesite="Strict")
    return response


async def change_password(request: web.Request) -> web.Response:
    """Give the own account another password; all its sessions are over."""
    desk, caller = desk_of(request), caller_of(request)
    content = await body_of(request)
    old, new = text_in(content, "old", limit=1024), text_in(content, "new", limit=1024)
    key = f"name {caller.name}"
    _check_wait(desk, (key,))
    async with desk.hashing:
        _check_wait(desk, (key,))
        if await asyncio.to_thread(desk.accounts.check, caller.name, old) is None:
            desk.throttle.failed(key)
            raise RefusedError(403, "the present password is wrong", code="password")
        await asyncio.to_thread(desk.accounts.set_password, caller.name, new)
    return web.json_response({"message": "log in with the new password"})


def _check_wait(desk: Desk, keys: tuple[str, ...]) -> None:
    wait_s = desk.throttle.wait_s(*keys)
    if wait_s > 0:
        raise RefusedError(
            429, f"too many failed log-ins; wait {wait_s:.0f} s", code="wait", wait_s=wait_s
        )


def _described(caller: Caller | None) -> Mapping[str, Any]:
    if caller is None:
        return {"user": None, "csrf": ""}
    return {
        "user": {
            "name": caller.name,
            "role": caller.role.value,
            "permissions": permission_names(caller.permissions),
        },
        "csrf": caller.csrf,
    }
