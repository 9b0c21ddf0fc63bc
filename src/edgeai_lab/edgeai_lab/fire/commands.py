"""`edgeai lab train fire` and `edgeai lab evaluate fire`."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from edgeai_lab.json_files import write_json
from edgeai_lab.progress import bar


def evaluate_fire(arguments: argparse.Namespace) -> int:
    """Run the model over a folder of class folders; write counts, scores and box precision."""
    from edgeai_lab.fire.evaluation import (
        count_folders,
        opened_model,
        precision_of_boxes,
        read_folder,
        write_scores,
    )

    root: Path = arguments.images
    output: Path = arguments.json
    with opened_model(arguments.model) as model:
        results = read_folder(root, model, track=bar)
        runtime = model.runtime_name
    folders = count_folders(results)
    table = output.with_suffix(".csv")
    write_scores(table, results)
    boxes = precision_of_boxes(root, results)
    content: dict[str, object] = {"folders": folders, "scores_csv": str(table)}
    if boxes is not None:
        content["boxes"] = boxes
    write_json(output, content)
    if arguments.sheet is not None:
        from edgeai_lab.fire.extremes import write_sheet

        write_sheet(arguments.sheet, results)
        print(f"highest and lowest scores of each folder: {arguments.sheet}")
    for name, counts in folders.items():
        print(f"{name}: {counts}")
    if boxes is not None:
        print(f"boxes: {boxes}")
    print(f"result {output}, scores {table} ({runtime})")
    return 0


def train_fire(arguments: argparse.Namespace) -> int:
    """Train, calibrate, export and measure; a smoke test does so with drawn pictures."""
    import torch

    from edgeai_lab.fire.card import write_card
    from edgeai_lab.fire.evaluation import opened_model
    from edgeai_lab.fire.features import fast_trunk
    from edgeai_lab.fire.generated import generated_scenes
    from edgeai_lab.fire.groups import Part
    from edgeai_lab.fire.held_out import measure
    from edgeai_lab.fire.network import FireHead, Trunk, load_imagenet, read_imagenet
    from edgeai_lab.fire.pipeline import MODEL_NAME, calibrate_network, divide, export, train
    from edgeai_lab.fire.recipe import SMOKE_TEST, FireRecipe
    from edgeai_lab.fire.scenes import read_scenes

    folder: Path = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    recipe = SMOKE_TEST if arguments.smoke_test else FireRecipe()
    torch.manual_seed(recipe.seed)
    trunk, head = Trunk().eval(), FireHead(dropout=recipe.dropout).eval()
    if arguments.smoke_test:
        scenes = generated_scenes(np.random.default_rng(recipe.seed))
    else:
        load_imagenet(trunk, head, read_imagenet())
        scenes = read_scenes(arguments.data)
    with fast_trunk(trunk) as run:
        division = divide(scenes, run, head, recipe, track=bar)
        print(f"{len(scenes)} scenes in {division.groups} groups of near-duplicates")
        epochs = train(division, run, head, recipe, folder, track=bar)
        calibration = calibrate_network(division, run, head, recipe)
    export(trunk, head, folder / MODEL_NAME, hazard_threshold=calibration.threshold)
    with opened_model(folder / MODEL_NAME) as model:
        metrics = {
            part.value: measure(model, division.scenes[part], track=bar)
            for part in (Part.VALIDATION, Part.TEST)
        }
    card = write_card(
        folder,
        recipe=recipe,
        division=division,
        calibration=calibration,
        epochs=epochs,
        metrics=metrics,
    )
    for name, figures in metrics.items():
        print(f"{name}: {figures}")
    print(f"model {folder / MODEL_NAME}, card {card}")
    return 0
