"""Flight: several people run away at once, from one place or in one direction."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.analyzers.actions.gaits import Gait
from edgeai_core.analyzers.actions.sights import Person
from edgeai_core.config import param
from edgeai_core.geometry import Box
from edgeai_core.reasons.actions import PEOPLE_RUN

# How much headings agree, 0..1: the length of their mean for one direction, the mean of their
# cosines with the way out from the middle for running apart.
_MIN_AGREEMENT = 0.7
_OVER_AFTER_NS = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightConfig:
    """When flight is told; group ``flight``."""

    enabled: bool = param(True, "Tell when several people run away at once.")
    min_runners: int = param(
        3,
        "So many must run at once. Lower tells a pair of joggers.",
        minimum=2,
        maximum=50,
    )
    together_s: float = param(
        3.0,
        "All must have begun to run within this.",
        unit="s",
        minimum=0.5,
        maximum=60.0,
    )


class Flight:
    """Watches the runners of one camera; owned by one thread. Time is stamps.

    Args:
        config: when flight is told. next_incident: gives a number that was never given.
    """

    def __init__(self, config: FlightConfig, *, next_incident: Callable[[], int]) -> None:
        self._config = config
        self._next_incident = next_incident
        self._event: ActionEvent | None = None
        self._seen_ns = 0

    def reset(self) -> None:
        """Forget a flight."""
        self._event = None

    def update(
        self, runners: Mapping[int, Gait], people: Mapping[int, Person], *, stamp_ns: int
    ) -> tuple[ActionEvent, ...]:
        """Return what changed with a frame.

        Args:
            runners: those who run, by track. people: by the same tracks and others.
        """
        if not self._config.enabled:
            return ()
        fleeing = self._fleeing(runners, people)
        if fleeing:
            begun = self._event is None
            self._seen_ns = stamp_ns
            self._event = self._told(fleeing, people, stamp_ns)
            return (self._event,) if begun else ()
        if self._event is None or stamp_ns - self._seen_ns < _OVER_AFTER_NS:
            return ()
        ended = self._event
        self._event = None
        return (_at(ended, stamp_ns, end_ns=self._seen_ns),)

    def current(self, stamp_ns: int) -> tuple[ActionEvent, ...]:
        """Return the flight that lasts, if one does."""
        if self._event is None:
            return ()
        return (_at(self._event, stamp_ns, end_ns=self._event.start_ns),)

    def _fleeing(
        self, runners: Mapping[int, Gait], people: Mapping[int, Person]
    ) -> dict[int, Gait]:
        found = {t: gait for t, gait in runners.items() if t in people and gait.features}
        if len(found) < self._config.min_runners:
            return {}
        begins = [gait.since_ns for gait in found.values()]
        if self._event is None and max(begins) - min(begins) > self._config.together_s * 1e9:
            return {}
        headings = [g.features.heading_xy for g in found.values() if g.features is not None]
        places = [people[track_id].place.center_px for track_id in found]
        if max(_agreement(headings), _divergence(headings, places)) < _MIN_AGREEMENT:
            return {}
        return found

    def _told(
        self, fleeing: Mapping[int, Gait], people: Mapping[int, Person], stamp_ns: int
    ) -> ActionEvent:
        speeds = [gait.features.speed for gait in fleeing.values() if gait.features is not None]
        before = self._event
        return ActionEvent(
            action=Action.FLIGHT,
            incident=self._next_incident() if before is None else before.incident,
            # All of them must be right.
            probability=math.prod(gait.probability for gait in fleeing.values()),
            track_ids=tuple(sorted(fleeing)),
            box=_around([people[track_id].place for track_id in fleeing]),
            start_ns=min(gait.since_ns for gait in fleeing.values())
            if before is None
            else before.start_ns,
            end_ns=min(gait.since_ns for gait in fleeing.values())
            if before is None
            else before.start_ns,
            stamp_ns=stamp_ns,
            reason=PEOPLE_RUN.say(people=len(fleeing), slowest=min(speeds), fastest=max(speeds)),
        )


def _agreement(headings: list[tuple[float, float]]) -> float:
    x, y = (sum(parts) / len(headings) for parts in zip(*headings, strict=True))
    return math.hypot(x, y)


def _divergence(headings: list[tuple[float, float]], places: list[tuple[float, float]]) -> float:
    middle_x, middle_y = (sum(parts) / len(places) for parts in zip(*places, strict=True))
    cosines: list[float] = []
    for (x, y), (at_x, at_y) in zip(headings, places, strict=True):
        away = math.hypot(at_x - middle_x, at_y - middle_y)
        if away > 0:
            cosines.append((x * (at_x - middle_x) + y * (at_y - middle_y)) / away)
    return sum(cosines) / len(headings)


def _around(boxes: list[Box]) -> Box:
    edges = list(zip(*(box.as_xyxy() for box in boxes), strict=True))
    return Box(min(edges[0]), min(edges[1]), max(edges[2]), max(edges[3]))


def _at(event: ActionEvent, stamp_ns: int, *, end_ns: int) -> ActionEvent:
    return ActionEvent(
        action=event.action,
        incident=event.incident,
        probability=event.probability,
        track_ids=event.track_ids,
        box=event.box,
        start_ns=event.start_ns,
        end_ns=end_ns,
        stamp_ns=stamp_ns,
        reason=event.reason,
    )
