"""What is drawn over the picture of a camera: zones, lines and masks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from edgeai_core.privacy.mask_owners import masks_at, masks_drawn
from edgeai_core.user_settings import Settings
from edgeai_dashboard.backend import GraphError, Json
from edgeai_dashboard.graph_nodes import GraphNode
from edgeai_dashboard.node_settings import NodeSettings
from edgeai_dashboard.setting_checks import Setting
from edgeai_dashboard.zone_slots import ZONE_SLOTS, ZoneSlot


class DrawnZones:
    """Zones of the nodes, camera by camera. Owned by the server's loop.

    Args:
        settings: of the nodes.
    """

    def __init__(self, settings: NodeSettings) -> None:
        self._settings = settings

    async def at(self, camera: str) -> list[Json]:
        """Return what is drawn at a camera, and which of it was set for all cameras.

        What a node takes that is silent is left out, as long as another answers.

        Args:
            camera: empty for the first, of masks for those of all.

        Raises:
            ConfigError: there is no such camera. GraphError: no node answers.
        """
        kept = await self._settings.kept()
        nodes = {
            slot.key: self._settings.nodes_of(slot.node, camera="" if slot.is_mask else camera)[:1]
            for slot in ZONE_SLOTS
        }
        asked = list(dict.fromkeys(node for found in nodes.values() for node in found))
        answers = await asyncio.gather(*map(self._settings.of, asked), return_exceptions=True)
        known: dict[GraphNode, dict[str, Setting]] = {}
        for node, answer in zip(asked, answers, strict=True):
            if isinstance(answer, dict):
                known[node] = answer
            elif not isinstance(answer, GraphError):
                raise answer
        if asked and not known:
            raise GraphError("; ".join(map(str, answers)))
        return [
            self._view(slot, node, known[node][slot.parameter], camera, kept)
            for slot in ZONE_SLOTS
            for node in nodes[slot.key]
            if slot.parameter in known.get(node, {})
        ]

    def _view(
        self, slot: ZoneSlot, node: GraphNode, setting: Setting, camera: str, kept: Settings
    ) -> Json:
        texts = _texts(setting.value)
        zones, shared = texts, [] if slot.parameter in node.own(kept) else texts
        if slot.is_mask:
            zones = masks_at(texts, camera=self._named(camera))
            shared = [text for text in zones if text in texts]
        return {"key": slot.key, "zones": zones, "shared": shared, "line": slot.is_line}

    async def draw(self, slot: ZoneSlot, texts: Sequence[str], *, camera: str) -> str:
        """Set what is drawn at a camera, there only; return what was done.

        Args:
            slot: of which list. texts: all of it. camera: empty for all cameras.

        Raises:
            ConfigError: it cannot be drawn. GraphError: a node refused or did not answer.
        """
        if not slot.is_mask:
            values = {slot.parameter: list(texts)}
            return await self._settings.apply(slot.node, values, camera=camera)
        nodes = self._settings.nodes_of(slot.node)
        if not nodes:
            raise GraphError("this graph keeps no evidence; start the profile home or city")
        so_far = _texts((await self._settings.of(nodes[0]))[slot.parameter].value)
        cameras = self._settings.cameras
        drawn = masks_drawn(so_far, texts, camera=self._named(camera), cameras=cameras)
        return await self._settings.apply(slot.node, {slot.parameter: drawn})

    def _named(self, camera: str) -> str:
        """Return a camera; where there is only one, it need not be named."""
        cameras = self._settings.cameras
        return camera or (cameras[0] if len(cameras) == 1 else "")


def _texts(value: object) -> list[str]:
    return [str(text) for text in value] if isinstance(value, list) else []
