"""No sequence of inputs opens the session without every check; found by random search."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edgeai_core.access.lockout import LockoutConfig
from edgeai_core.access.permissions import Permission
from edgeai_core.access.policy import AccessConfig, GatePolicy
from edgeai_core.access.session import SessionMachine
from edgeai_core.errors import AccessError
from edgeai_core.geometry import Box
from edgeai_core.types import FaceMatch, Liveness, SessionState

CONFIG = AccessConfig(
    armed=("fire",),
    lockout=LockoutConfig(failures=2, judged_after_s=0.1, first_delay_s=3.0, max_delay_s=10.0),
)
MAY_ARM = frozenset({"ada"})
ANALYZERS = ("fire", "objects")


GOOD = FaceMatch(
    box=Box(0, 0, 100, 100),
    detection_score=0.9,
    track_id=1,
    person_id="ada",
    person_name="Ada",
    permitted=True,
    authorised=True,
    agreeing_frames=3,
    liveness=Liveness.LIVE,
)
# Faces with one check missing: a check that is not made opens with the first of its kind.
REFUSED = replace(GOOD, permitted=False, authorised=False)
UNKNOWN = replace(REFUSED, person_id="", person_name="")
COPY = replace(GOOD, authorised=False, liveness=Liveness.SPOOF)
BROKEN = (
    replace(GOOD, track_id=None),
    replace(GOOD, authorised=False),
    REFUSED,
    replace(REFUSED, agreeing_frames=0),
    replace(GOOD, agreeing_frames=2),
    replace(GOOD, liveness=Liveness.NOT_CHECKED),
    replace(GOOD, authorised=False, liveness=Liveness.NOT_CHECKED),
    COPY,
    replace(GOOD, rejection="too small"),
    UNKNOWN,
    replace(UNKNOWN, distance=0.9, track_id=3),
    replace(REFUSED, track_id=4),
    replace(COPY, track_id=5),
)


def faces() -> st.SearchStrategy[FaceMatch]:
    other = replace(GOOD, person_id="bob", person_name="Bob", track_id=2, box=Box(0, 0, 90, 90))
    return st.sampled_from([GOOD, GOOD, GOOD, other, *BROKEN])


def opens(face: FaceMatch) -> bool:
    """Say independently of the policy module what must hold for a face."""
    return (
        face.person_id != ""
        and face.authorised
        and face.track_id is not None
        and face.agreeing_frames >= 3
        and face.liveness is Liveness.LIVE
        and face.rejection == ""
    )


class Failures:
    """Say independently of the lockout module until when nobody may unlock."""

    def __init__(self) -> None:
        self.seen: dict[int, list[float]] = {}
        self.failed: list[float] = []
        self.until_s = 0.0

    def watch(self, faces: list[FaceMatch], now_s: float) -> None:
        if self.failed and now_s - self.failed[-1] >= 1800:
            self.failed = []
        bad = {f.track_id for f in faces if f.track_id is not None and self.is_refused(f)}
        good = {f.track_id for f in faces if f.track_id is not None and f.authorised} - bad
        # A face is counted once for each uninterrupted stay; inf marks that it was.
        self.seen = {t: times for t, times in self.seen.items() if now_s - times[-1] <= 1.0}
        for track in good & self.seen.keys():
            counted = self.seen[track][0] == math.inf
            self.seen[track] = [math.inf, now_s] if counted else [now_s]
        for track in bad:
            times = self.seen.setdefault(track, [])
            times.append(now_s)
            if times[0] != math.inf and now_s - times[0] >= 0.1:
                self.seen[track] = [math.inf, now_s]
                self.failed.append(now_s)
                if len(self.failed) >= 2:
                    delay_s = min(10.0, 3.0 * 2.0 ** (len(self.failed) - 2))
                    self.until_s = max(self.until_s, now_s + delay_s)

    @staticmethod
    def is_refused(face: FaceMatch) -> bool:
        unknown = not face.person_id and not math.isnan(face.distance)
        forbidden = bool(face.person_id) and not face.permitted and face.agreeing_frames >= 3
        return unknown or forbidden or face.liveness is Liveness.SPOOF


class SessionRules(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now_s = 10.0
        self.wall_ns = 10**18
        self.newest_ns = -1
        self.last_offset_s: float | None = None
        self.was = SessionState.MONITORING
        self.person = ""
        self.proved_s = 0.0
        self.nonces: set[int] = set()
        self.failures = Failures()
        self.machine = SessionMachine(
            CONFIG,
            clock_s=lambda: self.now_s,
            analyzers=ANALYZERS,
            permissions_of=lambda who: {Permission.ARM} if who in MAY_ARM else set(),
        )

    @property
    def now_ns(self) -> int:
        return self.wall_ns + round(self.now_s * 1e9)

    @rule(
        seen=st.lists(faces(), max_size=3),
        age_ms=st.sampled_from([50, 50, 50, 0, 900, 1001, 60_000, -50, -500]),
        after_ms=st.sampled_from([33, 33, 100, 1, 4000]),
    )
    def observe(self, seen: list[FaceMatch], age_ms: int, after_ms: int) -> None:
        self.now_s += after_ms / 1000
        stamp_ns = self.now_ns - age_ms * 10**6
        offset_s = self.wall_ns / 1e9
        set_clock = self.last_offset_s is not None and abs(offset_s - self.last_offset_s) > 1.0
        self.last_offset_s = offset_s
        if set_clock:
            self.newest_ns = -1
        fresh = not set_clock and -100 <= age_ms <= 1000 and stamp_ns > self.newest_ns
        if fresh:
            self.newest_ns = stamp_ns
        before = self.machine.state(self.now_ns).state
        self.machine.observe(seen, stamp_ns, self.now_ns)
        state = self.machine.state(self.now_ns)
        if before is not SessionState.ACTIVE and state.state is SessionState.ACTIVE:
            assert self.now_s >= self.failures.until_s, "opened while locked out"
            self.failures = Failures()
        elif before is not SessionState.ACTIVE and fresh:
            self.failures.watch(seen, self.now_s)
        if state.state is SessionState.ACTIVE:
            proof = fresh and any(opens(f) and f.person_id == state.person_id for f in seen)
            newly = self.was is not SessionState.ACTIVE or state.person_id != self.person
            assert proof or not newly, "opened without every check in this observation"
            if proof:
                self.proved_s = self.now_s
        self.was, self.person = state.state, state.person_id

    @rule(face=st.sampled_from(BROKEN), times=st.integers(1, 3))
    def attempts(self, face: FaceMatch, times: int) -> None:
        for _ in range(times):
            for after_ms in (100, 100, 33):
                self.observe([face], 20, after_ms)
            self.observe([], 20, 1100)

    @rule(seconds=st.integers(1, 20))
    def see_nobody(self, seconds: int) -> None:
        for _ in range(seconds):
            self.observe([], 50, 4000)

    @rule(seconds=st.sampled_from([0.5, 4.0, 6.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.not_opened_by(self.machine.tick)

    @rule(seconds=st.sampled_from([-3600, -2, -0.5, 0.5, 2, 3600]))
    def set_wall_clock(self, seconds: float) -> None:
        self.wall_ns += round(seconds * 1e9)

    @rule()
    def lock(self) -> None:
        self.not_opened_by(self.machine.lock)
        assert self.was is not SessionState.ACTIVE

    @rule()
    def lose_face_authenticator(self) -> None:
        self.not_opened_by(self.machine.face_authenticator_lost)
        assert self.was is not SessionState.ACTIVE

    @rule(names=st.lists(st.sampled_from([*ANALYZERS, "unknown"]), max_size=2))
    def disarm(self, names: list[str]) -> None:
        self.change_armed(lambda: self.machine.disarm(names))

    @rule(names=st.lists(st.sampled_from([*ANALYZERS, "unknown"]), max_size=2))
    def arm(self, names: list[str]) -> None:
        self.change_armed(lambda: self.machine.arm(names))

    def change_armed(self, change: Callable[[], None]) -> None:
        before = self.machine.state(self.now_ns)
        try:
            change()
        except AccessError:
            assert self.machine.state(self.now_ns).armed == before.armed
        else:
            assert before.state is SessionState.ACTIVE, "changed what is armed without a session"
            assert before.person_id in MAY_ARM, "changed what is armed without the permission"
        self.was = self.machine.state(self.now_ns).state

    def not_opened_by(self, step: Callable[[], None]) -> None:
        step()
        state = self.machine.state(self.now_ns).state
        assert self.was is SessionState.ACTIVE or state is not SessionState.ACTIVE
        self.was = state

    @invariant()
    def session_is_backed_by_recent_proof(self) -> None:
        state = self.machine.state(self.now_ns)
        if state.state is SessionState.ACTIVE:
            assert self.now_s - self.proved_s < CONFIG.session_duration_s
            assert state.person_id
        else:
            assert (state.state is SessionState.MONITORING) == bool(state.armed)
            assert not state.person_id
            assert ("locked out" in state.reason) == (self.now_s < self.failures.until_s)
        for analyzer in ANALYZERS:
            running = self.machine.allowed(analyzer, GatePolicy.GATED)
            assert running == (state.state is SessionState.ACTIVE or analyzer in state.armed)
            assert self.machine.allowed(analyzer, GatePolicy.ALWAYS_ON)


SessionRules.TestCase.settings = settings(
    max_examples=150, stateful_step_count=25, deadline=None, derandomize=True, database=None
)
TestSessionRules = SessionRules.TestCase
