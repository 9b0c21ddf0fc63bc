"""Around every request: host, origin, session, need, CSRF token, errors and strict headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from edgeai_core.errors import EdgeAiError
from edgeai_dashboard.backend import GraphError, GraphSilentError
from edgeai_dashboard.desk import (
    SESSION_COOKIE,
    RefusedError,
    anybody_of,
    desk_of,
    remember_caller,
)
from edgeai_dashboard.needs import Need, satisfied
from edgeai_dashboard.sessions import same_secret

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CSRF_HEADER = "X-CSRF-Token"
_SAFE_METHODS = ("GET", "HEAD")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    # Pictures of a home must not stay in a shared machine's cache.
    "Cache-Control": "no-store",
}


def guarded(handler: Handler, *, need: Need, checks_csrf: bool = True) -> Handler:
    """Return a handler that answers only who has what is needed.

    Args:
        handler: answers. need: of the table. checks_csrf: whether a request that changes something
            must carry the session's token; not for the log-in, which has no session yet.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        desk = desk_of(request)
        check_origin(request)
        caller = desk.sessions.caller(request.cookies.get(SESSION_COOKIE, ""))
        remember_caller(request, caller)
        role = caller.role if caller is not None else None
        if not satisfied(need, role):
            if caller is None:
                raise RefusedError(401, "log in first", code="login")
            raise RefusedError(403, f"this is for {need.value}", code="role")
        if request.method not in _SAFE_METHODS and checks_csrf:
            _check_csrf(request)
        return await handler(request)

    return answer


def check_origin(request: web.Request) -> None:
    """Refuse what another site's page sends.

    A browser names the origin of every request that changes something and of every WebSocket;
    what names none there is no browser, and holds no cookie that a site could misuse.

    Raises:
        RefusedError: the request comes from another origin.
    """
    origin = request.headers.get("Origin")
    is_socket = request.headers.get("Upgrade", "").lower() == "websocket"
    if origin is None:
        if is_socket:
            raise RefusedError(403, "a WebSocket must name its origin", code="origin")
        return
    scheme = desk_of(request).config.http.scheme
    if origin != f"{scheme}://{request.host}":
        raise RefusedError(403, f"requests from {origin[:200]} are not answered", code="origin")


def _check_csrf(request: web.Request) -> None:
    caller = anybody_of(request)
    given = request.headers.get(CSRF_HEADER, "")
    if caller is None or not same_secret(given, caller.csrf):
        raise RefusedError(
            403, f"the header {CSRF_HEADER} is missing or old; load the page anew", code="csrf"
        )


@web.middleware
async def errors_and_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error as JSON, and no request for another host's name."""
    try:
        if not desk_of(request).config.http.allows_host(request.host):
            raise RefusedError(
                421,
                f"this page is not called {request.host[:200]}; add the name to http.names",
                code="host",
            )
        return await handler(request)
    except RefusedError as exc:
        return _error(exc)
    except web.HTTPException as exc:
        if exc.status < 400:
            raise
        return _error(RefusedError(exc.status, exc.reason))
    except GraphSilentError as exc:
        return _error(RefusedError(503, str(exc), code="silent"))
    except GraphError as exc:
        return _error(RefusedError(409, str(exc)))
    except EdgeAiError as exc:
        if anybody_of(request) is None:
            # Where the accounts lie is nothing for somebody who has none.
            desk_of(request).report(str(exc))
            return _error(RefusedError(503, "nobody can log in now; the node's log says why"))
        return _error(RefusedError(400, str(exc)))
    except Exception as exc:
        desk = desk_of(request)
        # The kind only: what a request held may be in the text.
        desk.report(f"{request.method} {request.path}: {type(exc).__name__}")
        return _error(RefusedError(500, "the page failed; the node's log has the kind of error"))


def _error(refusal: RefusedError) -> web.Response:
    headers = {"Retry-After": str(int(refusal.wait_s + 1))} if refusal.wait_s else {}
    return web.json_response(
        {"error": refusal.sentence, "code": refusal.code, "wait_s": refusal.wait_s},
        status=refusal.status,
        headers=headers,
    )


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the strict headers on every response; a signal of aiohttp."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if desk_of(request).config.http.scheme == "https":
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
