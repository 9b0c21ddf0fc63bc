"""How often the shipped chain tells falls, gaits and accidents rightly, how late and how long.

    PYTHONPATH=src/edgeai_core:src/edgeai_lab python bench/actions.py CLIPS --accidents DIR \
        --json FILE

CLIPS is a folder of class folders of clips, as for `edgeai lab evaluate actions`. The gaits are of
simulated people before cameras and at speeds that the tables were not fitted to. DIR holds stills
of accidents, in Accident and Non_Accident.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from device import device_name
from edgeai_core import catalog
from edgeai_core.action_events import Action
from edgeai_core.analyzers.actions.watch import ActionWatch
from edgeai_core.tracking import Tracker
from edgeai_lab.actions.evaluation import (
    Chain,
    ClipResult,
    count_folders,
    evaluate_folder,
    frames_of,
    opened_chain,
)
from edgeai_lab.actions.gait_fit import draw, measure
from edgeai_lab.actions.gait_simulator import Part
from edgeai_lab.actions.impacts import hips_of, impact_ns
from edgeai_lab.actions.stills import evaluate_stills
from edgeai_lab.progress import bar

GAIT_PEOPLE = 500
GAIT_SEED = 2
# Folders of clips in which somebody falls, and stays where they fell to the end of the clip.
FALL_FOLDERS = ("urfall", "gmdcsa_fall")
DECISIONS_PER_S = 15.0
# It is not known how fast the stills were taken; cars move as if three of their numbers were a
# second. At ten the tracker follows them better than a camera of that rate would.
STILLS_PER_S = (3.0, 10.0)
NOON = datetime.time(12)


def delays_s(results: Sequence[ClipResult], chain: Chain) -> dict[str, object]:
    """Return how long after the impact falls were told."""
    delays: dict[str, list[float]] = {}
    unknown = 0
    for result in results:
        falls = [event for event in result.events if event.action is Action.FALL]
        if result.folder not in FALL_FOLDERS or not falls:
            continue
        hips = hips_of(frames_of(result.path), chain.poses)
        impact = None if hips is None else impact_ns(hips)
        if impact is None:
            unknown += 1
            continue
        delays.setdefault(result.folder, []).append((falls[0].stamp_ns - impact) / 1e9)
    every = [delay for found in delays.values() for delay in found]
    return {
        "impact": "when the hips come to rest, by the body finder on whole pictures",
        "clips": len(every),
        "clips_without_known_impact": unknown,
        "median_s": round(float(np.median(every)), 2),
        "longest_s": round(max(every), 2),
        "within_1.5_s": sum(delay <= 1.5 for delay in every),
        "by_folder_s": {n: sorted(round(d, 1) for d in found) for n, found in delays.items()},
    }


def frame_times_ms(path: Path, chain: Chain, *, people: int) -> list[float]:
    """Return what joints and decisions take in pictures of so many people, side by side."""
    tracker, watch = Tracker(), ActionWatch(poses=chain.poses)
    spent = []
    for stamp_ns, image in frames_of(path, fps=DECISIONS_PER_S):
        wide = np.tile(image, (1, people, 1))
        seen = tracker.update(chain.detector.detect(wide), stamp_ns)
        begun = time.perf_counter()
        watch.update(wide, seen, stamp_ns=stamp_ns, local_time=NOON)
        if len(watch.people()) == people:
            spent.append(1e3 * (time.perf_counter() - begun))
    return spent


def timing(results: Sequence[ClipResult], chain: Chain) -> dict[str, object]:
    """Return times of pictures with one person and with three, over the clips of falls."""
    cv2.setNumThreads(1)
    paths = [result.path for result in results if result.folder == FALL_FOLDERS[0]][:5]
    found: dict[str, object] = {"decisions_per_s": DECISIONS_PER_S}
    for people, name in ((1, "frame_with_one_person_ms"), (3, "frame_with_three_people_ms")):
        times = [t for path in paths for t in frame_times_ms(path, chain, people=people)]
        found[name] = {
            "pictures": len(times),
            "min": round(min(times), 1),
            "median": round(float(np.median(times)), 1),
            "load_average": round(os.getloadavg()[0], 1),
        }
    return found


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--accidents", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    with opened_chain() as chain:
        results = evaluate_folder(arguments.clips, chain, track=bar)
        runtime = chain.poses.runtime_name
        delays = delays_s(results, chain)
        times = timing(results, chain)
        accidents = {}
        if arguments.accidents is not None:
            for rate in STILLS_PER_S:
                score = evaluate_stills(arguments.accidents, chain, numbers_per_s=rate, track=bar)
                accidents[f"numbers_per_s_{rate:g}"] = dataclasses.asdict(score)
    people = sum(result.people for result in results)
    content = {
        "command": "bench/actions.py CLIPS --accidents DIR",
        "device": device_name(),
        "load_average": round(os.getloadavg()[0], 1),
        "detector": catalog.DEFAULT_OBJECT_DETECTOR,
        "runtime": runtime,
        "frames": sum(result.frames for result in results),
        "tracked_people": people,
        "joints_and_decision_ms_per_person": round(
            sum(result.watch_ms for result in results) / max(people, 1), 2
        ),
        "times": times,
        "folders": {
            name: {label: count for label, count in counts.items() if count}
            for name, counts in count_folders(results).items()
        },
        "fall_delays": delays,
        "accident_stills": accidents,
        "gaits_held_out": dataclasses.asdict(
            measure(draw(GAIT_PEOPLE, Part.HELD_OUT, seed=GAIT_SEED))
        ),
    }
    arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=2))


if __name__ == "__main__":
    main()
