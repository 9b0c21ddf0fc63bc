"""What the liveness commands of the lab do with their options."""

from __future__ import annotations

import argparse
import dataclasses
from contextlib import closing
from pathlib import Path

from edgeai_core import catalog
from edgeai_core.analyzers.faces.liveness import LivenessConfig
from edgeai_core.config import build
from edgeai_core.errors import DataError
from edgeai_lab.json_files import write_json
from edgeai_lab.liveness.attempts import Timing
from edgeai_lab.liveness.instruments import Framing, Presentation
from edgeai_lab.liveness.measurement import measure_liveness
from edgeai_lab.liveness.recipe import LivenessRecipe
from edgeai_lab.liveness.report import describe, save_plots
from edgeai_lab.liveness.spoof import FRAMES_NAME, save_spoof
from edgeai_lab.progress import bar

_RECIPE_OPTIONS = ("scenes", "steps", "batch_size", "learning_rate", "seed")
# A turn takes a person about two seconds with the way back; one more for the reaction.
SECONDS_PER_TURN = 3.0


def spoof(arguments: argparse.Namespace) -> int:
    """Render a simulated presentation; see :func:`save_spoof` for the errors."""
    clip = save_spoof(
        arguments.source,
        arguments.out,
        presentation=Presentation(arguments.kind),
        framing=Framing(arguments.framing),
        seconds=arguments.seconds,
        seed=arguments.seed,
    )
    print(f"{len(clip.frames)} frames in {arguments.out / FRAMES_NAME}, overview {clip.sheet}")
    if arguments.json is not None:
        write_json(arguments.json, clip.document())
        print(f"what was drawn: {arguments.json}")
    return 0


def evaluate_liveness(arguments: argparse.Namespace) -> int:
    """Measure the shipped liveness check; see :func:`measure_liveness` for the errors."""
    _require(arguments.people >= 1, f"--people must be 1 or more, got {arguments.people}")
    _require(arguments.seed >= 0, f"--seed must be 0 or more, got {arguments.seed}")
    _require(
        1.0 <= arguments.seconds <= 60.0, f"--seconds must be 1..60, got {arguments.seconds:g}"
    )
    _require(5.0 <= arguments.fps <= 30.0, f"--fps must be 5..30, got {arguments.fps:g}")
    shipped = LivenessConfig()
    turns = shipped.challenge.turns if arguments.turns is None else arguments.turns
    config = build(LivenessConfig, {"challenge.turns": turns})
    timing = Timing(seconds=arguments.seconds, frame_rate_hz=arguments.fps)
    with (
        closing(catalog.create_face_detector()) as detector,
        closing(catalog.create_passive_liveness()) as passive,
    ):
        report = measure_liveness(
            arguments.root,
            clips=arguments.clip,
            people=arguments.people,
            timing=timing,
            turning_seconds=arguments.seconds + SECONDS_PER_TURN * turns,
            detector=detector,
            passive=passive,
            config=config,
            seed=arguments.seed,
            track=bar,
        )
    print(describe(report))
    output: Path = arguments.json
    write_json(output, report.document())
    folder: Path = arguments.plots or output.with_name(f"{output.stem}_plots")
    for path in save_plots(report, folder):
        print(f"plot {path}")
    print(f"result {output}")
    return 0


def train_liveness(arguments: argparse.Namespace) -> int:
    """Train the passive network on open pictures and export it.

    Raises:
        DataError: an open folder is missing, the start is no MiniFASNet, or OUT cannot be written.
        ModelError: the exported file answers otherwise than the network.
    """
    from edgeai_lab.liveness.training_faces import hold_out, open_pictures
    from edgeai_lab.liveness.training_patches import render_patches

    given = {name: getattr(arguments, name) for name in _RECIPE_OPTIONS}
    recipe = build(LivenessRecipe, {k: v for k, v in given.items() if v is not None})
    from edgeai_lab.liveness.export import MODEL_NAME, export_network, write_card
    from edgeai_lab.liveness.minifasnet import load_minifasnet
    from edgeai_lab.liveness.training import train

    network = load_minifasnet(arguments.start)
    with closing(catalog.create_face_detector()) as detector:
        pictures = open_pictures(arguments.data, detector=detector, track=bar)
    trained_on, held_out = hold_out(pictures, share=recipe.held_out_share)
    patches = render_patches(trained_on, scenes=recipe.scenes, seed=recipe.seed, track=bar)
    measured = render_patches(
        held_out, scenes=recipe.held_out_scenes, seed=recipe.seed + 1, track=bar
    )
    folder: Path = arguments.out
    curve = train(network, patches, measured, recipe, folder, track=bar)
    difference = export_network(network, folder / MODEL_NAME)
    card = write_card(
        folder,
        start=arguments.start,
        pictures=trained_on,
        recipe=recipe,
        curve=curve,
        difference=difference,
    )
    last = dataclasses.asdict(curve[-1])
    print(
        f"{len(trained_on.faces)} faces, {len(patches.classes)} patches, {last['step']} steps: "
        f"equal error on held-out pictures {100 * last['equal_error_rate']:.1f} %"
    )
    print(f"model {folder / MODEL_NAME}, card {card}")
    return 0


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise DataError(f"evaluate liveness: {sentence}")
