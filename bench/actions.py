"""How often the shipped chain tells falls, gaits and accidents rightly, and how late.

    PYTHONPATH=src/edgeai_core:src/edgeai_lab python bench/actions.py CLIPS --accidents DIR \
        --json FILE

CLIPS is a folder of class folders of clips, as for `edgeai lab evaluate actions`. The gaits are of
simulated people before cameras and at speeds that the tables were not fitted to. DIR holds stills
of accidents, in Accident and Non_Accident.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from device import device_name
from edgeai_core import catalog
from edgeai_core.action_events import Action
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
# It is not known how fast the stills were taken; cars move as if three of their numbers were a
# second. At ten the tracker follows them better than a camera of that rate would.
STILLS_PER_S = (3.0, 10.0)


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
