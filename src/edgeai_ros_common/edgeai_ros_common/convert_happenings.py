"""From the answers of analyzers to what expectations are about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from edgeai_core.regression.happenings import Happening, Kind, Moment
from edgeai_core.types import HazardState
from edgeai_ros_common.bags.answers import Answer
from edgeai_ros_common.convert import detections_from_msg, faces_from_msg
from edgeai_ros_common.convert_actions import actions_from_msg
from edgeai_ros_common.convert_events import events_from_msg
from edgeai_ros_common.convert_hazards import hazard_from_msg

UNKNOWN = "unknown"
_Key = tuple[Kind, str, int, int]


def happenings_of(answers: Sequence[Answer], *, begin_ns: int) -> tuple[Happening, ...]:
    """Return what the answers tell of.

    What is followed is one happening for each identity and name; when stamps go back, another
    begins. Events and changes of the hazard's state are one each.

    Args:
        answers: by picture. begin_ns: stamp of the first picture.

    Raises:
        ValueError: a message contradicts itself.
    """
    log = _Log(begin_ns)
    views: dict[str, Callable[[Any], None]] = {
        "faces": log.see_faces,
        "objects": log.see_objects,
        "objects/events": log.see_object_events,
        "hazards": log.see_hazard,
        "actions": log.see_actions,
    }
    for answer in answers:
        view = views.get(answer.topic)
        if view is not None:
            log.turn_to(answer.stamp_ns)
            view(answer.message)
    return log.happenings()


class _Log:
    """Moments by what they are moments of, in the order in which they began."""

    def __init__(self, begin_ns: int) -> None:
        self._begin_ns = begin_ns
        self._now_ns = begin_ns
        self._pass = 0
        self._moments: dict[_Key, list[Moment]] = {}
        self._reasons: dict[_Key, str] = {}
        self._told = 0
        self._hazard = HazardState.NONE

    def turn_to(self, stamp_ns: int) -> None:
        if stamp_ns < self._now_ns:
            self._pass += 1
            self._hazard = HazardState.NONE
        self._now_ns = stamp_ns

    def see_faces(self, message: Any) -> None:
        for match in faces_from_msg(message):
            self._follow(
                Kind.FACE,
                match.person_name or UNKNOWN,
                match.track_id,
                self._moment(match.detection_score, match.box),
            )

    def see_objects(self, message: Any) -> None:
        for found in detections_from_msg(message):
            self._follow(
                Kind.OBJECT, found.label, found.track_id, self._moment(found.score, found.box)
            )

    def see_object_events(self, message: Any) -> None:
        for event in events_from_msg(message):
            self._tell(
                Kind.OBJECT_EVENT,
                f"{event.kind.value}.{event.state.value}",
                self._moment(event.score, event.box),
                track=event.track_id or 0,
                reason=event.reason,
            )

    def see_hazard(self, message: Any) -> None:
        report = hazard_from_msg(message)
        changed, self._hazard = report.state is not self._hazard, report.state
        if not changed or report.state is HazardState.NONE:
            return
        box = max(report.regions, key=lambda region: region.score).box if report.regions else None
        score = max(report.start_fire_score, report.fire_score)
        self._tell(
            Kind.HAZARD, report.state.name.lower(), self._moment(score, box), reason=report.reason
        )

    def see_actions(self, message: Any) -> None:
        for event in actions_from_msg(message):
            self._tell(
                Kind.ACTION,
                event.action.value,
                self._moment(event.probability, event.box),
                track=next(iter(event.track_ids), 0),
                reason=event.reason,
            )

    def happenings(self) -> tuple[Happening, ...]:
        return tuple(self._made())

    def _made(self) -> Iterable[Happening]:
        for key, moments in self._moments.items():
            kind, label, track, _ = key
            yield Happening(
                kind=kind,
                label=label,
                track=track,
                moments=tuple(moments),
                reason=self._reasons.get(key, ""),
            )

    def _moment(self, score: float, box: Any) -> Moment:
        return Moment(at_s=(self._now_ns - self._begin_ns) / 1e9, score=float(score), box=box)

    def _follow(self, kind: Kind, label: str, track: int | None, moment: Moment) -> None:
        self._moments.setdefault((kind, label, track or 0, self._pass), []).append(moment)

    def _tell(self, kind: Kind, label: str, moment: Moment, *, track: int = 0, reason: str) -> None:
        self._told += 1  # each is one of its own, also when it is told twice
        key = (kind, label, track, -self._told)
        self._moments[key] = [moment]
        self._reasons[key] = reason
