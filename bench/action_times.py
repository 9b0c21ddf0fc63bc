"""How long joints and decisions take for a picture with one person and with three, on one core.

    PYTHONPATH=src/edgeai_core:src/edgeai_lab python bench/action_times.py CLIPS --json FILE

CLIPS is a folder of clips with one person each, who is shown side by side as often as it takes. It
is apart from bench/actions.py because it says something only on a quiet machine; the time that the
processor spent on it says more than the clock where others work too.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from device import device_name
from edgeai_core.analyzers.actions.watch import ActionWatch
from edgeai_core.tracking import Tracker
from edgeai_lab.actions.evaluation import Chain, clips_below, frames_of, opened_chain

DECISIONS_PER_S = 15.0
CLIPS = 5
NOON = datetime.time(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Milliseconds of one picture: by the clock, and of the processor."""

    clock_ms: float
    processor_ms: float


def frame_times(path: Path, chain: Chain, *, people: int) -> list[Times]:
    """Return what pictures took in which joints were placed on so many people."""
    tracker, watch = Tracker(), ActionWatch(poses=chain.poses)
    spent = []
    for stamp_ns, image in frames_of(path, fps=DECISIONS_PER_S):
        wide = np.tile(image, (1, people, 1))
        seen = tracker.update(chain.detector.detect(wide), stamp_ns)
        clock, processor = time.perf_counter(), time.process_time()
        watch.update(wide, seen, stamp_ns=stamp_ns, local_time=NOON)
        clock, processor = time.perf_counter() - clock, time.process_time() - processor
        if sum(person.last.pose is not None for person in watch.people()) == people:
            spent.append(Times(clock_ms=1e3 * clock, processor_ms=1e3 * processor))
    return spent


def summary(times: Sequence[Times]) -> dict[str, object]:
    """Return least and median times."""
    clock = [t.clock_ms for t in times]
    processor = [t.processor_ms for t in times]
    return {
        "pictures": len(times),
        "clock_ms": {"min": round(min(clock), 1), "median": round(float(np.median(clock)), 1)},
        "processor_ms": {
            "min": round(min(processor), 1),
            "median": round(float(np.median(processor)), 1),
        },
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    paths = [path for _, path in clips_below(arguments.clips)][:CLIPS]
    with opened_chain() as chain:
        runtime = chain.poses.runtime_name
        found = {
            name: summary([t for p in paths for t in frame_times(p, chain, people=people)])
            for people, name in ((1, "one_person"), (3, "three_people"))
        }
    content = {
        "command": "bench/action_times.py CLIPS",
        "device": device_name(),
        "runtime": runtime,
        "decisions_per_s": DECISIONS_PER_S,
        **found,
    }
    arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=2))


if __name__ == "__main__":
    main()
