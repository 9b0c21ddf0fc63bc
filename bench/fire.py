"""Measure the fire model and the watch over time; no fire-free clip may raise an alarm.

``python bench/fire.py DATA [--footage FILE_OR_FOLDER]`` with the packages of the lab. DATA is the
data folder with its index. Figures are of held-out groups: what trained is never measured. Flames
in composed clips are cut from held-out pictures and made to move: no open clip of a beginning fire
was found. Exit code 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from device import device_name
from edgeai_core import catalog
from edgeai_core.analyzers.fire.activity import ActivityConfig, ActivityMeter
from edgeai_core.analyzers.fire.crops import FOREST_CROPS
from edgeai_core.analyzers.fire.logic import FireConfig
from edgeai_core.analyzers.fire.model import FireModel
from edgeai_core.config import build
from edgeai_lab.fire.composed import flame_clips, whole_flames
from edgeai_lab.fire.features import fast_trunk
from edgeai_lab.fire.groups import Part
from edgeai_lab.fire.held_out import measure
from edgeai_lab.fire.network import FireHead, Trunk, load_imagenet, read_imagenet
from edgeai_lab.fire.pasting import cut_flames
from edgeai_lab.fire.pipeline import divide
from edgeai_lab.fire.recipe import FireRecipe
from edgeai_lab.fire.scenes import Scene, Source, Stage, read_scenes
from edgeai_lab.fire.watching import delay_s, told_delays, watch_clips
from edgeai_lab.json_files import write_json
from edgeai_lab.pictures import pictures_below, read_picture
from edgeai_lab.progress import bar

_RESULT = Path(__file__).resolve().parent / "results" / "fire.json"
_CLIPS = (".mp4", ".avi")
_SHARES = (0.05, 0.08, 0.12, 0.2, 0.3)
_FLAME_STARTS, _SECONDS = 20, 12.0
_MOST_MS = 30.0
_TIMES = 60
_PLACES = (Source.ABONIA, Source.FIGHT)
_PARTS = ("times", "clips", "composed", "pictures")


def timed(call: Callable[[], object]) -> dict[str, float]:
    """Return the milliseconds of a call, median and least of 60."""
    call()
    times = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - began))
    return {"median_ms": round(statistics.median(times), 2), "min_ms": round(min(times), 2)}


def times(model: FireModel, picture: np.ndarray) -> dict[str, dict[str, float]]:
    """Return the times of a whole look, near and distant, and of what each round adds."""
    meter = ActivityMeter(ActivityConfig())
    rng = np.random.default_rng(0)
    for number in range(24):
        noisy = picture + rng.normal(0, 3, picture.shape)
        meter.add(np.clip(noisy, 0, 255).astype(np.uint8), number * 125_000_000)
    return {
        "near, five parts": timed(lambda: model.read(picture)),
        "distant, ten parts": timed(lambda: [model.look(picture, c) for c in FOREST_CROPS]),
        "place for a close-up": timed(meter.warm_flicker),
    }


def held_out(data: Path) -> dict[Part, tuple[Scene, ...]]:
    """Return the parts of the data that training draws, without what trains."""
    recipe = FireRecipe()
    torch.manual_seed(recipe.seed)
    trunk, head = Trunk().eval(), FireHead(dropout=recipe.dropout).eval()
    load_imagenet(trunk, head, read_imagenet())
    with fast_trunk(trunk) as run:
        division = divide(read_scenes(data), run, head, recipe, track=bar)
    return {part: own for part, own in division.scenes.items() if part is not Part.TRAINING}


def fire_free(data: Path, footage: Sequence[Path]) -> list[Path]:
    """Return the clips of fights and falls, and the footage, in a fixed order."""
    folders = [data / "fight", data / "fall" / "gmdcsa24", *(p for p in footage if p.is_dir())]
    files = [p for p in footage if p.is_file()]
    return files + [p for f in folders for p in sorted(f.rglob("*")) if p.suffix in _CLIPS]


def alarms(
    model: FireModel, paths: Sequence[Path], config: FireConfig
) -> dict[str, dict[str, Any]]:
    """Return what came of the clips one by one, one after the other, and in another order."""
    orders = {"single": list(paths), "in sequence": list(paths)}
    orders["in sequence, shuffled"] = random.Random(0).sample(paths, len(paths))
    return {
        name: asdict(watch_clips(model, order, config, in_sequence=name != "single", track=bar))
        for name, order in orders.items()
    }


def delays(
    model: FireModel, scenes: Sequence[Scene], config: FireConfig, *, clips: int
) -> dict[str, object]:
    """Return by flame size how many composed clips alarmed, and after how long."""
    flames = whole_flames(cut_flames([s for s in scenes if s.source is Source.ABONIA]))
    quiet = [s.image for s in scenes if s.stage is Stage.NONE and s.source in _PLACES]
    return {
        f"{share:.0%} of the height": told_delays(
            delay_s(model, clip, config, seconds=_SECONDS)
            for clip in bar(
                flame_clips(flames, quiet, height_share=share, count=clips, starts=_FLAME_STARTS),
                f"flames of {share:.0%}",
            )
        )
        for share in _SHARES
    }


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Measure the fire model and its alarms.")
    parser.add_argument("data", type=Path, help="the data folder with its index")
    parser.add_argument("--footage", type=Path, action="append", default=[], help="without fire")
    parser.add_argument("--clips", type=int, default=12, help="composed clips of each size")
    parser.add_argument("--only", choices=_PARTS, help="measure this and keep the other figures")
    parser.add_argument("--json", type=Path, default=_RESULT, help="write the result here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    wanted = (options.only,) if options.only else _PARTS
    result: dict[str, Any] = {}
    if options.only and options.json.is_file():
        result = json.loads(options.json.read_text(encoding="utf-8"))
    result["command"] = "python bench/fire.py DATA --footage FOOTAGE"
    result["device"] = device_name()
    with closing(catalog.create_fire_model()) as model:
        result["runtime"] = model.runtime_name
        if "times" in wanted:
            picture = read_picture(next(iter(pictures_below(options.data / Source.GUNS.value))))
            result["times"] = times(model, cv2.resize(picture, (640, 480)))
        if "clips" in wanted:
            paths = fire_free(options.data, options.footage)
            result["fire_free_clips"] = alarms(model, paths, FireConfig())
        if "composed" in wanted or "pictures" in wanted:
            parts = held_out(options.data)
        if "composed" in wanted:
            every = [scene for own in parts.values() for scene in own]
            without = build(FireConfig, {"close_up_share": 0.0})
            result["composed_clips"] = {
                "as shipped": delays(model, every, FireConfig(), clips=options.clips),
                "without close-ups": delays(model, every, without, clips=options.clips),
            }
        if "pictures" in wanted:
            result["held_out_pictures"] = measure(model, parts[Part.TEST], track=bar)
    write_json(options.json, result)
    look_ms = result["times"]["near, five parts"]["median_ms"] if "times" in result else 0.0
    orders = result.get("fire_free_clips", {})
    false = {name: len(order["alarms"]) for name, order in orders.items()}
    print(f"a whole look: {look_ms} ms (bar {_MOST_MS:g}); alarms without fire: {false}")
    print(f"result {options.json}")
    return int(look_ms > _MOST_MS or any(false.values()))


if __name__ == "__main__":
    sys.exit(main())
