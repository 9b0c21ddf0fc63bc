"""Who is enrolled: list, enrol, change, forget."""

from __future__ import annotations

from aiohttp import web

from edgeai_dashboard.desk import RefusedError, body_of, caller_of, desk_of, text_in
from edgeai_dashboard.uploads import received

_ACTIONS = ("authorise", "revoke", "rename", "role", "forget")


async def list_people(request: web.Request) -> web.Response:
    """Answer with everybody in the gallery."""
    return web.json_response({"people": await desk_of(request).backend.people(caller_of(request))})


async def enrol(request: web.Request) -> web.Response:
    """Enrol a person from an uploaded clip or pictures, which are removed afterwards."""
    desk = desk_of(request)
    limit_bytes = round(desk.config.uploads.limit_mb * 1e6)
    async with received(request, folder=desk.uploads, limit_bytes=limit_bytes) as upload:
        name = upload.fields.get("name", "").strip()
        if not 1 <= len(name) <= 64:
            raise RefusedError(400, "name: expected 1..64 characters")
        answer = await desk.backend.enrol(
            caller_of(request),
            name=name,
            source=upload.source,
            authorised=upload.fields.get("authorised", "") == "true",
        )
    return web.json_response(answer)


async def manage(request: web.Request) -> web.Response:
    """Change or forget somebody."""
    content = await body_of(request)
    action = text_in(content, "action")
    if action not in _ACTIONS:
        raise RefusedError(
            400, f"action: got {action[:32]!r}, expected one of {', '.join(_ACTIONS)}"
        )
    message = await desk_of(request).backend.manage_person(
        caller_of(request),
        action=action,
        name=text_in(content, "name"),
        value=text_in(content, "value") if "value" in content else "",
    )
    return web.json_response({"message": message})
