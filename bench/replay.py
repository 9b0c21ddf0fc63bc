"""Whether a recording is answered the same at any speed, in one process and in several.

    python bench/replay.py --json bench/results/replay.json

All four analyzers of the home profile look in lock step at the first seconds of the demo's two
clips. Every field of every message is compared by its digest. Exit code 1 when any differ.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from device import device_name
from edgeai_bringup.regression import look_at
from edgeai_core.footage import footage_path
from edgeai_core.sources.base import StreamConfig
from edgeai_core.sources.opening import open_source
from edgeai_core.types import Frame
from edgeai_ros_common.bags.definitions import installed_definitions
from edgeai_ros_common.bags.pictures import write_pictures

CLIPS = ("carphone", "bikes")
PICTURES = 90
BEGIN_NS = 1_700_000_000_000_000_000
RUNTIME = "openvino"
# Bag seconds per second; 0 as fast as the analyzers answer.
RATES = (0.0, 1.0, 0.5)


def main() -> int:
    """Look in every way, write the result, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clips = {name: measured(name, Path(folder) / name) for name in CLIPS}
    same = all(clip["same_bits"] and clip["same_events"] for clip in clips.values())
    content = {
        "command": "bench/replay.py",
        "device": device_name(),
        "load_average": round(os.getloadavg()[0], 1),
        "runtime": RUNTIME,
        "pictures": PICTURES,
        "same": same,
        "clips": clips,
    }
    arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=2))
    return 0 if same else 1


def measured(name: str, bag: Path) -> dict[str, Any]:
    """Return what was answered to a clip in every way."""
    write_pictures(
        bag, frames_of(name), topic="/camera/image_raw", definitions=installed_definitions()
    )
    ways = [(separate, rate) for separate in (False, True) for rate in RATES]
    looks = [look(bag, separate=separate, rate=rate) for separate, rate in (*ways, ways[0])]
    first = looks[0]
    return {
        "same_bits": all(one.digests == first.digests for one in looks),
        "same_events": all(one.happenings == first.happenings for one in looks),
        "messages": dict(first.seen.counts),
        "events": len(first.happenings),
        "digests": first.digests,
        "looks": [
            {
                "processes": "separate" if separate else "composed",
                "rate": rate or "fast",
                "took_s": round(one.seen.took_s, 2),
                "times_real_time": round(one.seen.lasts_s / one.seen.took_s, 2),
                "differs_in": sorted(
                    topic
                    for topic in {*first.digests, *one.digests}
                    if first.digests.get(topic) != one.digests.get(topic)
                ),
            }
            for (separate, rate), one in zip((*ways, ways[0]), looks, strict=True)
        ],
    }


def frames_of(name: str) -> Iterator[Frame]:
    """Yield the first pictures of a demo clip as the camera node would."""
    source = open_source(
        StreamConfig(source=str(footage_path(name)), pacing="fast"),
        clock_ns=lambda: BEGIN_NS,
        monotonic_s=time.monotonic,
        sleep=time.sleep,
        frame_id="camera_optical_frame",
    )
    with closing(source):
        source.open()
        yield from islice(iter(source.read, None), PICTURES)


def look(bag: Path, *, separate: bool, rate: float) -> Any:
    """Let all analyzers look at a bag once."""
    arguments = SimpleNamespace(
        bag=bag,
        camera="camera",
        gallery=None,
        only=(),
        rate=rate,
        runtime=RUNTIME,
        separate=separate,
        session="MONITORING",
    )
    stop: Any = SimpleNamespace(requested=False)
    given: Any = arguments
    return look_at(given, profile="home", settings=(), stop=stop)


if __name__ == "__main__":
    sys.exit(main())
