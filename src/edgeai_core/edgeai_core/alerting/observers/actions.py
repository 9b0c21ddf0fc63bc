"""Falls, people who stay down, flight, and what else people do that others should know."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.config import param
from edgeai_core.types import AlertEvent, Severity

_NOT_TOLD = "NONE"
_CHOICES = (_NOT_TOLD, *(severity.name for severity in Severity))
_HOW = f"How urgent; {_NOT_TOLD} tells nobody"
# What goes on for a while and is told by events of one start: begun, surer, over.
_LASTING = frozenset({Action.FLIGHT, Action.FIGHT, Action.ACCIDENT, Action.RUN})
# Falls of all cameras whose beginning is remembered; far more than go on at once.
_MAX_INCIDENTS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionConfig:
    """Which movements people are told about."""

    min_probability: float = param(
        0.65,
        "What is less sure is published and told to nobody: a vehicle that something stopped or "
        "turned, without a touch to be seen, counts 0.55; somebody who was lost from view while "
        "coming down counts 0.65. Lower tells more accidents and more odd driving.",
        minimum=0.0,
        maximum=1.0,
    )
    fight_min_probability: float = param(
        0.9,
        "The same for fights. Traffic close to the camera and harmless haste look like fights for "
        "some seconds (0.84 on the demo's street), so people are told of the sure ones. Lower it "
        "for a camera that sees people only.",
        minimum=0.0,
        maximum=1.0,
    )
    fall: str = param("WARNING", f"Somebody fell. {_HOW}.", choices=_CHOICES)
    lying: str = param("CRITICAL", f"Somebody fell and stays down. {_HOW}.", choices=_CHOICES)
    recovered: str = param(
        "INFO", f"Somebody who had fallen is up again. {_HOW}.", choices=_CHOICES
    )
    flight: str = param("WARNING", f"Several people run away. {_HOW}.", choices=_CHOICES)
    fight: str = param("CRITICAL", f"People fight. {_HOW}.", choices=_CHOICES)
    accident: str = param(
        "CRITICAL", f"Vehicles collide, or somebody is run over. {_HOW}.", choices=_CHOICES
    )
    run: str = param("NONE", f"Somebody runs. {_HOW}.", choices=_CHOICES)


_TITLES = {
    Action.FALL: Phrase.FALL,
    Action.LYING: Phrase.LYING,
    Action.RECOVERED: Phrase.RECOVERED,
    Action.FLIGHT: Phrase.FLIGHT,
    Action.FIGHT: Phrase.FIGHT,
    Action.ACCIDENT: Phrase.ACCIDENT,
    Action.RUN: Phrase.RUN,
}
# What a recovery ends.
_DOWN = (Action.FALL.value, Action.LYING.value)


class ActionObserver:
    """Turn movements into events of alerts; a fall and what follows are one subject.

    Args:
        config: which ones, and how urgent. source: name of the node that sees for us.
        texts: language of what people are told.
    """

    def __init__(self, config: ActionConfig, *, source: str, texts: Texts = ENGLISH) -> None:
        self._config = config
        self._texts = texts
        self._source = source
        self._begun_ns: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._told: set[tuple[str, int]] = set()

    def observe(self, events: Sequence[ActionEvent], *, camera: str) -> list[AlertEvent]:
        """Return what people are told of a frame's movements; a recovery ends the fall first."""
        told: list[AlertEvent] = []
        for event in events:
            begun_ns = self._begun(event, camera)
            title = _TITLES.get(event.action)
            severity = getattr(self._config, event.action.value) if title else _NOT_TOLD
            unheard = severity == _NOT_TOLD and event.action is not Action.RECOVERED
            if title is None or unheard or not self._is_sure(event, camera):
                continue
            alert = AlertEvent(
                category=event.action.value,
                severity=Severity.INFO if severity == _NOT_TOLD else Severity[severity],
                title=self._texts.say(title),
                reason=self._texts.reason(event.reason),
                source=self._source,
                subject=f"incident {event.incident} of {begun_ns}",
                camera=camera,
                stamp_ns=event.stamp_ns,
                score=event.probability,
            )
            if event.action is Action.RECOVERED:
                told += [replace(alert, category=category, over=True) for category in _DOWN]
            if severity != _NOT_TOLD:
                told.append(replace(alert, over=_is_over(event)))
        return told

    def _is_sure(self, event: ActionEvent, camera: str) -> bool:
        """Whether an event is sure enough; an end is told to whom the beginning was told."""
        key = (camera, event.incident)
        if event.action is Action.RECOVERED or _is_over(event):
            return key in self._told
        fights = event.action is Action.FIGHT
        config = self._config
        if event.probability < (config.fight_min_probability if fights else config.min_probability):
            return False
        self._told.add(key)
        return True

    def _begun(self, event: ActionEvent, camera: str) -> int:
        """Return when an incident began: a node that is started anew counts from 1 again."""
        key = (camera, event.incident)
        lasts = event.action in _LASTING
        begins = not lasts and event.action not in (Action.LYING, Action.RECOVERED)
        if begins or key not in self._begun_ns or event.stamp_ns < self._begun_ns[key]:
            self._begun_ns[key] = event.start_ns if lasts else event.stamp_ns
            self._told.discard(key)
        self._begun_ns.move_to_end(key)
        if len(self._begun_ns) > _MAX_INCIDENTS:
            oldest, _ = self._begun_ns.popitem(last=False)
            self._told.discard(oldest)
        return self._begun_ns[key]


def _is_over(event: ActionEvent) -> bool:
    return event.action in _LASTING and event.end_ns > event.start_ns
