"""What the supervisor says about the graph in its status."""

from __future__ import annotations

from collections.abc import Mapping

from edgeai_core.supervision import NodeKeeper
from edgeai_core.types import SessionState
from edgeai_ros_common.diagnostics import Health, Level


def supervisor_health(
    keepers: Mapping[str, NodeKeeper],
    *,
    rivals: int,
    state: SessionState | None,
    refusal: str,
    permission_fault: str = "",
) -> Health:
    """Return the worst of what the supervisor knows, else the session and what it waits for.

    Args:
        keepers: by node name. rivals: further supervisors on the domain.
        state: the published one, None before the first. refusal: why the last frame did not
            unlock: it tells whoever stands before the camera what to do.
        permission_fault: why it is not known what the active person may do, empty when it is.
    """
    faults = {name: keeper.fault for name, keeper in keepers.items() if keeper.fault}
    if rivals > 0:
        faults["/auth_state"] = (
            f"{rivals} more supervisors on this ROS domain: two graphs undo each other's "
            "decisions; stop one, or give it a ROS_DOMAIN_ID of its own"
        )
    if permission_fault:
        faults["gallery"] = f"what the active person may do is not known: {permission_fault}"
    if faults:
        text = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
        # What a node reports by itself is one fault, not two: a lost camera is told once.
        told = all(name in keepers and keepers[name].fault_is_its_own for name in faults)
        return Health(level=Level.WARN if told else Level.ERROR, message=text)
    if state is None:
        return Health(level=Level.WARN, message="starting")
    waiting = f", waiting: {refusal}" if refusal and state is not SessionState.ACTIVE else ""
    return Health(message=f"session {state.name}{waiting}")
