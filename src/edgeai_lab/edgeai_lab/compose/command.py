"""`edgeai lab data compose`."""

from __future__ import annotations

import argparse
import time

import numpy as np

from edgeai_core.errors import ConfigError
from edgeai_lab.compose.composition import ComposeConfig
from edgeai_lab.compose.cutouts import read_classes
from edgeai_lab.compose.data_set import SHEET_NAME, compose_set
from edgeai_lab.compose.pool import BackgroundPool
from edgeai_lab.progress import bar


def run_compose(arguments: argparse.Namespace) -> int:
    """Compose a data set; return the exit code."""
    width_px, height_px = arguments.size
    try:
        config = ComposeConfig(
            width_px=width_px,
            height_px=height_px,
            most_things=arguments.most_things,
            least_side=arguments.least_side,
            most_side=arguments.most_side,
        )
    except ValueError as exc:
        raise ConfigError(f"compose: {exc}") from exc
    rng = np.random.default_rng(arguments.seed)
    classes = read_classes(arguments.cutouts)
    backgrounds = BackgroundPool.of_folder(arguments.backgrounds, rng)
    counted = ", ".join(f"{name} {len(cutouts)}" for name, cutouts in classes.items())
    print(f"cut-outs: {counted}")
    started_s = time.perf_counter()
    result = compose_set(
        arguments.out,
        classes,
        backgrounds,
        count=arguments.count,
        rng=rng,
        config=config,
        track=bar,
    )
    took_s = time.perf_counter() - started_s
    print(
        f"{result.pictures} pictures of {width_px} x {height_px} with {result.things} things in "
        f"{took_s:.1f} s: {result.folder}; look at {result.folder / SHEET_NAME}"
    )
    if result.unreadable_backgrounds:
        print(f"{result.unreadable_backgrounds} backgrounds could not be decoded")
    return 0
