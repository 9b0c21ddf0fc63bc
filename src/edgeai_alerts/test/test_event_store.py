"""The event store: what is saved stays saved, in a file of its owner, of a known version."""

from __future__ import annotations

import math
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgeai_alerts.config import StoreConfig
from edgeai_alerts.database import Database
from edgeai_alerts.rows import Outcome, StoredAlert
from edgeai_alerts.schema import APPLICATION_ID, STEPS, VERSION, migrate
from edgeai_alerts.store import EventStore
from edgeai_core.errors import StoreError
from edgeai_core.types import Alert, AlertEvent, AlertState, Severity

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
NOW_NS = 1_750_000_000 * 1_000_000_000  # 2025-06-15 15:06:40 UTC
DAY_NS = 86_400 * 1_000_000_000


class WallClock:
    def __init__(self, now_ns: int = NOW_NS) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns


def alert(
    number: int,
    severity: Severity = WARNING,
    *,
    category: str = "unknown_face",
    count: int = 1,
    score: float = 0.75,
    title: str = "unknown face",
    stamp_ns: int = 5,
) -> Alert:
    event = AlertEvent(
        category=category,
        severity=severity,
        title=title,
        reason="unknown in 15 frames",
        source="face_authenticator",
        subject=f"track {number}",
        camera="entrance",
        stamp_ns=stamp_ns,
        score=score,
    )
    return Alert(alert_id=f"{number:032x}", event=event, raised_ns=3, count=count)


