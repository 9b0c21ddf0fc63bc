"""Rules at work: events in, those to be told out."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from edgeai_core.alerting.forgetting import Forgotten, ForgottenPeople
from edgeai_core.alerting.memory import AlertKey, key_of
from edgeai_core.alerting.plan import Plan
from edgeai_core.alerting.rules import Rule
from edgeai_core.alerting.situation import Situation
from edgeai_core.types import AlertEvent, Severity

_MAX_WAITING = 1024
_FORGET_NS = 600 * 1_000_000_000
# These are told anew while they go on, and nothing tells when they are gone.
_REPEATED = frozenset({"unknown_face", "unauthorised_person", "spoofed_face", "watched_object"})
# Three times the observers' default repetition.
_REPETITION_NS = 30 * 1_000_000_000
LocalTime = Callable[[int], time]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledEvent:
    """An event that may become an alert, and the name of the rule that decided; empty for none."""

    event: AlertEvent
    rule: str = ""


@dataclass(slots=True)
class _Lasting:
    """Something that must go on before it is told."""

    rule: Rule
    since_ns: int
    event: AlertEvent
    told: bool = False


def local_time(stamp_ns: int) -> time:
    """Return the machine's local time of day of a stamp in nanoseconds since 1970."""
    return datetime.fromtimestamp(stamp_ns // 1_000_000_000).time()


class RuleBook:
    """The first rule that fits decides; what no rule fits is told as it is.

    One thread owns it. What waits for its minimum duration is bounded: beyond 1024 the oldest is
    told at once, because an early alert is better than none.

    Args:
        rules: in their order.
        situation: what conditions are checked against; the owner feeds it.
        time_of_day: local time of a stamp.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        *,
        situation: Situation,
        time_of_day: LocalTime = local_time,
    ) -> None:
        self._rules = tuple(rules)
        self._situation = situation
        self._time_of_day = time_of_day
        self._lasting: OrderedDict[AlertKey, _Lasting] = OrderedDict()
        self._forgotten = ForgottenPeople()
        self.suppressed = 0

    @property
    def plans(self) -> Mapping[str, Plan]:
        """How the alerts of each rule are told, by its name."""
        return {rule.name: rule.plan() for rule in self._rules}

    def judge(self, events: Sequence[AlertEvent]) -> list[RuledEvent]:
        """Return what is told of events now."""
        told = [self._forgotten.out_of_event(event) for event in events]
        return [ruled for event in told for ruled in self._judge(event)]

    def check(self, *, now_ns: int) -> list[RuledEvent]:
        """Return what has lasted long enough by now; call it about once a second."""
        due = []
        for key, lasting in list(self._lasting.items()):
            repeated = lasting.event.category in _REPEATED
            lasted_ns = now_ns - lasting.since_ns
            if not (lasting.told or repeated) and lasted_ns >= _duration_ns(lasting.rule):
                due.append(self._release(lasting))
            elif (lasting.told or repeated) and not (
                0 <= now_ns - lasting.event.stamp_ns <= _FORGET_NS
            ):
                del self._lasting[key]
        return due

    def forget_person(self, person: Forgotten) -> None:
        """Take a person out of what waits to be told, and out of what is judged from now on."""
        self._forgotten.add(person)
        for key, lasting in list(self._lasting.items()):
            if person.is_in(lasting.event.subject):
                del self._lasting[key]
                lasting.event = person.out_of_event(lasting.event)
                self._lasting[key_of(lasting.event)] = lasting

    def _judge(self, event: AlertEvent) -> list[RuledEvent]:
        if event.over:
            self._lasting.pop(key_of(event), None)
            return [RuledEvent(event=event)]
        rule = self._fitting(event)
        self._situation.note(event)
        if rule is None:
            return [RuledEvent(event=event)]
        if not rule.tell:
            self.suppressed += 1
            return []
        if rule.severity:
            event = dataclasses.replace(event, severity=Severity[rule.severity])
        if rule.min_duration_s > 0.0:
            return self._wait(event, rule)
        return [RuledEvent(event=event, rule=rule.name)]

    def _fitting(self, event: AlertEvent) -> Rule | None:
        if not self._rules:
            return None
        moment, state = self._time_of_day(event.stamp_ns), self._situation.state
        for rule in self._rules:
            about = rule.is_about(event, moment=moment, state=state)
            if about and self._situation.meets(rule.when, event):
                return rule
        return None

    def _wait(self, event: AlertEvent, rule: Rule) -> list[RuledEvent]:
        key = key_of(event)
        lasting = self._lasting.get(key)
        if lasting is None or lasting.rule is not rule or _is_another(lasting, event):
            lasting = self._lasting[key] = _Lasting(rule, event.stamp_ns, event)
        lasting.event = event
        self._lasting.move_to_end(key)
        if lasting.told or event.stamp_ns - lasting.since_ns >= _duration_ns(rule):
            return [self._release(lasting)]
        if len(self._lasting) > _MAX_WAITING:
            _, oldest = self._lasting.popitem(last=False)
            return [] if oldest.told else [self._release(oldest)]
        return []

    def _release(self, lasting: _Lasting) -> RuledEvent:
        lasting.told = True
        return RuledEvent(event=lasting.event, rule=lasting.rule.name)


def _is_another(lasting: _Lasting, event: AlertEvent) -> bool:
    """Whether an event begins something new: after a gap, or before the time of what went on."""
    gap_ns = event.stamp_ns - lasting.event.stamp_ns
    return event.stamp_ns < lasting.since_ns or (
        event.category in _REPEATED and gap_ns > _REPETITION_NS
    )


def _duration_ns(rule: Rule) -> int:
    return round(rule.min_duration_s * 1e9)
