"""Measure the composed home graph on the demo footage, VGA at 30 fps, from its own diagnostics.

``python bench/graph_rates.py [--duration-s 30] [--json bench/results/graph_rates.json]``. Two runs:
locked (an empty gallery) and unlocked. Latency is from the image's stamp to the published result.
Exit code 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device import device_name

_COMMAND = "make bench"
_START_ALLOWANCE_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A figure of a run and the least or most that is asked of it."""

    name: str
    path: tuple[str, ...]
    at_least: float | None = None
    at_most: float | None = None

    def value(self, report: dict[str, Any]) -> float | None:
        """Return the figure of a report; None when there is none."""
        found: Any = report
        for key in self.path:
            found = found[key]
        return None if found is None else float(found)

    def met(self, value: float | None) -> bool:
        """Return whether the figure is there and good enough."""
        if value is None:
            return False
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)

    @property
    def asked(self) -> str:
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"


def _node(name: str, figure: str) -> tuple[str, ...]:
    return ("nodes", name, figure)


UNLOCKED_BARS = (
    Bar(name="camera frames/s", path=_node("usb_cam", "results_per_s"), at_least=29.0),
    Bar(name="faces results/s", path=_node("face_authenticator", "results_per_s"), at_least=15),
    Bar(name="faces p95 ms", path=_node("face_authenticator", "latency_p95_ms"), at_most=80),
    Bar(name="objects results/s", path=_node("object_detector", "results_per_s"), at_least=8),
    Bar(name="objects p95 ms", path=_node("object_detector", "latency_p95_ms"), at_most=160),
    Bar(name="process RSS MB", path=("process", "rss_mb"), at_most=700),
    Bar(name="start s", path=("process", "start_s"), at_most=10),
)
LOCKED_BARS = (
    Bar(
        name="locked: faces results/s",
        path=_node("face_authenticator", "results_per_s"),
        at_least=15,
    ),
    Bar(name="locked: objects results", path=_node("object_detector", "results"), at_most=0),
    Bar(name="locked: process RSS MB", path=("process", "rss_mb"), at_most=700),
)


def run_graph(duration_s: float, *settings: str) -> dict[str, Any]:
    """Run the graph in a process of its own and return its report.

    Raises:
        RuntimeError: it did not run; the message ends with what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "run.json"
        command = [sys.executable, "-m", "edgeai_bringup.cli", "up", "home", "--plain"]
        command += ["--source", "demo", "--duration-s", str(duration_s), "--report", str(report)]
        for setting in settings:
            command += ["--set", setting]
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=duration_s + _START_ALLOWANCE_S,
            check=False,
        )
        if done.returncode != 0 or not report.is_file():
            raise RuntimeError(
                f"the graph ended with code {done.returncode}:\n{done.stdout[-2000:]}"
            )
        content: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return content


def judge(report: dict[str, Any], bars: tuple[Bar, ...]) -> list[dict[str, Any]]:
    """Return one row per bar."""
    rows = []
    for bar in bars:
        value = bar.value(report)
        rows.append({"figure": bar.name, "value": value, "bar": bar.asked, "met": bar.met(value)})
    return rows


def main() -> int:
    """Measure, print, write; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure the graph on the demo footage.")
    parser.add_argument("--duration-s", type=float, default=30.0)
    parser.add_argument(
        "--json", type=Path, default=Path(__file__).parent / "results/graph_rates.json"
    )
    arguments = parser.parse_args()
    print(f"unlocked, {arguments.duration_s:g} s …", flush=True)
    unlocked = run_graph(arguments.duration_s)
    print(f"locked, {arguments.duration_s:g} s …", flush=True)
    with tempfile.TemporaryDirectory() as nowhere:
        gallery = Path(nowhere) / "nobody.sqlite3"
        locked = run_graph(arguments.duration_s, f"face_authenticator.gallery.path={gallery}")
    rows = judge(unlocked, UNLOCKED_BARS) + judge(locked, LOCKED_BARS)
    for row in rows:
        verdict = "met" if row["met"] else "MISSED"
        print(f"{row['figure']:<26} {row['value']!s:>8}  {row['bar']:<8} {verdict}")
    content = {
        "device": device_name(),
        "command": _COMMAND,
        "duration_s": arguments.duration_s,
        "figures": rows,
        "nodes": unlocked["nodes"],
        "process": unlocked["process"],
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"written: {arguments.json.name} ({content['device']})")
    return 0 if all(row["met"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
