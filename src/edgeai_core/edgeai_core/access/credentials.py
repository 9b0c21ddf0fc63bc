"""Proof, between programs of one installation, that a logged-in person asks for something.

The web page knows who is logged in, the nodes know what may be done. Both read one key; the page
signs what it asks for, the node checks. A credential counts for one action on one subject for
half a minute, so one that is overheard or kept opens nothing else and nothing later.

What a credential speaks of, per action (the name of the service): `acknowledge`, `get_evidence`:
the alert's id; `enrol`: the person's name; `forget_person`: the person's id; `manage_person`:
`manage_subject`; `set_armed`: `armed_subject`; `where_is`: the thing's name; `list_alerts`,
`list_people`: nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeai_core.access.keys import KEY_BYTES
from edgeai_core.access.permissions import (
    Permission,
    permission_names,
    permission_objection,
    roles_with,
)
from edgeai_core.errors import AccessError
from edgeai_core.types import AuthState

OPERATOR_KEY_FILE = "operator.key"
LIFETIME_NS = 30 * 10**9
# Two programs of one machine share a clock; this is for boards that are synchronised by NTP.
_CLOCK_TOLERANCE_NS = 2 * 10**9
_MAX_LENGTH = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a credential says.

    Attributes:
        name: of the person who is logged in. permissions: what that person may do.
        action: name of the service. subject: what it is done to.
        stamp_ns: wall clock when it was signed, nanoseconds since 1970.
    """

    name: str
    permissions: frozenset[str]
    action: str
    subject: str
    stamp_ns: int


def sign_credential(
    key: bytes,
    *,
    name: str,
    permissions: Collection[Permission],
    action: str,
    subject: str,
    now_ns: int,
) -> str:
    """Return a credential for one action on one subject.

    Args:
        key: of `operator_key`. name: who is logged in. permissions: what that person may do.
        action, subject: see the module. now_ns: wall clock, nanoseconds since 1970.
    """
    claim = {
        "name": name,
        "permissions": permission_names(permissions),
        "action": action,
        "subject": subject,
        "stamp_ns": now_ns,
    }
    body = base64.urlsafe_b64encode(json.dumps(claim).encode()).decode()
    return f"{body}.{_seal(key, body)}"


def credential_objection(
    key: bytes,
    credential: str,
    *,
    action: str,
    subject: str,
    permission: Permission,
    now_ns: int,
) -> str:
    """Return why a credential does not permit something, in one sentence; empty if it does.

    Args:
        key: of `operator_key`. credential: as it came. action, subject: what is asked for.
        permission: what it needs. now_ns: wall clock, nanoseconds since 1970.
    """
    claim = _claim(key, credential)
    if claim is None:
        return "the credential was not made by a program of this installation; log in again"
    if claim.action != action or claim.subject != subject:
        return "the credential is for something else; ask again"
    if not -_CLOCK_TOLERANCE_NS <= now_ns - claim.stamp_ns <= LIFETIME_NS:
        return (
            f"the credential is older than {LIFETIME_NS // 10**9} s or from the future; ask "
            "again, and synchronise the clocks if it repeats"
        )
    if permission_names((permission,))[0] not in claim.permissions:
        may = roles_with(permission)
        return f"cannot {permission.value}: {claim.name} may not; roles that may: {may}"
    return ""


def credential_name(key: bytes, credential: str) -> str:
    """Return who is logged in according to a credential; empty for one that is not genuine."""
    claim = _claim(key, credential)
    return claim.name if claim is not None else ""


def manage_subject(action: str, name: str, value: str) -> str:
    """Return the subject of `manage_person`: what is done to whom, and the new value."""
    return json.dumps([action, name, value])


def armed_subject(analyzers: Sequence[str]) -> str:
    """Return the subject of `set_armed`, whatever the order of the names."""
    return json.dumps(sorted(analyzers))


class ServiceGuard:
    """Says whether a caller of a service may have what was asked for.

    Args:
        access: returns the access state that counts now. folder: holds the installation's key.
        wall_clock_ns: nanoseconds since 1970.
    """

    def __init__(
        self,
        *,
        access: Callable[[], AuthState],
        folder: Path,
        wall_clock_ns: Callable[[], int],
    ) -> None:
        self._access = access
        self._folder = folder
        self._wall_clock_ns = wall_clock_ns

    def objection(
        self, credential: str, *, action: str, subject: str, permission: Permission
    ) -> str:
        """Return why not, in one sentence; empty when the face or the credential permits it."""
        if not credential:
            return permission_objection(self._access(), permission)
        try:
            key = operator_key(self._folder)
        except AccessError as exc:
            return str(exc)
        return credential_objection(
            key,
            credential,
            action=action,
            subject=subject,
            permission=permission,
            now_ns=self._wall_clock_ns(),
        )


def operator_key(folder: Path) -> bytes:
    """Return the installation's key from its file, which is made at first use.

    Args:
        folder: of the data that survives a restart.

    Raises:
        AccessError: the file cannot be read or written, others can reach it, or it is no key.
    """
    path = folder / OPERATOR_KEY_FILE
    try:
        if not path.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(path)
        return _read(path)
    except OSError as exc:
        raise AccessError(
            f"operator key {path}: {exc.strerror}; check the rights of its folder"
        ) from exc


def _make(path: Path) -> None:
    """Put a whole key in place, or leave the one that another process made meanwhile."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        # The open descriptor is asked, not the path: nobody can swap the file in between.
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        key = file.read(KEY_BYTES + 1)
    if mode & 0o077:
        raise AccessError(
            f"operator key {path} has mode {mode:04o} and can be reached by others, expected "
            f"0600; delete it and start the graph again: a new one is made"
        )
    if len(key) != KEY_BYTES:
        raise AccessError(
            f"operator key {path}: expected {KEY_BYTES} bytes; delete it and start the graph "
            "again: a new one is made"
        )
    return key


def _seal(key: bytes, body: str) -> str:
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()


def _claim(key: bytes, credential: str) -> Claim | None:
    """Return what a genuine credential says, None for any other text."""
    body, dot, seal = credential.partition(".")
    if len(credential) > _MAX_LENGTH or not dot:
        return None
    if not hmac.compare_digest(seal.encode(), _seal(key, body).encode()):
        return None
    try:
        said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body.encode()))
        return Claim(
            name=str(said["name"]),
            permissions=frozenset(map(str, said["permissions"])),
            action=str(said["action"]),
            subject=str(said["subject"]),
            stamp_ns=int(said["stamp_ns"]),
        )
    except (binascii.Error, KeyError, TypeError, ValueError):
        return None  # signed by another version of this program
