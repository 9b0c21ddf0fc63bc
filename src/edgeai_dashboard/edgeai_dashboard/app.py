"""The server's application, made of the table of endpoints."""

from __future__ import annotations

from aiohttp import web

from edgeai_dashboard.desk import Desk, put_desk
from edgeai_dashboard.endpoints import ENDPOINTS
from edgeai_dashboard.guarding import add_headers, errors_and_host, guarded
from edgeai_dashboard.uploads import remove_leftovers

# Of everything but uploads, which count their own bytes.
_MAX_BODY_BYTES = 256 * 1024


def make_app(desk: Desk) -> web.Application:
    """Return the application that answers with the parts of a desk."""
    app = web.Application(middlewares=[errors_and_host], client_max_size=_MAX_BODY_BYTES)
    put_desk(app, desk)
    app.on_response_prepare.append(add_headers)
    for endpoint in ENDPOINTS:
        handler = guarded(endpoint.handler, need=endpoint.need, checks_csrf=endpoint.checks_csrf)
        if endpoint.method == "GET":
            app.router.add_get(endpoint.path, handler)
        else:
            app.router.add_route(endpoint.method, endpoint.path, handler)
    remove_leftovers(desk.uploads)
    return app
