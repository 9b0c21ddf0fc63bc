"""Accounts of the web page: names, roles and hashed passwords in one private file.

They are apart from the gallery: a face unlocks the room that the camera sees, an account the page.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeai_core.access.people import cleaned_name
from edgeai_core.access.permissions import Role
from edgeai_core.errors import AccessError, GalleryError

ACCOUNTS_FILE = "accounts.json"
OWNER = "owner"
MIN_PASSWORD_LENGTH = 10
MAX_PASSWORD_LENGTH = 256
# OWASP's password storage recommendations for scrypt (2024): 32 MiB of memory, about 0.3 s here.
_COST, _BLOCK, _PARALLEL = 2**15, 8, 3
_MAX_MEMORY = 64 * 2**20
_WORDS = 4
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may log in.

    Attributes:
        name: as it is typed. role: what the page lets the person do.
        generation: changes with the password; sessions of an older one are over.
    """

    name: str
    role: Role
    generation: str


class Accounts:
    """The accounts file. Any thread may call it; every call reads what is in the file now.

    Args:
        folder: of the data that survives a restart. random_bytes: source of salts.
        cost: scrypt's N, a power of two; tests take a small one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        cost: int = _COST,
    ) -> None:
        self._path = folder / ACCOUNTS_FILE
        self._random_bytes = random_bytes
        self._cost = cost
        self._lock = threading.Lock()

    @property
    def path(self) -> Path:
        """The file; it need not exist yet."""
        return self._path

    def all(self) -> tuple[Account, ...]:
        """Return every account, by name.

        Raises:
            AccessError: the file cannot be read or is damaged.
        """
        records = self._read()
        return tuple(_account(name, records[name]) for name in sorted(records))

    def find(self, name: str) -> Account | None:
        """Return the account of a name as it is written, None if there is none; errors as `all`."""
        record = self._read().get(name)
        return _account(name, record) if record is not None else None

    def check(self, name: str, password: str) -> Account | None:
        """Return the account if the password is right, else None; takes as long either way.

        Raises:
            AccessError: as for `all`.
        """
        record = self._read().get(name)
        salt = base64.b64decode(record["salt"]) if record else bytes(16)
        cost = int(record["cost"]) if record else self._cost
        expected = base64.b64decode(record["hash"]) if record else bytes(32)
        if len(password) > MAX_PASSWORD_LENGTH:
            return None
        right = hmac.compare_digest(_hashed(password, salt, cost), expected)
        return _account(name, record) if record and right else None

    def set_password(self, name: str, password: str, *, role: Role | None = None) -> Account:
        """Make an account or give one a new password; return it.

        Args:
            name: of the account. password: 10..256 characters.
            role: of a new account, or the new one of an old account; None keeps it, a new account
                gets `operator`.

        Raises:
            AccessError: the name or the password does not fit, or the file cannot be written.
        """
        if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
            raise AccessError(
                f"password: got {len(password)} characters, expected {MIN_PASSWORD_LENGTH}.."
                f"{MAX_PASSWORD_LENGTH}; several words are easiest to remember"
            )
        try:
            name = cleaned_name(name)
        except GalleryError as exc:
            raise AccessError(f"account: {exc}") from exc
        salt = self._random_bytes(16)
        hashed = _hashed(password, salt, self._cost)
        with self._lock:
            records = self._read()
            kept = Role(records[name]["role"]) if name in records else Role.OPERATOR
            records[name] = {
                "role": (role or kept).value,
                "salt": base64.b64encode(salt).decode(),
                "cost": self._cost,
                "hash": base64.b64encode(hashed).decode(),
            }
            self._write(records)
            return _account(name, records[name])

    def remove(self, name: str) -> None:
        """Remove an account; its sessions are over.

        Raises:
            AccessError: there is none of that name, or the file cannot be written.
        """
        with self._lock:
            records = self._read()
            if name not in records:
                known = ", ".join(sorted(records)) or "nobody"
                raise AccessError(f"account {name!r}: there is none; known: {known}")
            del records[name]
            self._write(records)

    def ensure_owner(self) -> str:
        """Make the owner's account if there is none at all; return its password, else nothing.

        The password is told once and never kept.

        Raises:
            AccessError: as for `set_password`.
        """
        if self._read():
            return ""
        password = new_password()
        self.set_password(OWNER, password, role=Role.OWNER)
        return password

    def _read(self) -> dict[str, Any]:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise AccessError(f"accounts {self._path} cannot be read: {exc.strerror}") from exc
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_mode & 0o077:
                raise AccessError(
                    f"accounts {self._path} can be reached by others, expected mode 0600; run: "
                    f"chmod 600 {self._path}, and set new passwords"
                )
            text = file.read()
        try:
            records: dict[str, Any] = json.loads(text)["accounts"]
            for name, record in records.items():
                _check_record(name, record)
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise AccessError(
                f"accounts {self._path} is damaged ({exc}); delete it and set new passwords: "
                "./edgeai dashboard password"
            ) from exc
        return records

    def _write(self, records: Mapping[str, Any]) -> None:
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(temporary, flags, 0o600)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump({"accounts": dict(records)}, file, indent=2)
                    file.flush()
                    os.fsync(descriptor)
                temporary.replace(self._path)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as exc:
            raise AccessError(
                f"accounts {self._path} cannot be written: {exc.strerror}; nothing was changed"
            ) from exc


def new_password() -> str:
    """Return a random password of 79 bits that can be read out and typed."""
    groups = ["".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_WORDS)]
    return "-".join(groups)


def _hashed(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        password.encode(),
        salt=salt,
        n=cost,
        r=_BLOCK,
        p=_PARALLEL,
        maxmem=_MAX_MEMORY,
        dklen=32,
    )


def _check_record(name: str, record: Mapping[str, Any]) -> None:
    cleaned_name(name)
    Role(record["role"])
    base64.b64decode(record["salt"], validate=True)
    base64.b64decode(record["hash"], validate=True)
    cost = int(record["cost"])
    # A file made elsewhere must not make the log-in take all memory.
    if not 2 <= cost <= _COST or cost & (cost - 1):
        raise ValueError(f"cost of {name!r}")


def _account(name: str, record: Mapping[str, Any]) -> Account:
    return Account(name=name, role=Role(record["role"]), generation=str(record["salt"]))
