"""Falls over time: suspected while somebody drops, told when they stay down, until they are up.

Detectors lose people who lie, so somebody who vanishes while dropping is looked for with the body
finder around the last place: YOLOX-nano sees a third of the people on the floor, the finder nearly
all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import time

from edgeai_core.action_events import ActionEvent
from edgeai_core.analyzers.actions.fall_incident import FallIncident, Stage
from edgeai_core.analyzers.actions.fall_rules import Drop, FallsConfig, drop_of, vanishing
from edgeai_core.analyzers.actions.pose import (
    LEFT_HIP,
    LEFT_SHOULDER,
    NOSE,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    Pose,
)
from edgeai_core.analyzers.actions.sights import Person, Sight, sight_of
from edgeai_core.geometry import Box
from edgeai_core.zones import Zone, parse_zones

Search = Callable[[Box], Pose | None]

# A rise that is being watched costs a search a picture; a crowd that all lies is past counting.
_MAX_INCIDENTS = 16
# Somebody is lost while dropping: unseen for so long, seen so recently.
_LOST_NS, _LOST_LONG_NS = 200_000_000, 1_000_000_000
# Smaller bodies are not looked for: their joints would be wrong.
_MIN_SEARCHED_PX = 90.0
_EDGE_SHARE = 0.02
# A new track is the fallen person's when it begins this near, in body heights.
_ADOPT_DISTANCE = 0.6
_COVERED_SHARE = 0.3


class Falls:
    """Watches the people of one camera for falls; owned by one thread. Time is stamps.

    Args:
        config: when a fall is told. next_incident: gives a number that was never given.

    Raises:
        ConfigError: a zone is not written as it should be.
    """

    def __init__(self, config: FallsConfig, *, next_incident: Callable[[], int]) -> None:
        self._config = config
        self._next_incident = next_incident
        self._zones: tuple[Zone, ...] = parse_zones(config.lying_zones)
        self._incidents: list[FallIncident] = []

    def retune(self, config: FallsConfig) -> None:
        """Take live parameters for falls to come; those that go on keep theirs.

        Raises:
            ConfigError: a zone is not written as it should be.
        """
        self._zones = parse_zones(config.lying_zones)
        self._config = config

    def reset(self) -> None:
        """Forget all falls."""
        self._incidents.clear()

    def update(
        self,
        people: Mapping[int, Person],
        *,
        stamp_ns: int,
        width_px: int,
        height_px: int,
        area: Box,
        local_time: time,
        search: Search | None,
    ) -> tuple[ActionEvent, ...]:
        """Return what changed with a frame.

        Args:
            people: by track; those whose last sight has this stamp are seen now. stamp_ns: the
                frame's. width_px, height_px: of the frame. area: what of it is within bars, pixels.
            local_time: for zones with hours.
            search: looks for a body in and around a box of this frame; None without a finder.
        """
        if not self._config.enabled:
            return ()
        events: list[ActionEvent] = []
        sights = [self._sight_of(incident, people, stamp_ns) for incident in self._incidents]
        index = self._next_to_search(sights, stamp_ns)
        if search is not None and index is not None:
            sights[index] = self._found(
                self._incidents[index], search, stamp_ns, width_px, height_px, area
            )
        for incident, sight in zip(self._incidents, sights, strict=True):
            lies_well = self._in_lying_zone(incident, sight, width_px, height_px, local_time)
            covered = self._is_covered(incident, people, stamp_ns)
            events += incident.update(
                sight,
                stamp_ns=stamp_ns,
                may_lie=lies_well,
                may_have_left=covered or _at_edge(incident.place, area),
            )
        self._incidents = [incident for incident in self._incidents if not incident.over]
        self._suspect(people, stamp_ns, area)
        return tuple(events)

    def current(self, stamp_ns: int) -> tuple[ActionEvent, ...]:
        """Return the falls that last."""
        return tuple(
            incident.event(stamp_ns)
            for incident in self._incidents
            if incident.stage is not Stage.SUSPECTED
        )

    def down_tracks(self) -> frozenset[int]:
        """Return the tracks of people who were seen to drop or are down."""
        return frozenset(
            i.track_id for i in self._incidents if i.track_id is not None and i.dropped
        )

    def _watched_tracks(self) -> frozenset[int]:
        return frozenset(i.track_id for i in self._incidents if i.track_id is not None)

    def _suspect(self, people: Mapping[int, Person], stamp_ns: int, area: Box) -> None:
        taken = self._watched_tracks()
        for person in people.values():
            if person.track_id in taken or len(self._incidents) >= _MAX_INCIDENTS:
                continue
            unseen_ns = stamp_ns - person.last.stamp_ns
            if unseen_ns == 0:
                drop = drop_of(person, self._config.rules)
                suspect = drop is not None and self._drops(drop)
            elif _LOST_NS <= unseen_ns <= _LOST_LONG_NS:
                drop = drop_of(person, self._config.rules) or vanishing(person)
                left = _at_edge(drop.now.box, area)
                tall = drop.body_px >= _MIN_SEARCHED_PX
                suspect = tall and not left and not self._is_covered(person, people, stamp_ns)
            else:
                continue
            if drop is None or not suspect or self._near_an_incident(drop):
                continue
            self._incidents.append(
                FallIncident(
                    drop,
                    track_id=person.track_id,
                    config=self._config,
                    next_incident=self._next_incident,
                    stamp_ns=stamp_ns,
                )
            )

    def _drops(self, drop: Drop) -> bool:
        rules = self._config.rules
        return (
            drop.head >= rules.head_drop
            and drop.shrink >= rules.shrink
            and drop.speed >= rules.speed
        )

    def _near_an_incident(self, drop: Drop) -> bool:
        return any(
            _distance_px(incident.place, drop.now.box) < _ADOPT_DISTANCE * incident.body_px
            for incident in self._incidents
        )

    def _sight_of(
        self, incident: FallIncident, people: Mapping[int, Person], stamp_ns: int
    ) -> Sight | None:
        """Return the incident's person in this frame, adopting a track that began there."""
        if incident.track_id is not None:
            person = people.get(incident.track_id)
            if person is not None and person.last.stamp_ns == stamp_ns:
                return person.last
        taken = self._watched_tracks()
        near = [
            (distance_px, person)
            for person in people.values()
            if person.last.stamp_ns == stamp_ns
            and person.track_id not in taken
            and person.first_ns > incident.tracked_ns
            and (distance_px := _distance_px(incident.place, person.last.box))
            < _ADOPT_DISTANCE * incident.body_px
        ]
        if not near:
            return None
        _, person = min(near, key=lambda pair: (pair[0], pair[1].track_id))
        incident.track_id = person.track_id
        return person.last

    def _next_to_search(self, sights: Sequence[Sight | None], stamp_ns: int) -> int | None:
        """Return whom to look for: one a picture, for the time's sake, the longest waiting."""
        due = [
            (incident.searched_ns, index)
            for index, incident in enumerate(self._incidents)
            if sights[index] is None and incident.search_is_due(stamp_ns)
        ]
        return min(due)[1] if due else None

    def _found(
        self,
        incident: FallIncident,
        search: Search,
        stamp_ns: int,
        width_px: int,
        height_px: int,
        area: Box,
    ) -> Sight | None:
        boxes = incident.search_boxes()
        incident.note_search(stamp_ns)
        for box in boxes:
            pose = search(box.clipped(width_px=width_px, height_px=height_px))
            if pose is None:
                continue
            sight = sight_of(
                _around(pose, width_px, height_px),
                pose,
                stamp_ns=stamp_ns,
                area=area,
                detected=False,
            )
            if incident.may_be(sight):
                return sight
        return None

    def _in_lying_zone(
        self,
        incident: FallIncident,
        sight: Sight | None,
        width_px: int,
        height_px: int,
        local_time: time,
    ) -> bool:
        if sight is not None and sight.torso is not None:
            x, y = sight.torso.hips_xy_px
        else:
            x, y = incident.place.center_px
        point = (x / width_px, y / height_px)
        return any(zone.active_at(local_time) and zone.contains(point) for zone in self._zones)

    def _is_covered(
        self, lost: FallIncident | Person, people: Mapping[int, Person], stamp_ns: int
    ) -> bool:
        """Whether somebody else stands where the person was seen last."""
        others = (
            person.last.box
            for person in people.values()
            if person.last.stamp_ns == stamp_ns and person.track_id != lost.track_id
        )
        return _covered_share(lost.place, others) > _COVERED_SHARE


