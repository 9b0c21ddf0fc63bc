"""Channels that are quiet at night, and what they tell in the morning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from edgeai_alerts.config import DispatchConfig, StoreConfig
from edgeai_alerts.dispatcher import Dispatcher
from edgeai_alerts.quiet import Quiet
from edgeai_alerts.store import EventStore
from edgeai_core.alerting.engine import AlertEngine
from edgeai_core.alerting.engine_config import EngineConfig
from edgeai_core.alerting.plan import Plan
from edgeai_core.alerting.quiet import QuietHours, wall_ns_of
from edgeai_core.errors import ChannelError
from edgeai_core.types import Alert, AlertEvent, AlertState, Severity

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
NIGHT = QuietHours(name="night", hours="22:00-07:00", channels=("phone",))


class Recorder:
    """A channel that keeps what it took."""

    def __init__(self, name: str, *, takes_changes: bool = False) -> None:
        self.name = name
        self.takes_changes = takes_changes
        self.away = False
        self.taken: list[Alert] = []

    def send(self, alert: Alert) -> None:
        if self.away:
            raise ChannelError("away")
        self.taken.append(alert)

    def close(self) -> None:
        """Nothing is open."""

    def titles(self) -> list[str]:
        return [alert.event.title for alert in self.taken]


class House:
    """A dispatcher with a phone and a log, and a clock on the wall."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "alerts.db"
        self.now = datetime(2026, 3, 10, 21, 0)
        self.numbers = count(1)
        self.phone, self.log = Recorder("phone"), Recorder("log")
        self.open: list[EventStore] = []

    @property
    def wall_ns(self) -> int:
        return wall_ns_of(self.now)

    def start(
        self,
        *quiet: QuietHours,
        plans: Mapping[str, Plan] | None = None,
        minimums: Mapping[str, Severity] | None = None,
    ) -> None:
        store = EventStore(
            self.path, StoreConfig(), wall_clock_ns=lambda: self.wall_ns, report=print
        )
        self.open.append(store)
        held = Quiet(quiet or (NIGHT,), store=store, wall_clock_ns=lambda: self.wall_ns)
        clock = lambda: self.wall_ns / 1e9  # noqa: E731
        self.dispatcher = Dispatcher(
            engine=AlertEngine(
                EngineConfig(),
                clock=clock,
                new_id=lambda: f"{next(self.numbers):032x}",
                plans={**(plans or {}), **held.plans(["phone", "log"])},
            ),
            store=store,
            channels=[self.phone, self.log],
            config=DispatchConfig(),
            clock=clock,
            wall_clock_ns=lambda: self.wall_ns,
            on_alert=lambda alert: None,
            report=print,
            minimums=minimums or {},
            quiet=held,
        )

    def at(self, text: str) -> House:
        """Let it be a time of the day, or of the next when it is past."""
        moment = datetime.strptime(text, "%H:%M").time()
        new = datetime.combine(self.now.date(), moment)
        self.now = new if new >= self.now else new.replace(day=self.now.day + 1)
        self.run()
        return self

    def run(self) -> None:
        for _ in range(10):
            self.dispatcher.step()

    def tell(
        self,
        title: str,
        severity: Severity = WARNING,
        *,
        subject: str = "",
        over: bool = False,
        category: str = "unknown_face",
        rule: str = "",
    ) -> None:
        event = AlertEvent(
            category=category,
            severity=severity,
            title=title,
            reason="why",
            source="s",
            subject=subject or title,
            camera="hall",
            stamp_ns=self.wall_ns,
            over=over,
        )
        self.dispatcher.submit(event, rule=rule)
        self.run()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    for store in made.open:
        store.close()


def test_at_night_the_phone_rings_for_critical_alerts_only_and_sums_up_in_the_morning(house):
    house.start()
    house.at("21:30").tell("evening")
    house.at("22:10").tell("cat")
    house.at("23:15").tell("fox")
    house.at("03:00").tell("fire", CRITICAL, category="fire")
    house.at("06:59")
    assert house.phone.titles() == ["evening", "fire"]
    assert house.log.titles() == ["evening", "cat", "fox", "fire"]
    house.at("07:00")
    house.at("07:01").tell("postman")
    assert house.phone.titles() == [
        "evening",
        "fire",
        "alerts held during quiet hours 22:00-07:00: 2",
        "postman",
    ]
    told = house.phone.taken[2].event
    assert (
        told.reason
        == "cat (hall): 1, first 22:10, last 22:10; fox (hall): 1, first 23:15, last 23:15"
    )
    assert (told.severity, told.category) == (WARNING, "quiet_summary")
    # Who was told of everything needs no summary.
    assert house.log.titles()[-1] == "postman"
    assert len(house.log.taken) == 5


