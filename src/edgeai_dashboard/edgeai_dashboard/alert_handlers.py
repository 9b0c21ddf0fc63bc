"""Alerts, their evidence, and the things that were seen last."""

from __future__ import annotations

import json
import re

from aiohttp import web

from edgeai_core.reasons import in_languages
from edgeai_dashboard.backend import AlertQuery
from edgeai_dashboard.desk import RefusedError, caller_of, desk_of
from edgeai_dashboard.jpeg_comment import comment_of

_ALERT_ID = re.compile(r"[0-9a-f]{32}")
_WORD = re.compile(r"[a-z_]{1,64}")
# What a browser may show; anything else that a node sends is offered as a file.
_SHOWN = ("image/jpeg", "image/png", "video/webm", "video/mp4")


async def list_alerts(request: web.Request) -> web.Response:
    """Answer with stored alerts, newest first."""
    query = request.query
    asked = AlertQuery(
        text=query.get("text", "")[:200],
        categories=tuple(word for word in query.getall("category", []) if _WORD.fullmatch(word)),
        camera=query.get("camera", "")[:200],
        min_severity=_number(query.get("severity", "0"), "severity", low=0, high=2),
        states=tuple(_number(state, "state", low=0, high=4) for state in query.getall("state", [])),
        before=_id(query["before"]) if query.get("before") else "",
        limit=_number(query.get("limit", "50"), "limit", low=1, high=500),
    )
    return web.json_response(await desk_of(request).backend.alerts(caller_of(request), asked))


async def acknowledge(request: web.Request) -> web.Response:
    """Note that the caller has seen an alert."""
    alert_id = _id(request.match_info["alert_id"])
    message = await desk_of(request).backend.acknowledge(caller_of(request), alert_id)
    return web.json_response({"message": message})


async def get_evidence(request: web.Request) -> web.Response:
    """Answer with a picture or clip of an alert; a player may ask for a part."""
    alert_id, kind = _id(request.match_info["alert_id"]), request.match_info["kind"]
    if not _WORD.fullmatch(kind):
        raise RefusedError(400, "kind: expected snapshot, clip or explanation")
    found = await desk_of(request).backend.evidence(caller_of(request), alert_id, kind)
    shown = found.media_type in _SHOWN
    headers = {"Accept-Ranges": "bytes"}
    if kind == "explanation":
        # ASCII: what is not is escaped, as a header wants it.
        headers["X-Edgeai-Why"] = json.dumps(in_languages(comment_of(found.data)))
    if not shown:
        headers["Content-Disposition"] = "attachment"
    content_type = found.media_type if shown else "application/octet-stream"
    part, status = _part(request, found.data, headers)
    return web.Response(body=part, status=status, content_type=content_type, headers=headers)


async def list_things(request: web.Request) -> web.Response:
    """Answer with where everything was seen last."""
    return web.json_response({"things": await desk_of(request).backend.things(caller_of(request))})


async def thing_snapshot(request: web.Request) -> web.Response:
    """Answer with the picture of the newest sighting of a thing."""
    data = await desk_of(request).backend.thing_snapshot(
        caller_of(request),
        thing=request.query.get("thing", "")[:200],
        camera=request.query.get("camera", "")[:200],
    )
    if not data.startswith(b"\xff\xd8\xff"):
        raise RefusedError(404, "no picture was taken")
    return web.Response(body=data, content_type="image/jpeg")


def _part(request: web.Request, data: bytes, headers: dict[str, str]) -> tuple[bytes, int]:
    """Return the asked-for part of the data and the status; a video can be wound only with it."""
    try:
        asked = request.http_range
    except ValueError as exc:
        raise RefusedError(416, "the range is not valid") from exc
    if asked.start is None and asked.stop is None:
        return data, 200
    start, stop, _ = asked.indices(len(data))
    if start >= stop:
        raise RefusedError(416, f"the evidence has {len(data)} bytes")
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
    return data[start:stop], 206


def _id(text: str) -> str:
    if not _ALERT_ID.fullmatch(text):
        raise RefusedError(400, "alert: expected an id of 32 hexadecimal characters")
    return text


def _number(text: str, name: str, *, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or not low <= int(text[:9]) <= high:
        raise RefusedError(400, f"{name}: expected {low}..{high}")
    return int(text)
