"""When a recorder that joins a busy graph hears each topic, as shipped and with stock discovery.

    python bench/joining.py --json bench/results/joining.json

The home graph of the test picture with every analyzer active, a process per node. A recorder is
started again and again, soon after the last one has ended. Measured is when the first message of a
topic came that has at least five a second, from when the recorder said that it records.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from rosbags.highlevel import AnyReader

from device import device_name
from edgeai_bringup.locations import config_directory
from edgeai_ros_common.domains import free_domain
from recording import home_words, started

RECORDERS = 10
RECORDING_S = 9.0
PAUSE_S = 0.5
LEAST_PER_S = 5.0
PROFILES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    shipped = (config_directory() / "fastdds_shm.xml").read_text(encoding="utf-8")
    stock = re.sub(r"<builtin>.*</builtin>", "", shipped, flags=re.DOTALL)
    assert stock != shipped
    content: dict[str, object] = {
        "command": "bench/joining.py",
        "device": device_name(),
        "recorders": RECORDERS,
    }
    for name, profile in (("stock discovery", stock), ("as shipped", shipped)):
        content[name] = measured(profile)
        print(name, json.dumps(content[name]), flush=True)
    arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def measured(profile: str) -> dict[str, float]:
    """Return seconds until the first message, over all topics and recorders."""
    os.environ["ROS_DOMAIN_ID"] = str(free_domain())
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "profile.xml").write_text(profile, encoding="utf-8")
        os.environ.update(dict.fromkeys(PROFILES, str(folder / "profile.xml")))
        os.environ["EDGEAI_DATA_DIR"] = str(folder / "data")
        home = home_words(folder)
        with started(home, until="the graph runs after", log=folder / "up.log"):
            firsts = [one for number in range(RECORDERS) for one in joined(folder, number)]
    return {
        "topics": len(firsts) / RECORDERS,
        "median_s": round(statistics.median(firsts), 2),
        "p95_s": round(statistics.quantiles(firsts, n=20)[-1], 2),
        "longest_s": round(max(firsts), 2),
        "load_average": round(load, 1),
    }


def joined(folder: Path, number: int) -> list[float]:
    """Record once; return for each fast topic the seconds until its first message."""
    time.sleep(PAUSE_S)
    bag = folder / f"bag_{number}"
    with started(("record", str(bag)), until="recording into", log=folder / "record.log") as one:
        begin_ns = time.time_ns()
        time.sleep(RECORDING_S)
        one.send_signal(signal.SIGINT)
        one.wait(60)
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    count: Counter[str] = Counter()
    with AnyReader([bag]) as reader:
        for connection, stamp_ns, _ in reader.messages():
            last[connection.topic] = (stamp_ns - begin_ns) / 1e9
            first.setdefault(connection.topic, last[connection.topic])
            count[connection.topic] += 1
    return [
        first[topic]
        for topic in first
        if count[topic] > LEAST_PER_S * max(last[topic] - first[topic], 1.0)
    ]


if __name__ == "__main__":
    main()
