"""The files of evidence: written whole or not at all, limited in age and room, erased on demand."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeai_alerts.evidence.clip import CLIP_MEDIA_TYPE
from edgeai_alerts.evidence.config import LimitsConfig
from edgeai_alerts.evidence.pictures import SNAPSHOT_MEDIA_TYPE
from edgeai_alerts.evidence.table import EvidenceKind, EvidenceTable, StoredEvidence
from edgeai_alerts.files import PRIVATE_FILE, PRIVATE_FOLDER
from edgeai_core.errors import EvidenceError, StoreError

EVIDENCE_FOLDER = "evidence"
MAX_PIECE_BYTES = 1_048_576
_NS_PER_DAY = 86_400 * 1_000_000_000
# As in the event store: a board without a battery-backed clock starts in 1970.
_EARLIEST_PLAUSIBLE_WALL_NS = 1_704_067_200 * 1_000_000_000
_ALERT_ID = re.compile(r"[0-9a-f]{32}")
_TYPES = {
    EvidenceKind.SNAPSHOT: ("jpg", SNAPSHOT_MEDIA_TYPE),
    EvidenceKind.CLIP: ("webm", CLIP_MEDIA_TYPE),
    EvidenceKind.EXPLANATION: ("jpg", SNAPSHOT_MEDIA_TYPE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a file.

    Attributes:
        data: the bytes. total_bytes: of the whole file. media_type: such as image/jpeg.
    """

    data: bytes
    total_bytes: int
    media_type: str


def free_bytes_of(folder: Path) -> int:
    """Return how much an ordinary user may still write to a folder's disk, in bytes."""
    return shutil.disk_usage(folder).free


