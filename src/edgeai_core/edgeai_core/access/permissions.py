"""What each role of the gallery may do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum

from edgeai_core.types import AuthState, SessionState


class Role(Enum):
    """What a person is to this installation."""

    GUEST = "guest"
    OPERATOR = "operator"
    MEMBER = "member"
    OWNER = "owner"


class Permission(Enum):
    """What a person may do while recognised and authorised."""

    OPERATE = "operate"
    ACKNOWLEDGE = "acknowledge alerts"
    ARM = "arm and disarm"
    ENROL = "enrol people"


ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    # Known, so that nobody is told about an unknown face; the face unlocks nothing.
    Role.GUEST: frozenset(),
    Role.OPERATOR: frozenset({Permission.OPERATE, Permission.ACKNOWLEDGE}),
    Role.MEMBER: frozenset({Permission.OPERATE, Permission.ACKNOWLEDGE, Permission.ARM}),
    Role.OWNER: frozenset(Permission),
}


def roles_with(permission: Permission) -> str:
    """Return the names of the roles that hold a permission, for messages."""
    return ", ".join(role.value for role in Role if permission in ROLE_PERMISSIONS[role])


def permission_names(permissions: Collection[Permission]) -> tuple[str, ...]:
    """Return permissions as `AuthState` carries them: operate, acknowledge, arm, enrol; sorted."""
    return tuple(sorted(permission.name.lower() for permission in permissions))


def permission_objection(state: AuthState, permission: Permission) -> str:
    """Return why the access state does not permit something, in one sentence; empty if it does.

    Args:
        state: what counts now: `AuthStateGuard.current`, not a message as it was received.
    """
    roles = f"roles that may: {roles_with(permission)}"
    if state.state is not SessionState.ACTIVE:
        return (
            f"cannot {permission.value}: the state is {state.state.name}; an authorised person "
            f"must be recognised by the camera first ({state.reason}); {roles}"
        )
    if permission_names((permission,))[0] not in state.permissions:
        who = state.person_name or "the active person"
        return f"cannot {permission.value}: {who} may not; {roles}"
    return ""
