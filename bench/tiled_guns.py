"""Record what looking at enlarged parts of the picture does for guns.

``python bench/tiled_guns.py DATA`` with the lab's packages installed; DATA is the data folder with
its index. Every still is shown for as many frames as there are parts, as a camera that stands still
would; a gun counts that is found in any of them. Every third picture is looked at.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

from device import device_name
from edgeai_core import catalog
from edgeai_core.analyzers.objects.labels import GUN
from edgeai_core.analyzers.objects.model import ObjectDetector
from edgeai_core.analyzers.objects.tiles import TiledDetector, TilesConfig
from edgeai_core.geometry import iou_matrix
from edgeai_core.model_card import Task
from edgeai_core.types import Detection
from edgeai_lab.average_precision import MATCH_IOU
from edgeai_lab.data.yolo import read_yolo
from edgeai_lab.json_files import write_json
from edgeai_lab.pictures import Image, pictures_below, read_picture
from objects import fight_frames

_RESULT = Path(__file__).resolve().parent / "results" / "tiled_guns.json"
_STEP = 3
_FIGHT_STEP = 15
_FAINTEST = 0.3
_THRESHOLDS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)
_GRIDS = ((3, 2), (2, 2))
_SMALL = 0.2
_Boxes = npt.NDArray[np.float64]
Shown = Iterable[tuple[Image, _Boxes]]


def measure(detector: ObjectDetector, shown: Shown) -> dict[str, object]:
    """Return by grid and threshold how many labelled guns are found, and in how many pictures any.

    A small gun's long side is under a fifth of the picture's.
    """
    grids = {"whole": (1, 1), **{f"{columns}x{rows}": (columns, rows) for columns, rows in _GRIDS}}
    counts = {name: {t: np.zeros(3, int) for t in _THRESHOLDS} for name in grids}
    pictures = boxes = small_boxes = 0
    for image, wanted in shown:
        sides = (wanted[:, 2:] - wanted[:, :2]).max(axis=1) if len(wanted) else np.zeros(0)
        small = sides < _SMALL * max(image.shape[:2])
        pictures, boxes, small_boxes = pictures + 1, boxes + len(wanted), small_boxes + small.sum()
        for name, grid in grids.items():
            found = _looked(detector, image, grid)
            scores = np.array([item.score for item in found])
            places = np.array([item.box.as_xyxy() for item in found]).reshape(-1, 4)
            for threshold, count in counts[name].items():
                certain = places[scores >= threshold]
                hit = (iou_matrix(wanted, certain) >= MATCH_IOU).any(axis=1)
                count += [hit.sum(), (hit & small).sum(), len(certain) > 0]
    result: dict[str, object] = {"pictures": pictures, "boxes": boxes, "small": int(small_boxes)}
    for name, own in counts.items():
        result[name] = {
            str(threshold): {
                "found": int(count[0]),
                "small_found": int(count[1]),
                "pictures_with_gun": int(count[2]),
            }
            for threshold, count in own.items()
        }
    return result


def _looked(detector: ObjectDetector, image: Image, grid: tuple[int, int]) -> list[Detection]:
    """Return what was found in any frame until every part could be looked at."""
    columns, rows = grid
    whole = detector.detect(image)

    def look(part: Image) -> list[Detection]:
        return list(whole) if part is image else detector.detect(part)

    config = TilesConfig(labels=(GUN,), columns=columns, rows=rows)
    tiled = TiledDetector(look, config)
    return [item for _ in range(columns * rows) for item in tiled.detect(image)]


def _weapons(data: Path, label: str) -> Iterator[tuple[Image, _Boxes]]:
    pictures = read_yolo(data / "suspect/weapons_eval_only").pictures
    holding = [x for x in pictures if any(box.label == label for box in x.boxes)]
    for picture in holding[::_STEP]:
        image = read_picture(picture.path)
        sides = np.array([image.shape[1], image.shape[0]] * 2)
        own = [(b.x_min, b.y_min, b.x_max, b.y_max) for b in picture.boxes if b.label == label]
        yield image, np.array(own) * sides


def _empty(images: Iterable[Image]) -> Iterator[tuple[Image, _Boxes]]:
    for image in images:
        yield image, np.zeros((0, 4))


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Measure what parts of the picture do for guns.")
    parser.add_argument("data", type=Path, help="the data folder with its index")
    parser.add_argument("--json", type=Path, default=_RESULT, help="write the result here")
    options = parser.parse_args()
    data: Path = options.data
    card = catalog.card_for(catalog.DEFAULT_OBJECT_DETECTOR, Task.OBJECT_DETECTION)
    detector = catalog.create_object_detector(
        card.name, min_score=_FAINTEST, own_min_scores={}, labels=[GUN]
    )
    frames = (x for i, x in enumerate(fight_frames(data, held_out=True)) if i % _FIGHT_STEP == 0)
    faces = pictures_below(data / "faces/lfw_eval_only")[:: 3 * _STEP]
    with closing(detector):
        result = {
            "device": device_name(),
            "command": "python bench/tiled_guns.py DATA",
            "model": card.model_id,
            "gun_threshold": card.threshold_of(GUN),
            "pistol": measure(detector, _weapons(data, "pistol")),
            "long_gun": measure(detector, _weapons(data, "long_gun")),
            "no_gun": {
                "fight, clips that did not train": measure(detector, _empty(frames)),
                "faces": measure(detector, _empty(map(read_picture, faces))),
            },
        }
    write_json(options.json, result)
    print(f"result {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
