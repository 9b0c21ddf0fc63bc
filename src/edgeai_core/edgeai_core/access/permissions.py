"""What each role of the gallery may do."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


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
