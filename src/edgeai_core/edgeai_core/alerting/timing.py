"""When an alert may be told again, when it must be, and when it is forgotten."""

from __future__ import annotations

from collections.abc import Mapping

from edgeai_core.alerting.engine_config import EngineConfig
from edgeai_core.alerting.life import is_open
from edgeai_core.alerting.memory import Entry
from edgeai_core.alerting.plan import NO_PLAN, Plan
from edgeai_core.alerting.ratelimit import MonotonicClock


class Timing:
    """Answers for one entry at the present time.

    Args:
        config: times. clock: monotonic seconds. plans: of the rules, by name.
    """

    def __init__(
        self, config: EngineConfig, *, clock: MonotonicClock, plans: Mapping[str, Plan]
    ) -> None:
        self._config = config
        self._clock = clock
        self._plans = plans

    def plan(self, entry: Entry) -> Plan:
        return self._plans.get(entry.alert.rule, NO_PLAN)

    def is_near(self, entry: Entry) -> bool:
        """Return whether what is seen now in the entry's place is the same thing."""
        near_s = self._config.same_place_s
        return near_s > 0.0 and self._clock() - entry.seen_at_s <= near_s

    def is_cooled_down(self, entry: Entry) -> bool:
        """Return whether people may be told again."""
        if entry.sent_at_s is None:
            return False
        return self._clock() - entry.sent_at_s >= self._config.cooldown_s

    def is_silent(self, entry: Entry) -> bool:
        """Return whether nothing was seen of it for so long that it has expired."""
        plan = self.plan(entry)
        answered = entry.alert.escalated or entry.alert.acknowledged_by
        if not is_open(entry.alert) or (plan.escalate_after_s and not answered):
            # Whoever must be told that nobody answered is told first.
            return False
        expire_after_s = plan.expire_after_s or self._config.expire_after_s
        return self._clock() - entry.seen_at_s >= expire_after_s

    def must_escalate(self, entry: Entry) -> bool:
        """Return whether nobody has acknowledged it in time."""
        alert, after_s = entry.alert, self.plan(entry).escalate_after_s
        if not after_s or alert.escalated or alert.acknowledged_by or not is_open(alert):
            return False
        return self._clock() - entry.raised_at_s >= after_s
