"""Enrolled people who may not unlock, and copies of them that were found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgeai_core.alerting.observers.tracks import TrackMemory, to_ns, to_s
from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.config import param
from edgeai_core.types import AlertEvent, FaceMatch, Liveness, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class UnauthorisedFaceConfig:
    """When a known person without the right to unlock is worth an alert."""

    enabled: bool = param(True, "Tell about enrolled people who may not unlock.")
    frames: int = param(
        10, "Frames in which the same person is recognised.", minimum=1, maximum=1000
    )
    window_s: float = param(
        3.0, "Time in which the frames must lie.", unit="s", minimum=0.05, maximum=600.0
    )
    repeat_s: float = param(
        10.0,
        "A person who stays is reported again after this time; the cooldown decides whether "
        "people are told again.",
        unit="s",
        minimum=0.1,
        maximum=3600.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoofedFaceConfig:
    """When a face that was found not to be living is worth an alert."""

    enabled: bool = param(
        True, "Tell when a picture or a recording of an enrolled person is held into the camera."
    )
    frames: int = param(
        10,
        "Frames in which the person's face was found not living.",
        minimum=1,
        maximum=1000,
    )
    window_s: float = param(
        3.0, "Time in which the frames must lie.", unit="s", minimum=0.05, maximum=600.0
    )
    repeat_s: float = param(
        10.0,
        "A copy that stays is reported again after this time; the cooldown decides whether "
        "people are told again.",
        unit="s",
        minimum=0.1,
        maximum=3600.0,
    )


class UnauthorisedFaceObserver:
    """Report enrolled people who may not unlock.

    Args:
        config: thresholds.
        source: name of the node that sees for us. texts: language of what people are told.
    """

    def __init__(
        self, config: UnauthorisedFaceConfig, *, source: str, texts: Texts = ENGLISH
    ) -> None:
        self._config = config
        self._texts = texts
        self._source = source
        self._people = _People(config)

    def observe(
        self, matches: Sequence[FaceMatch], *, stamp_ns: int, camera: str
    ) -> list[AlertEvent]:
        """Return `unauthorised_person` warnings for one frame."""
        refused = [match for match in matches if match.recognised and not match.permitted]
        return [
            _warning(
                match,
                category="unauthorised_person",
                title=self._texts.say(Phrase.UNAUTHORISED, name=_name(match)),
                reason=_with_rejection(
                    self._texts.say(
                        Phrase.UNAUTHORISED_WHY,
                        name=_name(match),
                        frames=self._config.frames,
                        span_s=to_s(span_ns),
                        window_s=self._config.window_s,
                        distance=match.distance,
                    ),
                    match,
                    self._texts,
                ),
                source=self._source,
                camera=camera,
                stamp_ns=stamp_ns,
            )
            for match, span_ns in self._people.due(refused, stamp_ns=stamp_ns, camera=camera)
        ]


class SpoofedFaceObserver:
    """Report copies of enrolled people: prints, displays, recordings that were found out.

    Args:
        config: thresholds.
        source: name of the node that sees for us. texts: language of what people are told.
    """

    def __init__(self, config: SpoofedFaceConfig, *, source: str, texts: Texts = ENGLISH) -> None:
        self._config = config
        self._texts = texts
        self._source = source
        self._people = _People(config)

    def observe(
        self, matches: Sequence[FaceMatch], *, stamp_ns: int, camera: str
    ) -> list[AlertEvent]:
        """Return `spoofed_face` warnings for one frame."""
        copies = [m for m in matches if m.recognised and m.liveness is Liveness.SPOOF]
        return [
            _warning(
                match,
                category="spoofed_face",
                title=self._texts.say(Phrase.SPOOFED, name=_name(match)),
                reason=_with_rejection(
                    self._texts.say(
                        Phrase.SPOOFED_WHY,
                        name=_name(match),
                        frames=self._config.frames,
                        span_s=to_s(span_ns),
                        window_s=self._config.window_s,
                        score=match.liveness_score,
                    ),
                    match,
                    self._texts,
                ),
                source=self._source,
                camera=camera,
                stamp_ns=stamp_ns,
            )
            for match, span_ns in self._people.due(copies, stamp_ns=stamp_ns, camera=camera)
        ]


class _People:
    """Counts the frames of each person in front of each camera."""

    def __init__(self, config: UnauthorisedFaceConfig | SpoofedFaceConfig) -> None:
        self._config = config
        self._seen = TrackMemory[tuple[str, str]](
            gap_ns=to_ns(config.window_s), frames=config.frames
        )

    def due(
        self, matches: Sequence[FaceMatch], *, stamp_ns: int, camera: str
    ) -> list[tuple[FaceMatch, int]]:
        """Count the matches of one frame; return those to report, with the frames' span in ns."""
        if not self._config.enabled:
            return []
        due = []
        for match in matches:
            person = self._seen.seen((camera, match.person_id), stamp_ns)
            person.count(stamp_ns)
            span_ns = person.span_ns()
            if span_ns is None or span_ns > to_ns(self._config.window_s):
                continue
            if person.take_report(stamp_ns, repeat_ns=to_ns(self._config.repeat_s)):
                due.append((match, span_ns))
        return due


def _warning(
    match: FaceMatch,
    *,
    category: str,
    title: str,
    reason: str,
    source: str,
    camera: str,
    stamp_ns: int,
) -> AlertEvent:
    return AlertEvent(
        category=category,
        severity=Severity.WARNING,
        title=title,
        reason=reason,
        source=source,
        subject=match.person_id,
        camera=camera,
        stamp_ns=stamp_ns,
        score=match.detection_score,
    )


def _name(match: FaceMatch) -> str:
    return match.person_name or match.person_id


def _with_rejection(told: str, match: FaceMatch, texts: Texts) -> str:
    if not match.rejection:
        return told
    return texts.say(Phrase.AND_WHY, told=told, reason=texts.reason(match.rejection))
