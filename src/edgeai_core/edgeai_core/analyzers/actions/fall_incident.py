"""One person who drops: whether it is a fall, how long they stay down, and when they are up."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.analyzers.actions.fall_evidence import FallEvidence
from edgeai_core.analyzers.actions.fall_rules import (
    Drop,
    FallRules,
    FallsConfig,
    is_upright,
    torso_lies,
)
from edgeai_core.analyzers.actions.sights import TORSOS_PER_BODY, Sight
from edgeai_core.geometry import Box
from edgeai_core.reasons.actions import STILL_DOWN, UP_AGAIN
from edgeai_core.reasons.wordbook import CLAUSE

# A drop that did not become a fall by then was none.
_SUSPECT_NS = 2_500_000_000
# Half sides of the squares to search, and how far an upright body may be, in body heights.
_REACHES = (0.6, 0.75, 0.4)
_UPRIGHT_REACH = 0.4
# Nobody comes so much nearer to the camera in a fall that the torso looks this much longer.
_MAX_GROWTH = 1.6
# Before any stamp, so that a first search is always due.
_NEVER_NS = -(10**18)
# Seen within this a person is down now, not only when last seen.
_RECENT_NS = 2_000_000_000


class Stage(Enum):
    """How far a drop has come."""

    SUSPECTED = "suspected"
    FALLEN = "fallen"
    LYING = "lying"
    OVER = "over"


class FallIncident:
    """A drop and what became of it.

    Args:
        drop: what was seen. track_id: whose. config: when a fall is told. next_incident: gives
            the incident's number once it is told. stamp_ns: of the frame.
    """

    def __init__(
        self,
        drop: Drop,
        *,
        track_id: int,
        config: FallsConfig,
        next_incident: Callable[[], int],
        stamp_ns: int,
    ) -> None:
        self.track_id: int | None = track_id
        self.stage = Stage.SUSPECTED
        self._drop, self._config = drop, config
        self._rules: FallRules = config.rules
        self._next_incident = next_incident
        self._number = 0
        self._begin_ns = stamp_ns
        self._evidence = FallEvidence(drop, config=config, stamp_ns=stamp_ns)
        self.tracked_ns = drop.now.stamp_ns  # of the last sight that the detector gave
        self._fell_ns = 0
        self._up_since_ns: int | None = None
        self.searched_ns = _NEVER_NS
        self._probability = 0.0
        self._reason = ""

    @property
    def over(self) -> bool:
        return self.stage is Stage.OVER

    @property
    def dropped(self) -> bool:
        """Whether a drop was seen, not only that somebody was lost."""
        return self.stage is not Stage.SUSPECTED or self._drop.head >= self._rules.head_drop

    @property
    def body_px(self) -> float:
        return self._drop.body_px

    @property
    def begin_ns(self) -> int:
        """Stamp at which the drop began."""
        return self._drop.before.stamp_ns

    @property
    def place(self) -> Box:
        """Where the person was seen last."""
        return self._evidence.last.box

    def search_is_due(self, stamp_ns: int) -> bool:
        """Return whether the body finder should look for the person in this frame."""
        interval_ns = self._config.search_interval_s * 1e9
        return stamp_ns - self.searched_ns >= interval_ns

    def search_boxes(self) -> tuple[Box, ...]:
        """Return where somebody who was lost in this drop can lie, pixels; may leave the frame.

        Narrow and wide ones: the finder takes the clearest body, which in a wide crop may
        be somebody else, and cannot place one that a narrow crop cuts. Each alone found a third of
        the people on the floor in 13 clips of falls, but not the same ones.
        """
        # Lying people are where their feet were; the last box may have lost the legs.
        floor_px = max(self._evidence.last.box.y_max_px, self._drop.before.box.y_max_px)
        x, y = self._evidence.last.box.center_px[0], floor_px - 0.3 * self.body_px
        return tuple(
            Box(x - reach_px, y - reach_px, x + reach_px, y + reach_px)
            for reach_px in (reach * self.body_px for reach in _REACHES)
        )

    def note_search(self, stamp_ns: int) -> None:
        """Remember a look of the body finder."""
        self.searched_ns = stamp_ns

    def may_be(self, sight: Sight) -> bool:
        """Return whether a body that was found around here can be this person's.

        Somebody upright is believed to be the same only where the person was.
        """
        if sight.torso is None:
            return False
        x, y = self._evidence.last.box.center_px
        hips_x, hips_y = sight.torso.hips_xy_px
        away_px = max(abs(hips_x - x), abs(hips_y - y))
        reach = 1.0 if torso_lies(sight, self.body_px, self._rules) else _UPRIGHT_REACH
        long = sight.torso.length_px * TORSOS_PER_BODY > _MAX_GROWTH * self.body_px
        return away_px <= reach * self.body_px and not long

    def update(
        self, sight: Sight | None, *, stamp_ns: int, may_lie: bool, may_have_left: bool
    ) -> list[ActionEvent]:
        """Take in a frame and return what changed.

        Args:
            sight: the person in it, None when not seen. may_lie: the place is one to lie in.
            may_have_left: somebody else is where the person was, or the picture's side or bottom.
        """
        if sight is not None:
            if sight.detected:
                self.tracked_ns = stamp_ns
            self._evidence.add(sight, falling=self.stage is Stage.SUSPECTED)
            if not self.dropped and sight.detected and is_upright(sight, self.body_px):
                self.stage = Stage.OVER  # only the detector had lost them
                return []
        if self.stage is Stage.SUSPECTED:
            return self._judge(stamp_ns, may_lie=may_lie, may_have_left=may_have_left)
        return self._follow(sight, stamp_ns)

    def event(self, stamp_ns: int, *, end_ns: int | None = None) -> ActionEvent:
        """Return what goes on as an event of a frame."""
        return ActionEvent(
            action=Action.LYING if self.stage is Stage.LYING else Action.FALL,
            incident=self._number,
            probability=self._probability,
            track_ids=() if self.track_id is None else (self.track_id,),
            box=self._evidence.last.box,
            start_ns=self.begin_ns,
            end_ns=self.begin_ns if end_ns is None else end_ns,
            stamp_ns=stamp_ns,
            reason=self._reason,
        )

    def _judge(self, stamp_ns: int, *, may_lie: bool, may_have_left: bool) -> list[ActionEvent]:
        probability = self._evidence.belief(stamp_ns, may_have_left=may_have_left)
        if probability and not may_lie:
            self.stage = Stage.FALLEN
            self._number = self._next_incident()
            self._probability = probability
            self._fell_ns = min(self._evidence.lowest_ns, stamp_ns)
            self._reason = self._evidence.explain(probability)
            return [self.event(stamp_ns)]
        if probability or stamp_ns - self._begin_ns > _SUSPECT_NS:
            self.stage = Stage.OVER
        return []

    def _follow(self, sight: Sight | None, stamp_ns: int) -> list[ActionEvent]:
        if sight is not None:
            up = is_upright(sight, self.body_px)
            if not up:
                self._up_since_ns = None
            elif self._up_since_ns is None:
                self._up_since_ns = stamp_ns
            elif stamp_ns - self._up_since_ns >= self._config.up_after_s * 1e9:
                return [self._recovered(stamp_ns)]
        elif stamp_ns - self._evidence.last.stamp_ns > self._config.forget_s * 1e9:
            ended = self.event(stamp_ns, end_ns=self._evidence.last.stamp_ns)
            self.stage = Stage.OVER
            return [ended]
        if self.stage is Stage.FALLEN and self._is_still_down(stamp_ns):
            self.stage = Stage.LYING
            down_s = (stamp_ns - self._fell_ns) / 1e9
            self._reason = CLAUSE.join([STILL_DOWN.say(down_s=down_s), self._reason])
            return [self.event(stamp_ns)]
        return []

    def _is_still_down(self, stamp_ns: int) -> bool:
        if stamp_ns - self._fell_ns < self._config.lying_after_s * 1e9:
            return False
        seen_down = self._evidence.seen_down_within(_RECENT_NS, stamp_ns=stamp_ns)
        return seen_down and self._up_since_ns is None

    def _recovered(self, stamp_ns: int) -> ActionEvent:
        self.stage = Stage.OVER
        down_s = ((self._up_since_ns or stamp_ns) - self._fell_ns) / 1e9
        return ActionEvent(
            action=Action.RECOVERED,
            incident=self._number,
            probability=self._probability,
            track_ids=() if self.track_id is None else (self.track_id,),
            box=self._evidence.last.box,
            start_ns=self.begin_ns,
            end_ns=stamp_ns,
            stamp_ns=stamp_ns,
            reason=UP_AGAIN.say(down_s=down_s),
        )