class EvidenceShelf:
    """Files in one folder and their rows in the event store; any thread may call it.

    A file is written beside its place and moved there; its row follows. What a crash left between
    the two is cleared away by `tidy`.

    Args:
        folder: made at the first write, for the owner only.
        table: of the event store. limits: how much is kept.
        wall_clock_ns: nanoseconds since 1970. free_bytes: returns the room on a folder's disk.
    """

    def __init__(
        self,
        folder: Path,
        table: EvidenceTable,
        limits: LimitsConfig,
        *,
        wall_clock_ns: Callable[[], int],
        free_bytes: Callable[[Path], int] = free_bytes_of,
    ) -> None:
        self._folder = folder
        self._table = table
        self._limits = limits
        self._wall_clock_ns = wall_clock_ns
        self._free_bytes = free_bytes
        # One write or purge at a time: both count what is there.
        self._lock = threading.RLock()

    def keep(
        self, alert_id: str, kind: EvidenceKind, data: bytes, *, people: Sequence[str] = ()
    ) -> None:
        """Keep a file; the oldest others go when there is no room within the limits.

        Args:
            alert_id: 32 hex characters. people: ids of those who were recognised in it.

        Raises:
            EvidenceError: the disk is short of room, or the file cannot be written.
            StoreError: the event store cannot be written; then no file is left either.
        """
        suffix, media_type = _TYPES[kind]
        target = self._folder / f"{_checked(alert_id)}.{kind.value}.{suffix}"
        with self._lock:
            try:
                # Before the purge: evidence that cannot be kept must not cost what is there.
                self._require_room(len(data))
                self.purge(room_bytes=len(data))
                self._write(target, data)
            except OSError as exc:
                raise EvidenceError(
                    f"{kind.value} of {len(data)} bytes: cannot be written to {self._folder}: "
                    f"{exc.strerror or exc}; make room or mend the disk"
                ) from exc
            try:
                self._table.save(
                    alert_id,
                    kind,
                    file=target.name,
                    media_type=media_type,
                    size_bytes=len(data),
                    people=people,
                )
            except StoreError:
                target.unlink(missing_ok=True)
                raise

    def purge(self, *, room_bytes: int = 0) -> int:
        """Delete what is too old, then the oldest beyond the room; return how many files.

        Args:
            room_bytes: how much shall fit within the limit afterwards.

        Raises:
            EvidenceError: so much never fits. StoreError: the event store cannot be used.
        """
        limit_bytes = self._limits.max_bytes - room_bytes
        if limit_bytes < 0:
            raise EvidenceError(
                f"{room_bytes} bytes are more than limits.max_bytes, {self._limits.max_bytes}; "
                "raise it or make clips shorter"
            )
        oldest_ns = self._wall_clock_ns() - round(self._limits.max_age_days * _NS_PER_DAY)
        with self._lock:
            entries = self._table.all()
            total_bytes = sum(entry.bytes for entry in entries)
            gone = []
            for entry in entries:
                aged = _EARLIEST_PLAUSIBLE_WALL_NS <= entry.created_wall_ns < oldest_ns
                if aged or total_bytes > limit_bytes:
                    gone.append(entry)
                    total_bytes -= entry.bytes
            self._delete(gone)
            return len(gone)

    def tidy(self) -> int:
        """Delete files without a row and rows without a file; return how many.

        Raises:
            StoreError: the event store cannot be used.
        """
        with self._lock:
            entries = self._table.all()
            lost = [e for e in entries if not (self._folder / e.file).is_file()]
            self._table.delete(lost)
            known = {entry.file for entry in entries}
            strays = [f for f in self._files() if f.name not in known]
            for stray in strays:
                stray.unlink(missing_ok=True)
            return len(lost) + len(strays)

    def path(self, alert_id: str, kind: str) -> Path | None:
        """Return the file of an alert's evidence; None when there is none, or none yet."""
        try:
            entry = self._table.find(_checked(alert_id), EvidenceKind(kind))
        except (EvidenceError, StoreError, ValueError):
            return None
        file = None if entry is None else self._folder / Path(entry.file).name
        return file if file is not None and file.is_file() else None

    def read(self, alert_id: str, kind: str, *, offset_bytes: int, limit_bytes: int) -> Piece:
        """Return a part of a file.

        Raises:
            EvidenceError: such an alert, kind or part cannot be, or it is not kept.
            StoreError: the event store cannot be read.
        """
        if kind not in {known.value for known in EvidenceKind}:
            kinds = ", ".join(known.value for known in EvidenceKind)
            raise EvidenceError(f"evidence: got kind {kind[:40]!r}, expected one of {kinds}")
        if not 1 <= limit_bytes <= MAX_PIECE_BYTES or offset_bytes < 0:
            raise EvidenceError(
                f"evidence: got {limit_bytes} bytes from {offset_bytes} on, expected "
                f"1..{MAX_PIECE_BYTES} from 0 on"
            )
        entry = self._table.find(_checked(alert_id), EvidenceKind(kind))
        if entry is None:
            raise EvidenceError(f"evidence: no {kind} is kept of alert {alert_id}")
        # Not by the name in the table: nothing that is stored leads out of the folder.
        file = self._folder / f"{alert_id}.{kind}.{_TYPES[entry.kind][0]}"
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as opened:
                total_bytes = os.fstat(opened.fileno()).st_size
                opened.seek(min(offset_bytes, total_bytes))
                data = opened.read(limit_bytes)
        except OSError as exc:
            raise EvidenceError(
                f"evidence: the {kind} of alert {alert_id} cannot be read: {exc.strerror}"
            ) from exc
        return Piece(data=data, total_bytes=total_bytes, media_type=entry.media_type)

    def erase_person(self, person_id: str) -> int:
        """Delete all that shows a person, and every trace of it in the store; return how many.

        Raises:
            EvidenceError: a file cannot be deleted. StoreError: the store cannot be written.
        """
        with self._lock:
            entries = self._table.showing(person_id)
            self._delete(entries)
        if entries:
            self._table.compact()
        return len(entries)

    def _delete(self, entries: Sequence[StoredEvidence]) -> None:
        # Files first: a row without a file says so when asked, a file without a row is hidden.
        for entry in entries:
            try:
                (self._folder / Path(entry.file).name).unlink(missing_ok=True)
            except OSError as exc:
                raise EvidenceError(f"cannot delete {entry.file}: {exc.strerror}") from exc
        if entries:
            self._table.delete(entries)

    def _files(self) -> list[Path]:
        return [f for f in self._folder.iterdir() if f.is_file()] if self._folder.is_dir() else []

    def _require_room(self, size_bytes: int) -> None:
        self._folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        free_bytes = self._free_bytes(self._folder)
        if free_bytes - size_bytes < self._limits.min_free_bytes:
            raise EvidenceError(
                f"{self._folder}: {free_bytes} bytes are free and limits.min_free_bytes = "
                f"{self._limits.min_free_bytes} stay so; no evidence is kept until there is room"
            )

    def _write(self, target: Path, data: bytes) -> None:
        draft = target.with_name(f".{target.name}.part")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(draft, flags, PRIVATE_FILE), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _checked(alert_id: str) -> str:
    if not _ALERT_ID.fullmatch(alert_id):
        raise EvidenceError(
            f"evidence: got alert id {alert_id[:40]!r}, expected 32 hexadecimal characters"
        )
    return alert_id
