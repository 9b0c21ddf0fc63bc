"""Is the face somebody who is really there? Motion, appearance and, if wanted, a challenge."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.faces.blinks import BlinkCounter
from edgeai_core.analyzers.faces.challenge import (
    ChallengeConfig,
    ChallengeState,
    HeadTurnChallenge,
)
from edgeai_core.analyzers.faces.face_mesh import eye_openness, head_pose, mesh_box
from edgeai_core.analyzers.faces.motion_liveness import (
    Motion,
    MotionConfig,
    MotionEvidence,
    PlaneTest,
)
from edgeai_core.config import group, param
from edgeai_core.geometry import Box
from edgeai_core.reasons import faces as reasons
from edgeai_core.types import DetectedFace, Frame, Instruction, Liveness

# A gap in the pictures after which what moved in it can no longer be followed.
_LONGEST_GAP_S = 0.5
# People blink every three to four seconds.
_BLINK_WINDOW_S = 5.0
_RNG = Callable[[], np.random.Generator]


class ScoresLiveness(Protocol):
    """Tells from one picture how likely a face is living."""

    def score(self, image: npt.NDArray[np.uint8], face: Box) -> float:
        """Return 0..1, 1 is surely living, for a face of a (H, W, 3) uint8 BGR image."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessConfig:
    """What a face must show to count as living."""

    enabled: bool = param(
        True,
        "Check whether faces are living. Switched off, no face is found living, and as long as "
        "access.require_liveness holds nobody unlocks",
    )
    window_s: float = param(
        1.5,
        "How long a face is watched for a verdict; longer sees more motion and unlocks later",
        unit="s",
        minimum=0.5,
        maximum=10.0,
    )
    samples_per_s: float = param(
        10.0,
        "Pictures of a face that are judged per second at most; higher costs time",
        unit="1/s",
        minimum=4.0,
        maximum=60.0,
    )
    min_face_px: int = param(
        64,
        "Shorter side of the smallest face that is judged; relief and print dots drown below",
        unit="px",
        minimum=32,
        maximum=4096,
    )
    max_faces: int = param(
        2,
        "How many faces are judged at a time; higher costs time",
        minimum=1,
        maximum=16,
    )
    min_passive_score: float = param(
        0.25,
        "A face whose mean passive score over a window lies below is a copy; higher stops more "
        "copies and more living faces. 0 leaves the passive score out of the verdict",
        minimum=0.0,
        maximum=1.0,
    )
    confirming_windows: int = param(
        2,
        "Windows in a row that must show a living face after one that showed a copy; higher gives "
        "a copy fewer chances",
        minimum=1,
        maximum=20,
    )
    valid_s: float = param(
        5.0,
        "How long a face that was found living counts as such while it keeps still; longer is "
        "more comfortable",
        unit="s",
        minimum=0.5,
        maximum=60.0,
    )
    blink_suffices: bool = param(
        False,
        "Let a blink prove that a face which keeps still is living. More comfortable, and it lets "
        "in a print with holes for the eyes that is held still",
    )
    motion: MotionConfig = group(MotionConfig)
    challenge: ChallengeConfig = group(ChallengeConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessFinding:
    """What is known about one face.

    Attributes:
        liveness: NOT_CHECKED while nothing is decided: then nobody unlocks.
        score: 0..1, the worse of the passive score and of the relief (0.5 at the limit); NaN
            before the first verdict.
        reason: why the face does not count as living, one phrase; empty when it does.
        instruction: what the person can do about it.
    """

    liveness: Liveness
    score: float = math.nan
    reason: str = ""
    instruction: Instruction = Instruction.NONE


class ChecksLiveness(Protocol):
    """Judges faces over time, as LivenessChecker does."""

    def check(
        self, frame: Frame, face: DetectedFace, track_id: int | None, *, person_id: str = ""
    ) -> LivenessFinding:
        """Take one picture of a face and return what is known about the face now."""
        ...

    def retain(self, track_ids: Collection[int]) -> None:
        """Forget the faces of all other tracks."""
        ...

    def reset(self) -> None:
        """Forget all faces."""
        ...


@dataclass(slots=True)
class _Watch:
    """One face being watched."""

    last_ns: int
    person_id: str
    test: PlaneTest | None = None
    began_ns: int = 0
    passive: list[float] = field(default_factory=list)
    verdict: Liveness = Liveness.NOT_CHECKED
    verdict_ns: int = 0
    score: float = math.nan
    reason: str = ""
    owed_windows: int = 1
    kept_still: bool = False
    blinks: BlinkCounter | None = None
    challenge: HeadTurnChallenge | None = None
    failed_ns: int | None = None


class LivenessChecker:
    """Judges the faces of one camera over time. Owned by one thread.

    A face counts as living when in a window it moved as no flat thing moves, its mean passive
    score is high enough and, where a challenge is configured, it turned as asked. A face that
    moved flat or looks like a copy is a SPOOF until `confirming_windows` in a row say otherwise. A
    face that keeps still is asked to move. Time is the frames' stamps.

    A recording that is replayed on a display moves as the living face did: without the challenge
    only the passive score speaks against it, and it is weak (see the model's card).

    Args:
        passive: the network that looks at single pictures. config: thresholds.
        rng: makes the source of the challenge's turns; unpredictable unless a test says otherwise.
    """

    def __init__(
        self,
        passive: ScoresLiveness,
        config: LivenessConfig,
        *,
        rng: _RNG = np.random.default_rng,
    ) -> None:
        self._passive = passive
        self._config = config
        self._rng = rng
        self._watches: dict[int, _Watch] = {}

    def reset(self) -> None:
        """Forget all faces."""
        self._watches.clear()

    def retain(self, track_ids: Collection[int]) -> None:
        """Forget the faces whose tracks are over."""
        for track_id in self._watches.keys() - set(track_ids):
            del self._watches[track_id]

    def check(
        self, frame: Frame, face: DetectedFace, track_id: int | None, *, person_id: str = ""
    ) -> LivenessFinding:
        """Take one picture of a face and return what is known about the face now.

        Args:
            frame: newer than the one before for this track; another one adds nothing.
            face: with a mesh. track_id: its identity over time; None is never found living.
            person_id: whose face it seems to be. When that changes all begins anew: who holds
                another's picture before a face that was found living is not living as the other.

        Raises:
            ModelError: the passive network does not take or give what its card says.
        """
        config = self._config
        if track_id is None or face.mesh_xyz_px is None:
            return LivenessFinding(
                liveness=Liveness.NOT_CHECKED, reason=reasons.NOT_FOLLOWED_YET.say()
            )
        side_px = min(face.box.width_px, face.box.height_px)
        if side_px < config.min_face_px:
            self._watches.pop(track_id, None)
            return LivenessFinding(
                liveness=Liveness.NOT_CHECKED,
                reason=reasons.TOO_SMALL_TO_JUDGE.say(
                    instruction=Instruction.COME_NEARER.phrase,
                    side_px=side_px,
                    min_px=config.min_face_px,
                ),
                instruction=Instruction.COME_NEARER,
            )
        watch = self._watches.get(track_id)
        if watch is not None and watch.person_id != person_id:
            del self._watches[track_id]
            watch = None
        if watch is None:
            if len(self._watches) >= config.max_faces:
                return LivenessFinding(
                    liveness=Liveness.NOT_CHECKED,
                    reason=reasons.TOO_MANY_FACES.say(faces=config.max_faces),
                )
            watch = self._watches[track_id] = _Watch(last_ns=frame.stamp_ns, person_id=person_id)
        box = mesh_box(face.mesh_xyz_px)
        if config.blink_suffices:
            watch.blinks = watch.blinks or BlinkCounter(_BLINK_WINDOW_S)
            watch.blinks.add(
                openness=sum(eye_openness(face.mesh_xyz_px)) / 2,
                face_px=box.width_px,
                time_s=frame.stamp_ns / 1e9,
            )
        self._sample(watch, frame, box)
        self._pose(watch, face.mesh_xyz_px, frame.stamp_ns)
        return self._finding(watch, frame.stamp_ns)

    def _sample(self, watch: _Watch, frame: Frame, box: Box) -> None:
        since_s = (frame.stamp_ns - watch.last_ns) / 1e9
        if watch.test is None or not 0.0 <= since_s <= _LONGEST_GAP_S:
            self._begin(watch, frame, box)
            return
        # Half a period of tolerance: a 15 Hz camera sampled at 10 Hz gives 7.5, not 5.
        if since_s < 0.75 / self._config.samples_per_s:
            return
        watch.last_ns = frame.stamp_ns
        watch.test.add(frame.image)
        watch.passive.append(self._passive.score(frame.image, box))
        if (frame.stamp_ns - watch.began_ns) / 1e9 >= self._config.window_s:
            self._conclude(watch, watch.test.evidence(), frame.stamp_ns)
            self._begin(watch, frame, box)

    def _begin(self, watch: _Watch, frame: Frame, box: Box) -> None:
        watch.test = PlaneTest(frame.image, box, self._config.motion)
        watch.began_ns = watch.last_ns = frame.stamp_ns
        watch.passive = []

    def _conclude(self, watch: _Watch, evidence: MotionEvidence, stamp_ns: int) -> None:
        config = self._config
        passive = float(np.mean(watch.passive))
        relief = evidence.unexplained / (2 * config.motion.max_planar_share)
        looks_copied = not passive >= config.min_passive_score
        blinked = watch.blinks is not None and watch.blinks.count() > 0
        watch.kept_still = evidence.verdict is Motion.STILL and not blinked
        if watch.kept_still and not looks_copied:
            return
        if evidence.verdict is Motion.STILL:
            relief = 0.5  # no motion to judge: neither for nor against
        watch.score = min(passive, float(np.clip(relief, 0.0, 1.0)))
        if looks_copied or evidence.verdict is Motion.FLAT:
            watch.verdict = Liveness.SPOOF
            watch.reason = (
                reasons.LOOKS_COPIED.say(score=passive, limit=config.min_passive_score)
                if looks_copied
                else reasons.MOVES_FLAT.say(
                    share=evidence.unexplained, limit=config.motion.max_planar_share
                )
            )
            watch.owed_windows = config.confirming_windows
            watch.challenge = None
        else:
            watch.owed_windows = max(0, watch.owed_windows - 1)
            if watch.owed_windows == 0:
                watch.verdict = Liveness.LIVE
        watch.verdict_ns = stamp_ns

    def _pose(self, watch: _Watch, mesh_xyz_px: npt.NDArray[np.float32], stamp_ns: int) -> None:
        config = self._config.challenge
        if config.turns == 0 or watch.verdict is not Liveness.LIVE:
            return
        if watch.failed_ns is not None:
            if stamp_ns - watch.failed_ns < round(config.pause_s * 1e9):
                return
            watch.failed_ns = watch.challenge = None
        if watch.challenge is None:
            watch.challenge = HeadTurnChallenge(config, rng=self._rng())
        state = watch.challenge.update(head_pose(mesh_xyz_px).yaw_deg, stamp_ns / 1e9)
        if state is ChallengeState.FAILED:
            watch.failed_ns = stamp_ns

    def _finding(self, watch: _Watch, stamp_ns: int) -> LivenessFinding:
        if watch.verdict is Liveness.SPOOF:
            return LivenessFinding(liveness=Liveness.SPOOF, score=watch.score, reason=watch.reason)
        if watch.failed_ns is not None:
            return LivenessFinding(
                liveness=Liveness.SPOOF,
                score=0.0,
                reason=reasons.DID_NOT_TURN.say(),
            )
        fresh = stamp_ns - watch.verdict_ns <= round(self._config.valid_s * 1e9)
        if watch.verdict is not Liveness.LIVE or not fresh:
            asked = Instruction.MOVE if watch.kept_still else Instruction.NONE
            return LivenessFinding(
                liveness=Liveness.NOT_CHECKED,
                score=watch.score,
                reason=reasons.ASKED.say(instruction=asked.phrase or reasons.WATCHING.say()),
                instruction=asked,
            )
        challenge = watch.challenge
        if challenge is not None and challenge.state is ChallengeState.WAITING:
            turns = self._config.challenge.turns
            return LivenessFinding(
                liveness=Liveness.NOT_CHECKED,
                score=watch.score,
                reason=reasons.ASKED_TURN.say(
                    instruction=challenge.instruction.phrase,
                    turn=turns - challenge.turns_left + 1,
                    turns=turns,
                ),
                instruction=challenge.instruction,
            )
        return LivenessFinding(liveness=Liveness.LIVE, score=watch.score)
