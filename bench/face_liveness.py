"""Record what `./edgeai lab evaluate liveness` measures, without and with the challenge.

``python bench/face_liveness.py DATA --clip CLIP [--people 24] [--turning-people 44]`` where DATA
holds a folder of pictures per person. The data only measures: nothing is trained on it. Attacks are
simulated: the rates are a lower bound.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path

from device import device_name
from edgeai_core import catalog
from edgeai_core.analyzers.faces.liveness import LivenessConfig
from edgeai_core.config import build
from edgeai_lab.json_files import write_json
from edgeai_lab.liveness.attempts import Timing
from edgeai_lab.liveness.commands import SECONDS_PER_TURN
from edgeai_lab.liveness.measurement import measure_liveness
from edgeai_lab.liveness.report import LivenessReport, describe, save_plots
from edgeai_lab.progress import bar

_RESULT = Path(__file__).resolve().parent / "results" / "face_liveness.json"
_TURNS = 5
_SEED = 7


def measured(options: argparse.Namespace, *, people: int, turns: int) -> LivenessReport:
    """Return the figures of the shipped check with so many turns asked for."""
    timing = Timing(seconds=3.5, frame_rate_hz=10.0)
    with (
        closing(catalog.create_face_detector()) as detector,
        closing(catalog.create_passive_liveness()) as passive,
    ):
        return measure_liveness(
            options.data,
            clips=options.clip,
            people=people,
            timing=timing,
            turning_seconds=timing.seconds + SECONDS_PER_TURN * turns,
            detector=detector,
            passive=passive,
            config=build(LivenessConfig, {"challenge.turns": turns}),
            seed=_SEED,
            track=bar,
        )


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Measure the liveness check on simulated attacks.")
    parser.add_argument("data", type=Path, help="folder with a folder of pictures per person")
    parser.add_argument("--clip", type=Path, action="append", default=[], help="a living person")
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--turning-people", type=int, default=44, help="people for the challenge")
    parser.add_argument("--json", type=Path, default=_RESULT, help="write the result here")
    parser.add_argument("--plots", type=Path, help="write charts and a sheet here")
    options = parser.parse_args()
    reports = {
        "without_challenge": measured(options, people=options.people, turns=0),
        "with_challenge": measured(options, people=options.turning_people, turns=_TURNS),
    }
    result: dict[str, object] = {
        "device": device_name(),
        "command": "python bench/face_liveness.py DATA --clip CLIP",
        "data": {"set": "Labeled Faces in the Wild and the demo's talking head", "turns": _TURNS},
        "model": catalog.CATALOG[catalog.DEFAULT_PASSIVE_LIVENESS].model_id,
    }
    for name, report in reports.items():
        print(describe(report))
        result[name] = report.document()
        if options.plots is not None:
            save_plots(report, options.plots / name)
    write_json(options.json, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
