"""The sending side of the access state: when a new one is issued, and what it carries."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection

from edgeai_core.access.permissions import Permission, permission_names
from edgeai_core.errors import EdgeAiError
from edgeai_core.types import AuthState, SessionState


def random_nonce() -> int:
    """Return a random 64-bit number."""
    return secrets.randbits(64)


class AuthStateIssuer:
    """Issues the session's states; `AuthStateGuard` is its counterpart. Owned by one thread.

    Each issue says anew what the active person may do, so that a role that was taken away counts
    no longer than half a lifetime. What cannot be found out is not permitted: the state then
    names no permission and `fault` says why.

    Args:
        ttl_s: how long a state is valid. clock_s: monotonic seconds.
        permissions_of: gives what the person of an id may do now; an error of it permits nothing.
        nonce_source: random 64-bit numbers.
    """

    def __init__(
        self,
        *,
        ttl_s: float,
        clock_s: Callable[[], float],
        permissions_of: Callable[[str], Collection[Permission]],
        nonce_source: Callable[[], int] = random_nonce,
    ) -> None:
        self._ttl_s = ttl_s
        self._clock_s = clock_s
        self._permissions_of = permissions_of
        self._nonce_source = nonce_source
        self._issued: AuthState | None = None
        self._issued_s = 0.0
        self._fault = ""

    @property
    def fault(self) -> str:
        """Why the permissions of the active person are not known; empty when they are."""
        return self._fault

    def state(
        self,
        state: SessionState,
        *,
        person_id: str,
        person_name: str,
        reason: str,
        armed: tuple[str, ...],
        now_ns: int,
    ) -> AuthState:
        """Return the state to publish; a new issue after a change and after half its lifetime.

        Args:
            state, person_id, person_name, reason, armed: as in `AuthState`.
            now_ns: clock of the frames, for the stamp of issue.

        Raises:
            RuntimeError: the nonce source repeated itself.
        """
        now_s, last = self._clock_s(), self._issued
        said = (state, person_id, armed, reason)
        if (
            last is not None
            and (last.state, last.person_id, last.armed, last.reason) == said
            and now_s - self._issued_s < self._ttl_s / 2
        ):
            return last
        self._issued_s = now_s
        self._issued = AuthState(
            state=state,
            person_id=person_id,
            person_name=person_name,
            permissions=self._permissions(state, person_id),
            reason=reason,
            nonce=self._new_nonce(),
            issued_ns=now_ns,
            expires_ns=now_ns + round(self._ttl_s * 1e9),
            armed=armed,
        )
        return self._issued

    def _permissions(self, state: SessionState, person_id: str) -> tuple[str, ...]:
        self._fault = ""
        if state is not SessionState.ACTIVE:
            return ()
        try:
            return permission_names(self._permissions_of(person_id))
        except EdgeAiError as exc:
            self._fault = str(exc)
            return ()

    def _new_nonce(self) -> int:
        last = self._issued.nonce if self._issued is not None else 0
        nonce = self._nonce_source()
        if nonce in (0, last):
            raise RuntimeError(f"the nonce source repeated itself: {nonce}")
        return nonce
