"""The files of evidence: whole or not at all, within their limits, gone when they must be."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edgeai_alerts.config import StoreConfig
from edgeai_alerts.evidence.config import LimitsConfig
from edgeai_alerts.evidence.shelf import EvidenceShelf
from edgeai_alerts.evidence.table import EvidenceKind
from edgeai_alerts.store import EventStore
from edgeai_core.config import build
from edgeai_core.errors import EvidenceError, StoreError
from edgeai_core.types import Alert, AlertEvent, Severity

SNAPSHOT, CLIP = EvidenceKind.SNAPSHOT, EvidenceKind.CLIP
DAY_NS = 86_400 * 1_000_000_000
START_NS = 1_800_000_000 * 1_000_000_000


class Cupboard:
    """A shelf whose clock and disk the test moves."""

    def __init__(self, folder: Path, **limits: object) -> None:
        self.folder = folder / "evidence"
        self.now_ns = START_NS
        self.free_bytes = 10_000_000_000
        self.limits = build(LimitsConfig, {"max_bytes": 1_000_000, **limits})
        self.store = EventStore(
            folder / "alerts.db",
            StoreConfig(),
            wall_clock_ns=lambda: self.now_ns,
            report=pytest.fail,
        )
        self.shelf = EvidenceShelf(
            self.folder,
            self.store.evidence,
            self.limits,
            wall_clock_ns=lambda: self.now_ns,
            free_bytes=lambda folder: self.free_bytes,
        )

    def keep(self, number: int, size: int = 10, kind: EvidenceKind = SNAPSHOT, **more) -> None:
        self.shelf.keep(f"{number:032x}", kind, b"e" * size, **more)

    def read(self, number: int, kind: str = "snapshot", offset: int = 0, limit: int = 100):
        return self.shelf.read(f"{number:032x}", kind, offset_bytes=offset, limit_bytes=limit)

    def files(self) -> list[str]:
        return sorted(f.name.lstrip("0") for f in self.folder.iterdir())

    def numbers(self) -> list[int]:
        return [int(entry.alert_id, 16) for entry in self.store.evidence.all()]


@pytest.fixture
def cupboard(tmp_path):
    made: list[Cupboard] = []

    def make(**limits: object) -> Cupboard:
        made.append(Cupboard(tmp_path, **limits))
        return made[-1]

    yield make
    for one in made:
        one.store.close()


def test_a_file_is_kept_for_its_owner_only_and_read_in_pieces(cupboard):
    box = cupboard()
    box.shelf.keep("a" * 32, CLIP, b"0123456789")
    file = box.folder / f"{'a' * 32}.clip.webm"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(box.folder.stat().st_mode) == 0o700
    pieces = [
        box.shelf.read("a" * 32, "clip", offset_bytes=at, limit_bytes=4) for at in (0, 4, 8, 12)
    ]
    assert [p.data for p in pieces] == [b"0123", b"4567", b"89", b""]
    assert {(p.total_bytes, p.media_type) for p in pieces} == {(10, "video/webm")}


def test_the_kinds_that_are_kept_are_told_by_alert(cupboard):
    box = cupboard()
    box.keep(1)
    box.keep(1, kind=CLIP)
    box.keep(2, kind=CLIP)
    ids = [f"{n:032x}" for n in (1, 2, 3)]
    assert box.store.evidence.kinds_of(ids) == {ids[0]: ("snapshot", "clip"), ids[1]: ("clip",)}


def test_the_file_of_an_alert_is_named_once_it_is_there(cupboard):
    box = cupboard()
    assert box.shelf.path("a" * 32, "snapshot") is None
    box.shelf.keep("a" * 32, SNAPSHOT, b"picture")
    file = box.shelf.path("a" * 32, "snapshot")
    assert file is not None
    assert file.read_bytes() == b"picture"
    file.unlink()
    assert [box.shelf.path(*asked) for asked in (("a" * 32, "snapshot"), ("../x", "clip"))] == [
        None,
        None,
    ]
    assert box.shelf.path("a" * 32, "film") is None


def test_stored_alerts_say_what_is_kept_of_them(cupboard):
    box = cupboard()
    for number in (1, 2):
        box.store.save(alert(number, f"track {number}"), channels=["log"])
    box.keep(2)
    box.keep(2, kind=CLIP)
    told = [(), ("snapshot", "clip")]
    assert [entry.alert.evidence for entry in box.store.alerts()] == told[::-1]
    assert [a.evidence for a in box.store.pending("log", limit=9)] == told
    lively = box.store.lively(sent_since_wall_ns=0, limit=9)
    assert [entry.alert.evidence for entry in lively] == told


def test_evidence_made_twice_is_the_newer_once(cupboard):
    box = cupboard()
    box.keep(1, size=10)
    box.keep(1, size=20)
    assert box.files() == ["1.snapshot.jpg"]
    assert box.read(1).total_bytes == 20


def test_when_there_is_no_room_the_oldest_go(cupboard):
    box = cupboard()
    for number in range(1, 5):
        box.keep(number, size=300_000)
    assert box.numbers() == [2, 3, 4]
    assert box.files() == ["2.snapshot.jpg", "3.snapshot.jpg", "4.snapshot.jpg"]


def test_what_was_kept_first_goes_first_whatever_the_wall_clock_said(cupboard):
    box = cupboard()
    box.keep(1, size=400_000)
    box.now_ns -= 2 * DAY_NS
    box.keep(2, size=400_000)
    box.now_ns += 4 * DAY_NS
    box.keep(3, size=400_000)
    assert box.numbers() == [2, 3]


def test_a_file_beyond_all_room_is_refused_and_costs_no_other(cupboard):
    box = cupboard()
    box.keep(1)
    with pytest.raises(EvidenceError, match=r"1000001 bytes are more than limits.max_bytes"):
        box.keep(2, size=1_000_001)
    assert box.files() == ["1.snapshot.jpg"]


def test_what_is_too_old_goes(cupboard):
    box = cupboard(max_age_days=2.0)
    box.keep(1)
    box.now_ns += DAY_NS
    box.keep(2)
    box.now_ns += round(1.5 * DAY_NS)
    assert box.shelf.purge() == 1
    assert (box.numbers(), box.files()) == ([2], ["2.snapshot.jpg"])


def test_what_a_board_without_a_clock_kept_is_not_old(cupboard):
    box = cupboard(max_age_days=2.0)
    box.now_ns = 1000
    box.keep(1)
    box.now_ns = START_NS
    assert box.shelf.purge() == 0


def test_a_disk_short_of_room_gets_nothing_and_loses_nothing(cupboard):
    box = cupboard(min_free_bytes=1_000_000)
    for number in (1, 2, 3):
        box.keep(number, size=300_000)
    box.free_bytes = 1_299_999
    with pytest.raises(EvidenceError, match=r"1299999 bytes are free and limits\.min_free_bytes"):
        box.keep(4, size=300_000)
    assert box.numbers() == [1, 2, 3]
    box.free_bytes = 1_300_000
    box.keep(4, size=300_000)
    assert box.numbers() == [2, 3, 4]


def test_a_disk_that_fills_while_it_is_written_leaves_nothing_half(cupboard, monkeypatch):
    box = cupboard()
    box.keep(1)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EvidenceError, match="No space left on device; make room or mend the disk"):
        box.keep(2)
    assert (box.files(), box.numbers()) == (["1.snapshot.jpg"], [1])


def test_without_its_row_a_file_does_not_stay(cupboard):
    box = cupboard()
    box.keep(1)
    box.store.close()
    with pytest.raises(StoreError):
        box.keep(2)
    assert box.files() == ["1.snapshot.jpg"]


def test_after_a_crash_what_is_half_is_cleared_away(cupboard, tmp_path):
    box = cupboard()
    for number in (1, 2):
        box.keep(number)
    (box.folder / f"{2:032x}.snapshot.jpg").unlink()
    (box.folder / f"{3:032x}.clip.webm").write_bytes(b"no row")
    (box.folder / f".{4:032x}.clip.webm.part").write_bytes(b"half")
    box.store.close()
    again = Cupboard(tmp_path)
    try:
        assert again.shelf.tidy() == 3
        assert (again.files(), again.numbers()) == (["1.snapshot.jpg"], [1])
        assert again.read(1).data == b"e" * 10
        assert again.shelf.tidy() == 0
    finally:
        again.store.close()


@pytest.mark.parametrize(
    ("alert_id", "kind", "offset", "limit", "told"),
    [
        ("../../../etc/passwd", "snapshot", 0, 10, "expected 32 hexadecimal characters"),
        ("a" * 31 + "\n", "snapshot", 0, 10, "expected 32 hexadecimal characters"),
        ("A" * 32, "snapshot", 0, 10, "expected 32 hexadecimal characters"),
        ("b" * 32, "snapshot", 0, 10, "no snapshot is kept of alert b"),
        ("a" * 32, "../x", 0, 10, "expected one of snapshot, clip"),
        ("a" * 32, "clip", 0, 10, "no clip is kept"),
        ("a" * 32, "snapshot", 0, 0, "expected 1..1048576"),
        ("a" * 32, "snapshot", 0, 1_048_577, "expected 1..1048576"),
        ("a" * 32, "snapshot", -1, 10, "from -1 on"),
    ],
)
def test_nothing_but_evidence_is_handed_out(cupboard, alert_id, kind, offset, limit, told):
    box = cupboard()
    box.shelf.keep("a" * 32, SNAPSHOT, b"picture")
    with pytest.raises(EvidenceError, match=told):
        box.shelf.read(alert_id, kind, offset_bytes=offset, limit_bytes=limit)


def test_a_link_in_the_place_of_a_file_is_not_followed(cupboard, tmp_path):
    box = cupboard()
    box.keep(1)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    file = box.folder / f"{1:032x}.snapshot.jpg"
    file.unlink()
    file.symlink_to(secret)
    with pytest.raises(EvidenceError, match="cannot be read"):
        box.read(1)


def alert(number: int, subject: str) -> Alert:
    event = AlertEvent(
        category="unauthorised_person",
        severity=Severity.WARNING,
        title="t",
        reason="r",
        source="face_authenticator",
        subject=subject,
    )
    return Alert(alert_id=f"{number:032x}", event=event, raised_ns=1)


def test_who_is_forgotten_is_in_no_evidence_and_in_no_byte_of_the_store(cupboard, tmp_path):
    box = cupboard()
    box.store.save(alert(1, "person-77"))
    box.store.save(alert(2, "track 5"))
    box.store.save(alert(3, "track 6"))
    box.keep(1)
    box.keep(1, kind=CLIP)
    box.keep(2, people=("person-12", "person-77"))
    box.keep(2, kind=CLIP, people=("person-12",))
    box.keep(3, people=("person-778",))
    assert box.shelf.erase_person("person-77") == 3
    assert box.files() == ["2.clip.webm", "3.snapshot.jpg"]
    box.store.forget_person(person_id="person-77", name="Ada")
    box.store.close()
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert b"person-77 " not in file.read_bytes()


def test_forgetting_somebody_who_was_never_seen_deletes_nothing(cupboard):
    box = cupboard()
    box.keep(1, people=("p1",))
    assert box.shelf.erase_person("p2") == 0
    assert box.numbers() == [1]


ON_A_SMALL_DISK = """
import subprocess, sys
from pathlib import Path
from edgeai_alerts.config import StoreConfig
from edgeai_alerts.evidence.config import LimitsConfig
from edgeai_alerts.evidence.shelf import EvidenceShelf, free_bytes_of
from edgeai_alerts.evidence.table import EvidenceKind
from edgeai_alerts.store import EventStore
from edgeai_core.errors import EvidenceError

