"""What one complete look at the picture gives to the decision, and how what burns has grown."""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass

_NS_PER_S = 1_000_000_000
# Scores nearer to 0 or 1 than this speak no more clearly.
_LEAST_ODDS = 1e-3
# Areas of the last second, and of a second about the earlier moment, are taken together.
_HALF_SPAN_NS = _NS_PER_S // 2
_MAX_ROUNDS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionEvidence:
    """One place that burns or smokes.

    Attributes:
        kind: "flame" or "smoke". activity: as ActivityMeter measures it; NaN while not known.
    """

    kind: str
    activity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundEvidence:
    """What one complete look at the picture showed.

    Attributes:
        stamp_ns: of the frame that ended it. start_fire_score, fire_score: 0..1, of all parts of
            the picture together. regions: what burns or smokes.
        area_share: share of the picture that the regions cover, 0..1. growth: that area over the
            one some seconds ago; NaN while not known.
    """

    stamp_ns: int
    start_fire_score: float
    fire_score: float
    regions: tuple[RegionEvidence, ...] = ()
    area_share: float = 0.0
    growth: float = math.nan

    @property
    def hazard_score(self) -> float:
        return min(1.0, self.start_fire_score + self.fire_score)

    @property
    def scores(self) -> dict[str, float]:
        """Both, by the names that reasons give them."""
        return {"start_fire": self.start_fire_score, "fire": self.fire_score}

    @property
    def log_odds(self) -> float:
        """How clearly the score speaks for a hazard: 0 at one half, below it against one."""
        sure = min(max(self.hazard_score, _LEAST_ODDS), 1 - _LEAST_ODDS)
        return math.log(sure / (1 - sure))


class GrowthMeter:
    """Compares the area that burns or smokes with that of some seconds ago; bounded.

    Args:
        seconds: how long ago.
    """

    def __init__(self, seconds: float) -> None:
        self._back_ns = round(seconds * _NS_PER_S)
        self._areas: deque[tuple[int, float]] = deque(maxlen=_MAX_ROUNDS)

    def update(self, area_share: float, stamp_ns: int) -> float:
        """Return the growth: area now over area then; NaN while there was none then.

        Args:
            area_share: 0..1 of the picture. stamp_ns: later than all before.
        """
        self._areas.append((stamp_ns, area_share))
        while self._areas[0][0] < stamp_ns - self._back_ns - _HALF_SPAN_NS:
            self._areas.popleft()
        now = self._median(stamp_ns - 2 * _HALF_SPAN_NS, stamp_ns)
        then_ns = stamp_ns - self._back_ns
        then = self._median(then_ns - _HALF_SPAN_NS, then_ns + _HALF_SPAN_NS)
        return now / then if then > 0 else math.nan

    def _median(self, from_ns: int, to_ns: int) -> float:
        areas = [area for stamp_ns, area in self._areas if from_ns <= stamp_ns <= to_ns]
        return statistics.median(areas) if areas else 0.0
