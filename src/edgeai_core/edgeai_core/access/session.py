"""The session: LOCKED, ACTIVE or MONITORING, and nothing but evidence that changes it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from edgeai_core.access.issuer import AuthStateIssuer, random_nonce
from edgeai_core.access.lockout import Lockout
from edgeai_core.access.permissions import Permission, roles_with
from edgeai_core.access.policy import (
    AccessConfig,
    GatePolicy,
    authorisation_withdrawn,
    evidence_objection,
    may_run,
    unlock_objection,
    was_refused,
)
from edgeai_core.errors import AccessError
from edgeai_core.reasons import access as reasons
from edgeai_core.reasons.wordbook import CLAUSE
from edgeai_core.types import AuthState, FaceMatch, SessionState

# Between two observations the frame clock and the monotonic clock may drift apart by this much;
# beyond it somebody set the clock.
CLOCK_JUMP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Who locked the session, and since when (monotonic seconds) that person is out of view."""

    person_id: str
    absent_since_s: float | None


class SessionMachine:
    """Decides what the faces unlock. Owned by one thread; no I/O.

    Rules beyond house.md:
    - Only `observe` leads to ACTIVE, and only by a face of that same call for which every check
      holds. Of several such faces the largest opens the session.
    - The session belongs to who opened it: a second authorised person neither takes it over nor
      prolongs it, and can open an own one when it is over. Other faces do not block.
    - After faces that were refused (`policy.was_refused`) nobody unlocks for a growing time; a
      session that is open is not ended by them.
    - After `lock` the person who was active opens again only after leaving the picture.
    - Durations run on the monotonic clock. The frames' clock serves for their order and age only;
      when it is set, one observation is passed over and nothing else changes.
    - One session for all cameras, each with an order of frames and track numbers of its own.

    Args:
        config: thresholds and durations. clock_s: monotonic seconds.
        analyzers: names that can be armed.
        permissions_of: gives what the person of an id may do now; an error of it refuses.
        armed: what is armed at the start (after a restart: what was armed before); None for
            `config.armed`.
        nonce_source: random 64-bit numbers.

    Raises:
        AccessError: an armed name is not among the analyzers.
    """

    def __init__(
        self,
        config: AccessConfig,
        *,
        clock_s: Callable[[], float],
        analyzers: Collection[str],
        permissions_of: Callable[[str], Collection[Permission]],
        armed: Collection[str] | None = None,
        nonce_source: Callable[[], int] = random_nonce,
    ) -> None:
        self._config = config
        self._clock_s = clock_s
        self._permissions_of = permissions_of
        self._lockout = Lockout(config.lockout, clock_s=clock_s)
        self._analyzers = frozenset(analyzers)
        self._armed = self._checked(config.armed if armed is None else armed)
        self._person_id = ""
        self._person_name = ""
        self._state = self._resting_state()
        self._reason = reasons.STARTED.say()
        self._refusal = ""
        self._seen_s = self._evidence_s = clock_s()
        self._last_stamps_ns: dict[str, int] = {}
        self._clock_offset_s: float | None = None
        self._held: _Held | None = None
        self._issuer = AuthStateIssuer(
            ttl_s=config.auth_state_ttl_s,
            clock_s=clock_s,
            permissions_of=permissions_of,
            nonce_source=nonce_source,
        )

    @property
    def refusal(self) -> str:
        """Why the last observation did not unlock or prolong; empty when it did."""
        return self._refusal

    @property
    def permission_fault(self) -> str:
        """Why the last issued state permits nothing to an active person; empty when known."""
        return self._issuer.fault

    def observe(
        self, faces: Sequence[FaceMatch], stamp_ns: int, now_ns: int, camera: str = ""
    ) -> None:
        """Take what a face authenticator saw in one frame, also when it saw nobody.

        Args:
            faces: every face of the frame. camera: where it is from.
            stamp_ns: stamp of the frame. now_ns: the same clock, now.
        """
        self.tick()
        if self._clock_was_set(now_ns):
            self._last_stamps_ns.clear()
            self._refusal = reasons.CLOCK_WAS_SET.say()
            return
        objection = evidence_objection(
            stamp_ns=stamp_ns,
            now_ns=now_ns,
            last_stamp_ns=self._last_stamps_ns.get(camera),
            config=self._config,
        )
        if objection:
            self._refusal = objection
            return
        self._last_stamps_ns[camera] = stamp_ns
        self._evidence_s = self._clock_s()
        self._watch_absence(faces)
        if self._state is SessionState.ACTIVE:
            self._prolong(faces)
        else:
            self._unlock(faces, camera)

    def tick(self) -> None:
        """Let time pass: end a session that is over or whose evidence has stopped."""
        if self._state is not SessionState.ACTIVE:
            return
        now_s = self._clock_s()
        if now_s - self._seen_s >= self._config.session_duration_s:
            self._rest(reasons.NOT_SEEN.say(name=self._person_name))
        elif now_s - self._evidence_s >= self._config.face_timeout_s:
            self._rest(reasons.NO_FRESH_RESULTS.say())

    def face_authenticator_lost(self) -> None:
        """End the session: who is there cannot be known. What is armed keeps watching."""
        if self._held is not None:
            self._held = _Held(person_id=self._held.person_id, absent_since_s=None)
        if self._state is SessionState.ACTIVE:
            self._rest(reasons.AUTHENTICATOR_LOST.say())

    def lock(self) -> None:
        """End the session by request; anybody may ask for it."""
        self.tick()
        if self._state is SessionState.ACTIVE:
            self._held = _Held(person_id=self._person_id, absent_since_s=None)
            self._rest(reasons.LOCKED_BY_REQUEST.say(name=self._person_name))

    def arm(self, analyzers: Collection[str]) -> None:
        """Let analyzers keep watching after the session.

        Raises:
            AccessError: nobody is active who may, or a name is unknown; nothing was armed.
        """
        self._require_may_arm("arm")
        self._armed |= self._checked(analyzers)

    def disarm(self, analyzers: Collection[str] | None = None) -> None:
        """Let analyzers stop with the session; None for all.

        Raises:
            AccessError: nobody is active who may, or a name is unknown; nothing was disarmed.
        """
        self._require_may_arm("disarm")
        self._armed -= self._armed if analyzers is None else self._checked(analyzers)

    def set_armed(self, analyzers: Collection[str]) -> None:
        """Say which analyzers keep watching, for a caller whose right was checked elsewhere.

        Raises:
            AccessError: a name is unknown; nothing was changed.
        """
        self.tick()
        self._armed = self._checked(analyzers)
        if self._state is not SessionState.ACTIVE:
            self._state = self._resting_state()

    def allowed(self, analyzer: str, policy: GatePolicy) -> bool:
        """Return whether an analyzer may run now."""
        self.tick()
        return may_run(analyzer, policy, state=self._state, armed=self._armed)

    def state(self, now_ns: int) -> AuthState:
        """Return the state to publish; a new issue after a change and after half its lifetime.

        Args:
            now_ns: clock of the frames, for the stamp of issue.
        """
        self.tick()
        return self._issuer.state(
            self._state,
            person_id=self._person_id,
            person_name=self._person_name,
            reason=self._lockout.reason or self._reason,
            armed=tuple(sorted(self._armed)),
            now_ns=now_ns,
        )

    def _clock_was_set(self, now_ns: int) -> bool:
        offset_s = now_ns / 1e9 - self._clock_s()
        last_s, self._clock_offset_s = self._clock_offset_s, offset_s
        return last_s is not None and abs(offset_s - last_s) > CLOCK_JUMP_S

    def _watch_absence(self, faces: Sequence[FaceMatch]) -> None:
        """Release the hold of an explicit lock once the person was out of view long enough."""
        held, now_s = self._held, self._clock_s()
        if held is None:
            return
        if self._config.relock_absence_s == 0.0:
            self._held = None
        elif any(face.person_id == held.person_id for face in faces):
            self._held = _Held(person_id=held.person_id, absent_since_s=None)
        elif held.absent_since_s is None:
            self._held = _Held(person_id=held.person_id, absent_since_s=now_s)
        elif now_s - held.absent_since_s >= self._config.relock_absence_s:
            self._held = None

    def _prolong(self, faces: Sequence[FaceMatch]) -> None:
        own = [face for face in faces if face.person_id == self._person_id]
        objections = [unlock_objection(face, self._config) for face in own]
        if any(authorisation_withdrawn(face, self._config) for face in own):
            self._rest(reasons.WITHDRAWN.say(name=self._person_name))
        elif "" in objections:
            self._seen_s = self._clock_s()
            self._refusal = ""
        else:
            self._refusal = next(iter(objections), reasons.NOT_IN_VIEW.say(name=self._person_name))

    def _unlock(self, faces: Sequence[FaceMatch], camera: str) -> None:
        by_size = sorted(faces, key=lambda face: -face.box.area_px2)
        objections = [self._objection(face) for face in by_size]
        if "" not in objections or self._lockout.remaining_s > 0.0:
            self._watch_refusals(faces, camera)
        locked_out = self._lockout.refusal
        if locked_out or "" not in objections:
            self._refusal = locked_out or next(iter(objections), reasons.NO_FACE.say())
            return
        opener = by_size[objections.index("")]
        strangers = sum(not face.recognised for face in faces)
        beside = [reasons.STRANGERS_BESIDE.say(strangers=strangers)] if strangers else []
        self._lockout.succeeded()
        self._state = SessionState.ACTIVE
        self._person_id, self._person_name = opener.person_id, opener.person_name
        self._reason = CLAUSE.join([reasons.RECOGNISED.say(name=opener.person_name), *beside])
        self._refusal = ""
        self._seen_s = self._clock_s()
        self._held = None

    def _watch_refusals(self, faces: Sequence[FaceMatch], camera: str) -> None:
        followed = [((camera, face.track_id), face) for face in faces if face.track_id is not None]
        refused = {track for track, face in followed if was_refused(face, self._config)}
        accepted = {track for track, face in followed if face.authorised} - refused
        self._lockout.observe(refused=refused, accepted=accepted)

    def _objection(self, face: FaceMatch) -> str:
        if self._held is not None and face.person_id == self._held.person_id:
            return reasons.LEAVE_FIRST.say()
        return unlock_objection(face, self._config)

    def _resting_state(self) -> SessionState:
        return SessionState.MONITORING if self._armed else SessionState.LOCKED

    def _rest(self, reason: str) -> None:
        self._state = self._resting_state()
        self._person_id = self._person_name = ""
        self._reason = self._refusal = reason

    def _require_may_arm(self, action: str) -> None:
        self.tick()
        if self._state is not SessionState.ACTIVE:
            raise AccessError(
                f"cannot {action}: the state is {self._state.name}; an authorised person must be "
                f"recognised by the camera first ({self._refusal or self._reason})"
            )
        if Permission.ARM not in self._permissions_of(self._person_id):
            raise AccessError(
                f"cannot {action}: {self._person_name} may not {Permission.ARM.value}; roles that "
                f"may: {roles_with(Permission.ARM)}"
            )

    def _checked(self, analyzers: Collection[str]) -> frozenset[str]:
        unknown = sorted(set(analyzers) - self._analyzers)
        if unknown:
            known = ", ".join(sorted(self._analyzers))
            raise AccessError(f"unknown analyzer {', '.join(unknown)}; known: {known}")
        return frozenset(analyzers)
