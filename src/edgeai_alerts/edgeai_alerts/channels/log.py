"""Alerts as JSON lines in a file that is set aside when it is full."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from edgeai_alerts.config import LogFileConfig
from edgeai_alerts.files import make_private
from edgeai_core.errors import ChannelError
from edgeai_core.types import Alert


class LogChannel:
    """Append one JSON object per alert and line, ASCII only, so that any viewer is safe.

    ``alerts.jsonl`` becomes ``alerts.jsonl.1`` when it is full, that ``.2`` and so on. The file is
    opened for every alert: it may be moved or deleted under a running node.

    Args:
        path: the file; its folder is made if missing, both are readable for the owner only.
        config: limits.
        wall_clock_ns: nanoseconds since 1970, for people to read.
    """

    name = "log"

    def __init__(
        self, path: Path, config: LogFileConfig, *, wall_clock_ns: Callable[[], int]
    ) -> None:
        self._path = path
        self._config = config
        self._wall_clock_ns = wall_clock_ns

    def send(self, alert: Alert) -> None:
        line = (json.dumps(as_record(alert, wall_ns=self._wall_clock_ns())) + "\n").encode()
        try:
            make_private(self._path)
            size = self._path.stat().st_size
            if size and size + len(line) > self._config.max_bytes:
                self._set_aside()
                make_private(self._path)
            self._append(line)
        except OSError as exc:
            raise ChannelError(
                f"log: cannot write {self._path} ({exc}); check the disk's room and rights or "
                "the parameter log_file.path"
            ) from exc

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                # A killed process or a full disk left half a line: do not glue ours to it.
                line = b"\n" + line
            written = os.write(descriptor, line)
            if written < len(line):
                os.ftruncate(descriptor, size)
                raise OSError(f"wrote {written} of {len(line)} bytes")
        finally:
            os.close(descriptor)

    def _set_aside(self) -> None:
        for number in range(self._config.kept_files, 1, -1):
            younger = self._aside(number - 1)
            if younger.exists():
                younger.replace(self._aside(number))
        self._path.replace(self._aside(1))

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def as_record(alert: Alert, *, wall_ns: int) -> dict[str, object]:
    """Return an alert as names and JSON values.

    Args:
        alert: what to write.
        wall_ns: when it is written, nanoseconds since 1970.
    """
    event = alert.event
    written = datetime.fromtimestamp(wall_ns / 1e9, timezone.utc)
    return {
        "written_at": written.isoformat(timespec="milliseconds"),
        "alert_id": alert.alert_id,
        "category": event.category,
        "severity": event.severity.name,
        "title": event.title,
        "reason": event.reason,
        "source": event.source,
        "camera": event.camera,
        "zone": event.zone,
        "subject": event.subject,
        "score": event.score if math.isfinite(event.score) else None,
        "stamp_ns": event.stamp_ns,
        "raised_ns": alert.raised_ns,
        "count": alert.count,
        "state": alert.state.name,
        "telling": alert.telling,
    }


def forget_in_log(path: Path, *, person_id: str, nobody: str) -> int:
    """Take a person's name and id out of the log file and those set aside; return how many lines.

    Args:
        path: the log file; need not exist. nobody: what stands for title and reason afterwards.

    Raises:
        ChannelError: a file cannot be rewritten.
    """
    changed = 0
    for file in sorted(path.parent.glob(f"{path.name}*")):
        try:
            lines = file.read_text(encoding="ascii", errors="replace").splitlines()
            kept = [_without(line, person_id, nobody) for line in lines]
            count = sum(old != new for old, new in zip(lines, kept, strict=True))
            if count:
                fresh = file.with_name(f".{file.name}.new")
                make_private(fresh)
                fresh.write_text("".join(f"{line}\n" for line in kept if line), encoding="ascii")
                fresh.replace(file)
                changed += count
        except OSError as exc:
            raise ChannelError(f"log: {file} cannot be rewritten ({exc.strerror})") from exc
    return changed


def _without(line: str, person_id: str, nobody: str) -> str:
    if person_id not in line:
        return line
    try:
        record = json.loads(line)
    except ValueError:
        return ""  # half a line, cut off when the disk was full
    record["subject"] = str(record.get("subject", "")).replace(person_id, "forgotten")
    record["title"] = record["reason"] = nobody
    return json.dumps(record)
