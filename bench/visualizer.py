"""Measure what the node for viewers costs: absent, with nobody looking, and looked at.

``python bench/visualizer.py [--duration-s 20] [--rounds 2]`` writes bench/results/visualizer.json.
Processor time is that of the process of the composed graph on the demo footage; who looks is a
process of its own and not counted. The camera is measured alone as well: beside analyzers, whose
rate depends on what else the machine does, a small cost cannot be seen.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from device import device_name

_SELF = Path(__file__)
_COMMAND = "python bench/visualizer.py"
_WARM_UP_S = 5.0
_START_TIMEOUT_S = 120.0
_GRAPHS = {
    "camera": ("usb_cam",),
    "home": (
        *("usb_cam", "face_authenticator", "object_detector"),
        *("fire_detector", "action_recognizer"),
    ),
}
_CASES = ("absent", "nobody", "pictures", "markers", "both")
_LOOKED_AT = {
    "pictures": ("image_annotated",),
    "markers": ("markers",),
    "both": ("image_annotated", "markers"),
}


def run_graph(graph_name: str, case: str, duration_s: float) -> dict[str, Any]:
    """Run the graph in this process; return its figures over the duration."""
    import psutil

    from edgeai_bringup.composed import ComposedGraph
    from edgeai_bringup.graph import Role
    from edgeai_bringup.preparation import prepare

    wanted = {*_GRAPHS[graph_name], "supervisor"} | ({"visualizer"} if case != "absent" else set())
    plans = tuple(p for p in prepare("home", source="demo").plans if p.entry.name in wanted)
    names = [p.full_name for p in plans if p.entry.role is not Role.MANAGER]
    for p in plans:
        if p.entry.role is Role.MANAGER:
            p.overrides.update({"nodes.base": names, "nodes.analyzers": [], "nodes.always_on": []})
    looker = None
    with ComposedGraph(plans, ros_arguments=["--disable-stdout-logs"]) as running:
        nodes = {node.get_name(): node for node in running.executor.get_nodes()}
        workers = [nodes[name] for name in wanted - {"supervisor"}]
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        running.spin(
            until=lambda: all(n.is_active for n in workers) or time.monotonic() > deadline_s
        )
        if not all(node.is_active for node in workers):
            raise RuntimeError(f"{graph_name}: not active within {_START_TIMEOUT_S:.0f} s")
        try:
            if case in _LOOKED_AT:
                looker = subprocess.Popen([sys.executable, str(_SELF), "--look", case])
            _spin(running, _WARM_UP_S)
            before = {
                name: node.meter.read().results
                for name, node in nodes.items()
                if name in wanted - {"supervisor"}
            }
            load = os.getloadavg()[0]
            cpu_s, begin_s = time.process_time(), time.monotonic()
            _spin(running, duration_s)
            used_s, took_s = time.process_time() - cpu_s, time.monotonic() - begin_s
            rates = {
                name: round((nodes[name].meter.read().results - count) / took_s, 1)
                for name, count in sorted(before.items())
            }
            return {
                "cpu_s": round(used_s, 2),
                "cpu_percent_of_a_core": round(100 * used_s / took_s, 1),
                "rss_mb": round(psutil.Process().memory_info().rss / 1e6),
                "results_per_s": rates,
                "load": round(load, 1),
            }
        finally:
            if looker is not None:
                looker.terminate()
                looker.wait()


def _spin(running: Any, duration_s: float) -> None:
    end_s = time.monotonic() + duration_s
    running.spin(until=lambda: time.monotonic() >= end_s)


def look(case: str) -> None:
    """Subscribe as a viewer does, until this process is ended."""
    import rclpy
    from rclpy.node import Node
    from sensor_msgs.msg import Image
    from visualization_msgs.msg import MarkerArray

    from edgeai_ros_common import qos

    rclpy.init()
    node = Node("looker")
    types = {"image_annotated": (Image, qos.IMAGE_WANTED), "markers": (MarkerArray, qos.RESULTS)}
    for topic in _LOOKED_AT[case]:
        kind, profile = types[topic]
        node.create_subscription(kind, f"/camera/{topic}", lambda message: None, profile)
    rclpy.spin(node)


def measure(graph_name: str, case: str, duration_s: float) -> dict[str, Any]:
    """Run one case in a process of its own.

    Raises:
        RuntimeError: it did not run; the message ends with what it said.
    """
    command = [sys.executable, str(_SELF), "--case", f"{graph_name}:{case}"]
    done = subprocess.run(
        [*command, "--duration-s", str(duration_s)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{graph_name}, {case}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of a case's rounds, with the rounds' own processor times and loads."""
    return {
        "cpu_percent_of_a_core": statistics.median(r["cpu_percent_of_a_core"] for r in rounds),
        "rss_mb": statistics.median(r["rss_mb"] for r in rounds),
        "results_per_s": {
            name: statistics.median(r["results_per_s"][name] for r in rounds)
            for name in rounds[0]["results_per_s"]
        },
        "cpu_s": [r["cpu_s"] for r in rounds],
        "load": [r["load"] for r in rounds],
    }


def main() -> int:
    """Measure, print, write; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure what the node for viewers costs.")
    parser.add_argument("--duration-s", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path, default=_SELF.parent / "results/visualizer.json")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--look", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.look:
        look(arguments.look)
        return 0
    if arguments.case:
        graph_name, _, case = arguments.case.partition(":")
        print(json.dumps(run_graph(graph_name, case, arguments.duration_s)))
        return 0
    figures: dict[str, dict[str, Any]] = {}
    for graph_name in _GRAPHS:
        rounds: dict[str, list[dict[str, Any]]] = {case: [] for case in _CASES}
        # Round by round: what else the machine does then falls upon every case.
        for _ in range(arguments.rounds):
            for case in _CASES:
                rounds[case].append(measure(graph_name, case, arguments.duration_s))
        figures[graph_name] = {case: summary(found) for case, found in rounds.items()}
        for case, found in figures[graph_name].items():
            print(
                f"{graph_name:<8}{case:<10}{found['cpu_percent_of_a_core']:>7} % of a core "
                f"{found['rss_mb']:>5} MB  {found['results_per_s']}",
                flush=True,
            )
    content = {
        "device": device_name(),
        "command": _COMMAND,
        "duration_s": arguments.duration_s,
        "rounds": arguments.rounds,
        "footage": "demo, VGA, 30 frames/s",
        "figures": figures,
    }
    arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"written: {arguments.json.name} ({content['device']})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
