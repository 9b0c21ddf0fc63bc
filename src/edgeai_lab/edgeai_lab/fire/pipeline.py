"""From the data folder to the shipped file: split, draw, train, calibrate, export, measure."""

from __future__ import annotations

import csv
import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from edgeai_core.analyzers.fire.crops import HOME_CROPS, INPUT_SIDE_PX
from edgeai_core.errors import DataError
from edgeai_lab.fire.calibration import CALIBRATION_REPEATS, Calibration, calibrate
from edgeai_lab.fire.features import RunTrunk, fill_cache
from edgeai_lab.fire.groups import Part, near_duplicates, split
from edgeai_lab.fire.network import FireHead, Trunk
from edgeai_lab.fire.network_export import INPUT_NAME, OUTPUT_NAMES, ExportedFire
from edgeai_lab.fire.pasting import cut_flames
from edgeai_lab.fire.recipe import REPEATS, FireRecipe
from edgeai_lab.fire.samples import Kind, Order, Sample, draw, plan, resized
from edgeai_lab.fire.scenes import Scene, Stage
from edgeai_lab.fire.training import Epoch, train_head
from edgeai_lab.onnx_export import write_onnx
from edgeai_lab.pictures import Image
from edgeai_lab.progress import Track, silent

MODEL_NAME, CURVES_NAME, HEAD_NAME = "fire.onnx", "curves.csv", "head.pt"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Division:
    """The scenes by part, and the number of near-duplicate groups they come from."""

    scenes: Mapping[Part, tuple[Scene, ...]]
    groups: int

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many scenes of each source a part has."""
        return {
            part.value: dict(Counter(scene.source.name for scene in scenes))
            for part, scenes in self.scenes.items()
        }


def divide(
    scenes: Sequence[Scene],
    run: RunTrunk,
    head: FireHead,
    recipe: FireRecipe,
    *,
    track: Track[Scene] = silent,
) -> Division:
    """Return the scenes by part; near-duplicates by ImageNet features stay together.

    Args:
        scenes: all there are. run: the trunk. head: before its training. recipe: the settings.
    """
    features = []
    with torch.inference_mode():
        for scene in track(scenes, "look for near-duplicates"):
            _, late = run(resized(scene.image))
            deep = head.features(head.last(torch.from_numpy(late)[None]))
            features.append(deep.mean(dim=(2, 3))[0].numpy())
    keys = [(scene.source, scene.name.partition(":")[0]) for scene in scenes]
    groups = near_duplicates(np.stack(features), keys, similarity=recipe.similarity)
    sources = [scene.source for scene in scenes]
    parts = split(groups, sources, np.random.default_rng(recipe.seed))
    return Division(
        scenes={
            part: tuple(s for s, own in zip(scenes, parts, strict=True) if own is part)
            for part in Part
        },
        groups=len(set(groups.tolist())),
    )


def train(
    division: Division,
    run: RunTrunk,
    head: FireHead,
    recipe: FireRecipe,
    folder: Path,
    *,
    track: Track[int] = silent,
) -> list[Epoch]:
    """Train the head in place; the folder gets the curves and, after each epoch, the weights."""
    scenes = division.scenes[Part.TRAINING]
    rng = np.random.default_rng(recipe.seed)
    draws = _draws(scenes, _scaled(REPEATS, recipe.amount), rng)
    cache = fill_cache(draws, run, track=track)
    epochs: list[Epoch] = []

    def report(epoch: Epoch) -> None:
        epochs.append(epoch)
        torch.save(head.state_dict(), folder / HEAD_NAME)
        _write_curves(folder / CURVES_NAME, epochs)

    train_head(head, cache, recipe, report=report)
    return epochs


def calibrate_network(
    division: Division, run: RunTrunk, head: FireHead, recipe: FireRecipe
) -> Calibration:
    """Return the threshold by the calibration scenes and by pictures made of them.

    Raises:
        DataError: there are no pictures of one kind, burning or not.
    """
    scenes = division.scenes[Part.CALIBRATION]
    rng = np.random.default_rng(recipe.seed + 1)
    draws = _draws(scenes, _scaled(CALIBRATION_REPEATS, recipe.amount), rng)
    harmless: list[Image] = []
    burning: list[Image] = []
    for drawing in draws:
        sample = drawing()
        if sample is not None:
            (burning if sample.scores[0] else harmless).append(sample.image)
    for scene in scenes:
        (harmless if scene.stage is Stage.NONE else burning).append(scene.image)
    return calibrate(
        [hazard_logit(image, run, head) for image in harmless],
        [hazard_logit(image, run, head) for image in burning],
        most_false_alarms=recipe.most_false_alarms,
    )


def hazard_logit(image: Image, run: RunTrunk, head: FireHead) -> float:
    """Return the hazard logit of a (H, W, 3) uint8 BGR picture, as the product joins its crops."""
    height, width = image.shape[:2]
    maps = []
    for crop in HOME_CROPS:
        x_min, y_min, x_max, y_max = crop.pixels(width_px=width, height_px=height)
        maps.append(run(resized(image[y_min:y_max, x_min:x_max])))
    middle, late = (torch.from_numpy(np.stack(part)) for part in zip(*maps, strict=True))
    with torch.inference_mode():
        scores, _ = head(middle, late)
    return float(scores[:, 0].max())


def export(trunk: Trunk, head: FireHead, path: Path, *, hazard_threshold: float) -> None:
    """Write the network as the product runs it.

    Raises:
        DataError: the file cannot be written.
    """
    network = ExportedFire(trunk, head, hazard_threshold=hazard_threshold)
    blank = np.zeros((1, 3, INPUT_SIDE_PX, INPUT_SIDE_PX), np.float32)
    write_onnx(network, blank, path, input_name=INPUT_NAME, output_names=OUTPUT_NAMES)


def _draws(
    scenes: Sequence[Scene],
    repeats: Mapping[str, Mapping[Kind, float]],
    rng: np.random.Generator,
) -> list[Callable[[], Sample | None]]:
    cutouts = cut_flames(scenes)
    if not cutouts:
        raise DataError("fire data: no flame stands out from its box; more labelled flames needed")

    def bind(order: Order) -> Callable[[], Sample | None]:
        return lambda: draw(order, scenes, cutouts)

    return [bind(order) for order in plan(scenes, repeats=repeats, rng=rng)]


def _scaled(
    repeats: Mapping[str, Mapping[Kind, float]], amount: float
) -> dict[str, dict[Kind, float]]:
    return {
        source: {kind: times * amount for kind, times in own.items()}
        for source, own in repeats.items()
    }


def _write_curves(path: Path, epochs: Sequence[Epoch]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [field.name for field in dataclasses.fields(Epoch)])
        writer.writeheader()
        writer.writerows(dataclasses.asdict(epoch) for epoch in epochs)
