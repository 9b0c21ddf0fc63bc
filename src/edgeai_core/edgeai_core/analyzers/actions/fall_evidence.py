"""What speaks for a fall: how far and fast somebody came down, and how often seen down."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edgeai_core.analyzers.actions.fall_rules import (
    Drop,
    FallsConfig,
    box_is_flat,
    head_drop,
    hip_drop,
    shrink,
    torso_lies,
)
from edgeai_core.analyzers.actions.sights import Sight
from edgeai_core.reasons import actions as reasons
from edgeai_core.reasons.wordbook import CLAUSE

# Somebody who vanished while dropping and is nowhere to be found: told after this.
_HIDDEN_NS = 800_000_000
_DOWN_SHARE = 0.6
# Smaller bodies are not looked for, and one of 60 px that was lost only sat down behind a chair.
_MIN_LOST_BODY_PX = 90.0
# How sure a fall is that joints tell, that boxes alone tell, and after which nobody is found. The
# joints told 37 of 37 clips rightly at 5 to 15 pictures a second; the others had too few to count.
_P_JOINTS, _P_BOX, _P_LOST = 0.95, 0.8, 0.65
# Who falls gets wider by this; who walks out of the picture does not.
_SPREAD = 1.4
# The finder looks less often than the detector and finds less: its words hold for so many looks.
_SEARCHES_TO_HOLD = 5
_SPEED_MIN_S, _SPEED_MAX_S = 0.15, 0.45
# Over a long gap only the mean speed is known; the peak of a fall is higher.
_MEAN_OF_PEAK = 0.6
_MAX_VOTES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vote:
    stamp_ns: int
    valid_to_ns: int
    down: bool
    by_torso: bool
    head: float


class FallEvidence:
    """Gathers what the sights after a drop say.

    Args:
        drop: what was seen first. config: when a fall is told. stamp_ns: of the frame.
    """

    def __init__(self, drop: Drop, *, config: FallsConfig, stamp_ns: int) -> None:
        self.last = drop.now
        self.lowest_ns = drop.now.stamp_ns  # when the head was as low as it came
        self._drop, self._config, self._rules = drop, config, config.rules
        self._begin_ns = stamp_ns
        self._head, self._shrink, self._hips = drop.head, drop.shrink, drop.hips
        self._speed = drop.speed
        self._votes: deque[_Vote] = deque(maxlen=_MAX_VOTES)
        self.add(drop.now)

    def add(self, sight: Sight, *, falling: bool = True) -> None:
        """Take in a sight; one of the time after the fall no longer changes its figures."""
        self.last = sight
        before, body_px = self._drop.before, self._drop.body_px
        lies = torso_lies(sight, body_px, self._rules)
        flat = box_is_flat(sight, body_px, self._rules)
        head = head_drop(before, sight, body_px)
        hips = hip_drop(before, sight, body_px)
        if falling:
            self._measure_speed(sight, head)
            if head > self._head:
                self._head, self.lowest_ns = head, sight.stamp_ns
            self._shrink = max(self._shrink, shrink(before, sight, body_px))
            if hips is not None:
                self._hips = max(hips, -1.0 if self._hips is None else self._hips)
        # What the finder found has no box of its own; of tracked people both must say so.
        down = flat if lies is None else lies and (flat or not sight.detected)
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

    def belief(self, stamp_ns: int, *, may_have_left: bool) -> float:
        """Return how probable a fall is by now; 0 while it is not told."""
        rules = self._rules
        recent = [v for v in self._votes if stamp_ns <= v.valid_to_ns]
        down = [v for v in recent if v.down]
        waited = stamp_ns - self._begin_ns >= self._config.confirm_s * 1e9
        if self._head < rules.head_drop or self._shrink < rules.shrink or self._speed < rules.speed:
            return 0.0
        if waited and len(down) >= max(2, _DOWN_SHARE * len(recent)):
            if self._hips is not None:
                return _P_JOINTS if self._hips >= rules.hip_drop else 0.0
            if any(vote.by_torso for vote in down):
                return _P_JOINTS
            # Somebody who walks out of the picture gets lower too, but not wider.
            spread = self.last.box.width_px >= _SPREAD * self._drop.before.box.width_px
            enough = self._head >= rules.head_drop / rules.alone_share
            return _P_BOX if enough and (spread or not may_have_left) else 0.0
        unseen_ns = stamp_ns - self.last.stamp_ns
        vanished = unseen_ns >= _HIDDEN_NS and self._drop.body_px >= _MIN_LOST_BODY_PX
        if vanished and not may_have_left:
            return _P_LOST
        return 0.0

    def seen_down_within(self, span_ns: int, *, stamp_ns: int) -> bool:
        """Return whether somebody was seen down within a time before a stamp."""
        return any(vote.down and stamp_ns - vote.stamp_ns <= span_ns for vote in self._votes)

    def explain(self, probability: float) -> str:
        """Return the figures that decided, in words."""
        drop = self._drop
        took_s = max(0.0, (self.lowest_ns - drop.before.stamp_ns) / 1e9)
        if self._hips is None:
            came_down = reasons.HEAD_DOWN.say(head=self._head, took_s=took_s, speed=self._speed)
        else:
            came_down = reasons.HEAD_AND_HIPS_DOWN.say(
                head=self._head, hips=self._hips, took_s=took_s, speed=self._speed
            )
        return CLAUSE.join([came_down, self._posture(probability)])

    def _posture(self, probability: float) -> str:
        """Return how somebody was seen last."""
        if probability == _P_LOST:
            return reasons.NOT_SEEN_SINCE.say()
        before, after = self._drop.before.torso, self.last.torso
        if after is None:
            return reasons.BOX_LOWER.say(share=self.last.box.height_px / self._drop.body_px)
        if before is None:
            return reasons.TORSO_TO.say(after=after.tilt_deg)
        return reasons.TORSO_FROM_TO.say(before=before.tilt_deg, after=after.tilt_deg)

    def _measure_speed(self, sight: Sight, head: float) -> None:
        """Somebody who was lost and is found lower came down in between."""
        if not self._votes:
            return
        elapsed_s = (sight.stamp_ns - self._votes[-1].stamp_ns) / 1e9
        if elapsed_s < _SPEED_MIN_S:
            return
        speed = (head - self._votes[-1].head) / elapsed_s
        share = _MEAN_OF_PEAK if elapsed_s > _SPEED_MAX_S else 1.0
        self._speed = max(self._speed, speed / share)
