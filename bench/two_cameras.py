"""Measure what a second camera costs: memory and rates of the home graph on the demo footage.

``python bench/two_cameras.py [--seconds 40] [--json bench/results/two_cameras.json]``. The graph
runs as people start it, once with one camera and once with two, each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from device import device_name

_START_TIMEOUT_S = 120.0
# Alone on the machine: no other graph's supervisor on the same domain.
_DOMAIN_ID = "99"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    one, two = (measure(names, seconds=given.seconds) for names in (("a",), ("a", "b")))
    figures = {
        "device": device_name(),
        "load_1min_at_the_end": round(os.getloadavg()[0], 1),
        "command": f"python bench/two_cameras.py --seconds {given.seconds:g}",
        "source": "demo footage at every camera, VGA",
        "one_camera": one,
        "two_cameras": two,
        "second_camera_rss_mb": round(two["rss_mb"] - one["rss_mb"], 1),
    }
    text = json.dumps(figures, indent=2) + "\n"
    print(text, end="")
    if given.json is not None:
        given.json.write_text(text, encoding="utf-8")
    return 0


def measure(names: Sequence[str], *, seconds: float) -> dict[str, Any]:
    """Return memory, processor time and results per second of a graph with these cameras.

    Raises:
        RuntimeError: it did not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "edgeai_bringup.cli", "up", "home", "--plain"]
        for name in names:
            command += ["--camera", f"{name}=demo"]
        command += ["--set", "dashboard.http.port=0", "--report", str(report)]
        done = subprocess.run(
            [*command, "--duration-s", f"{seconds:g}"],
            env={**os.environ, "EDGEAI_DATA_DIR": folder, "ROS_DOMAIN_ID": _DOMAIN_ID},
            capture_output=True,
            text=True,
            timeout=seconds + _START_TIMEOUT_S,
            check=False,
        )
        if done.returncode or not report.is_file():
            raise RuntimeError(f"the graph ended with {done.returncode}: {done.stdout[-2000:]}")
        told = json.loads(report.read_text(encoding="utf-8"))
    rates = {name: node["results_per_s"] for name, node in told["nodes"].items()}
    return {**told["process"], "results_per_s": {n: r for n, r in rates.items() if r}}


if __name__ == "__main__":
    sys.exit(main())
