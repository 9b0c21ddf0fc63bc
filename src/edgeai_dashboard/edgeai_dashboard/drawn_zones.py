"""What is drawn over the picture of a camera: zones, lines and masks."""

from __future__ import annotations

from collections.abc import Sequence

from edgeai_core.privacy.mask_owners import masks_at, masks_drawn
from edgeai_dashboard.backend import GraphError, Json
from edgeai_dashboard.node_settings import NodeSettings
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

        Args:
            camera: empty for the first, of masks for those of all.

        Raises:
            ConfigError: there is no such camera. GraphError: a node does not answer.
        """
        kept = await self._settings.kept()
        views = []
        for slot in ZONE_SLOTS:
            nodes = self._settings.nodes_of(slot.node, camera="" if slot.is_mask else camera)
            if not nodes:
                continue
            known = await self._settings.of(nodes[0])
            if slot.parameter not in known:
                continue
            texts = _texts(known[slot.parameter].value)
            zones = masks_at(texts, camera=self._named(camera)) if slot.is_mask else texts
            is_own = slot.parameter in nodes[0].own(kept)
            shared = [text for text in zones if (text in texts if slot.is_mask else not is_own)]
            views.append({"key": slot.key, "zones": zones, "shared": shared, "line": slot.is_line})
        return views

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
