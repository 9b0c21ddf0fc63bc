"""How well fights are told, and how long that takes: out of fold, and by the shipped chain.

    PYTHONPATH=src/edgeai_core python bench/fights.py --ranking OUT/ranking.json \
        --evaluation CLIPS.json --json FILE

OUT is what `./edgeai lab train actions` wrote: its figures are of models that never saw the clip's
range of numbers. CLIPS.json is what `./edgeai lab evaluate actions` wrote. The shipped models
learned from the fight clips and from GMDCSA-24: what the evaluation says of those flatters.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from device import device_name
from edgeai_core import catalog
from edgeai_core.analyzers.actions.fight_model import FightModel
from edgeai_core.analyzers.actions.fights import SHARES, STRIDE
from edgeai_core.analyzers.actions.motion import (
    MOMENTS,
    STEP_S,
    busiest_square,
    cut_out,
    differences,
    small_grey,
)

DECISIONS_PER_S = 15
_TIMED = 30


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranking", type=Path, required=True)
    parser.add_argument("--evaluation", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    folders = _read(arguments.evaluation)["folders"]
    model = catalog.create_fight_model()
    reading_ms = measure_reading(model)
    content = {
        "command": "bench/fights.py --ranking OUT/ranking.json --evaluation CLIPS.json",
        "device": device_name(),
        "load_average": round(os.getloadavg()[0], 1),
        "runtime": model.runtime_name,
        "reading_ms": round(reading_ms, 2),
        "ms_per_decision_at_15_per_s": round(reading_ms / (DECISIONS_PER_S * STRIDE * STEP_S), 2),
        "shipped_chain": {
            name: {"n": counts["n"], "fight": counts["fight"]} for name, counts in folders.items()
        },
        "out_of_fold": _read(arguments.ranking),
    }
    model.close()
    arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=2))


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def measure_reading(model: FightModel) -> float:
    """Return the least milliseconds from a VGA frame to the odds of a full window."""
    rng = np.random.default_rng(1)
    frames = rng.integers(0, 255, (MOMENTS, 480, 640, 3)).astype(np.uint8)
    greys = [small_grey(frame) for frame in frames]
    window = model.features([np.zeros((160, 160, 3), np.float32)] * len(SHARES) * 12)
    spent = []
    for _ in range(_TIMED):
        begun = time.perf_counter()
        # One reading takes in two new moments.
        greys[-2:] = [small_grey(frame) for frame in frames[-2:]]
        changes = differences(greys)
        squares = [busiest_square(changes, share=share) for share in SHARES]
        features = model.features([cut_out(changes, square) for square in squares])
        model.logit(np.concatenate([window[len(features) :], features]))
        spent.append(time.perf_counter() - begun)
    return 1e3 * min(spent)


if __name__ == "__main__":
    main()