state = Path(sys.argv[1])
disk = state / "evidence"
disk.mkdir()
mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)])
if mounted.returncode:
    sys.exit(77)
with EventStore(
    state / "alerts.db", StoreConfig(), wall_clock_ns=lambda: 1, report=print
) as store:
    def shelf(reserve, free_bytes=free_bytes_of):
        limits = LimitsConfig(min_free_bytes=reserve)
        return EvidenceShelf(
            disk, store.evidence, limits, wall_clock_ns=lambda: 1, free_bytes=free_bytes
        )

    def tried(number, size, where):
        try:
            where.keep(f"{number:032x}", EvidenceKind.SNAPSHOT, b"e" * size)
        except EvidenceError as exc:
            return str(exc)
        return "kept"

    print(tried(1, 40_000, shelf(150_000)))
    print(tried(2, 80_000, shelf(150_000)).partition(": ")[2])
    # Whoever asked was told of room that is gone when the file is written.
    print(tried(3, 300_000, shelf(0, free_bytes=lambda folder: 10**12)))
    print(tried(4, 40_000, shelf(150_000)))
    print([int(f.name[:32], 16) for f in sorted(disk.iterdir())])
    print([int(entry.alert_id, 16) for entry in store.evidence.all()])
"""


def test_on_a_real_disk_that_is_full_nothing_is_half_and_the_reserve_stays(tmp_path):
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare is not there: a small disk cannot be made")
    command = [unshare, "--map-root-user", "--mount", sys.executable, "-c", ON_A_SMALL_DISK]
    ran = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    if ran.returncode == 77 or "unshare" in ran.stderr:
        pytest.skip(f"this machine lets nobody mount a small disk: {ran.stderr.strip()[:100]}")
    assert ran.returncode == 0, ran.stderr
    first, second, third, fourth, files, rows = ran.stdout.splitlines()
    assert (first, fourth) == ("kept", "kept")
    assert second.endswith("stay so; no evidence is kept until there is room")
    assert third.endswith("No space left on device; make room or mend the disk")
    assert files == rows == "[1, 4]"
