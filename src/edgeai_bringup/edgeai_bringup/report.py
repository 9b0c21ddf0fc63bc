"""What happened in a run, as JSON."""

from __future__ import annotations

import errno
import json
import math
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from edgeai_bringup.graph_names import short_names
from edgeai_bringup.monitor import GraphMonitor
from edgeai_core.errors import EdgeAiError

_MIB = 1024 * 1024


class ProcessGauge:
    """Memory and processor time of the processes of a run; sample it about once a second."""

    def __init__(self, process_ids: Iterable[int] = ()) -> None:
        self._own_id = os.getpid()
        self._peak_rss_mb: dict[int, float] = {}
        self._cpu_s: dict[int, float] = {}
        self.watched: set[int] = {self._own_id, *process_ids}
        self._start_s: float | None = None

    def sample(self) -> None:
        """Read every watched process that still lives."""
        for process_id in self.watched:
            try:
                process = psutil.Process(process_id)
                rss_mb = process.memory_info().rss / _MIB
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            self._peak_rss_mb[process_id] = max(self._peak_rss_mb.get(process_id, 0.0), rss_mb)
            self._cpu_s[process_id] = times.user + times.system

    def graph_is_running(self) -> None:
        """Note the moment at which the graph was first seen running."""
        if self._start_s is None:
            self._start_s = time.time() - psutil.Process(self._own_id).create_time()

    @property
    def start_s(self) -> float | None:
        """Seconds from the start of this process to a running graph; None before."""
        return self._start_s

    def figures(self, process_id: int | None = None) -> dict[str, float | None]:
        """Return peak memory, processor time and start time of a process (default: this one)."""
        wanted = self._own_id if process_id is None else process_id
        return {
            "rss_mb": round(self._peak_rss_mb.get(wanted, 0.0), 1),
            "cpu_s": round(self._cpu_s.get(wanted, 0.0), 2),
            "start_s": None if self._start_s is None else round(self._start_s, 2),
        }


def _number(value: float, digits: int = 2) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


def build_report(
    monitor: GraphMonitor, gauge: ProcessGauge, *, processes: dict[str, int] | None = None
) -> dict[str, Any]:
    """Return the report; `processes` (full node name -> process id) in separate mode."""
    short = short_names([*monitor.nodes, *(processes or {})])
    process: dict[str, Any] = gauge.figures()
    if processes is not None:
        process = {short[name]: gauge.figures(number) for name, number in processes.items()}
    return {
        "nodes": {
            short[name]: {
                "state": view.state,
                "results": view.results,
                "results_per_s": _number(view.results_per_s),
                "latency_p50_ms": _number(view.latency_p50_ms, 1),
                "latency_p95_ms": _number(view.latency_p95_ms, 1),
                "dropped": view.dropped,
                "model": view.model,
                "runtime": view.runtime,
            }
            for name, view in monitor.nodes.items()
        },
        "process": process,
        "auth": list(monitor.auth),
        "alerts": list(monitor.alerts.values()),
        "errors": list(monitor.errors),
    }


def write_json(path: Path, content: object) -> None:
    """Write JSON so that a reader sees the old file or the whole new one.

    Raises:
        EdgeAiError: the file cannot be written; an old one is as it was.
        ValueError: the content holds NaN or infinity, which JSON has not.
    """
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    with _partial(path) as partial:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)


def check_writable(path: Path) -> None:
    """Make sure that a file can be written when the run is over; an old one stays as it is.

    Raises:
        EdgeAiError: it cannot.
    """
    with _partial(path) as partial:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        partial.touch()


@contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """Give the name of a half-written file beside `path`; nothing is left under it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
        finally:
            partial.unlink(missing_ok=True)
    except OSError as exc:
        no_folder = isinstance(exc, (FileExistsError, NotADirectoryError))
        reason = f"{path.parent} is no folder" if no_folder else exc.strerror
        raise EdgeAiError(
            f"cannot write {path}: {reason}; choose a file in a folder of yours"
        ) from exc
