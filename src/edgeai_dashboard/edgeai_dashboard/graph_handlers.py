"""The graph itself: its state, what is armed, zones, settings and models."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from edgeai_core import catalog
from edgeai_core.model_card import ModelCard
from edgeai_core.model_store import model_path
from edgeai_core.reasons import in_languages
from edgeai_dashboard.desk import RefusedError, body_of, caller_of, desk_of, text_in, texts_in
from edgeai_dashboard.needs import Need, satisfied
from edgeai_dashboard.sessions import Caller
from edgeai_dashboard.zone_slots import ZONE_SLOTS, slot_of


async def get_state(request: web.Request) -> web.Response:
    """Answer with what is known of the session and the nodes."""
    return web.json_response(state_for(caller_of(request), desk_of(request).backend.snapshot()))


def state_for(caller: Caller, snapshot: dict[str, Any]) -> dict[str, Any]:
    """Return a snapshot as a caller may see it: who is in the room is not for guests."""
    if satisfied(Need.OPERATE, caller.role):
        return snapshot
    session = dict(snapshot["session"], person_name="", reasons=in_languages(""))
    return {**snapshot, "session": session}


async def set_armed(request: web.Request) -> web.Response:
    """Say which analyzers keep watching when the session is over."""
    analyzers = texts_in(await body_of(request), "analyzers")
    message = await desk_of(request).backend.set_armed(caller_of(request), analyzers)
    return web.json_response({"message": message})


async def lock(request: web.Request) -> web.Response:
    """End the session that a face opened."""
    return web.json_response({"message": await desk_of(request).backend.lock()})


async def get_zones(request: web.Request) -> web.Response:
    """Answer with what is drawn at a camera, of every node that has some."""
    camera = request.query.get("camera", "")
    return web.json_response({"slots": await desk_of(request).backend.zones(camera)})


async def set_zones(request: web.Request) -> web.Response:
    """Set what is drawn at a camera, of one slot."""
    content = await body_of(request)
    key = text_in(content, "slot")
    slot = slot_of(key)
    if slot is None:
        known = ", ".join(slot.key for slot in ZONE_SLOTS)
        raise RefusedError(400, f"slot: got {key[:32]!r}, expected one of {known}")
    texts = texts_in(content, "zones")
    slot.check(texts)  # what cannot be drawn is told before a node is stopped for it
    camera = _camera_in(content)
    message = await desk_of(request).backend.draw(slot, texts, camera=camera)
    return web.json_response({"message": message})


async def get_settings(request: web.Request) -> web.Response:
    """Answer with the parameters of nodes, their ranges and sentences, for all cameras or one."""
    camera = request.query.get("camera", "")
    return web.json_response({"nodes": await desk_of(request).backend.settings(camera)})


async def set_setting(request: web.Request) -> web.Response:
    """Set one parameter of a node, for all cameras or one."""
    content = await body_of(request)
    value = content.get("value")
    if value is None or isinstance(value, dict):
        raise RefusedError(400, "value: expected a value or a list")
    message = await desk_of(request).backend.apply(
        text_in(content, "node"), {text_in(content, "name"): value}, camera=_camera_in(content)
    )
    return web.json_response({"message": message})


async def follow_all(request: web.Request) -> web.Response:
    """Take away what a camera has of its own."""
    content = await body_of(request)
    message = await desk_of(request).backend.follow(
        text_in(content, "node"), text_in(content, "name"), camera=text_in(content, "camera")
    )
    return web.json_response({"message": message})


async def list_models(request: web.Request) -> web.Response:
    """Answer with the model table."""
    return web.json_response({"models": [_described(card) for card in catalog.CATALOG.values()]})


def _camera_in(content: dict[str, Any]) -> str:
    """Return the camera that is meant alone, empty for all."""
    return text_in(content, "camera") if "camera" in content else ""


def _described(card: ModelCard) -> dict[str, Any]:
    file = model_path(card)
    return {
        "name": card.name,
        "task": card.task.value,
        "licence": card.licence,
        "size_bytes": file.stat().st_size if file.is_file() else None,
        "inputs": ", ".join("x".join(map(str, spec.shape)) for spec in card.inputs),
        "metrics": [
            {"name": m.name, "value": f"{m.value:g} {m.unit}", "conditions": m.conditions}
            for m in card.metrics
        ],
        "limits": list(card.limits),
    }
