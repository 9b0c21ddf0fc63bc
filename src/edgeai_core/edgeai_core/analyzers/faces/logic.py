"""Who is in the picture, decided over several frames."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgeai_core.analyzers.faces.acceptance import (
    GALLERY_PENALTY_L2,
    MATCH_THRESHOLD_L2,
    distance_limit,
)
from edgeai_core.analyzers.faces.agreement import Agreement
from edgeai_core.analyzers.faces.interfaces import (
    DetectsFaces,
    EmbedsFaces,
    Identification,
    IdentifiesFaces,
)
from edgeai_core.analyzers.faces.liveness import ChecksLiveness, LivenessFinding
from edgeai_core.config import group, param
from edgeai_core.errors import ConfigError
from edgeai_core.reasons import faces as reasons
from edgeai_core.tracking import Tracker, TrackerConfig
from edgeai_core.types import DetectedFace, Detection, FaceMatch, Frame, Liveness

FACE_LABEL = "face"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceConfig:
    """How faces are compared and how much agreement is asked.

    Raises:
        ConfigError: more agreeing frames are asked than the window holds.
    """

    match_threshold: float = param(
        MATCH_THRESHOLD_L2,
        "Largest distance between two pictures of faces at which they count as one person's, with "
        "one person enrolled; lower means fewer strangers accepted and more enrolled people missed",
        unit="L2",
        minimum=0.0,
        maximum=4.0,
    )
    gallery_penalty: float = param(
        GALLERY_PENALTY_L2,
        "By how much the threshold falls for each natural logarithm of the number of people "
        "enrolled, because a stranger has more chances to resemble one of many; lower means more "
        "strangers accepted in large galleries",
        unit="L2",
        minimum=0.0,
        maximum=0.2,
    )
    # On the LFW part 0.05 refused 1.7 % of the rightful faces and kept no stranger out.
    min_margin: float = param(
        0.02,
        "How much farther the second-nearest person must be; higher refuses look-alikes",
        unit="L2",
        minimum=0.0,
        maximum=4.0,
    )
    min_face_px: int = param(
        60,
        "Shorter side of the smallest face that is compared; higher asks people to come nearer",
        unit="px",
        minimum=16,
        maximum=4096,
    )
    max_faces: int = param(
        4,
        "How many faces of a frame are compared, the largest first; higher costs time",
        minimum=1,
        maximum=64,
    )
    embed_every_frames: int = param(
        1,
        "Compare the faces on every n-th frame only; higher saves time and delays the unlocking",
        minimum=1,
        maximum=30,
    )
    agree_frames: int = param(
        3,
        "How many of the last compared frames of a track must name the same person; higher is "
        "safer and slower",
        minimum=1,
        maximum=100,
    )
    agree_window: int = param(
        5,
        "How many compared frames of a track are looked back at",
        minimum=1,
        maximum=100,
    )
    agree_max_age_s: float = param(
        2.0,
        "Older frames of a track no longer count as agreement; lower forgets sooner",
        unit="s",
        minimum=0.1,
        maximum=60.0,
    )
    publish_unknown: bool = param(
        True,
        "Report faces that are not recognised. Off for public places: faces are then a login for "
        "operators only, and nothing about a passer-by, not even a box, leaves the component",
    )
    tracking: TrackerConfig = group(TrackerConfig)

    def __post_init__(self) -> None:
        if self.agree_frames > self.agree_window:
            raise ConfigError(
                f"agree_frames is {self.agree_frames}, but the window holds only "
                f"{self.agree_window} frames; raise agree_window or lower agree_frames"
            )


class FaceAuthenticator:
    """Recognises enrolled people over the frames of one camera. Owned by one thread.

    A face is recognised when it is large enough, near enough to a person and clearly nearer than
    to the next one, all in this frame; it is authorised when besides that the person may unlock,
    enough of the track's last frames named the same person, and the face was found living. Time is
    the frames' stamps: a stamp that goes back forgets all tracks, a repeated one adds no agreement.

    Args:
        detector, embedder: the models.
        index: gives the people to search at each frame; a provider, so that enrolment and
            revocation reach a running camera.
        config: thresholds, and how faces are followed.
        liveness: judges the faces that were recognised; None leaves them unchecked, and it is for
            whoever unlocks to refuse them.
    """

    def __init__(
        self,
        *,
        detector: DetectsFaces,
        embedder: EmbedsFaces,
        index: Callable[[], IdentifiesFaces],
        config: FaceConfig,
        liveness: ChecksLiveness | None = None,
    ) -> None:
        self._detector = detector
        self._embedder = embedder
        self._index = index
        self._config = config
        self._liveness = liveness
        self._tracker = Tracker(config.tracking)
        self._agreement = Agreement(
            window=config.agree_window, max_age_ns=round(config.agree_max_age_s * 1e9)
        )
        self.reset()

    def reset(self) -> None:
        """Forget all tracks and their agreement."""
        self._tracker.reset()
        self._agreement.clear()
        if self._liveness is not None:
            self._liveness.reset()
        self._last_stamp_ns: int | None = None
        self._frames_since_comparison = 0

    def analyze(self, frame: Frame) -> tuple[FaceMatch, ...]:
        """Return what is known about the faces of the frame, the largest first.

        Without `publish_unknown` only the recognised ones are among them.
        """
        if self._last_stamp_ns is not None and frame.stamp_ns < self._last_stamp_ns:
            self.reset()
        repeated = frame.stamp_ns == self._last_stamp_ns
        self._last_stamp_ns = frame.stamp_ns
        faces = sorted(self._detector.detect(frame.image), key=lambda f: -f.box.area_px2)
        track_ids = self._tracker.identities(
            [Detection(label=FACE_LABEL, score=face.score, box=face.box) for face in faces],
            frame.stamp_ns,
        )
        self._agreement.forget_old(frame.stamp_ns)
        if self._liveness is not None:
            self._liveness.retain(self._agreement.track_ids)
        comparing = self._frames_since_comparison == 0
        self._frames_since_comparison += 1
        self._frames_since_comparison %= self._config.embed_every_frames
        index = self._index()
        left = self._config.max_faces if comparing else 0
        matches: list[FaceMatch] = []
        for face, track_id in zip(faces, track_ids, strict=True):
            obstacle = self._obstacle(face, index, left=left, comparing=comparing)
            if obstacle:
                matches.append(_unknown(face, track_id, obstacle))
                continue
            left -= 1
            matches.append(self._compared(frame, face, track_id, index, vote=not repeated))
        return tuple(m for m in matches if m.recognised or self._config.publish_unknown)

    def _obstacle(
        self, face: DetectedFace, index: IdentifiesFaces, *, left: int, comparing: bool
    ) -> str:
        """Return why the face is not compared in this frame, empty when it is."""
        side_px = min(face.box.width_px, face.box.height_px)
        if index.empty_reason:
            return index.empty_reason
        if side_px < self._config.min_face_px:
            return reasons.TOO_SMALL.say(side_px=side_px, min_px=self._config.min_face_px)
        if not comparing:
            return reasons.FRAME_LEFT_OUT.say(every=self._config.embed_every_frames)
        if left == 0:
            return reasons.ONLY_LARGEST.say(faces=self._config.max_faces)
        if face.mesh_xyz_px is None:
            return reasons.NO_MESH.say()
        return ""

    def _compared(
        self,
        frame: Frame,
        face: DetectedFace,
        track_id: int | None,
        index: IdentifiesFaces,
        *,
        vote: bool,
    ) -> FaceMatch:
        embedding = self._embedder.embed(frame.image, face)
        nearest = index.match(embedding) if np.isfinite(embedding).all() else None
        objection = identity_objection(nearest, self._config)
        person_id = nearest.person_id if nearest is not None and not objection else ""
        if track_id is not None and vote:
            self._agreement.add(track_id, frame.stamp_ns, person_id)
        if nearest is None or objection:
            return _unknown(face, track_id, objection, nearest)
        agreeing = self._agreement.count(track_id, person_id)
        # The frame's own time: the session takes no frame whose stamp is not of now.
        refusal = nearest.refusal_at(frame.stamp_ns)
        living = self._living(frame, face, track_id, person_id)
        objection = refusal or self._agreement_objection(agreeing) or living.reason
        return FaceMatch(
            box=face.box,
            detection_score=face.score,
            track_id=track_id,
            person_id=person_id,
            person_name=nearest.person_name,
            distance=nearest.distance,
            margin=nearest.margin,
            permitted=not refusal,
            authorised=not objection,
            liveness=living.liveness,
            liveness_score=living.score,
            instruction=living.instruction,
            agreeing_frames=agreeing,
            rejection=objection,
        )

    def _living(
        self, frame: Frame, face: DetectedFace, track_id: int | None, person_id: str
    ) -> LivenessFinding:
        if self._liveness is None:
            return LivenessFinding(liveness=Liveness.NOT_CHECKED)
        return self._liveness.check(frame, face, track_id, person_id=person_id)

    def _agreement_objection(self, agreeing: int) -> str:
        config = self._config
        if agreeing >= config.agree_frames:
            return ""
        return reasons.FEW_FRAMES_AGREE.say(
            agreeing=agreeing, window=config.agree_window, needed=config.agree_frames
        )


def identity_objection(nearest: Identification | None, config: FaceConfig) -> str:
    """Return why a frame does not name the person nearest to its face, empty when it does.

    Args:
        nearest: None when the face gave nothing to search with. config: the limits.
    """
    if nearest is None:
        return reasons.NO_TEMPLATE.say()
    limit = distance_limit(
        config.match_threshold,
        gallery_penalty=config.gallery_penalty,
        gallery_size=nearest.gallery_size,
    )
    # Written as "not within", so that a NaN refuses.
    if not nearest.distance <= limit:
        return reasons.TOO_FAR.say(distance=nearest.distance, limit=limit)
    if not nearest.margin >= config.min_margin:
        return reasons.TWO_FIT.say(margin=nearest.margin, limit=config.min_margin)
    return ""


def _unknown(
    face: DetectedFace,
    track_id: int | None,
    rejection: str,
    nearest: Identification | None = None,
) -> FaceMatch:
    return FaceMatch(
        box=face.box,
        detection_score=face.score,
        track_id=track_id,
        distance=math.nan if nearest is None else nearest.distance,
        margin=math.nan if nearest is None else nearest.margin,
        rejection=rejection,
    )
