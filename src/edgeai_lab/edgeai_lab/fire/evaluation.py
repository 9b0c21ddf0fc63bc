"""Run the fire model over a folder of class folders, as the product runs it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgeai_core import catalog, model_store
from edgeai_core.analyzers.fire.crops import HOME_CROPS, INPUT_SIDE_PX, Crop
from edgeai_core.analyzers.fire.model import FireModel
from edgeai_core.analyzers.fire.readings import FLAME, SMOKE, FireReading, FireStage
from edgeai_core.errors import DataError
from edgeai_core.model_card import Task
from edgeai_core.runtimes.selection import open_session
from edgeai_lab.average_precision import PictureBoxes, average_precision
from edgeai_lab.data.sets import LabelBox
from edgeai_lab.data.yolo import read_yolo
from edgeai_lab.pictures import pictures_below, read_picture
from edgeai_lab.progress import Track, silent

_IMAGES = "images"
# Faint boxes too: average precision is over all thresholds.
_FAINTEST_BOX = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureResult:
    """One picture: its path, the name of its class folder, its size and what was read."""

    path: Path
    folder: str
    width_px: int
    height_px: int
    reading: FireReading


@contextmanager
def opened_model(
    path: Path | None, *, crops: Sequence[Crop] = HOME_CROPS, min_box_score: float = _FAINTEST_BOX
) -> Iterator[FireModel]:
    """Give the fire model of an ONNX file, None for the shipped one, on the fastest runtime here.

    Raises:
        ModelError: the file cannot be loaded.
    """
    if path is None:
        path = model_store.resolve(catalog.card_for(catalog.DEFAULT_FIRE_MODEL, Task.FIRE))
    blank = np.zeros((1, 3, INPUT_SIDE_PX, INPUT_SIDE_PX), np.float32)
    session = open_session(path, sample={"image": blank})
    model = FireModel(session, crops=crops, min_box_score=min_box_score)
    try:
        yield model
    finally:
        model.close()


def read_folder(
    root: Path, model: FireModel, *, track: Track[Path] = silent
) -> list[PictureResult]:
    """Return a result per picture below a folder, in a fixed order.

    The class folder is the first one below the root; pictures that lie in the root itself, or in
    an `images` folder of it, take the root's name.

    Raises:
        DataError: there is no picture, or one cannot be decoded.
    """
    if not root.is_dir():
        raise DataError(
            f"fire evaluation: {root} is not a folder; expected CLASS/picture.jpg in it"
        )
    results = []
    for path in track(pictures_below(root), "pictures"):
        image = read_picture(path)
        steps = path.relative_to(root).parts
        folder = steps[0] if len(steps) > 1 and steps[0] != _IMAGES else root.name
        results.append(
            PictureResult(
                path=path,
                folder=folder,
                width_px=image.shape[1],
                height_px=image.shape[0],
                reading=model.read(image),
            )
        )
    return results


def count_folders(results: Sequence[PictureResult]) -> dict[str, object]:
    """Return {"n", "none", "start_fire", "fire"} by class folder: how many pictures show what."""
    folders: dict[str, Counter[FireStage]] = {}
    for result in results:
        folders.setdefault(result.folder, Counter())[result.reading.stage] += 1
    return {
        name: {"n": counts.total(), **{stage.value: counts[stage] for stage in FireStage}}
        for name, counts in sorted(folders.items())
    }


def write_scores(path: Path, results: Sequence[PictureResult]) -> None:
    """Write a row per picture: its path, class folder, answer and all scores.

    Raises:
        DataError: the file cannot be written.
    """
    scores = ("hazard", "flame", "smoke", "large")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            stages = [stage.value for stage in FireStage]
            writer.writerow(["picture", "folder", "answer", *(f"p_{s}" for s in stages), *scores])
            for result in results:
                reading = result.reading
                values = [*reading.probabilities.values()]
                values += [getattr(reading.scores, name) for name in scores]
                writer.writerow(
                    [result.path, result.folder, reading.stage.value]
                    + [f"{value:.6f}" for value in values]
                )
    except OSError as exc:
        raise DataError(f"{path} cannot be written: {exc.strerror}") from exc


def precision_of_boxes(root: Path, results: Sequence[PictureResult]) -> dict[str, object] | None:
    """Return the average precision of flame and smoke boxes; None without YOLO labels beside.

    Classes of the labels count by their names: "fire" and "flame" in one mean a flame, "smoke"
    smoke, and the rest is no hazard.

    Raises:
        DataError: the labels cannot be read or name neither flames nor smoke.
    """
    if not any(path.is_dir() for path in (*root.glob("labels"), *root.glob("*/labels"))):
        return None
    wanted = {picture.path.resolve(): picture.boxes for picture in read_yolo(root).pictures}
    classes = {box.label for boxes in wanted.values() for box in boxes}
    if not any(_hazard_of(name) for name in classes):
        raise DataError(
            f"fire evaluation: the labels of {root} know "
            f"{', '.join(sorted(classes)) or 'no box'}; expected a "
            "data.yaml whose names have fire, flame or smoke in them"
        )
    labelled = [result for result in results if result.path.resolve() in wanted]
    return {
        hazard: {
            "ap50": None if not count else round(average_precision(boxes), 4),
            "boxes": count,
            "pictures": len(labelled),
        }
        for hazard in (FLAME, SMOKE)
        for boxes in [[_boxes_of(r, wanted[r.path.resolve()], hazard) for r in labelled]]
        for count in [sum(len(picture.wanted) for picture in boxes)]
    }


def _hazard_of(label: str) -> str:
    name = label.lower()
    if SMOKE in name:
        return SMOKE
    return FLAME if "fire" in name or FLAME in name else ""


def _boxes_of(result: PictureResult, labels: Sequence[LabelBox], hazard: str) -> PictureBoxes:
    size = np.array([result.width_px, result.height_px] * 2, np.float64)
    found = [d for d in result.reading.detections if d.label == hazard]
    wanted = [(b.x_min, b.y_min, b.x_max, b.y_max) for b in labels if _hazard_of(b.label) == hazard]
    return PictureBoxes(
        wanted=np.array(wanted, np.float64).reshape(-1, 4) * size,
        found=np.array([d.box.as_xyxy() for d in found], np.float64).reshape(-1, 4),
        scores=np.array([d.score for d in found], np.float64),
    )
