"""The session state machine: what unlocks, what ends, who may arm."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import replace

import pytest

from edgeai_core.access.lockout import LockoutConfig
from edgeai_core.access.permissions import (
    ROLE_PERMISSIONS,
    Permission,
    Role,
    permission_objection,
)
from edgeai_core.access.policy import AccessConfig, GatePolicy
from edgeai_core.access.session import SessionMachine
from edgeai_core.errors import AccessError, GalleryMissingError
from edgeai_core.geometry import Box
from edgeai_core.types import FaceMatch, Liveness, SessionState

ADA = FaceMatch(
    box=Box(0, 0, 100, 100),
    detection_score=0.9,
    track_id=1,
    person_id="ada",
    person_name="Ada",
    distance=0.2,
    margin=0.4,
    permitted=True,
    authorised=True,
    liveness=Liveness.LIVE,
    agreeing_frames=3,
)
BOB = replace(ADA, person_id="bob", person_name="Bob", track_id=2, box=Box(0, 0, 200, 200))
STRANGER = FaceMatch(box=Box(0, 0, 300, 300), detection_score=0.9, track_id=3, rejection="unknown")
UNAUTHORISED = replace(
    ADA, permitted=False, authorised=False, rejection="enrolled but not authorised"
)
SPOOF = replace(ADA, authorised=False, liveness=Liveness.SPOOF)

LOCKED, ACTIVE, MONITORING = SessionState.LOCKED, SessionState.ACTIVE, SessionState.MONITORING


class Room:
    """A machine with a camera clock and a monotonic clock that usually run together."""

    def __init__(
        self, config: AccessConfig | None = None, *, armed: Collection[str] | None = None
    ) -> None:
        self.now_s = 100.0
        self.roles = {"ada": Role.MEMBER, "bob": Role.OPERATOR}
        self.wall_offset_ns = 1_700_000_000_000_000_000
        self.machine = SessionMachine(
            config or AccessConfig(),
            clock_s=lambda: self.now_s,
            analyzers=("fire", "objects"),
            permissions_of=lambda person_id: ROLE_PERMISSIONS[
                self.roles.get(person_id, Role.GUEST)
            ],
            armed=armed,
            nonce_source=itertools.count(1).__next__,
        )

    @property
    def now_ns(self) -> int:
        return self.wall_offset_ns + round(self.now_s * 1e9)

    def see(self, *faces: FaceMatch, age_s: float = 0.05, after_s: float = 0.1) -> SessionState:
        self.now_s += after_s
        self.machine.observe(faces, self.now_ns - round(age_s * 1e9), self.now_ns)
        return self.state

    def watch(self, *faces: FaceMatch, duration_s: float) -> SessionState:
        for _ in range(round(duration_s)):
            self.see(*faces, after_s=1.0)
        return self.state

    @property
    def state(self) -> SessionState:
        return self.machine.state(self.now_ns).state


def test_recognised_authorised_person_unlocks_and_is_named() -> None:
    room = Room()
    assert room.state is LOCKED
    assert room.see(ADA) is ACTIVE
    state = room.machine.state(room.now_ns)
    assert (state.person_id, state.person_name) == ("ada", "Ada")
    assert state.reason == "Ada is recognised and authorised"
    assert state.expires_ns - state.issued_ns == 5_000_000_000
    assert room.machine.refusal == ""


@pytest.mark.parametrize(
    ("face", "refusal"),
    [
        (STRANGER, "unknown"),
        (replace(STRANGER, rejection=""), "face not recognised"),
        (UNAUTHORISED, "enrolled but not authorised"),
        (replace(ADA, authorised=False), "enrolled but not authorised"),
        (replace(ADA, rejection="face too small"), "face too small"),
        (replace(ADA, agreeing_frames=2), "named in 2 frames, need 3"),
        (replace(ADA, track_id=None), "face is not followed over frames"),
        (SPOOF, "face is not live"),
        (replace(SPOOF, rejection="not live: flat"), "not live: flat"),
        (replace(ADA, liveness=Liveness.NOT_CHECKED), "liveness was not checked"),
    ],
)
def test_each_missing_check_blocks(face: FaceMatch, refusal: str) -> None:
    room = Room()
    assert room.watch(face, duration_s=30) is LOCKED
    assert room.machine.refusal == refusal


def test_unchecked_face_unlocks_only_where_liveness_is_not_required() -> None:
    unchecked = replace(ADA, liveness=Liveness.NOT_CHECKED)
    assert Room().see(unchecked) is LOCKED
    assert Room(AccessConfig(require_liveness=False)).see(unchecked) is ACTIVE


def test_copy_never_unlocks_and_does_not_end_a_session_either() -> None:
    assert Room(AccessConfig(require_liveness=False)).see(SPOOF) is LOCKED
    room = Room()
    room.see(ADA)
    assert room.see(SPOOF) is ACTIVE
    assert room.machine.refusal == "face is not live"


@pytest.mark.parametrize(
    ("age_s", "refusal"),
    [
        (1.01, "frame is 1.01 s old, at most 1 s count"),
        (-0.2, "frame is stamped 0.20 s in the future; synchronise the clocks"),
    ],
)
def test_frame_that_is_not_of_now_never_unlocks(age_s: float, refusal: str) -> None:
    room = Room()
    assert room.see(ADA, age_s=age_s) is LOCKED
    assert room.machine.refusal == refusal


def test_replayed_frame_never_unlocks() -> None:
    room = Room()
    room.see(age_s=0.05)
    assert room.see(ADA, age_s=0.15) is LOCKED
    assert room.machine.refusal == "frame is not newer than the one before"


def test_session_ends_its_duration_after_the_last_sighting() -> None:
    room = Room()
    room.see(ADA)
    assert room.watch(ADA, duration_s=300) is ACTIVE
    assert room.watch(duration_s=59) is ACTIVE
    assert room.machine.refusal == "Ada is not in view"
    assert room.watch(duration_s=1) is LOCKED
    assert room.machine.state(room.now_ns).person_name == ""
    assert room.see(ADA) is ACTIVE


def test_weak_sightings_do_not_prolong() -> None:
    room = Room()
    room.see(ADA)
    assert room.watch(replace(ADA, agreeing_frames=2), duration_s=59) is ACTIVE
    assert room.watch(replace(ADA, agreeing_frames=2), duration_s=1) is LOCKED


def test_armed_analyzers_keep_watching_after_the_session() -> None:
    room = Room()
    room.see(ADA)
    room.machine.arm(["fire"])
    assert room.watch(duration_s=60) is MONITORING
    assert room.machine.allowed("fire", GatePolicy.GATED)
    assert not room.machine.allowed("objects", GatePolicy.GATED)
    assert room.machine.allowed("objects", GatePolicy.ALWAYS_ON)
    assert room.see(ADA) is ACTIVE
    assert room.machine.allowed("objects", GatePolicy.GATED)
    room.machine.disarm()
    assert room.watch(duration_s=60) is LOCKED
    assert not room.machine.allowed("fire", GatePolicy.GATED)


@pytest.mark.parametrize("armed", [(), ("fire",)])
def test_arming_and_disarming_outside_a_session_is_refused(armed: tuple[str, ...]) -> None:
    room = Room(armed=armed)
    for action in (room.machine.arm, room.machine.disarm):
        with pytest.raises(AccessError, match="must be recognised by the camera first"):
            action(["fire"])
    assert room.machine.state(room.now_ns).armed == armed
    assert room.state is (MONITORING if armed else LOCKED)


def test_expired_session_can_not_disarm_before_the_next_tick() -> None:
    room = Room(AccessConfig(armed=("fire",), face_timeout_s=3600.0))
    room.see(ADA)
    room.now_s += 60.0
    with pytest.raises(AccessError, match="the state is MONITORING"):
        room.machine.disarm()


def test_unknown_analyzer_is_not_armed() -> None:
    room = Room()
    room.see(ADA)
    with pytest.raises(AccessError, match="unknown analyzer fier; known: fire, objects"):
        room.machine.arm(["fire", "fier"])
    assert room.machine.state(room.now_ns).armed == ()
    with pytest.raises(AccessError, match="unknown analyzer"):
        Room(AccessConfig(armed=("smoke",)))


def test_explicit_lock_holds_until_the_person_left_the_picture() -> None:
    room = Room()
    room.see(ADA)
    room.machine.lock()
    assert room.state is LOCKED
    assert room.watch(ADA, duration_s=30) is LOCKED
    assert room.machine.refusal == "locked by request; leave the picture before unlocking again"
    room.watch(duration_s=5)
    assert room.see(ADA) is LOCKED
    room.watch(duration_s=6)
    assert room.see(ADA) is ACTIVE


def test_explicit_lock_does_not_keep_others_out() -> None:
    room = Room(armed=("fire",))
    room.see(ADA)
    room.machine.lock()
    assert room.state is MONITORING
    assert room.see(ADA, BOB) is ACTIVE
    assert room.machine.state(room.now_ns).person_name == "Bob"


def test_lost_face_authenticator_ends_the_session_but_not_the_watch() -> None:
    room = Room(armed=("fire",))
    room.see(ADA)
    room.machine.face_authenticator_lost()
    assert room.state is MONITORING
    assert room.machine.allowed("fire", GatePolicy.GATED)


def test_silent_or_frozen_camera_ends_the_session() -> None:
    silent, frozen = Room(), Room()
    silent.see(ADA)
    silent.now_s += 4.9
    assert silent.state is ACTIVE
    silent.now_s += 0.1
    assert silent.state is LOCKED
    assert frozen.see(ADA) is ACTIVE
    stamp_ns = frozen.now_ns
    for _ in range(6):
        frozen.now_s += 1.0
        frozen.machine.observe([ADA], stamp_ns, frozen.now_ns)
    assert frozen.state is LOCKED


def test_second_authorised_person_neither_takes_over_nor_prolongs() -> None:
    room = Room()
    room.see(ADA)
    assert room.see(ADA, BOB) is ACTIVE
    assert room.machine.state(room.now_ns).person_name == "Ada"
    room.watch(BOB, duration_s=59)
    assert room.machine.state(room.now_ns).person_name == "Ada"
    # The session of Ada is over in the very observation that opens the one of Bob.
    room.see(BOB, after_s=1.0)
    assert room.machine.state(room.now_ns).person_name == "Bob"


def test_largest_of_two_authorised_faces_opens_and_strangers_are_told() -> None:
    room = Room()
    assert room.see(ADA, STRANGER, BOB) is ACTIVE
    assert room.machine.state(room.now_ns).reason == (
        "Bob is recognised and authorised; 1 unknown faces beside"
    )


def test_revoked_person_loses_the_session_at_once() -> None:
    room = Room()
    room.see(ADA)
    assert room.see(UNAUTHORISED) is LOCKED
    assert room.machine.state(room.now_ns).reason == "Ada is no longer authorised"


@pytest.mark.parametrize("jump_s", [-86400, 86400])
def test_setting_the_wall_clock_changes_nothing(jump_s: int) -> None:
    room = Room()
    room.see(ADA)
    room.wall_offset_ns += jump_s * 10**9
    assert room.see(ADA) is ACTIVE
    assert room.machine.refusal == "the clock was set; the next frame counts again"
    assert room.watch(ADA, duration_s=120) is ACTIVE
    assert room.watch(duration_s=59) is ACTIVE
    assert room.watch(duration_s=1) is LOCKED


def test_setting_the_wall_clock_never_unlocks_by_itself() -> None:
    room = Room()
    room.see()
    room.wall_offset_ns -= 86400 * 10**9
    assert room.see(ADA) is LOCKED
    assert room.see(ADA) is ACTIVE


def test_state_is_issued_anew_on_change_and_after_half_its_lifetime() -> None:
    room = Room()
    first = room.machine.state(room.now_ns)
    room.now_s += 2.4
    assert room.machine.state(room.now_ns) is first
    room.now_s += 0.1
    second = room.machine.state(room.now_ns)
    assert (second.nonce, second.issued_ns) == (first.nonce + 1, room.now_ns)
    room.see(ADA)
    assert room.machine.state(room.now_ns).nonce == second.nonce + 1
    room.machine.arm(["fire"])
    third = room.machine.state(room.now_ns)
    assert (third.nonce, third.armed) == (second.nonce + 2, ("fire",))


def test_nonce_source_that_repeats_itself_is_an_error() -> None:
    machine = SessionMachine(
        AccessConfig(),
        clock_s=lambda: 0.0,
        analyzers=(),
        permissions_of=lambda person_id: (),
        nonce_source=lambda: 7,
    )
    machine.state(0)
    machine.observe([ADA], 0, 0)
    with pytest.raises(RuntimeError, match="repeated"):
        machine.state(0)


# Who may do what in the session.


def test_only_roles_that_may_arm_do() -> None:
    room = Room()
    room.see(BOB)
    for act in (room.machine.arm, room.machine.disarm):
        with pytest.raises(AccessError, match="Bob may not arm and disarm; roles that may: member"):
            act(["fire"])
    assert room.machine.state(room.now_ns).armed == ()
    room.roles["bob"] = Role.OWNER
    room.machine.arm(["fire"])
    del room.roles["bob"]
    with pytest.raises(AccessError, match="may not"):
        room.machine.disarm()
    assert room.machine.state(room.now_ns).armed == ("fire",)


def test_the_state_says_what_the_active_person_may_do_and_nothing_while_nobody_is() -> None:
    room = Room(armed=["fire"])
    assert room.machine.state(room.now_ns).permissions == ()
    room.see(ADA)
    assert room.machine.state(room.now_ns).permissions == ("acknowledge", "arm", "operate")
    room.machine.lock()
    state = room.machine.state(room.now_ns)
    assert (state.state, state.permissions) == (MONITORING, ())


def test_a_role_taken_away_counts_from_the_next_issue_on() -> None:
    room = Room()
    room.see(BOB)
    assert room.machine.state(room.now_ns).permissions == ("acknowledge", "operate")
    room.roles["bob"] = Role.GUEST
    room.now_s += 2.5
    assert room.machine.state(room.now_ns).permissions == ()


def test_permissions_that_cannot_be_found_out_are_none_and_the_fault_is_told() -> None:
    room = Room()

    def fail(person_id: str) -> Collection[Permission]:
        raise GalleryMissingError(f"no gallery for {person_id}")

    room.machine = SessionMachine(
        AccessConfig(), clock_s=lambda: room.now_s, analyzers=(), permissions_of=fail
    )
    assert room.see(ADA) is ACTIVE
    assert room.machine.state(room.now_ns).permissions == ()
    assert room.machine.permission_fault == "no gallery for ada"
    room.machine.lock()
    assert room.state is LOCKED
    assert room.machine.permission_fault == ""


def test_a_permission_is_refused_with_who_and_which_roles_may() -> None:
    room = Room()
    locked = room.machine.state(room.now_ns)
    assert permission_objection(locked, Permission.ENROL) == (
        "cannot enrol people: the state is LOCKED; an authorised person must be recognised by the "
        "camera first (started; nobody was recognised yet); roles that may: owner"
    )
    room.see(ADA)
    active = room.machine.state(room.now_ns)
    assert permission_objection(active, Permission.ARM) == ""
    assert permission_objection(active, Permission.ENROL) == (
        "cannot enrol people: Ada may not; roles that may: owner"
    )
    # Whatever a message claims: without an active person nothing is permitted.
    forged = replace(locked, permissions=active.permissions)
    assert "the state is LOCKED" in permission_objection(forged, Permission.ARM)


# Lockout.

JUDGED = replace(STRANGER, distance=0.9, rejection="unknown: distance 0.90 over 0.46")
LOCKOUT = AccessConfig(lockout=LockoutConfig(failures=2, forget_after_s=500.0))


def attempt(room: Room, face: FaceMatch = JUDGED) -> None:
    """Let a face stand there for three seconds, then leave."""
    room.watch(face, duration_s=3)
    room.watch(duration_s=2)


def test_refused_faces_lock_everybody_out_for_a_growing_time() -> None:
    room = Room(LOCKOUT)
    attempt(room)
    assert "locked out" not in room.machine.state(room.now_ns).reason
    room.watch(JUDGED, duration_s=3)
    state = room.machine.state(room.now_ns)
    assert (state.state, state.reason) == (LOCKED, "locked out for 30 s after 2 refused faces")
    assert room.see(ADA, after_s=29.8) is LOCKED
    assert room.machine.refusal.endswith("after 2 refused faces, 0 s are left")
    attempt(room)
    assert "locked out for 60 s after 3" in room.machine.state(room.now_ns).reason
    room.watch(duration_s=57)
    assert room.see(ADA) is LOCKED
    assert room.see(ADA, after_s=1.0) is ACTIVE
    room.machine.lock()
    room.watch(duration_s=7)
    attempt(room)
    assert room.see(ADA) is ACTIVE, "a success starts the count again"


def test_lockout_is_capped_and_forgotten() -> None:
    room = Room(LOCKOUT)
    for _ in range(40):
        attempt(room)
    assert "locked out for 900 s after 40" in room.machine.state(room.now_ns).reason
    room.watch(duration_s=901)
    attempt(room)
    assert room.see(ADA) is ACTIVE


@pytest.mark.parametrize(
    "face",
    [
        STRANGER,
        replace(JUDGED, track_id=None),
        replace(UNAUTHORISED, agreeing_frames=1),
        replace(ADA, authorised=False, agreeing_frames=2, rejection="named in 2 frames"),
    ],
    ids=["not compared", "not followed", "not agreed", "authorised, not agreed"],
)
def test_face_that_was_not_judged_is_no_attempt(face: FaceMatch) -> None:
    room = Room(LOCKOUT)
    for _ in range(10):
        attempt(room, face)
    assert room.see(ADA) is ACTIVE


@pytest.mark.parametrize("face", [UNAUTHORISED, SPOOF, JUDGED])
def test_unauthorised_spoofed_and_unknown_faces_are_attempts(face: FaceMatch) -> None:
    room = Room(LOCKOUT)
    attempt(room, face)
    attempt(room, face)
    assert room.see(ADA) is LOCKED
    assert room.machine.refusal.startswith("locked out for 30 s")


def test_passer_by_and_visitor_who_stays_count_little() -> None:
    room = Room(LOCKOUT)
    for _ in range(20):
        room.see(JUDGED, after_s=1.0)
        room.watch(duration_s=2)
    room.watch(JUDGED, duration_s=300)
    assert room.see(ADA) is ACTIVE, "one who stays is one attempt, one who passes none"
    room.watch(ADA, JUDGED, duration_s=300)
    attempt(room)
    assert room.state is ACTIVE, "an open session is not ended by others"


def test_person_who_looks_away_now_and_then_is_no_attempt() -> None:
    room = Room(AccessConfig(lockout=LockoutConfig(failures=1)))
    away = replace(JUDGED, track_id=ADA.track_id)
    for _ in range(20):
        room.watch(ADA, away, duration_s=1)
        room.watch(away, duration_s=1)
    assert "locked out" not in room.machine.state(room.now_ns).reason


def test_lockout_can_be_switched_off() -> None:
    room = Room(AccessConfig(lockout=LockoutConfig(failures=0)))
    for _ in range(30):
        attempt(room)
    assert room.see(ADA) is ACTIVE


def test_frames_of_two_cameras_may_interleave_in_any_order_of_their_stamps() -> None:
    room = Room()
    room.machine.observe((), room.now_ns, room.now_ns, "garden")
    room.machine.observe((ADA,), room.now_ns - 50_000_000, room.now_ns, "entrance")
    assert room.state is ACTIVE


def test_a_frame_of_the_same_camera_still_has_to_be_newer() -> None:
    room = Room()
    room.machine.observe((), room.now_ns, room.now_ns, "entrance")
    room.machine.observe((ADA,), room.now_ns - 50_000_000, room.now_ns, "entrance")
    assert room.state is LOCKED
    assert room.machine.refusal == "frame is not newer than the one before"


def test_a_face_at_another_camera_prolongs_the_session_of_its_person() -> None:
    config = AccessConfig()
    room = Room(config)
    room.machine.observe((ADA,), room.now_ns, room.now_ns, "entrance")
    for _ in range(round(config.session_duration_s) + 5):
        room.now_s += 1.0
        room.machine.observe((), room.now_ns, room.now_ns, "entrance")
        room.machine.observe((ADA,), room.now_ns, room.now_ns, "garden")
    assert room.state is ACTIVE


def test_a_rightful_person_at_one_camera_does_not_excuse_a_stranger_at_another() -> None:
    lockout = LockoutConfig(failures=1, judged_after_s=1.0)
    room = Room(AccessConfig(lockout=lockout, face_timeout_s=60.0))
    intruder = replace(STRANGER, track_id=ADA.track_id, distance=0.9)
    looked_away = replace(ADA, agreeing_frames=0)
    for _ in range(30):
        room.now_s += 0.1
        room.machine.observe((looked_away,), room.now_ns, room.now_ns, "entrance")
        room.machine.observe((intruder,), room.now_ns, room.now_ns, "garden")
    assert "locked out" in room.machine.state(room.now_ns).reason
