"""The receiving side of the access state."""

from __future__ import annotations

from edgeai_core.access.guard import AuthStateGuard
from edgeai_core.types import AuthState, SessionState

SECOND = 10**9
LOCKED, ACTIVE = SessionState.LOCKED, SessionState.ACTIVE


class Receiver:
    def __init__(self) -> None:
        self.now_s = 50.0
        self.guard = AuthStateGuard(clock_s=lambda: self.now_s)


def issue(nonce: int, *, issued_s: float, ttl_s: float = 5.0) -> AuthState:
    issued_ns = round(issued_s * SECOND)
    return AuthState(
        state=ACTIVE,
        person_id="ada",
        nonce=nonce,
        issued_ns=issued_ns,
        expires_ns=issued_ns + round(ttl_s * SECOND),
    )


def test_nothing_received_counts_as_locked() -> None:
    assert Receiver().guard.current().state is LOCKED
    assert Receiver().guard.refusal == "no access state was received yet"


def test_fresh_state_counts_until_it_expires_on_the_monotonic_clock() -> None:
    receiver = Receiver()
    message = issue(1, issued_s=1000)
    assert receiver.guard.accept(message, 1001 * SECOND) is ACTIVE
    receiver.now_s += 3.9
    assert receiver.guard.current() is message
    receiver.now_s += 0.1
    assert receiver.guard.current().state is LOCKED
    assert "is the supervisor running?" in receiver.guard.current().reason


def test_replayed_nonce_locks_until_the_next_genuine_issue() -> None:
    receiver = Receiver()
    receiver.guard.accept(issue(1, issued_s=1000), 1000 * SECOND)
    assert receiver.guard.accept(issue(1, issued_s=1001), 1001 * SECOND) is LOCKED
    assert receiver.guard.current().reason == "access state was replayed"
    assert receiver.guard.accept(issue(2, issued_s=1002), 1002 * SECOND) is ACTIVE
    assert receiver.guard.refusal == ""


def test_expired_future_unnumbered_and_older_states_lock() -> None:
    for message, refusal in (
        (issue(2, issued_s=994), "access state has expired"),
        (issue(2, issued_s=1001), "access state is stamped in the future; synchronise the clocks"),
        (issue(0, issued_s=1000), "access state was replayed"),
        (issue(2, issued_s=998), "access state is older than the last one"),
    ):
        receiver = Receiver()
        assert receiver.guard.accept(issue(1, issued_s=999), 1000 * SECOND) is ACTIVE
        assert receiver.guard.accept(message, 1000 * SECOND) is LOCKED
        assert receiver.guard.refusal == refusal
        assert receiver.guard.current().state is LOCKED


def test_clock_set_back_locks_no_longer_than_one_lifetime() -> None:
    receiver = Receiver()
    receiver.guard.accept(issue(1, issued_s=100_000), 100_000 * SECOND)
    receiver.now_s += 2.5
    assert receiver.guard.accept(issue(2, issued_s=10), 10 * SECOND) is LOCKED
    receiver.now_s += 2.5
    assert receiver.guard.accept(issue(3, issued_s=12.5), 13 * SECOND) is ACTIVE


def test_memory_of_nonces_is_bounded() -> None:
    receiver = Receiver()
    for n in range(1, 1000):
        assert receiver.guard.accept(issue(n, issued_s=n), n * SECOND) is ACTIVE
    assert len(receiver.guard._nonces) == 256
