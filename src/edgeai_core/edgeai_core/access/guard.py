"""The receiving side of the access state: what does not prove itself counts as locked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from edgeai_core.access.policy import FUTURE_TOLERANCE_NS
from edgeai_core.reasons import access as reasons
from edgeai_core.types import AuthState, SessionState

# Far more issues than one lifetime holds; what is older is refused by its expiry.
_REMEMBERED_NONCES = 256


class AuthStateGuard:
    """Checks every received access state. Owned by one thread.

    A state counts until its lifetime has passed since it was received, on the monotonic clock, so
    that setting the wall clock cannot prolong it. Refused messages count as LOCKED: a replay can
    close, never open, and the next genuine issue opens again.

    Args:
        clock_s: monotonic seconds.
    """

    def __init__(self, *, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._nonces: deque[int] = deque(maxlen=_REMEMBERED_NONCES)
        self._held: AuthState | None = None
        self._last_issued_ns = 0
        self._deadline_s = -1.0
        self._refusal = reasons.NO_STATE_YET.say()

    @property
    def refusal(self) -> str:
        """Why the state counts as LOCKED whatever was sent; empty when the last one was taken."""
        return self._refusal

    def accept(self, message: AuthState, now_ns: int) -> SessionState:
        """Take a received state and return what counts from now on.

        Args:
            message: as received. now_ns: the clock of its stamps, now.
        """
        self._refusal = self._objection(message, now_ns)
        if self._refusal:
            self._held = None
            return SessionState.LOCKED
        self._nonces.append(message.nonce)
        self._held = message
        self._last_issued_ns = message.issued_ns
        self._deadline_s = self._clock_s() + (message.expires_ns - now_ns) / 1e9
        return message.state

    def current(self) -> AuthState:
        """Return the state that counts now; LOCKED when none was taken or it has expired."""
        if self._held is not None and self._clock_s() < self._deadline_s:
            return self._held
        reason = self._refusal or reasons.STATE_RAN_OUT.say()
        return AuthState(state=SessionState.LOCKED, reason=reason)

    def _objection(self, message: AuthState, now_ns: int) -> str:
        if message.nonce == 0 or message.nonce in self._nonces:
            return reasons.STATE_REPLAYED.say()
        if now_ns >= message.expires_ns:
            return reasons.STATE_EXPIRED.say()
        if message.issued_ns > now_ns + FUTURE_TOLERANCE_NS:
            return reasons.STATE_FROM_FUTURE.say()
        # Once the last state has run out its order no longer matters; else a wall clock that was
        # set back would lock for as long as it was set back.
        if self._clock_s() < self._deadline_s and message.issued_ns <= self._last_issued_ns:
            return reasons.STATE_OLDER.say()
        return ""
