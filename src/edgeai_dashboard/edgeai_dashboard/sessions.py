"""Who is logged in: random tokens in memory, gone with the process."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from edgeai_core.access.accounts import Account, Accounts
from edgeai_core.access.permissions import ROLE_PERMISSIONS, Permission, Role

# More than a household ever has open; the oldest goes.
_MAX_SESSIONS = 256
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks for something.

    Attributes:
        name, role: of the account. csrf: what state-changing requests of this session must carry.
    """

    name: str
    role: Role
    csrf: str

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role may do."""
        return ROLE_PERMISSIONS[self.role]


@dataclass(slots=True, kw_only=True)
class _Session:
    name: str
    generation: str
    csrf: str
    ends_s: float
    idle_ends_s: float


class SessionTable:
    """The open sessions. Owned by the server's thread.

    A session ends with its lifetime, when it was idle for too long, at log-out, and when its
    account is removed or gets another password. A changed role counts at once.

    Args:
        accounts: read at every request. clock_s: monotonic seconds.
        lifetime_s, idle_s: longest session, longest pause.
    """

    def __init__(
        self,
        accounts: Accounts,
        *,
        clock_s: Callable[[], float],
        lifetime_s: float,
        idle_s: float,
    ) -> None:
        self._accounts = accounts
        self._clock_s = clock_s
        self._lifetime_s = lifetime_s
        self._idle_s = idle_s
        self._sessions: dict[str, _Session] = {}

    def retune(self, *, lifetime_s: float, idle_s: float) -> None:
        """Let sessions that begin from now on last so long, and all be idle for so long."""
        self._lifetime_s, self._idle_s = lifetime_s, idle_s

    def open(self, account: Account) -> str:
        """Begin a session; return its token, which is kept nowhere here."""
        while len(self._sessions) >= _MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now_s = self._clock_s()
        self._sessions[_key(token)] = _Session(
            name=account.name,
            generation=account.generation,
            csrf=secrets.token_urlsafe(_TOKEN_BYTES),
            ends_s=now_s + self._lifetime_s,
            idle_ends_s=now_s + self._idle_s,
        )
        return token

    def caller(self, token: str, *, touch: bool = True) -> Caller | None:
        """Return who holds a token, None when it counts no more.

        Args:
            token: as it came. touch: whether this is a sign of life of a person.

        Raises:
            AccessError: the accounts cannot be read.
        """
        key = _key(token)
        session = self._sessions.get(key)
        if session is None:
            return None
        now_s = self._clock_s()
        account = self._accounts.find(session.name)
        if (
            now_s >= min(session.ends_s, session.idle_ends_s)
            or account is None
            or account.generation != session.generation
        ):
            del self._sessions[key]
            return None
        if touch:
            session.idle_ends_s = now_s + self._idle_s
        return Caller(name=account.name, role=account.role, csrf=session.csrf)

    def close(self, token: str) -> None:
        """End a session; one that is over is ignored."""
        self._sessions.pop(_key(token), None)


def same_secret(given: str, expected: str) -> bool:
    """Return whether two secrets are the same, without telling by the time it takes."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _key(token: str) -> str:
    # What is looked up is not the secret: the time a dictionary takes tells nothing about it.
    return hashlib.sha256(token.encode()).hexdigest()