def test_a_night_without_alerts_needs_no_word(house):
    house.start()
    house.at("22:10").tell("fire", CRITICAL, category="fire")
    house.at("08:00")
    assert house.phone.titles() == ["fire"]


def test_silence_stays_silent(house):
    house.start(QuietHours(name="night", hours="22:00-07:00", then="silence"))
    house.at("23:00").tell("cat")
    house.at("09:00")
    assert (house.phone.titles(), house.log.titles()) == ([], [])
    # It is stored all the same, for whoever looks at the page.
    assert [stored.alert.event.title for stored in house.open[0].alerts()] == ["cat"]


def test_an_alert_that_gets_critical_rings(house):
    house.start()
    house.at("23:00").tell("smoke", WARNING, category="start_fire")
    house.at("23:01").tell("smoke", CRITICAL, category="start_fire")
    assert [alert.event.severity for alert in house.phone.taken] == [CRITICAL]
    house.at("07:30")
    assert len(house.phone.taken) == 1


def test_nobody_is_escalated_past_quiet_hours_unless_it_is_critical(house):
    plans = {
        "soft": Plan(escalate_after_s=60.0, escalate_severity=WARNING),
        "hard": Plan(escalate_after_s=60.0, escalate_severity=CRITICAL),
    }
    house.start(plans=plans)
    house.at("23:00").tell("soft", rule="soft")
    house.tell("hard", rule="hard")
    house.at("23:05")
    assert house.phone.titles() == ["hard"]


def test_a_restart_in_the_night_or_in_the_morning_loses_nothing_and_repeats_nothing(house):
    house.start()
    house.at("23:00").tell("cat")
    house.start()
    house.at("02:00").tell("fox")
    house.at("06:00")
    house.now = house.now.replace(hour=9)  # it was off at seven
    house.start()
    house.at("09:01")
    assert house.phone.titles() == ["alerts held during quiet hours 22:00-07:00: 2"]
    house.start()
    house.at("10:00")
    assert len(house.phone.taken) == 1


def test_a_summary_waits_for_a_phone_that_is_away(house):
    house.start()
    house.at("23:00").tell("cat")
    house.phone.away = True
    house.at("07:05")
    house.phone.away = False
    house.at("08:00")
    assert house.phone.titles() == ["alerts held during quiet hours 22:00-07:00: 1"]


def test_the_summary_is_as_urgent_as_the_worst_and_counts_what_the_channel_takes(house):
    house.start(minimums={"phone": WARNING})
    house.at("23:00").tell("draught", INFO)
    house.tell("cat", WARNING)
    house.at("07:00")
    assert house.phone.titles() == ["alerts held during quiet hours 22:00-07:00: 1"]


def test_a_summary_names_nobody(house):
    house.start()
    house.at("23:00").tell("Ada is not authorised", category="unauthorised_person")
    house.at("07:00")
    reason = house.phone.taken[0].event.reason
    assert reason == "unauthorised person (hall): 1, first 23:00, last 23:00"


def test_more_kinds_than_can_be_read_are_counted(house):
    house.start()
    house.at("23:00")
    for number in range(12):
        house.tell(f"thing {number}")
    house.at("07:00")
    event = house.phone.taken[0].event
    assert event.title == "alerts held during quiet hours 22:00-07:00: 12"
    assert event.reason.endswith("; 2 others")
    assert event.reason.count("thing") == 10


def test_the_end_of_what_was_told_before_is_told_of_what_was_held_it_is_not(house):
    house.phone.takes_changes = True
    house.start()
    house.at("21:59").tell("lamp")
    house.at("22:01").tell("cat")
    house.tell("lamp", over=True)
    house.tell("cat", over=True)
    house.at("22:02")
    assert [(a.event.title, a.state) for a in house.phone.taken] == [
        ("lamp", AlertState.RAISED),
        ("lamp", AlertState.CLEARED),
    ]
