"""Parameters of the nodes that run: read, checked, set through their life cycle, and kept."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    ListParameters,
    SetParametersAtomically,
)

from edgeai_core.errors import ConfigError
from edgeai_core.user_settings import SettingValue, read_user_settings, write_user_settings
from edgeai_dashboard.backend import GraphError, Json
from edgeai_dashboard.graph_calls import GraphCalls
from edgeai_dashboard.setting_checks import (
    PRIVACY_OF,
    Setting,
    is_shown,
    setting_from,
    shared_privacy,
)
from edgeai_ros_common.params import value_message

# Models are loaded by no step of these, but a worker may have to finish its frame.
_TRANSITION_TIMEOUT_S = 30.0
# The supervisor brings a node back as soon as its heartbeat says that it is down, once a second.
_ATTEMPTS = 4
# Taken down they could not answer, or bring themselves back.
_SUPERVISOR = "supervisor"
_STAYS_UP = (_SUPERVISOR, "dashboard")
_FIXED = "is fixed while configured"


class NodeSettings:
    """Reads and sets parameters of the graph's nodes. Owned by the server's loop.

    Args:
        calls: to the nodes. nodes: their full names. file: of what the owner has set.
    """

    def __init__(self, calls: GraphCalls, *, nodes: Sequence[str], file: Path) -> None:
        self._calls = calls
        self._nodes = tuple(nodes)
        self._file = file
        self._changing = asyncio.Lock()

    async def everything(self) -> list[Json]:
        """Return the parameters of every node that answers, of those of a role the first one's.

        Raises:
            ConfigError: what was set before cannot be read.
        """
        kept = await asyncio.to_thread(read_user_settings, self._file)
        # With several cameras a role has several nodes: `apply` sets them all alike.
        first: dict[str, str] = {}
        for node in self._nodes:
            first.setdefault(_role(node), node)
        # Together: a node that is silent costs its time-out once.
        return list(await asyncio.gather(*(self._view(node, kept) for node in first.values())))

    async def _view(self, node: str, kept: Mapping[str, Mapping[str, SettingValue]]) -> Json:
        role = _role(node)
        view: Json = {"node": role, "problem": "", "at_start_only": role == _SUPERVISOR}
        try:
            settings = await self.of(node)
        except GraphError as exc:
            return {**view, "problem": str(exc), "parameters": []}
        own = kept.get(role, {})
        parameters = [{**dataclasses.asdict(s), "kept": s.name in own} for s in settings]
        return {**view, "parameters": parameters}

    async def of(self, node: str) -> list[Setting]:
        """Return the parameters of a node that can be set.

        Args:
            node: full name.

        Raises:
            GraphSilentError: it does not answer.
        """
        listed = await self._calls.call(
            ListParameters, f"{node}/list_parameters", ListParameters.Request()
        )
        names = sorted(name for name in listed.result.names if is_shown(name, role=_role(node)))
        described = await self._calls.call(
            DescribeParameters,
            f"{node}/describe_parameters",
            DescribeParameters.Request(names=names),
        )
        got = await self._calls.call(
            GetParameters, f"{node}/get_parameters", GetParameters.Request(names=names)
        )
        pairs = zip(described.descriptors, got.values, strict=True)
        settings = [setting_from(descriptor, value) for descriptor, value in pairs]
        return [setting for setting in settings if setting is not None]

    async def apply(self, role: str, values: Mapping[str, SettingValue]) -> str:
        """Set parameters of the nodes of a role and keep them; return what was done.

        Raises:
            ConfigError: no such node or parameter, or a value that does not fit; nothing is
                changed. GraphError: a node refused or did not answer.
        """
        nodes = [node for node in self._nodes if _role(node) == role]
        if not nodes:
            known = ", ".join(_role(node) for node in self._nodes)
            raise ConfigError(f"no node {role[:64]!r} in the graph; known: {known}")
        async with self._changing:
            known_settings = {setting.name: setting for setting in await self.of(nodes[0])}
            checked = {name: _checked(known_settings, name, values[name]) for name in values}
            taken = [await self._set(node, known_settings, checked) for node in nodes]
            later = await self._share(role, known_settings, checked)
            await asyncio.to_thread(self._keep, role, checked)
        if not all(taken):
            return f"kept; {role} takes it at the next start"
        return f"{role} works with it now" + "".join(
            f"; {other} at the next start" for other in later
        )

    async def _share(
        self, role: str, known: Mapping[str, Setting], values: Mapping[str, SettingValue]
    ) -> list[str]:
        """Give privacy to the others that start-up gives it to; return who takes it later."""
        later = []
        for node in self._nodes if role == PRIVACY_OF else ():
            shared = shared_privacy(node, values)
            if shared and not await self._set(node, known, shared):
                later.append(_role(node))
        return later

    async def _set(
        self,
        node: str,
        known: Mapping[str, Setting],
        values: Mapping[str, SettingValue],
    ) -> bool:
        """Set parameters, taking the node down where they are not live; False: it must stay up."""
        request = SetParametersAtomically.Request(
            parameters=[
                Parameter(name=name, value=value_message(known[name].kind, value))
                for name, value in values.items()
            ]
        )
        reason = ""
        for _ in range(1 + _ATTEMPTS):
            answer = await self._calls.call(
                SetParametersAtomically, f"{node}/set_parameters_atomically", request
            )
            if answer.result.successful:
                return True  # one that was taken down the supervisor brings back to where it was
            reason = answer.result.reason
            if _FIXED not in reason:
                break
            if _role(node) in _STAYS_UP:
                return False
            await self._take_down(node)
        raise GraphError(reason)

    async def _take_down(self, node: str) -> None:
        """Bring a node to where its parameters can be set."""
        for state, transition in (
            (State.PRIMARY_STATE_ACTIVE, Transition.TRANSITION_DEACTIVATE),
            (State.PRIMARY_STATE_INACTIVE, Transition.TRANSITION_CLEANUP),
        ):
            now = await self._calls.call(GetState, f"{node}/get_state", GetState.Request())
            if now.current_state.id == state:
                request = ChangeState.Request(transition=Transition(id=transition))
                await self._calls.call(
                    ChangeState,
                    f"{node}/change_state",
                    request,
                    timeout_s=_TRANSITION_TIMEOUT_S,
                )

    def _keep(self, role: str, values: Mapping[str, SettingValue]) -> None:
        settings = read_user_settings(self._file)
        settings.setdefault(role, {}).update(values)
        write_user_settings(self._file, settings)


def _checked(known: Mapping[str, Setting], name: str, value: SettingValue) -> SettingValue:
    if name not in known:
        raise ConfigError(f"no parameter {name[:64]!r} that the page may set")
    return known[name].checked(value)


def _role(node: str) -> str:
    return node.rpartition("/")[2]
