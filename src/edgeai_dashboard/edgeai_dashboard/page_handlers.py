"""The page's own files."""

from __future__ import annotations

from aiohttp import web

from edgeai_dashboard.config import static_folder
from edgeai_dashboard.desk import RefusedError

_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


async def get_page(request: web.Request) -> web.StreamResponse:
    """Answer with the page."""
    return _file("index.html")


async def get_static(request: web.Request) -> web.StreamResponse:
    """Answer with a script, the style or the icon."""
    return _file(request.match_info["name"])


def _file(name: str) -> web.StreamResponse:
    # Only what is in the folder: no part of a path is taken from the request.
    files = {file.name: file for file in static_folder().iterdir() if file.suffix in _TYPES}
    if name not in files:
        raise RefusedError(404, "there is no such file")
    file = files[name]
    return web.Response(body=file.read_bytes(), content_type=_TYPES[file.suffix], charset="utf-8")