def _distance_px(a: Box, b: Box) -> float:
    (ax, ay), (bx, by) = a.center_px, b.center_px
    return float(((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5)


def _at_edge(box: Box, area: Box) -> bool:
    margin_px = _EDGE_SHARE * max(area.width_px, area.height_px)
    return (
        box.x_min_px <= area.x_min_px + margin_px
        or box.x_max_px >= area.x_max_px - margin_px
        or box.y_max_px >= area.y_max_px - margin_px
    )


def _covered_share(box: Box, others: Iterable[Box]) -> float:
    if box.area_px2 <= 0:
        return 0.0
    shares = (
        max(0.0, min(box.x_max_px, other.x_max_px) - max(box.x_min_px, other.x_min_px))
        * max(0.0, min(box.y_max_px, other.y_max_px) - max(box.y_min_px, other.y_min_px))
        / box.area_px2
        for other in others
    )
    return max(shares, default=0.0)


def _around(pose: Pose, width_px: int, height_px: int) -> Box:
    """Return the box around head and torso; legs of somebody who falls point anywhere."""
    points = pose.points_xy_px[[NOSE, LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP]]
    (x_min, y_min), (x_max, y_max) = points.min(axis=0), points.max(axis=0)
    return Box(float(x_min), float(y_min), float(x_max), float(y_max)).clipped(
        width_px=width_px, height_px=height_px
    )
