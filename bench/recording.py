"""What recording costs: VGA at 30 frames/s and every result of the home graph, a process per node.

    python bench/recording.py [--duration-s 20] [--json bench/results/recording.json]

Pictures in the bag are compared with the camera's own count of what it published, which is in the
bag too; the other topics with what a second listener heard. Processor time is the recorder's own,
so that other work on the machine does not count. Exit code 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml
from rclpy.executors import SingleThreadedExecutor
from rosbags.highlevel import AnyReader

from device import device_name
from edgeai_bringup.bags_parser import DRAWN
from edgeai_bringup.graph import NODES, Role
from edgeai_bringup.locations import config_directory
from edgeai_ros_common.bags.recorder import RecorderNode, TopicChoice
from edgeai_ros_common.bags.writing import Topic
from edgeai_ros_common.running import start_context

IMAGES = "/camera/image_raw"
CAMERA_STATUS = "/camera/usb_cam/status"
MODES = {
    "one bag": (),
    "a new part every 10 s": ("--split-s", "10"),
    "the last 10 s in memory": ("--last-s", "10"),
}
CPU_BAR_PERCENT = 10.0
ASKED_FPS = 30.0
# The recorder finds every topic and the graph settles.
SETTLE_S = 5.0
# Messages so near to begin and end may be on one side only.
EDGE_NS = 1_500_000_000
START_TIMEOUT_S = 120.0
# A picture between the camera's count and its publication is on one side only, at either end.
COUNT_SLACK = 2


class Witness:
    """Remembers when which message was heard, by its checksum."""

    def __init__(self) -> None:
        self.heard: dict[str, list[tuple[int, int]]] = {}

    def write(self, topic: Topic, *, stamp_ns: int, data: bytes) -> None:
        self.heard.setdefault(topic.name, []).append((stamp_ns, zlib.crc32(data)))


@contextlib.contextmanager
def witnessing(witness: Witness) -> Iterator[None]:
    """Listen to everything but pictures meanwhile."""
    context = start_context([])
    choice = TopicChoice(exclude=rf"{DRAWN}|.*/image_raw")
    node = RecorderNode(witness, choice=choice, context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    over = threading.Event()

    def listen() -> None:
        while not over.is_set():
            executor.spin_once(timeout_sec=0.1)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        node.close()
        node.destroy_node()
        executor.shutdown()
        context.try_shutdown()


@contextlib.contextmanager
def started(words: Sequence[str], *, until: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the product's command; enter when it has said `until`.

    Raises:
        RuntimeError: it did not say that; the message ends with what it said.
    """
    command = [sys.executable, "-m", "edgeai_bringup.cli", *words]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        try:
            end_s = time.monotonic() + START_TIMEOUT_S
            while until not in log.read_text(encoding="utf-8", errors="replace"):
                if process.poll() is not None or time.monotonic() > end_s:
                    said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                    raise RuntimeError(f"{' '.join(words)} did not say {until!r}:\n{said}")
                time.sleep(0.1)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(60)


