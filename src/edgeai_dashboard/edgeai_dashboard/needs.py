"""What a request needs to be answered, and which role has it."""

from __future__ import annotations

from enum import Enum

from edgeai_core.access.permissions import ROLE_PERMISSIONS, Permission, Role


class Need(Enum):
    """Who may ask. The roles are those of accounts; what a face unlocked counts for nothing."""

    ANYBODY = "anybody"
    ACCOUNT = "somebody who is logged in"
    OPERATE = "who may operate"
    ACKNOWLEDGE = "who may acknowledge alerts"
    ARM = "who may arm and disarm"
    ENROL = "who may enrol people"
    OWNER = "an owner"


_PERMISSIONS = {
    Need.OPERATE: Permission.OPERATE,
    Need.ACKNOWLEDGE: Permission.ACKNOWLEDGE,
    Need.ARM: Permission.ARM,
    Need.ENROL: Permission.ENROL,
}


def satisfied(need: Need, role: Role | None) -> bool:
    """Return whether somebody of a role (None: not logged in) has what is needed."""
    if need is Need.ANYBODY:
        return True
    if role is None:
        return False
    if need is Need.ACCOUNT:
        return True
    if need is Need.OWNER:
        return role is Role.OWNER
    return _PERMISSIONS[need] in ROLE_PERMISSIONS[role]
