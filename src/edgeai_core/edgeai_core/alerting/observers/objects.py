"""Objects that must not be there while nobody, or not everybody, is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgeai_core.alerting.observers.tracks import TrackMemory, to_ns, to_s
from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.config import param
from edgeai_core.errors import ConfigError
from edgeai_core.types import AlertEvent, Detection, SessionState, Severity

_STATES = tuple(state.name for state in SessionState)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedObjectConfig:
    """Which objects are worth an alert, and when.

    Raises:
        ConfigError: a watch state that does not exist.
    """

    enabled: bool = param(True, "Tell about watched objects.")
    watch_labels: tuple[str, ...] = param(
        ("person",), "Labels of the object detector that raise an alert."
    )
    watch_states: tuple[str, ...] = param(
        ("MONITORING",), f"Session states in which objects are watched: {', '.join(_STATES)}."
    )
    min_duration_s: float = param(
        2.0,
        "How long an object must be tracked; longer means fewer false alerts and later ones.",
        unit="s",
        minimum=0.0,
        maximum=3600.0,
    )
    max_gap_s: float = param(
        1.0,
        "An object that was not seen for longer starts anew.",
        unit="s",
        minimum=0.01,
        maximum=60.0,
    )
    min_score: float = param(
        0.5,
        "Detections below this confidence do not count.",
        minimum=0.0,
        maximum=1.0,
    )
    severity: str = param(
        "WARNING",
        "How urgent the alert is; CRITICAL is never held back by the rate limit.",
        choices=tuple(severity.name for severity in Severity),
    )
    repeat_s: float = param(
        10.0,
        "An object that stays is reported again after this time; the cooldown decides whether "
        "people are told again.",
        unit="s",
        minimum=0.1,
        maximum=3600.0,
    )

    def __post_init__(self) -> None:
        unknown = [name for name in self.watch_states if name not in _STATES]
        if unknown:
            raise ConfigError(
                f"parameter watch_states: got {', '.join(unknown)}, "
                f"expected names among {', '.join(_STATES)}"
            )


class WatchedObjectObserver:
    """Report watched objects that stay in the picture.

    Args:
        config: labels, states and thresholds.
        source: name of the node that sees for us. texts: language of what people are told.
    """

    def __init__(self, config: WatchedObjectConfig, *, source: str, texts: Texts = ENGLISH) -> None:
        self._config = config
        self._texts = texts
        self._source = source
        self._labels = frozenset(config.watch_labels)
        self._states = frozenset(SessionState[name] for name in config.watch_states)
        self._tracks = TrackMemory[tuple[str, str, int]](gap_ns=to_ns(config.max_gap_s))

    def observe(
        self,
        detections: Sequence[Detection],
        *,
        stamp_ns: int,
        camera: str,
        state: SessionState,
    ) -> list[AlertEvent]:
        """Return `watched_object` alerts for one frame; untracked objects are not counted.

        Only time in a watched state counts: an object that was there before is new when the
        state begins.
        """
        if not self._config.enabled:
            return []
        if state not in self._states:
            self._tracks.clear()
            return []
        events = []
        for detection in detections:
            if detection.track_id is None or detection.label not in self._labels:
                continue
            if detection.score < self._config.min_score:
                continue
            track = self._tracks.seen((camera, detection.label, detection.track_id), stamp_ns)
            stay_ns = stamp_ns - track.first_ns
            if stay_ns < to_ns(self._config.min_duration_s):
                continue
            if track.take_report(stamp_ns, repeat_ns=to_ns(self._config.repeat_s)):
                subject = f"{detection.label} {detection.track_id} of {track.first_ns}"
                events.append(self._event(detection, stay_ns, subject, stamp_ns, camera, state))
        return events

    def _event(
        self,
        detection: Detection,
        stay_ns: int,
        subject: str,
        stamp_ns: int,
        camera: str,
        state: SessionState,
    ) -> AlertEvent:
        label = self._texts.label(detection.label)
        reason = self._texts.say(
            Phrase.WATCHED_OBJECT_WHY,
            label=label,
            stay_s=to_s(stay_ns),
            limit_s=self._config.min_duration_s,
            state=state.name,
            score=detection.score,
            min_score=self._config.min_score,
        )
        return AlertEvent(
            category="watched_object",
            severity=Severity[self._config.severity],
            title=self._texts.say(Phrase.WATCHED_OBJECT, label=label),
            reason=reason,
            source=self._source,
            subject=subject,
            camera=camera,
            stamp_ns=stamp_ns,
            score=detection.score,
        )
