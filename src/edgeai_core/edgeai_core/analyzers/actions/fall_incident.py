"""One person who drops: whether it is a fall, how long they stay down, and when they are up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from edgeai_core.action_events import Action, ActionEvent
from edgeai_core.analyzers.actions.fall_rules import (
    Drop,
    FallRules,
    FallsConfig,
    box_is_flat,
    head_drop,
    hip_drop,
    is_upright,
    shrink,
    torso_lies,
)
from edgeai_core.analyzers.actions.sights import TORSOS_PER_BODY, Sight
from edgeai_core.geometry import Box

# A drop that did not become a fall by then was none.
_SUSPECT_NS = 2_500_000_000
# Somebody who vanished while dropping and is nowhere to be found: told after this.
_HIDDEN_NS = 800_000_000
_DOWN_SHARE = 0.6
# Bodies below this are too few pixels to believe that a lost one has fallen.
_MIN_LOST_BODY_PX = 60.0
# Shares of right ones by what was seen, see docs: joints and box, joints alone, box alone, lost.
_P_BOTH, _P_BOX, _P_LOST = 0.95, 0.8, 0.65
_SPREAD = 1.4
# Half sides of the squares to search, and how far an upright body may be, in body heights.
_REACHES = (0.6, 0.75, 0.4)
_UPRIGHT_REACH = 0.4
# Nobody comes so much nearer to the camera in a fall that the torso looks this much longer.
_MAX_GROWTH = 1.6
_SEARCHES_TO_HOLD = 5
_SPEED_MIN_S, _SPEED_MAX_S = 0.15, 0.45
_MEAN_OF_PEAK = 0.6
_MAX_VOTES = 256
# Seen within this a person is down now, not only when last seen.
_RECENT_NS = 1_500_000_000


class Stage(Enum):
    """How far a drop has come."""

    SUSPECTED = "suspected"
    FALLEN = "fallen"
    LYING = "lying"
    RISING = "rising"
    OVER = "over"


_ACTIONS = {Stage.FALLEN: Action.FALL, Stage.RISING: Action.FALL, Stage.LYING: Action.LYING}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vote:
    stamp_ns: int
    valid_to_ns: int
    down: bool
    by_torso: bool
    head: float


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
        self._last = drop.now
        self.tracked_ns = drop.now.stamp_ns  # of the last sight that the detector gave
        self._head, self._shrink, self._hips = drop.head, drop.shrink, drop.hips
        self._speed = drop.speed
        self._votes: deque[_Vote] = deque(maxlen=_MAX_VOTES)
        self._lowest_ns = drop.now.stamp_ns
        self._fell_ns = 0
        self._up_since_ns: int | None = None
        self._searched_ns: int | None = None
        self._probability = 0.0
        self._reason = ""
        self._vote(drop.now)

    @property
    def over(self) -> bool:
        return self.stage is Stage.OVER

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
        return self._last.box

    def search_is_due(self, stamp_ns: int) -> bool:
        """Return whether the body finder should look for the person in this frame."""
        interval_ns = self._config.search_interval_s * 1e9
        return self._searched_ns is None or stamp_ns - self._searched_ns >= interval_ns

    def search_boxes(self) -> tuple[Box, ...]:
        """Return where somebody who was lost in this drop can lie, pixels; may leave the frame.

        Narrow and wide ones: the finder takes the clearest body, which in a wide crop may
        be somebody else, and cannot place one that a narrow crop cuts. Each alone found a third of
        the people on the floor in 13 clips of falls, but not the same ones.
        """
        # Lying people are where their feet were; the last box may have lost the legs.
        floor_px = max(self._last.box.y_max_px, self._drop.before.box.y_max_px)
        x, y = self._last.box.center_px[0], floor_px - 0.3 * self.body_px
        return tuple(
            Box(x - reach_px, y - reach_px, x + reach_px, y + reach_px)
            for reach_px in (reach * self.body_px for reach in _REACHES)
        )

    def note_search(self, stamp_ns: int) -> None:
        """Remember a look of the body finder."""
        self._searched_ns = stamp_ns

    def may_be(self, sight: Sight) -> bool:
        """Return whether a body that was found around here can be this person's.

        Somebody upright is believed to be the same only where the person was.
        """
        if sight.torso is None:
            return False
        x, y = self._last.box.center_px
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
            self._last = sight
            if sight.detected:
                self.tracked_ns = stamp_ns
            self._vote(sight)
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
            box=self._last.box,
            start_ns=self.begin_ns,
            end_ns=self.begin_ns if end_ns is None else end_ns,
            stamp_ns=stamp_ns,
            reason=self._reason,
        )

    def _vote(self, sight: Sight) -> None:
        before, body_px = self._drop.before, self.body_px
        lies = torso_lies(sight, body_px, self._rules)
        flat = box_is_flat(sight, body_px, self._rules)
        head = head_drop(before, sight, body_px)
        hips = hip_drop(before, sight, body_px)
        if self.stage is Stage.SUSPECTED:
            self._measure_speed(sight, head)
            if head > self._head:
                self._head, self._lowest_ns = head, sight.stamp_ns
            self._shrink = max(self._shrink, shrink(before, sight, body_px))
            if hips is not None:
                self._hips = max(hips, -1.0 if self._hips is None else self._hips)
        # What the finder found has no box of its own; of tracked people both must say so.
        down = flat if lies is None else lies and (flat or not sight.detected)
        # The finder looks less often than the detector and finds less: its words hold longer.
        config = self._config
        valid_s = config.confirm_s
        if not sight.detected:
            valid_s = max(valid_s, _SEARCHES_TO_HOLD * config.search_interval_s)
        self._votes.append(
            _Vote(
                stamp_ns=sight.stamp_ns,
                valid_to_ns=sight.stamp_ns + round(valid_s * 1e9),
                down=down,
                by_torso=lies is not None,
                head=head,
            )
        )

    def _measure_speed(self, sight: Sight, head: float) -> None:
        """Somebody who was lost and is found lower came down in between."""
        if not self._votes:
            return
        elapsed_s = (sight.stamp_ns - self._votes[-1].stamp_ns) / 1e9
        if elapsed_s < _SPEED_MIN_S:
            return
        speed = (head - self._votes[-1].head) / elapsed_s
        # Over a long gap only the mean is known, and the peak of a fall is higher.
        share = _MEAN_OF_PEAK if elapsed_s > _SPEED_MAX_S else 1.0
        self._speed = max(self._speed, speed / share)

    def _judge(self, stamp_ns: int, *, may_lie: bool, may_have_left: bool) -> list[ActionEvent]:
        probability = self._belief(stamp_ns, may_have_left=may_have_left)
        if probability and not may_lie:
            self.stage = Stage.FALLEN
            self._number = self._next_incident()
            self._probability = probability
            self._fell_ns = min(self._lowest_ns, stamp_ns)
            self._reason = self._explain()
            return [self.event(stamp_ns)]
        if probability or stamp_ns - self._begin_ns > _SUSPECT_NS:
            self.stage = Stage.OVER
        return []

    def _belief(self, stamp_ns: int, *, may_have_left: bool) -> float:
        """Return how probable a fall is by now; 0 while it is not told."""
        rules = self._rules
        recent = [v for v in self._votes if stamp_ns <= v.valid_to_ns]
        down = [v for v in recent if v.down]
        waited = stamp_ns - self._begin_ns >= self._config.confirm_s * 1e9
        if self._head < rules.head_drop or self._shrink < rules.shrink or self._speed < rules.speed:
            return 0.0
        if waited and len(down) >= max(2, _DOWN_SHARE * len(recent)):
            if self._hips is not None:
                return _P_BOTH if self._hips >= rules.hip_drop else 0.0
            if any(vote.by_torso for vote in down):
                return _P_BOTH
            # Somebody who walks out of the picture gets lower too, but not wider.
            spread = self._last.box.width_px >= _SPREAD * self._drop.before.box.width_px
            enough = self._head >= rules.head_drop / rules.alone_share
            return _P_BOX if enough and (spread or not may_have_left) else 0.0
        unseen_ns = stamp_ns - self._last.stamp_ns
        vanished = unseen_ns >= _HIDDEN_NS and self.body_px >= _MIN_LOST_BODY_PX
        if vanished and not may_have_left:
            return _P_LOST
        return 0.0

    def _follow(self, sight: Sight | None, stamp_ns: int) -> list[ActionEvent]:
        if sight is not None:
            up = is_upright(sight, self.body_px)
            if not up:
                self._up_since_ns = None
            elif self._up_since_ns is None:
                self._up_since_ns = stamp_ns
            elif stamp_ns - self._up_since_ns >= self._config.up_after_s * 1e9:
                return [self._recovered(stamp_ns)]
        elif stamp_ns - self._last.stamp_ns > self._config.forget_s * 1e9:
            self.stage = Stage.OVER
            return []
        if self.stage is Stage.FALLEN and self._is_still_down(stamp_ns):
            self.stage = Stage.LYING
            down_s = (stamp_ns - self._fell_ns) / 1e9
            self._reason = f"still down {down_s:.1f} s after the impact; {self._reason}"
            return [self.event(stamp_ns)]
        return []

    def _is_still_down(self, stamp_ns: int) -> bool:
        if stamp_ns - self._fell_ns < self._config.lying_after_s * 1e9:
            return False
        seen_down = any(v.down and stamp_ns - v.stamp_ns <= _RECENT_NS for v in self._votes)
        return seen_down and self._up_since_ns is None

    def _recovered(self, stamp_ns: int) -> ActionEvent:
        self.stage = Stage.OVER
        down_s = ((self._up_since_ns or stamp_ns) - self._fell_ns) / 1e9
        return ActionEvent(
            action=Action.RECOVERED,
            incident=self._number,
            probability=self._probability,
            track_ids=() if self.track_id is None else (self.track_id,),
            box=self._last.box,
            start_ns=self.begin_ns,
            end_ns=stamp_ns,
            stamp_ns=stamp_ns,
            reason=f"upright again {down_s:.1f} s after the impact",
        )

    def _explain(self) -> str:
        drop = self._drop
        took_s = max(0.0, (self._fell_ns - drop.before.stamp_ns) / 1e9)
        parts = [f"head came down by {self._head:.2f}"]
        if self._hips is not None:
            parts.append(f"hips by {self._hips:.2f}")
        text = (
            f"{' and '.join(parts)} body heights within {took_s:.1f} s, at up to "
            f"{self._speed:.1f} body heights/s"
        )
        if self._probability == _P_LOST:
            return f"{text}; not seen since"
        before, after = drop.before.torso, self._last.torso
        if after is not None:
            was = f" from {before.tilt_deg:.0f}" if before is not None else ""
            return f"{text}; torso tilted{was} to {after.tilt_deg:.0f} degrees"
        return f"{text}; box now {self._last.box.height_px / self.body_px:.2f} of the height"
