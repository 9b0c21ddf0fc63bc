"""Parameters of a node that runs: read, and set through its life cycle."""

from __future__ import annotations

from collections.abc import Mapping

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    ListParameters,
    SetParametersAtomically,
)

from edgeai_core.user_settings import SettingValue
from edgeai_dashboard.backend import GraphError
from edgeai_dashboard.graph_calls import GraphCalls
from edgeai_dashboard.graph_nodes import GraphNode
from edgeai_dashboard.setting_checks import Setting, is_shown, setting_from
from edgeai_ros_common.params import value_message

# Models are loaded by no step of these, but a worker may have to finish its frame.
_TRANSITION_TIMEOUT_S = 30.0
# The supervisor brings a node back as soon as its heartbeat says that it is down, once a second.
_ATTEMPTS = 4
SUPERVISOR = "supervisor"
# Taken down they could not answer, or bring themselves back.
_STAYS_UP = (SUPERVISOR, "dashboard")
_FIXED = "is fixed while configured"


class NodeParameters:
    """Reads and sets parameters of nodes. Owned by the server's loop.

    Args:
        calls: to the nodes.
    """

    def __init__(self, calls: GraphCalls) -> None:
        self._calls = calls

    async def of(self, node: GraphNode) -> dict[str, Setting]:
        """Return the parameters of a node that can be set, by name.

        Raises:
            GraphSilentError: it does not answer.
        """
        listed = await self._calls.call(
            ListParameters, f"{node.name}/list_parameters", ListParameters.Request()
        )
        names = sorted(name for name in listed.result.names if is_shown(name, role=node.role))
        described = await self._calls.call(
            DescribeParameters,
            f"{node.name}/describe_parameters",
            DescribeParameters.Request(names=names),
        )
        got = await self._calls.call(
            GetParameters, f"{node.name}/get_parameters", GetParameters.Request(names=names)
        )
        pairs = zip(described.descriptors, got.values, strict=True)
        settings = [setting_from(descriptor, value) for descriptor, value in pairs]
        return {setting.name: setting for setting in settings if setting is not None}

    async def set(
        self,
        node: GraphNode,
        known: Mapping[str, Setting],
        values: Mapping[str, SettingValue],
    ) -> bool:
        """Set parameters, taking the node down where they are not live; False: it must stay up.

        Args:
            node: takes them. known: its parameters by name. values: of these.

        Raises:
            GraphError: it refused or did not answer.
        """
        request = SetParametersAtomically.Request(
            parameters=[
                Parameter(name=name, value=value_message(known[name].kind, value))
                for name, value in values.items()
            ]
        )
        reason = ""
        for _ in range(1 + _ATTEMPTS):
            answer = await self._calls.call(
                SetParametersAtomically, f"{node.name}/set_parameters_atomically", request
            )
            if answer.result.successful:
                return True  # one that was taken down the supervisor brings back to where it was
            reason = answer.result.reason
            if _FIXED not in reason:
                break
            if node.role in _STAYS_UP:
                return False
            await self._take_down(node)
        raise GraphError(reason)

    async def _take_down(self, node: GraphNode) -> None:
        """Bring a node to where its parameters can be set."""
        for state, transition in (
            (State.PRIMARY_STATE_ACTIVE, Transition.TRANSITION_DEACTIVATE),
            (State.PRIMARY_STATE_INACTIVE, Transition.TRANSITION_CLEANUP),
        ):
            now = await self._calls.call(GetState, f"{node.name}/get_state", GetState.Request())
            if now.current_state.id == state:
                request = ChangeState.Request(transition=Transition(id=transition))
                await self._calls.call(
                    ChangeState,
                    f"{node.name}/change_state",
                    request,
                    timeout_s=_TRANSITION_TIMEOUT_S,
                )
