"""How often the shipped chain tells falls and gaits rightly, and how long that takes.

    PYTHONPATH=src/edgeai_core:src/edgeai_lab python bench/actions.py CLIPS --json FILE

CLIPS is a folder of class folders of clips, as for `edgeai lab evaluate actions`. The gaits are of
simulated people before cameras and at speeds that the tables were not fitted to.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from pathlib import Path

from device import device_name
from edgeai_core import catalog
from edgeai_lab.actions.evaluation import count_folders, evaluate_folder, opened_chain
from edgeai_lab.actions.gait_fit import draw, measure
from edgeai_lab.actions.gait_simulator import Part
from edgeai_lab.progress import bar

GAIT_PEOPLE = 500
GAIT_SEED = 2


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    with opened_chain() as chain:
        results = evaluate_folder(arguments.clips, chain, track=bar)
        runtime = chain.poses.runtime_name
    people = sum(result.people for result in results)
    content = {
        "command": "bench/actions.py CLIPS",
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
        "gaits_held_out": dataclasses.asdict(
            measure(draw(GAIT_PEOPLE, Part.HELD_OUT, seed=GAIT_SEED))
        ),
    }
    arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=2))


if __name__ == "__main__":
    main()
