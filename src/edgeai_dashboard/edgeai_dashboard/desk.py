"""What every handler of the server works with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from edgeai_core.access.accounts import Accounts
from edgeai_dashboard.backend import Backend
from edgeai_dashboard.config import DashboardConfig
from edgeai_dashboard.sessions import Caller, SessionTable
from edgeai_dashboard.throttle import LoginThrottle

SESSION_COOKIE = "edgeai_session"
_CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)


@dataclass(slots=True, kw_only=True)
class Desk:
    """The server's parts. Owned by the server's loop.

    Attributes:
        config: parameters. accounts, sessions, throttle: who may do what. backend: the graph.
        uploads: folder in which uploaded files live while they are read.
        clock_s: monotonic seconds. report: takes a sentence for the log.
        hashing: how many passwords are hashed at a time; each takes 32 MiB.
    """

    config: DashboardConfig
    accounts: Accounts
    sessions: SessionTable
    throttle: LoginThrottle
    backend: Backend
    uploads: Path
    clock_s: Callable[[], float]
    report: Callable[[str], object]
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    def retune(self, config: DashboardConfig) -> None:
        """Serve requests to come with other live parameters; any thread calls."""
        self.config = config
        self.sessions.retune(lifetime_s=config.session.lifetime_s, idle_s=config.session.idle_s)


@dataclass(slots=True)
class _Place:
    """Where an application keeps its desk until it is closed.

    aiohttp caches the handlers of its last 1,024 routes with their applications, for the whole
    process: what a closed one still held would live as long, a node of the graph with it.
    """

    desk: Desk | None


_PLACE: web.AppKey[_Place] = web.AppKey("place", _Place)


def put_desk(app: web.Application, desk: Desk) -> None:
    """Make the handlers of an application work with a desk until it is closed."""
    place = app[_PLACE] = _Place(desk)

    async def leave(closed: web.Application) -> None:
        place.desk = None

    app.on_cleanup.append(leave)


class RefusedError(Exception):
    """A request that is not answered with what it asked for.

    Args:
        status: of HTTP. code: stable word that the page translates; empty for the sentence itself.
        sentence: for people, in English.
    """

    def __init__(self, status: int, sentence: str, *, code: str = "", wait_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.sentence = sentence
        self.wait_s = wait_s


def desk_of(request: web.Request) -> Desk:
    """Return the server's parts.

    Raises:
        RefusedError: the server is closed.
    """
    desk = request.app[_PLACE].desk
    if desk is None:
        raise RefusedError(503, "the page is closing")
    return desk


def remember_caller(request: web.Request, caller: Caller | None) -> None:
    """Note who asks, once that is known."""
    if caller is not None:
        request[_CALLER] = caller


def caller_of(request: web.Request) -> Caller:
    """Return who asks; only for handlers whose need is an account.

    Raises:
        RefusedError: nobody is logged in.
    """
    caller = anybody_of(request)
    if caller is None:
        raise RefusedError(401, "log in first", code="login")
    return caller


def anybody_of(request: web.Request) -> Caller | None:
    """Return who asks, None when nobody is logged in."""
    return request.get(_CALLER)


async def body_of(request: web.Request) -> dict[str, Any]:
    """Return the JSON object that a request carries.

    Raises:
        RefusedError: it carries something else.
    """
    if request.content_type != "application/json":
        raise RefusedError(415, f"got {request.content_type}, expected application/json")
    try:
        content = await request.json()
    except ValueError as exc:
        raise RefusedError(400, "the request is not valid JSON") from exc
    if not isinstance(content, dict):
        raise RefusedError(400, "the request must be a JSON object")
    return content


def text_in(content: dict[str, Any], name: str, *, limit: int = 256) -> str:
    """Return a text of a request.

    Raises:
        RefusedError: it is missing, no text, or longer than `limit` characters.
    """
    value = content.get(name)
    if not isinstance(value, str) or len(value) > limit:
        raise RefusedError(400, f"{name}: expected a text of at most {limit} characters")
    return value


def texts_in(content: dict[str, Any], name: str, *, limit: int = 64) -> tuple[str, ...]:
    """Return a list of texts of a request.

    Raises:
        RefusedError: it is missing, holds something else, or more than `limit`.
    """
    value = content.get(name)
    if (
        not isinstance(value, list)
        or len(value) > limit
        or not all(isinstance(item, str) and len(item) <= 4096 for item in value)
    ):
        raise RefusedError(400, f"{name}: expected at most {limit} texts")
    return tuple(value)
