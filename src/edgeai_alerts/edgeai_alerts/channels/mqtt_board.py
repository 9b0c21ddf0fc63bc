"""What the sensors of a home automation show: which alerts of which camera and category go on."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from edgeai_core.alerting.ratelimit import MonotonicClock
from edgeai_core.types import Alert, AlertState

MAX_OPEN = 256
_OVER = (AlertState.CLEARED, AlertState.EXPIRED)


@dataclass(frozen=True, slots=True, order=True)
class SensorKey:
    """One sensor: the camera's namespace (empty for the graph itself) and a category."""

    camera: str
    category: str


@dataclass(slots=True)
class _Sensor:
    """The alerts that keep a sensor on, oldest first, each with when it was heard of last."""

    heard: OrderedDict[str, tuple[Alert, float]] = field(default_factory=OrderedDict)
    latest: Alert | None = None


class SensorBoard:
    """Remember alerts that go on, so that a broker that was away can be told anew.

    A sensor is on while an alert of it was heard of less than `hold_s` ago and is neither cleared
    nor expired. At most 256 alerts are remembered for each sensor; the oldest goes first. It is not
    thread-safe: its owner holds a lock around every call.

    Args:
        hold_s: how long an alert keeps its sensor on. clock: monotonic seconds.
    """

    def __init__(self, *, hold_s: float, clock: MonotonicClock) -> None:
        self._hold_s = hold_s
        self._clock = clock
        self._sensors: dict[SensorKey, _Sensor] = {}

    def __len__(self) -> int:
        return len(self._sensors)

    def add(self, key: SensorKey) -> bool:
        """Make sure that there is such a sensor; True when there was none."""
        if key in self._sensors:
            return False
        self._sensors[key] = _Sensor()
        return True

    def sensors(self) -> list[SensorKey]:
        """Return all sensors in order."""
        return sorted(self._sensors)

    def note(self, alert: Alert) -> bool:
        """Take the newest state of an alert; False when it has no sensor."""
        sensor = self._sensors.get(SensorKey(alert.event.camera, alert.event.category))
        if sensor is None:
            return False
        sensor.heard.pop(alert.alert_id, None)
        if alert.state not in _OVER:
            sensor.heard[alert.alert_id] = (alert, self._clock())
        if len(sensor.heard) > MAX_OPEN:
            sensor.heard.popitem(last=False)
        sensor.latest = alert
        return True

    def rewrite(self, rewritten: Callable[[Alert], Alert]) -> None:
        """Replace every alert by what `rewritten` makes of it."""
        for sensor in self._sensors.values():
            for alert_id, (alert, heard_s) in sensor.heard.items():
                sensor.heard[alert_id] = (rewritten(alert), heard_s)
            if sensor.latest is not None:
                sensor.latest = rewritten(sensor.latest)

    def left_s(self, key: SensorKey) -> float:
        """Return for how many seconds a sensor stays on without news; 0 when it is off."""
        sensor = self._sensors[key]
        if not sensor.heard:
            return 0.0
        # The order is that of hearing, so the last one holds longest.
        _, heard_s = next(reversed(sensor.heard.values()))
        return max(0.0, heard_s + self._hold_s - self._clock())

    def latest(self, key: SensorKey) -> Alert | None:
        """Return the alert that a sensor heard of last."""
        return self._sensors[key].latest

    def open(self, camera: str) -> list[Alert]:
        """Return a camera's alerts that go on and that nobody acknowledged."""
        return [
            alert
            for key in self.sensors()
            if key.camera == camera and self.left_s(key) > 0.0
            for alert, _ in self._sensors[key].heard.values()
            if alert.state is not AlertState.ACKNOWLEDGED
        ]

    def acknowledge(self, alert_id: str, *, by: str) -> SensorKey | None:
        """Note who has seen an alert; return its sensor, None when it does not go on."""
        for key, sensor in self._sensors.items():
            if alert_id in sensor.heard:
                alert, heard_s = sensor.heard[alert_id]
                seen = dataclasses.replace(alert, state=AlertState.ACKNOWLEDGED, acknowledged_by=by)
                sensor.heard[alert_id] = (seen, heard_s)
                if sensor.latest is not None and sensor.latest.alert_id == alert_id:
                    sensor.latest = seen
                return key
        return None
