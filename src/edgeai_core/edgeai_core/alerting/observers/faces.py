"""Faces that nobody enrolled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgeai_core.alerting.observers.tracks import TrackMemory, to_ns, to_s
from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.config import param
from edgeai_core.types import AlertEvent, FaceMatch, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownFaceConfig:
    """When an unknown face is worth an alert."""

    enabled: bool = param(True, "Tell about faces that nobody enrolled.")
    min_face_px: float = param(
        60.0,
        "Shorter side of the face box; smaller faces are too far away to judge and are ignored.",
        unit="px",
        minimum=1.0,
        maximum=4096.0,
    )
    frames: int = param(
        15,
        "Frames of one track with an unknown face; more means fewer alerts on people who only "
        "looked away.",
        minimum=1,
        maximum=1000,
    )
    window_s: float = param(
        5.0,
        "Time in which the frames must lie; a recognised frame within it speaks for the face.",
        unit="s",
        minimum=0.05,
        maximum=600.0,
    )
    repeat_s: float = param(
        10.0,
        "A face that stays is reported again after this time; the cooldown decides whether "
        "people are told again.",
        unit="s",
        minimum=0.1,
        maximum=3600.0,
    )


class UnknownFaceObserver:
    """Report faces that stay unknown.

    Args:
        config: thresholds.
        source: name of the node that sees for us. texts: language of what people are told.
    """

    def __init__(self, config: UnknownFaceConfig, *, source: str, texts: Texts = ENGLISH) -> None:
        self._config = config
        self._say = texts.say
        self._source = source
        self._tracks = TrackMemory[tuple[str, int]](
            gap_ns=to_ns(config.window_s), frames=config.frames
        )

    def observe(
        self, matches: Sequence[FaceMatch], *, stamp_ns: int, camera: str
    ) -> list[AlertEvent]:
        """Return `unknown_face` warnings for one frame; faces without a track are not counted."""
        if not self._config.enabled:
            return []
        events = []
        for match in matches:
            if match.track_id is None:
                continue
            track = self._tracks.seen((camera, match.track_id), stamp_ns)
            if match.recognised:
                track.cleared_ns = stamp_ns
                continue
            side_px = min(match.box.width_px, match.box.height_px)
            if side_px < self._config.min_face_px:
                continue
            track.count(stamp_ns)
            window_ns = to_ns(self._config.window_s)
            if track.cleared_ns is not None and stamp_ns - track.cleared_ns <= window_ns:
                continue
            span_ns = track.span_ns()
            if span_ns is None or span_ns > window_ns:
                continue
            if track.take_report(stamp_ns, repeat_ns=to_ns(self._config.repeat_s)):
                # Trackers count from 1 again after a restart: the first stamp tells stays apart.
                subject = f"track {match.track_id} of {track.first_ns}"
                events.append(self._event(match, side_px, span_ns, subject, stamp_ns, camera))
        return events

    def _event(
        self,
        match: FaceMatch,
        side_px: float,
        span_ns: int,
        subject: str,
        stamp_ns: int,
        camera: str,
    ) -> AlertEvent:
        nearest = (
            self._say(Phrase.NEAREST_PERSON, distance=match.distance)
            if math.isfinite(match.distance)
            else self._say(Phrase.NO_NEAREST_PERSON)
        )
        reason = self._say(
            Phrase.UNKNOWN_FACE_WHY,
            frames=self._config.frames,
            span_s=to_s(span_ns),
            window_s=self._config.window_s,
            side_px=side_px,
            min_px=self._config.min_face_px,
            nearest=nearest,
        )
        return AlertEvent(
            category="unknown_face",
            severity=Severity.WARNING,
            title=self._say(Phrase.UNKNOWN_FACE),
            reason=reason,
            source=self._source,
            subject=subject,
            camera=camera,
            stamp_ns=stamp_ns,
            score=match.detection_score,
        )
