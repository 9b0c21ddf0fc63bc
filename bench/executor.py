"""What one look of the executor at a whole graph costs, events looked at each time and seldom.

    python bench/executor.py --json bench/results/executor.json

The home graph in one process, every node but the camera active, so that nothing moves in it. Both
kinds of turns alternate; processor time of the one thread, so that other work does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from unittest import mock

from device import device_name
from edgeai_bringup.composed import ComposedGraph
from edgeai_bringup.preparation import prepare
from edgeai_core.access.locations import DATA_DIR_VARIABLE
from edgeai_ros_common.domains import free_domain
from edgeai_ros_common.event_watch import Seldom

ROUNDS = 30
TURNS = 30


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    os.environ["ROS_DOMAIN_ID"] = str(free_domain())
    with tempfile.TemporaryDirectory() as folder:
        os.environ[DATA_DIR_VARIABLE] = folder
        plans = prepare("home", source="synthetic", camera="camera").plans
        with ComposedGraph(plans) as graph:
            content = measured(graph)
    arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=2))


def measured(graph: ComposedGraph) -> dict[str, object]:
    """Return counts of what the executor looks at, and milliseconds per turn of both kinds."""
    nodes = graph.executor.get_nodes()
    for node in nodes:
        if node.get_name() not in ("usb_cam", "supervisor"):
            node.trigger_configure()
            node.trigger_activate()
    each: list[float] = []
    seldom: list[float] = []
    turn_ms(graph)
    for _ in range(ROUNDS):
        seldom.append(turn_ms(graph))
        with mock.patch.object(Seldom, "can_execute", return_value=True):
            each.append(turn_ms(graph))
    kinds = ("subscriptions", "services", "clients", "timers", "waitables")
    return {
        "command": "bench/executor.py",
        "device": device_name(),
        "load_average": round(os.getloadavg()[0], 1),
        "things": {kind: sum(len(list(getattr(n, kind))) for n in nodes) for kind in kinds},
        "turn_ms": {
            "events each time": round(statistics.median(each), 3),
            "events seldom": round(statistics.median(seldom), 3),
        },
        "ratio": round(statistics.median(each) / statistics.median(seldom), 2),
    }


def turn_ms(graph: ComposedGraph) -> float:
    """Return the median of turns of the executor in which nothing is ready."""
    took = []
    for _ in range(TURNS):
        begin_s = time.thread_time()
        graph.executor.spin_once(timeout_sec=0)
        took.append((time.thread_time() - begin_s) * 1e3)
    return statistics.median(took)


if __name__ == "__main__":
    main()
