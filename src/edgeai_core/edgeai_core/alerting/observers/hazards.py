"""Fire, its end, and flames that nobody attends."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from edgeai_core.alerting.observers.tracks import to_ns
from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.config import param
from edgeai_core.types import AlertEvent, HazardReport, HazardState, Severity

MAX_CAMERAS = 256
# Of one camera; a place beyond is told without a memory of when it was told last.
_MAX_ZONES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardConfig:
    """Whether fire is told, and how often."""

    enabled: bool = param(True, "Tell about fire and about flames that nobody attends.")
    repeat_s: float = param(
        10.0,
        "A fire or an unattended flame that goes on is reported again after this time; the "
        "cooldown decides whether people are told again.",
        unit="s",
        minimum=0.1,
        maximum=3600.0,
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    category: str
    severity: Severity
    title: Phrase


_KINDS = {
    HazardState.START_FIRE: _Kind("start_fire", Severity.WARNING, Phrase.START_FIRE),
    HazardState.FIRE: _Kind("fire", Severity.CRITICAL, Phrase.FIRE),
    HazardState.CLEARED: _Kind("hazard_cleared", Severity.INFO, Phrase.HAZARD_CLEARED),
}
_BURNING = (HazardState.START_FIRE, HazardState.FIRE)
_LONE_FLAME = _Kind("unattended_flame", Severity.WARNING, Phrase.UNATTENDED_FLAME)


@dataclass(slots=True)
class _Camera:
    """What was told of one camera; `subject` names its present fire, empty for none."""

    last_ns: int
    subject: str = ""
    state: HazardState = HazardState.NONE
    told_ns: int = 0
    zones_told_ns: dict[str, int] = field(default_factory=dict)


class HazardObserver:
    """Report fires: WARNING when one begins, CRITICAL when it burns, INFO when it is over.

    All events of one fire have one subject.

    Args:
        config: switch and repetition.
        source: name of the node that sees for us. texts: language of what people are told.
    """

    def __init__(self, config: HazardConfig, *, source: str, texts: Texts = ENGLISH) -> None:
        self._config = config
        self._texts = texts
        self._source = source
        self._cameras: OrderedDict[str, _Camera] = OrderedDict()

    def observe(self, report: HazardReport, *, stamp_ns: int, camera: str) -> list[AlertEvent]:
        """Return the events of one report: the fire's first, then one for every lone flame.

        What is over comes before what is told.
        """
        if not self._config.enabled:
            return []
        known = self._camera(camera, stamp_ns)
        ends = self._end_of_fire(known, report, stamp_ns, camera)
        return [
            *ends,
            *self._fire(known, report, stamp_ns, camera),
            *self._lone_flames(known, report, stamp_ns, camera),
        ]

    def _end_of_fire(
        self, known: _Camera, report: HazardReport, stamp_ns: int, camera: str
    ) -> list[AlertEvent]:
        if known.state not in _BURNING or report.state in _BURNING:
            return []
        return [
            replace(
                self._event(
                    _KINDS[state],
                    reason=report.reason,
                    subject=known.subject,
                    camera=camera,
                    stamp_ns=stamp_ns,
                    score=math.nan,
                ),
                over=True,
            )
            for state in _BURNING
        ]

    def _camera(self, name: str, stamp_ns: int) -> _Camera:
        known = self._cameras.get(name)
        if known is None or stamp_ns < known.last_ns:
            known = self._cameras[name] = _Camera(stamp_ns)
        known.last_ns = stamp_ns
        self._cameras.move_to_end(name)
        if len(self._cameras) > MAX_CAMERAS:
            self._cameras.popitem(last=False)
        return known

    def _fire(
        self, known: _Camera, report: HazardReport, stamp_ns: int, camera: str
    ) -> list[AlertEvent]:
        changed = report.state is not known.state
        was_burning = known.state in _BURNING
        known.state = report.state
        kind = _KINDS.get(report.state)
        if kind is None:
            return []
        if report.state is HazardState.CLEARED:
            # Over is told once, and only to whom the fire was told.
            repeats, told = False, was_burning
        else:
            repeats, told = stamp_ns - known.told_ns >= to_ns(self._config.repeat_s), True
            if not was_burning:
                known.subject = f"fire of {report.since_ns}"
        if not told or not (changed or repeats):
            return []
        known.told_ns = stamp_ns
        return [
            self._event(
                kind,
                reason=report.reason,
                subject=known.subject,
                camera=camera,
                stamp_ns=stamp_ns,
                score=min(1.0, report.start_fire_score + report.fire_score),
            )
        ]

    def _lone_flames(
        self, known: _Camera, report: HazardReport, stamp_ns: int, camera: str
    ) -> list[AlertEvent]:
        told = known.zones_told_ns
        events = []
        for zone in [zone for zone in told if zone not in report.unattended]:
            del told[zone]
            events.append(replace(self._lone_flame(zone, report, stamp_ns, camera), over=True))
        for zone in report.unattended:
            if zone in told and stamp_ns - told[zone] < to_ns(self._config.repeat_s):
                continue
            if len(told) < _MAX_ZONES:
                told[zone] = stamp_ns
            events.append(self._lone_flame(zone, report, stamp_ns, camera))
        return events

    def _lone_flame(
        self, zone: str, report: HazardReport, stamp_ns: int, camera: str
    ) -> AlertEvent:
        return self._event(
            _LONE_FLAME,
            reason=report.reason,
            subject=zone,
            camera=camera,
            stamp_ns=stamp_ns,
            # The report's scores are of the picture without the place.
            score=math.nan,
            zone=zone,
        )

    def _event(
        self,
        kind: _Kind,
        *,
        reason: str,
        subject: str,
        camera: str,
        stamp_ns: int,
        score: float,
        zone: str = "",
    ) -> AlertEvent:
        return AlertEvent(
            category=kind.category,
            severity=kind.severity,
            title=self._texts.say(kind.title, zone=zone),
            reason=self._texts.reason(reason),
            source=self._source,
            subject=subject,
            camera=camera,
            stamp_ns=stamp_ns,
            score=score,
            zone=zone,
        )
