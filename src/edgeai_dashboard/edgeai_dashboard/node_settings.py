"""Settings of the graph's nodes, for one camera or for all: shown, set, and kept."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from edgeai_core.errors import ConfigError
from edgeai_core.privacy.mask_owners import MASKS, masks_elsewhere
from edgeai_core.user_settings import (
    Settings,
    SettingValue,
    read_user_settings,
    settings_key,
    write_user_settings,
)
from edgeai_dashboard.backend import GraphError, Json
from edgeai_dashboard.graph_nodes import GraphNode, graph_nodes, spread
from edgeai_dashboard.node_parameters import SUPERVISOR, NodeParameters
from edgeai_dashboard.setting_checks import PRIVACY_OF, Setting, shared_privacy

Taken = tuple[GraphNode, dict[str, SettingValue]]


class NodeSettings:
    """Reads and sets parameters of the graph's nodes. Owned by the server's loop.

    Args:
        parameters: of nodes. nodes: their full names. cameras: namespaces inside the graph's.
        file: of what the owner has set.
    """

    def __init__(
        self,
        parameters: NodeParameters,
        *,
        nodes: Sequence[str],
        cameras: Sequence[str],
        file: Path,
    ) -> None:
        self._parameters = parameters
        self._cameras = tuple(cameras)
        self._nodes = graph_nodes(nodes, cameras=cameras)
        self._file = file
        self._changing = asyncio.Lock()

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras of the graph."""
        return self._cameras

    def nodes_of(self, role: str, *, camera: str = "") -> tuple[GraphNode, ...]:
        """Return the nodes of a role, none where there are none.

        Args:
            role: such as `fire_detector`. camera: of which alone; empty for all.

        Raises:
            ConfigError: there is no such camera.
        """
        self._check(camera)
        return tuple(n for n in self._nodes if n.role == role and camera in ("", n.camera))

    async def kept(self) -> Settings:
        """Return what was set before.

        Raises:
            ConfigError: it cannot be read.
        """
        return await asyncio.to_thread(read_user_settings, self._file)

    async def of(self, node: GraphNode) -> dict[str, Setting]:
        """Return the parameters of a node that can be set, by name.

        Raises:
            GraphSilentError: it does not answer.
        """
        return await self._parameters.of(node)

    async def everything(self, camera: str = "") -> list[Json]:
        """Return the parameters of every node of a camera; without one, of every role.

        Raises:
            ConfigError: what was set before cannot be read, or there is no such camera.
        """
        self._check(camera)
        kept = await self.kept()
        roles = dict.fromkeys(n.role for n in self._nodes if camera in ("", n.camera))
        # Together: a node that is silent costs its time-out once.
        return list(await asyncio.gather(*(self._view(role, camera, kept) for role in roles)))

    async def _view(self, role: str, camera: str, kept: Settings) -> Json:
        nodes = self.nodes_of(role, camera=camera)
        own_at = {node.name: node.own(kept) for node in nodes}
        # What holds for all is what runs where nothing else was said.
        asked = nodes if any(own_at.values()) else nodes[:1]
        answers = await asyncio.gather(*map(self.of, asked), return_exceptions=True)
        view: Json = {
            "node": role,
            "cameras": [node.camera for node in nodes if node.camera],
            "problem": "",
            "at_start_only": role == SUPERVISOR,
        }
        known = []
        for node, answer in zip(asked, answers, strict=True):
            if isinstance(answer, GraphError):
                view["problem"] = view["problem"] or str(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                known.append((node, answer))
        if not known:
            return {**view, "parameters": []}
        parameters = []
        for name, setting in known[0][1].items():
            free = [answer[name] for node, answer in known if name not in own_at[node.name]]
            own = [node.camera for node in nodes if name in own_at[node.name]]
            is_kept = name in kept.get(settings_key(role, camera), {})
            if camera:
                shown = setting
            elif len(nodes) == 1:
                # Where nobody else is there, its own is no exception.
                shown, is_kept, own = setting, is_kept or bool(own), []
            elif free or not is_kept:
                shown = (free or [setting])[0]
            else:
                shown = dataclasses.replace(setting, value=kept[role][name])
            parameters.append({**dataclasses.asdict(shown), "kept": is_kept, "own_at": own})
        return {**view, "problem": "", "parameters": parameters}

    async def apply(
        self, role: str, values: Mapping[str, SettingValue], *, camera: str = ""
    ) -> str:
        """Set parameters of the nodes of a role and keep them; return what was done.

        Args:
            role: of the nodes. values: by parameter. camera: for which alone; empty for all that
                have no value of their own.

        Raises:
            ConfigError: no such node, camera or parameter, or a value that does not fit; nothing is
                changed. GraphError: a node refused or did not answer.
        """
        nodes = self._known(role, camera)
        async with self._changing:
            known = await self.of(nodes[0])
            checked = {name: _checked(known, name, values[name]) for name in values}
            kept = await self.kept()
            goes = spread(nodes, checked, camera=camera, kept=kept)
            taken = await self._set(known, goes.taking)
            for key, entry in goes.entries.items():
                kept.setdefault(key, {}).update(self._with_absent(entry, kept.get(key, {})))
            await asyncio.to_thread(write_user_settings, self._file, kept)
            # Kept before: what one of these cannot take now still holds for it from its next start.
            later = await self._share(role, known, checked)
        where = f"{role} of {camera}" if camera else role
        words = f"{where} works with it now" if taken else "kept"
        if not all(taken):
            words = f"kept; {where} takes it at the next start"
        keeping = [f"own value stays at {', '.join(goes.keeping)}"] if goes.keeping else []
        return "; ".join([words, *(f"{other} at the next start" for other in later), *keeping])

    async def _set(self, known: Mapping[str, Setting], taking: Sequence[Taken]) -> list[bool]:
        """Set what each node takes, at all or at none: a value may fit one camera only."""
        taken: list[bool] = []
        before: list[Taken] = []
        for node, values in taking:
            had = await self.of(node) if len(taking) > 1 else {}
            try:
                taken.append(await self._parameters.set(node, known, values))
            except GraphError as exc:
                for earlier, own in before:
                    await self._parameters.set(earlier, known, own)
                at = f"{node.camera}: " if len(taking) > 1 else ""
                raise type(exc)(f"{at}{exc}") from exc
            before.append((node, {name: had[name].value for name in values if name in had}))
        return taken

    async def follow(self, role: str, name: str, *, camera: str) -> str:
        """Let a camera have no value of its own any more; return what was done.

        Raises:
            ConfigError: it has none. GraphError: its node refused or did not answer.
        """
        if not camera:
            raise ConfigError("camera: expected the one whose own value goes")
        (node,) = self._known(role, camera)
        async with self._changing:
            kept = await self.kept()
            own = dict(node.own(kept))
            if name not in own:
                raise ConfigError(f"{name[:64]} of {role}: {camera} has no own value")
            del own[name]
            common = kept.get(role, {})
            if name in common:
                known = await self.of(node)
                value = _checked(known, name, common[name])
                await self._parameters.set(node, known, {name: value})
            kept[settings_key(role, camera)] = own
            left = {key: values for key, values in kept.items() if values}
            await asyncio.to_thread(write_user_settings, self._file, left)
        if name in common:
            return f"{role} of {camera} works with what holds for all now"
        # What its parameter file says it read at its start, under what was taken away now.
        return f"kept; {role} of {camera} takes what holds for all at the next start"

    async def _share(
        self, role: str, known: Mapping[str, Setting], values: Mapping[str, SettingValue]
    ) -> list[str]:
        """Give privacy to the others that start-up gives it to; return who takes it later."""
        later = []
        for node in self._nodes if role == PRIVACY_OF else ():
            shared = shared_privacy(node, values)
            if shared and not await self._parameters.set(node, known, shared):
                later.append(node.role)
        return later

    def _with_absent(
        self, entry: Mapping[str, SettingValue], kept: Mapping[str, SettingValue]
    ) -> dict[str, SettingValue]:
        """Keep the masks of cameras that are not there: they were not shown, so not taken away."""
        kept_masks, masks = kept.get(MASKS), entry.get(MASKS)
        if not isinstance(kept_masks, list) or not isinstance(masks, list):
            return dict(entry)
        absent = masks_elsewhere([str(mask) for mask in kept_masks], cameras=self._cameras)
        return {**entry, MASKS: [*(str(mask) for mask in masks), *absent]}

    def _known(self, role: str, camera: str) -> tuple[GraphNode, ...]:
        nodes = self.nodes_of(role, camera=camera)
        if nodes:
            return nodes
        at = f" of {camera}" if camera else ""
        there = dict.fromkeys(n.role for n in self._nodes if camera in ("", n.camera))
        raise ConfigError(f"no node {role[:64]!r}{at} in the graph; known: {', '.join(there)}")

    def _check(self, camera: str) -> None:
        if camera and camera not in self._cameras:
            known = ", ".join(self._cameras) or "none"
            raise ConfigError(f"no camera {camera[:64]!r}; known: {known}")


def _checked(known: Mapping[str, Setting], name: str, value: SettingValue) -> SettingValue:
    if name not in known:
        raise ConfigError(f"no parameter {name[:64]!r} that the page may set")
    return known[name].checked(value)