class Opener:
    """Opens stores at one path and closes them after the test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = WallClock()
        self.reports: list[str] = []
        self._open: list[EventStore] = []

    def __call__(self, **limits: object) -> EventStore:
        store = EventStore(
            self.path,
            StoreConfig(**limits),  # type: ignore[arg-type]
            wall_clock_ns=self.clock,
            report=self.reports.append,
        )
        self._open.append(store)
        return store

    def close(self) -> None:
        for store in self._open:
            store.close()


@pytest.fixture
def open_store(tmp_path: Path) -> object:
    opener = Opener(tmp_path / "state" / "alerts.db")
    yield opener
    opener.close()


def numbers(alerts: list[Alert]) -> list[int]:
    return [int(one.alert_id, 16) for one in alerts]


def listed(stored: list[StoredAlert]) -> list[int]:
    return numbers([one.alert for one in stored])


def test_an_alert_comes_back_as_it_was_saved(open_store: Opener) -> None:
    store = open_store()
    saved = alert(1, CRITICAL, count=2)

    store.save(saved, channels=("log", "console"))

    assert store.alerts() == [
        StoredAlert(
            alert=saved,
            created_wall_ns=NOW_NS,
            updated_wall_ns=NOW_NS,
            acknowledged_wall_ns=None,
            sent=(),
            waiting=("console", "log"),
        )
    ]


def test_an_update_keeps_the_first_times_and_does_not_ask_for_delivery_again(
    open_store: Opener,
) -> None:
    store = open_store()
    store.save(alert(1), channels=("log",))
    store.settle(f"{1:032x}", channel="log", outcome=Outcome.SENT)
    open_store.clock.now_ns += 7

    store.save(alert(1, count=9, stamp_ns=6))

    (stored,) = store.alerts()
    assert stored.alert == alert(1, count=9, stamp_ns=6)
    assert (stored.created_wall_ns, stored.updated_wall_ns) == (NOW_NS, NOW_NS + 7)
    assert (stored.sent, stored.waiting) == ((("log", NOW_NS),), ())


def test_odd_values_are_stored_all_the_same(open_store: Opener) -> None:
    store = open_store()
    store.save(alert(1, score=math.nan, title="a\ud800\x00b'; DROP TABLE alerts;--"))
    store.save(alert(2, stamp_ns=2**80))

    second, first = store.alerts()
    assert math.isnan(first.alert.event.score)
    assert first.alert.event.title == "a?\x00b'; DROP TABLE alerts;--"
    assert second.alert.event.stamp_ns == 2**63 - 1


def test_the_file_and_what_lies_beside_it_belong_to_the_owner_only(open_store: Opener) -> None:
    open_store.path.parent.mkdir()
    open_store.path.touch(mode=0o644)
    open_store().save(alert(1))

    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in open_store.path.parent.iterdir()}
    assert modes == {"alerts.db": 0o600, "alerts.db-wal": 0o600, "alerts.db-shm": 0o600}


def test_it_is_written_ahead(open_store: Opener) -> None:
    open_store()
    with sqlite3.connect(open_store.path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    connection.close()


def test_filters_and_order(open_store: Opener) -> None:
    store = open_store()
    for number, (severity, category) in enumerate(
        [(INFO, "access_granted"), (WARNING, "unknown_face"), (CRITICAL, "node_fault")], start=1
    ):
        store.save(alert(number, severity, category=category))
        open_store.clock.now_ns += 10

    assert listed(store.alerts()) == [3, 2, 1]
    assert listed(store.alerts(limit=2)) == [3, 2]
    assert listed(store.alerts(since_wall_ns=NOW_NS + 10)) == [3, 2]
    assert listed(store.alerts(category="unknown_face")) == [2]
    assert listed(store.alerts(min_severity=WARNING, since_wall_ns=NOW_NS)) == [3, 2]
    with pytest.raises(StoreError, match=r"got limit 0, expected 1\.\.10000"):
        store.alerts(limit=0)


def test_order_does_not_care_for_a_wall_clock_that_goes_back(open_store: Opener) -> None:
    store = open_store()
    store.save(alert(1), channels=("log",))
    open_store.clock.now_ns -= DAY_NS
    store.save(alert(2), channels=("log",))

    assert listed(store.alerts()) == [2, 1]
    assert numbers(store.pending("log", limit=10)) == [1, 2]


def test_the_first_who_acknowledges_is_kept(open_store: Opener) -> None:
    store = open_store()
    store.save(alert(1))

    assert store.acknowledge(f"{1:032x}", by="Anna", now_ns=11) is True
    assert store.acknowledge(f"{1:032x}", by="Ben", now_ns=12) is False

    (stored,) = store.alerts()
    assert (stored.acknowledged_by, stored.acknowledged_wall_ns) == ("Anna", 11)
    with pytest.raises(StoreError, match="no alert 'nonsense' is stored"):
        store.acknowledge("nonsense", by="Anna", now_ns=13)
    with pytest.raises(StoreError, match="got no name"):
        store.acknowledge(f"{1:032x}", by="  ", now_ns=14)


def test_each_channel_has_its_own_deliveries(open_store: Opener) -> None:
    store = open_store()
    for number in (1, 2, 3):
        store.save(alert(number), channels=("console", "log"))
    store.settle(f"{1:032x}", channel="console", outcome=Outcome.SENT)
    store.settle(f"{2:032x}", channel="console", outcome=Outcome.REFUSED)
    store.settle(f"{2:032x}", channel="console", outcome=Outcome.SENT)  # too late, ignored

    assert numbers(store.pending("console", limit=10)) == [3]
    assert numbers(store.pending("log", limit=2)) == [1, 2]


def test_what_goes_on_waits_or_was_sent_lately_is_taken_up_again(open_store: Opener) -> None:
    store = open_store()
    ended = {"state": AlertState.CLEARED}
    store.save(alert(1))
    for number in (2, 3, 4):
        store.save(replace(alert(number), **ended), channels=("log",))
    for number in (2, 3):
        store.settle(f"{number:032x}", channel="log", outcome=Outcome.SENT)

    assert listed(store.lively(sent_since_wall_ns=NOW_NS, limit=9)) == [1, 2, 3, 4]
    assert listed(store.lively(sent_since_wall_ns=NOW_NS + 1, limit=9)) == [1, 4]
    assert listed(store.lively(sent_since_wall_ns=NOW_NS, limit=2)) == [3, 4]


def test_told_again_a_channel_that_had_taken_it_has_to_take_it_once_more(
    open_store: Opener,
) -> None:
    store = open_store()
    store.save(alert(1), channels=("log", "mqtt"))
    for channel in ("log", "mqtt"):
        store.settle(f"{1:032x}", channel=channel, outcome=Outcome.SENT)

    store.save(replace(alert(1), telling=2, escalated=True, rule="night"), channels=("mqtt",))

    (waiting,) = store.pending("mqtt", limit=9)
    assert (waiting.telling, waiting.escalated, waiting.rule) == (2, True, "night")
    assert store.pending("log", limit=9) == []


def test_an_alert_keeps_its_state_zone_and_who_has_seen_it(open_store: Opener) -> None:
    store = open_store()
    raised = alert(1)
    store.save(replace(raised, event=replace(raised.event, zone="stairs")))
    store.acknowledge(f"{1:032x}", by="Anna", now_ns=11)
    (stored,) = store.alerts()
    assert (stored.alert.state, stored.alert.event.zone) == (AlertState.ACKNOWLEDGED, "stairs")

    store.save(replace(stored.alert, state=AlertState.CLEARED, acknowledged_by=""))
    (stored,) = store.alerts()
    assert (stored.alert.state, stored.acknowledged_by) == (AlertState.CLEARED, "Anna")


def test_what_has_ended_is_acknowledged_and_stays_ended(open_store: Opener) -> None:
    store = open_store()
    store.save(replace(alert(1), state=AlertState.EXPIRED))
    store.acknowledge(f"{1:032x}", by="Anna", now_ns=11)
    (stored,) = store.alerts()
    assert (stored.alert.state, stored.acknowledged_by) == (AlertState.EXPIRED, "Anna")


def test_a_forgotten_person_is_not_written_back_by_who_still_knows_the_name(
    open_store: Opener,
) -> None:
    store = open_store()
    named = alert(1, title="Anna is not authorised")
    store.save(named)
    store.forget_person(person_id="track 1", name="Anna")

    store.save(replace(named, state=AlertState.EXPIRED, acknowledged_by="Anna"))

    (stored,) = store.alerts()
    assert stored.alert.state is AlertState.EXPIRED
    assert stored.alert.event.title == stored.alert.event.reason == "a forgotten person"


def test_alerts_of_a_version_without_states_have_ended_and_are_still_sent(
    open_store: Opener,
) -> None:
    open_store.path.parent.mkdir()
    connection = sqlite3.connect(open_store.path, isolation_level=None)
    migrate(connection, steps=STEPS[:2])
    connection.execute(
        "INSERT INTO alerts VALUES (1, 'a', 'fire', 2, 't', 'r', 's', '', 'hall', NULL, 5, 3, 1, "
        "7, 7, 'Anna', 8)"
    )
    connection.execute("INSERT INTO deliveries VALUES (1, 'log', NULL, NULL)")
    connection.close()

    store = open_store()

    (stored,) = store.alerts()
    assert (stored.alert.state, stored.alert.event.zone) == (AlertState.EXPIRED, "")
    assert (stored.alert.telling, stored.acknowledged_by) == (1, "Anna")
    assert [one.alert_id for one in store.pending("log", limit=9)] == ["a"]
    assert "brought from version 2" in open_store.reports[0]


def test_a_channel_that_is_gone_is_not_waited_for(open_store: Opener) -> None:
    store = open_store()
    store.save(alert(1), channels=("log", "mqtt"))

    assert store.retire_channels(("log",)) == 1
    assert store.retire_channels(("log",)) == 0
    assert store.alerts()[0].waiting == ("log",)
    assert store.retire_channels(()) == 1


def test_age_deletes_all_but_critical_ones_that_wait(open_store: Opener) -> None:
    store = open_store(max_age_days=1.0)
    store.save(alert(1, WARNING), channels=("log",))
    store.save(alert(2, CRITICAL), channels=("log",))
    store.save(alert(3, CRITICAL), channels=("log",))
    store.settle(f"{3:032x}", channel="log", outcome=Outcome.SENT)
    open_store.clock.now_ns += DAY_NS
    store.save(alert(4))
    assert store.purge() == 0

    open_store.clock.now_ns += 1
    assert store.purge() == 2

    assert listed(store.alerts()) == [4, 2]
    assert numbers(store.pending("log", limit=9)) == [2]


def test_number_deletes_the_oldest_but_never_critical_ones_that_wait(open_store: Opener) -> None:
    store = open_store(max_rows=3)
    store.save(alert(1, CRITICAL), channels=("log",))
    for number in range(2, 8):
        store.save(alert(number), channels=("log",))

    assert store.purge() == 4
    assert listed(store.alerts()) == [7, 6, 1]

    for number in range(8, 12):
        store.save(alert(number, CRITICAL), channels=("log",))
    assert store.purge() == 2
    assert listed(store.alerts()) == [11, 10, 9, 8, 1]


def test_what_a_board_without_a_clock_stored_is_not_fifty_years_old(open_store: Opener) -> None:
    store = open_store(max_age_days=1.0)
    open_store.clock.now_ns = 60 * 1_000_000_000  # 1970
    store.save(alert(1))
    open_store.clock.now_ns = NOW_NS

    assert store.purge() == 0


def damage_header(path: Path) -> None:
    path.write_bytes(b"this is no database, " * 100)


def damage_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:12288] = b"\xa5" * 8192
    path.write_bytes(data)


def cut_short(path: Path) -> None:
    os.truncate(path, 6000)


@pytest.mark.parametrize("damage", [damage_header, damage_middle, cut_short])
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(
    open_store: Opener, damage: Callable[[Path], None]
) -> None:
    store = open_store()
    for number in range(200):
        store.save(alert(number))
    store.close()
    damage(open_store.path)
    damaged = open_store.path.read_bytes()

    store = open_store()
    store.save(alert(1))

    aside = open_store.path.with_name("alerts.db.corrupt-20250615T150640Z")
    assert aside.read_bytes() == damaged
    assert listed(store.alerts()) == [1]
    (report,) = open_store.reports
    assert "damaged (" in report
    assert f"moved to {aside.name} and a new one was begun" in report


def test_a_second_damaged_file_does_not_overwrite_the_first(open_store: Opener) -> None:
    open_store().close()
    for content in (b"first" * 1000, b"second" * 1000):
        open_store.path.write_bytes(content)
        open_store().close()

    folder = open_store.path.parent
    aside = "alerts.db.corrupt-20250615T150640Z"
    assert (folder / aside).read_bytes() == b"first" * 1000
    assert (folder / f"{aside}-2").read_bytes() == b"second" * 1000


def test_the_write_ahead_log_of_a_damaged_file_goes_with_it(open_store: Opener) -> None:
    open_store().close()
    damage_header(open_store.path)
    wal = open_store.path.with_name("alerts.db-wal")
    wal.write_bytes(b"old log" * 100)

    open_store().save(alert(1))

    folder = open_store.path.parent
    kept = folder / "alerts.db.corrupt-20250615T150640Z-wal"
    assert kept.read_bytes() == b"old log" * 100
    assert listed(open_store().alerts()) == [1]


def test_a_newer_schema_is_refused_and_left_alone(open_store: Opener) -> None:
    open_store().close()
    connection = sqlite3.connect(open_store.path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()

    with pytest.raises(
        StoreError, match=rf"schema is version {VERSION + 1}, this program knows up to {VERSION}"
    ):
        open_store()
    assert [p.name for p in open_store.path.parent.iterdir()] == ["alerts.db"]


def test_another_programs_database_is_refused_and_left_alone(open_store: Opener) -> None:
    open_store.path.parent.mkdir()
    connection = sqlite3.connect(open_store.path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    before = open_store.path.read_bytes()

    with pytest.raises(StoreError, match="another program's database"):
        open_store()

    assert open_store.path.read_bytes() == before


def test_a_path_that_cannot_be_a_file_is_one_clear_sentence(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "file" / "alerts.db"):
        (tmp_path / "file").touch()
        with pytest.raises(StoreError, match=r"cannot be opened .* check the parameter store.path"):
            EventStore(path, StoreConfig(), wall_clock_ns=WallClock(), report=print)


def test_a_step_is_added_without_losing_what_is_stored(open_store: Opener) -> None:
    store = open_store()
    store.save(alert(1))
    store.close()
    steps = (*STEPS, ("ALTER TABLE alerts ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",))
    connection = sqlite3.connect(open_store.path, isolation_level=None)

    assert migrate(connection, steps=steps) == (VERSION, VERSION + 1)
    assert migrate(connection, steps=steps) == (VERSION + 1, VERSION + 1)

    assert connection.execute("SELECT alert_id, note FROM alerts").fetchall() == [
        (f"{1:032x}", "none")
    ]
    connection.close()


def test_a_step_that_fails_leaves_the_version_before_it(open_store: Opener) -> None:
    open_store().close()
    steps = (*STEPS, ("CREATE TABLE extra (x)", "CREATE TABLE alerts (y)"))
    connection = sqlite3.connect(open_store.path, isolation_level=None)

    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(connection, steps=steps)

    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert "extra" not in tables
    connection.close()


def test_a_transaction_is_all_or_nothing(open_store: Opener) -> None:
    store = open_store()
    with pytest.raises(ValueError, match="stop"), store.transaction():  # noqa: PT012
        store.save(alert(1))
        store.save(alert(2))
        raise ValueError("stop")
    assert store.alerts() == []
    with store.transaction():
        store.save(alert(3))
    assert listed(store.alerts()) == [3]


def test_a_full_disk_is_an_error_and_room_mends_it(open_store: Opener) -> None:
    store = open_store()
    database: Database = store._database
    with database.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        for number in range(100):
            store.save(alert(number), channels=("log",))

    with pytest.raises(StoreError, match=r"database or disk is full; check the disk's room"):
        fill()
    with database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 100000")
    fill()

    assert len(store.alerts()) == 100


def test_a_file_locked_by_another_process_is_an_error_and_no_damage(open_store: Opener) -> None:
    store = open_store(busy_timeout_s=0.0)
    other = sqlite3.connect(open_store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match="locked"):
        store.save(alert(1))
    other.execute("ROLLBACK")
    other.close()
    store.save(alert(1))

    assert open_store.reports == []


def test_a_file_that_another_process_keeps_for_itself_is_not_moved_aside(
    open_store: Opener,
) -> None:
    open_store().close()
    other = sqlite3.connect(open_store.path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(StoreError, match=r"cannot be opened \(database is locked\)"):
        open_store(busy_timeout_s=0.0)
    other.close()

    assert [path.name for path in open_store.path.parent.iterdir()] == ["alerts.db"]
    assert open_store.reports == []


def test_a_closed_store_says_so(open_store: Opener) -> None:
    store = open_store()
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.save(alert(1))


_SAVE_AND_WAIT = """
import sys, time
from pathlib import Path
from edgeai_alerts.config import StoreConfig
from edgeai_alerts.store import EventStore
from edgeai_core.types import Alert, AlertEvent, Severity
store = EventStore(Path(sys.argv[1]), StoreConfig(), wall_clock_ns=time.time_ns, report=print)
event = AlertEvent(category="node_fault", severity=Severity.CRITICAL, title="t", reason="r",
                   source="s", subject="usb_cam")
store.save(Alert(alert_id="1" * 32, event=event, raised_ns=0), channels=("log",))
print("saved", flush=True)
sys.stdin.read()
"""


def test_a_saved_alert_survives_kill_9(open_store: Opener) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _SAVE_AND_WAIT, str(open_store.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "saved\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait(10.0) == -signal.SIGKILL

    store = open_store()

    assert [one.alert_id for one in store.pending("log", limit=9)] == ["1" * 32]
    assert open_store.reports == []
