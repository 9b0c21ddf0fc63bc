"""`edgeai lab train objects` and `edgeai lab evaluate objects`."""

from __future__ import annotations

import argparse
import math
from contextlib import closing
from pathlib import Path

from edgeai_core import catalog
from edgeai_core.errors import DataError
from edgeai_core.model_card import Task
from edgeai_lab.json_files import write_json
from edgeai_lab.objects.evaluation import (
    FAINTEST,
    Labels,
    count_pictures,
    precision_of,
    read_folder,
)
from edgeai_lab.progress import bar


def evaluate_objects(arguments: argparse.Namespace) -> int:
    """Run the shipped detector over a folder; write precision and counts of some classes."""
    card = catalog.card_for(catalog.DEFAULT_OBJECT_DETECTOR, Task.OBJECT_DETECTION)
    names = tuple(dict.fromkeys(arguments.names))
    unknown = [name for name in names if name not in card.labels]
    if unknown:
        raise DataError(
            f"evaluate objects: the detector knows no {', '.join(unknown)}; choose --names among "
            f"{', '.join(card.labels)}"
        )
    labels = None
    if arguments.labels is not None:
        labels = Labels(folder=arguments.labels, names=tuple(arguments.names))
    problems: list[str] = []
    detector = catalog.create_object_detector(
        card.name, min_score=FAINTEST, own_min_scores={}, labels=names
    )
    with closing(detector):
        results = read_folder(arguments.images, labels, detector, problems=problems, track=bar)
        runtime = detector.runtime_name
    precision = {} if labels is None else {name: precision_of(results, name) for name in names}
    counts = {
        name: count_pictures(results, name, min_score=card.threshold_of(name)) for name in names
    }
    content: dict[str, object] = {
        # JSON knows no NaN: a class without a label has no precision.
        "ap50": {name: None if math.isnan(value) else value for name, value in precision.items()},
        "images_with_detection": counts,
        "n": len(results),
    }
    output: Path = arguments.json
    write_json(output, content)
    for problem in problems:
        print(f"left out: {problem}")
    for name in names:
        found = f"AP50 {precision[name]:.3f}, " if name in precision else ""
        print(f"{name}: {found}in {counts[name]} of {len(results)} pictures")
    print(f"result {output} ({runtime})")
    return 0


def train_objects(arguments: argparse.Namespace) -> int:
    """Train the branch for guns and wallets, export, measure; a smoke test does so with drawings.

    Raises:
        DataError: a folder is missing or damaged, or OUT cannot be written.
        ModelError: the exported file answers otherwise than the network.
    """
    import numpy as np
    import torch

    from edgeai_lab.objects.card import write_card
    from edgeai_lab.objects.examples import Part, Source, read_examples
    from edgeai_lab.objects.export import MODEL_NAME, export
    from edgeai_lab.objects.generated import generated_division
    from edgeai_lab.objects.lesson import precision_of_label
    from edgeai_lab.objects.network import COCO_CLASSES, Head, Neck, Trunk
    from edgeai_lab.objects.pipeline import divide, train
    from edgeai_lab.objects.recipe import SMOKE_TEST, ObjectRecipe
    from edgeai_lab.objects.start import START_FILE, read_start

    folder: Path = arguments.out
    recipe = SMOKE_TEST if arguments.smoke_test else ObjectRecipe()
    torch.manual_seed(recipe.seed)
    if arguments.smoke_test:
        start = (Trunk().eval(), Neck().eval(), Head(COCO_CLASSES).eval())
        division = generated_division(np.random.default_rng(recipe.seed))
    else:
        start = read_start(arguments.data / START_FILE)
        division = divide(read_examples(arguments.data), arguments.data, recipe, track=bar)
    print(f"{division.counts()} in {division.groups} groups of near-duplicates")
    branch, histories = train(division, start, recipe, folder, track=bar)
    test = division.examples[Part.TEST]
    metrics = {
        f"{label} AP50, held-out groups": precision_of_label(
            start[0], branch, [item for item in test if item.source is source], label
        )
        for label, source in (("gun", Source.GUNS), ("wallet", Source.WALLET))
        if any(item.source is source for item in test)
    }
    difference = export(*start, branch, folder / MODEL_NAME)
    card = write_card(
        folder,
        recipe=recipe,
        division=division,
        histories=histories,
        metrics=metrics,
        difference=difference,
    )
    for name, value in metrics.items():
        print(f"{name}: {value:.3f}")
    print(f"model {folder / MODEL_NAME}, card {card}")
    return 0
