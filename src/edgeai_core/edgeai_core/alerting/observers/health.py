"""Nodes that fail or fall silent, and their recovery."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase

from edgeai_core.alerting.observers.tracks import to_ns, to_s
from edgeai_core.alerting.phrases import Phrase
from edgeai_core.alerting.texts import ENGLISH, Texts
from edgeai_core.config import param
from edgeai_core.types import AlertEvent, Severity

MAX_NODES = 256


class HealthLevel(Enum):
    """How a node is; the values of diagnostic_msgs/DiagnosticStatus (REP-107)."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHealth:
    """What a node says about itself.

    Attributes:
        name: node name. level: how it is. message: one sentence. stamp_ns: when it was said.
    """

    name: str
    level: HealthLevel
    message: str
    stamp_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFaultConfig:
    """When a node's trouble is worth an alert."""

    enabled: bool = param(True, "Tell about nodes that fail and that recover.")
    fault_after_s: float = param(
        3.0,
        "How long ERROR or STALE must last; longer hides short trouble such as a reconnect.",
        unit="s",
        minimum=0.0,
        maximum=600.0,
    )
    recovered_after_s: float = param(
        3.0,
        "How long a failed node must be well again before that is told.",
        unit="s",
        minimum=0.0,
        maximum=600.0,
    )
    stale_after_s: float = param(
        5.0,
        "A node that says nothing for this long counts as STALE.",
        unit="s",
        minimum=0.1,
        maximum=600.0,
    )
    critical_nodes: tuple[str, ...] = param(
        ("*cam*", "supervisor"),
        "Nodes whose fault is CRITICAL: patterns with * and ? for the node's own name, without "
        "its namespace. Name cameras and what watches over safety.",
    )
    repeat_s: float = param(
        30.0,
        "A fault that lasts is reported again after this time; the cooldown decides whether "
        "people are told again.",
        unit="s",
        minimum=0.1,
        maximum=3600.0,
    )


@dataclass(slots=True)
class _Node:
    level: HealthLevel
    message: str
    heard_ns: int
    changed_ns: int
    faulty_since_ns: int | None = None
    reported_ns: int = 0

    @property
    def bad(self) -> bool:
        return self.level in (HealthLevel.ERROR, HealthLevel.STALE)


class NodeFaultObserver:
    """Report nodes in ERROR or STALE and their recovery; WARN is degraded but at work.

    Args:
        config: debounce times and which nodes are critical.
        source: name of the node that reports. texts: language of what people are told.
    """

    def __init__(self, config: NodeFaultConfig, *, source: str, texts: Texts = ENGLISH) -> None:
        self._config = config
        self._say = texts.say
        self._source = source
        self._nodes: OrderedDict[str, _Node] = OrderedDict()

    def observe(self, health: NodeHealth) -> list[AlertEvent]:
        """Return `node_fault` or `node_recovered` that this word of a node decides."""
        if not self._config.enabled:
            return []
        now_ns = health.stamp_ns
        node = self._nodes.get(health.name)
        if node is None:
            node = _Node(health.level, health.message, now_ns, now_ns)
            self._nodes[health.name] = node
        self._nodes.move_to_end(health.name)
        if len(self._nodes) > MAX_NODES:
            self._nodes.popitem(last=False)
        node.heard_ns = now_ns
        self._turn(node, health.level, health.message, now_ns)
        return self._judged(health.name, node, now_ns)

    def check(self, *, now_ns: int) -> list[AlertEvent]:
        """Return the events that time alone decides: silence and the end of a debounce."""
        events: list[AlertEvent] = []
        for name, node in self._nodes.items():
            silent_ns = now_ns - node.heard_ns
            if silent_ns >= to_ns(self._config.stale_after_s):
                message = self._say(Phrase.NODE_SILENT, silent_s=to_s(silent_ns))
                self._turn(node, HealthLevel.STALE, message, now_ns)
            events.extend(self._judged(name, node, now_ns))
        return events

    def _turn(self, node: _Node, level: HealthLevel, message: str, now_ns: int) -> None:
        was_bad = node.bad
        node.level, node.message = level, message
        # A clock that was set back must not make the debounce wait for the lost time.
        if node.bad != was_bad or now_ns < node.changed_ns:
            node.changed_ns = now_ns

    def _judged(self, name: str, node: _Node, now_ns: int) -> list[AlertEvent]:
        lasted_s = to_s(now_ns - node.changed_ns)
        known = node.faulty_since_ns is not None
        if node.bad:
            begins = not known and lasted_s >= self._config.fault_after_s
            since_report_ns = now_ns - node.reported_ns
            repeats = known and not 0 <= since_report_ns < to_ns(self._config.repeat_s)
            if begins:
                node.faulty_since_ns = node.changed_ns
            if begins or repeats:
                node.reported_ns = now_ns
                return [self._fault(name, node, now_ns)]
        elif node.faulty_since_ns is not None and lasted_s >= self._config.recovered_after_s:
            down_s = max(0.0, to_s(node.changed_ns - node.faulty_since_ns))
            node.faulty_since_ns = None
            ended = replace(self._fault(name, node, now_ns), over=True)
            return [ended, self._recovered(name, node, down_s, now_ns)]
        return []

    def _fault(self, name: str, node: _Node, now_ns: int) -> AlertEvent:
        lasted_s = to_s(now_ns - node.changed_ns)
        own_name = name.rpartition("/")[2]
        critical = any(fnmatchcase(own_name, pattern) for pattern in self._config.critical_nodes)
        return AlertEvent(
            category="node_fault",
            severity=Severity.CRITICAL if critical else Severity.WARNING,
            title=self._say(Phrase.NODE_FAULT, name=name),
            reason=self._say(
                Phrase.NODE_FAULT_WHY,
                level=node.level.name,
                lasted_s=lasted_s,
                limit_s=self._config.fault_after_s,
                message=node.message or self._say(Phrase.NO_MESSAGE),
            ),
            source=self._source,
            subject=name,
            stamp_ns=now_ns,
        )

    def _recovered(self, name: str, node: _Node, down_s: float, now_ns: int) -> AlertEvent:
        return AlertEvent(
            category="node_recovered",
            severity=Severity.INFO,
            title=self._say(Phrase.NODE_RECOVERED, name=name),
            reason=self._say(
                Phrase.NODE_RECOVERED_WHY,
                level=node.level.name,
                down_s=down_s,
                message=node.message or self._say(Phrase.NO_MESSAGE),
            ),
            source=self._source,
            subject=name,
            stamp_ns=now_ns,
        )
