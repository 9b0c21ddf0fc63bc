"""How hot the board is, and whether it slows itself down: from the files of the Linux kernel."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Cooling by making something slower: CPU and GPU frequency, ACPI processors, and what a Jetson
# calls its alerts. Fans and idle injection that nobody asked for are not in it.
_SLOWING = re.compile(r"cpufreq|devfreq|^processor$|throttle-alert", re.IGNORECASE)
_PERIOD_S = 5.0
# Zones that are switched off answer with nonsense such as -256 degrees.
_SENSIBLE_C = (-40.0, 150.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardState:
    """What the kernel says of heat and power.

    Attributes:
        hottest_c: of the thermal zones, degrees Celsius; None where there is none to read.
        hottest_zone: its name. slowed_by: what is being slowed down now, and why; empty when
            nothing is.
    """

    hottest_c: float | None = None
    hottest_zone: str = ""
    slowed_by: tuple[str, ...] = ()

    @property
    def warning(self) -> str:
        """One sentence while the board slows itself down, else empty."""
        if not self.slowed_by:
            return ""
        heat = "" if self.hottest_c is None else f"; {self.hottest_zone} {self.hottest_c:.0f} °C"
        return (
            f"the board slows itself down ({', '.join(self.slowed_by)}{heat}): cool it, or give it "
            "more power"
        )

    def details(self) -> tuple[tuple[str, str], ...]:
        """Return figures for diagnostics, as text; empty on a machine that tells nothing."""
        if self.hottest_c is None:
            return ()
        return (
            ("board_hottest_c", f"{self.hottest_c:.1f}"),
            ("board_hottest_zone", self.hottest_zone),
            ("board_slowed_by", ", ".join(self.slowed_by) or "nothing"),
        )


class BoardGauge:
    """Reads the state of the board, at most every few seconds.

    Args:
        monotonic_s: seconds. root: where sysfs is.
    """

    def __init__(self, *, monotonic_s: Callable[[], float], root: Path = Path("/sys")) -> None:
        self._monotonic_s = monotonic_s
        self._thermal = root / "class" / "thermal"
        self._monitors = root / "class" / "hwmon"
        self._read_s: float | None = None
        self._state = BoardState()
        self._events: dict[str, int] = {}

    def read(self) -> BoardState:
        """Return the state; what is read is a few seconds old at most."""
        now_s = self._monotonic_s()
        if self._read_s is None or now_s - self._read_s >= _PERIOD_S:
            self._read_s = now_s
            self._state = self._read()
        return self._state

    def _read(self) -> BoardState:
        zones = [
            (degrees, _text(zone / "type"))
            for zone in self._thermal.glob("thermal_zone*")
            if (raw := _number(zone / "temp")) is not None
            and _SENSIBLE_C[0] <= (degrees := raw / 1000) <= _SENSIBLE_C[1]
        ]
        hottest_c, name = max(zones, default=(None, ""))
        return BoardState(
            hottest_c=hottest_c,
            hottest_zone=name,
            slowed_by=(*self._slowed(), *self._over_current()),
        )

    def _slowed(self) -> list[str]:
        active = {
            kind
            for device in self._thermal.glob("cooling_device*")
            if _SLOWING.search(kind := _text(device / "type"))
            and (_number(device / "cur_state") or 0) > 0
        }
        return sorted(active)

    def _over_current(self) -> list[str]:
        """Return the over-current alarms that went off since the last reading (Jetson Orin)."""
        alarms = []
        for file in sorted(self._monitors.glob("hwmon*/oc*_event_cnt")):
            count = _number(file)
            if count is None:
                continue
            before = self._events.get(str(file), count)
            self._events[str(file)] = count
            if count > before:
                alarms.append(f"over-current alarm {file.name.removesuffix('_event_cnt')}")
        return alarms


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):  # zones of parts that are switched off refuse
        return ""


def _number(file: Path) -> int | None:
    try:
        return int(_text(file))
    except ValueError:
        return None
