"""Which alerts make a robot do something, and when it stops: one goal at a time."""

from __future__ import annotations

from dataclasses import dataclass

from edgeai_core.config import param
from edgeai_core.types import Alert, AlertState, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerConfig:
    """Which alerts start a goal; what is empty lets all through."""

    categories: tuple[str, ...] = param(
        (), "Categories of alerts that start a goal (docs/rules.md); empty for all."
    )
    min_severity: str = param(
        "CRITICAL",
        "Alerts from this severity on start a goal.",
        choices=tuple(severity.name for severity in Severity),
    )
    cameras: tuple[str, ...] = param((), "Cameras whose alerts start a goal; empty for all.")
    zones: tuple[str, ...] = param((), "Zones whose alerts start a goal; empty for all.")
    max_age_s: float = param(
        10.0,
        "An alert that was raised longer ago starts none: whoever listens late is told old ones.",
        unit="s",
        minimum=0.1,
        maximum=86_400.0,
    )

    def wants(self, alert: Alert) -> bool:
        """Return whether an alert is one of those."""
        event = alert.event
        return (
            event.severity >= Severity[self.min_severity]
            and (not self.categories or event.category in self.categories)
            and (not self.cameras or event.camera in self.cameras)
            and (not self.zones or event.zone in self.zones)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to be done now.

    Attributes:
        start: the alert whose goal is to be sent. cancel: the goal that runs is to be cancelled.
    """

    start: Alert | None = None
    cancel: bool = False


NOTHING = Step()


class AlertTrigger:
    """Decides on goals. Owned by one thread; no I/O.

    While a goal runs, a more severe alert takes its place: the goal is cancelled, and the other one
    starts when it has ended. Others are passed over and counted. A goal is cancelled when its alert
    is cleared or has expired; an acknowledged one is still there.

    Args:
        config: which alerts.
    """

    def __init__(self, config: TriggerConfig) -> None:
        self._config = config
        self._running: Alert | None = None
        self._waiting: Alert | None = None
        self.passed_over = 0

    @property
    def running(self) -> Alert | None:
        """The alert whose goal runs, None without one."""
        return self._running

    def see(self, alert: Alert, *, now_ns: int) -> Step:
        """Take an alert as it was told.

        Args:
            alert: at any state. now_ns: on the clock of its stamps.
        """
        if alert.state in (AlertState.CLEARED, AlertState.EXPIRED):
            return self._over(alert)
        age_s = (now_ns - alert.raised_ns) / 1e9
        if alert.state is not AlertState.RAISED or age_s > self._config.max_age_s:
            return NOTHING
        if not self._config.wants(alert):
            return NOTHING
        if self._running is None:
            self._running = alert
            return Step(start=alert)
        held = self._waiting or self._running
        if alert.event.severity <= held.event.severity:
            self.passed_over += 1
            return NOTHING
        is_first = self._waiting is None
        self._waiting = alert
        return Step(cancel=True) if is_first else NOTHING

    def goal_ended(self) -> Step:
        """Take that the goal is over, however it ended."""
        self._running, self._waiting = self._waiting, None
        return Step(start=self._running) if self._running is not None else NOTHING

    def _over(self, alert: Alert) -> Step:
        if self._waiting is not None and alert.alert_id == self._waiting.alert_id:
            self._waiting = None
            return NOTHING
        if self._running is not None and alert.alert_id == self._running.alert_id:
            # While another one waits the cancellation was asked for before.
            return NOTHING if self._waiting is not None else Step(cancel=True)
        return NOTHING