def cpu_s(process: psutil.Process) -> float:
    """Return the processor time of a process so far, in seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)


def measured(name: str, options: Sequence[str], duration_s: float, folder: Path) -> dict[str, Any]:
    """Record once in one mode; return the figures."""
    bag = folder / name.replace(" ", "_")
    witness = Witness()
    words = ("record", str(bag), *options)
    until = "recording into" if "--last-s" not in options else "keeping the last"
    with witnessing(witness), started(words, until=until, log=folder / "record.log") as recorder:
        process = psutil.Process(recorder.pid)
        began_ns = time.time_ns()
        time.sleep(SETTLE_S)
        begin_ns, begin_cpu_s, begin_s = time.time_ns(), cpu_s(process), time.monotonic()
        time.sleep(duration_s)
        took_s, end_cpu_s, end_ns = time.monotonic() - begin_s, cpu_s(process), time.time_ns()
        rss_mb = process.memory_info().rss / 1e6
        begin_s = time.monotonic()
        recorder.send_signal(signal.SIGINT)
        code = recorder.wait(60)
        close_s = time.monotonic() - begin_s
    held = Contents.of(bag)
    window = (
        max(begin_ns, held.images_ns[0] + EDGE_NS),
        min(end_ns, held.images_ns[-1]) - EDGE_NS,
    )
    wanted = {
        topic: Counter(crc for stamp, crc in heard if window[0] <= stamp <= window[1])
        for topic, heard in witness.heard.items()
    }
    lost = {
        topic: count
        for topic in wanted
        if (count := (wanted[topic] - held.others.get(topic, Counter())).total())
    }
    missed_ns = [
        stamp
        for topic in lost
        for stamp, crc in witness.heard[topic]
        if window[0] <= stamp <= window[1] and crc not in held.others.get(topic, Counter())
    ]
    published, recorded = held.pictures_between_counts()
    span_s = (held.images_ns[-1] - held.images_ns[0]) / 1e9
    frames_per_s = (len(held.images_ns) - 1) / span_s
    cpu_percent = 100 * (end_cpu_s - begin_cpu_s) / took_s
    return {
        "mode": name,
        "exit_code": code,
        "seconds": round(took_s, 1),
        "camera_frames_per_s": round(frames_per_s, 1),
        "megabytes_per_s": round(held.megabytes / span_s, 1),
        "pictures_published": published,
        "pictures_recorded_meanwhile": recorded,
        "topics_beside_pictures": len(held.others),
        "messages_heard_by_the_witness": sum(counter.total() for counter in wanted.values()),
        "of_these_not_in_the_bag": sum(lost.values()),
        "lost_by_topic": lost,
        # Seconds after the recorder said that it records.
        "lost_between_s": [round((f(missed_ns) - began_ns) / 1e9, 1) for f in (min, max)]
        if missed_ns
        else [],
        "cpu_percent_of_a_core": round(cpu_percent, 1),
        # A busy machine slows the camera down, and would make recording look cheap.
        "cpu_percent_scaled_to_30_frames_per_s": round(cpu_percent * ASKED_FPS / frames_per_s, 1),
        "memory_mb": round(rss_mb, 1),
        "seconds_to_close": round(close_s, 2),
    }


@dataclass(slots=True)
class Contents:
    """What a bag holds.

    Attributes:
        images_ns: when each picture was heard. counts: when the camera said how many pictures it
            had published. others: checksums by topic. megabytes: of all messages.
    """

    images_ns: list[int] = field(default_factory=list)
    counts: list[tuple[int, int]] = field(default_factory=list)
    others: dict[str, Counter[int]] = field(default_factory=dict)
    megabytes: float = 0.0

    @classmethod
    def of(cls, bag: Path) -> Contents:
        """Read a bag, or the parts of one."""
        contents = cls()
        parts = [bag] if (bag / "metadata.yaml").is_file() else sorted(bag.iterdir())
        for part in parts:
            with AnyReader([part]) as reader:
                for connection, stamp_ns, data in reader.messages():
                    contents.megabytes += len(data) / 1e6
                    if connection.topic == IMAGES:
                        contents.images_ns.append(stamp_ns)
                        continue
                    counter = contents.others.setdefault(connection.topic, Counter())
                    counter[zlib.crc32(data)] += 1
                    if connection.topic == CAMERA_STATUS:
                        status = reader.deserialize(data, connection.msgtype)
                        contents.counts.append((stamp_ns, int(status.results)))
        return contents

    def pictures_between_counts(self) -> tuple[int, int]:
        """Return how many pictures were published, and recorded, from one count to another."""
        counts = [one for one in self.counts if one[0] >= self.images_ns[0]]
        (first_ns, first), (last_ns, last) = counts[0], counts[-1]
        return last - first, sum(first_ns <= stamp < last_ns for stamp in self.images_ns)


def home_words(folder: Path) -> list[str]:
    """Return the arguments that start a home of test pictures, each node in a process.

    Every analyzer is on whoever is there; the profile that says so is written into `folder`.
    """
    text = (config_directory() / "home.params.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    nodes = content["/**/supervisor"]["ros__parameters"]["nodes"]
    nodes["always_on"] = [entry.name for entry in NODES if entry.role is Role.ANALYZER]
    file = folder / "all_active.params.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    words = ["up", "home", "--separate", "--plain", "--source", "synthetic"]
    return [*words, "--params-file", str(file)]


def main() -> int:
    """Measure, print, write; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure what recording costs.")
    parser.add_argument("--duration-s", type=float, default=20.0)
    results = Path(__file__).parent / "results"
    parser.add_argument("--json", type=Path, default=results / "recording.json")
    arguments = parser.parse_args()
    os.environ.setdefault("ROS_DOMAIN_ID", str(os.getpid() % 100 + 101))
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["EDGEAI_DATA_DIR"] = str(folder / "data")
        with started(home_words(folder), until="the graph runs after", log=folder / "up.log"):
            figures = [
                measured(mode, options, arguments.duration_s, folder)
                for mode, options in MODES.items()
            ]
    content = {
        "device": device_name(),
        "command": "bench/recording.py",
        "niceness": os.nice(0),
        "load_average": [round(load, 1), round(os.getloadavg()[0], 1)],
        "graph": "home, a process per node, every analyzer active, test pictures 640x480",
        "left_out": DRAWN,
        "cpu_bar_percent_of_a_core": CPU_BAR_PERCENT,
        "modes": figures,
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=1))
    met = [
        one["cpu_percent_scaled_to_30_frames_per_s"] <= CPU_BAR_PERCENT
        and one["pictures_published"] - one["pictures_recorded_meanwhile"] <= COUNT_SLACK
        and not one["of_these_not_in_the_bag"]
        for one in figures
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
