"""Measure whether heat-maps tell the truth, what one costs, and what frames lose meanwhile.

``python bench/explanations.py DATA --clip vtest.avi [--sheet FILE.png]``; DATA is the data folder
with its index. Every map is compared with a random one and with one that is hot in the middle of
what was studied, which for an object is all that its box alone tells. Deletion is better when low,
insertion when high; "pointing" is the share of maps whose hottest cell lies in the annotated box.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from device import device_name
from edgeai_core import catalog
from edgeai_core.analyzers.fire.crops import HOME_CROPS
from edgeai_core.analyzers.fire.explained import fire_case
from edgeai_core.analyzers.fire.model import FireModel
from edgeai_core.analyzers.objects.explained import object_case
from edgeai_core.analyzers.objects.model import ObjectDetector
from edgeai_core.explaining.config import ExplainConfig
from edgeai_core.explaining.explainer import Case
from edgeai_core.explaining.explanation import Explanation
from edgeai_core.explaining.faithfulness import (
    Faithfulness,
    centred_heat,
    deletion_and_insertion,
    hottest_cell_is_in,
    random_heat,
)
from edgeai_core.explaining.occlusion import OcclusionStudy
from edgeai_core.geometry import Box, iou_matrix
from edgeai_lab.data.yolo import read_yolo
from edgeai_lab.json_files import write_json
from edgeai_lab.pictures import pictures_below, read_picture
from explained_sheet import sheet

_RESULT = Path(__file__).resolve().parent / "results" / "explanations.json"
_PEOPLE = Path(__file__).resolve().parent / "data" / "vtest_people.csv"
_WEAPONS = Path("suspect/weapons_eval_only")
_SMOKE_SENSOR = Path("fire/smokesensor_eval_only/fire")
_CCTV = Path("fire/abonia_cctv")
_LABELS = {"pistol": "gun", "long_gun": "gun", "knife": "knife"}
_MIN_SCORE, _SAME_IOU = 0.5, 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A finding to explain, and the boxes that people drew; none where nobody did."""

    name: str
    case: Case
    drawn: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A map and how it and the others did."""

    found: Found
    explanation: Explanation
    figures: dict[str, Faithfulness]
    points: bool | None
    centre_points: bool | None
    seconds: float


def objects_of(
    detector: ObjectDetector, image: np.ndarray, drawn: dict[str, list[Box]], name: str
) -> Iterator[Found]:
    """Yield the best detection that one of the drawn boxes of its label confirms."""
    for found in detector.detect(image):
        if found.score < _MIN_SCORE or not drawn.get(found.label):
            continue
        own = drawn[found.label]
        edges = np.array([box.as_xyxy() for box in own])
        overlaps = iou_matrix(np.array([found.box.as_xyxy()]), edges)[0]
        case = object_case(detector.detect, image, label=found.label, box=found.box)
        if overlaps.max() >= _SAME_IOU and case is not None:
            yield Found(name=name, case=case, drawn=(own[int(overlaps.argmax())],))
            return


def weapons(detector: ObjectDetector, data: Path) -> Iterator[Found]:
    """Yield guns and knives of pictures that never trained."""
    for picture in read_yolo(data / _WEAPONS).pictures:
        image = read_picture(picture.path)
        height, width = image.shape[:2]
        drawn: dict[str, list[Box]] = {}
        for box in picture.boxes:
            edges = (box.x_min * width, box.y_min * height, box.x_max * width, box.y_max * height)
            drawn.setdefault(_LABELS[box.label], []).append(Box(*edges))
        yield from objects_of(detector, image, drawn, picture.path.name)


def people(detector: ObjectDetector, clip: Path) -> Iterator[Found]:
    """Yield people of a street, one in every tenth frame."""
    rows = np.loadtxt(_PEOPLE, delimiter=",", skiprows=1)
    film = cv2.VideoCapture(str(clip))
    number = 0
    while (read := film.read())[0]:
        number += 1
        own = rows[rows[:, 0] == number]
        if number % 10 or not len(own):
            continue
        boxes = [Box(*(float(edge) for edge in row[2:6])) for row in own]
        yield from objects_of(detector, read[1], {"person": boxes}, f"frame {number}")
    film.release()


def fires(
    model: FireModel, images: Iterator[tuple[str, np.ndarray, tuple[Box, ...]]]
) -> Iterator[Found]:
    """Yield the fires that the model sees, in the part of the picture that tells most."""
    for name, image, drawn in images:
        part = max(HOME_CROPS, key=lambda crop: model.look(image, crop).hazard_score)
        case = fire_case(model, image, part)
        if case is not None:
            yield Found(name=name, case=case, drawn=drawn)


def smoke_sensor(data: Path) -> Iterator[tuple[str, np.ndarray, tuple[Box, ...]]]:
    """Yield fires of an unrelated source, which has no boxes."""
    for path in sorted(pictures_below(data / _SMOKE_SENSOR))[::7]:
        yield path.name, read_picture(path), ()


def cctv(data: Path) -> Iterator[tuple[str, np.ndarray, tuple[Box, ...]]]:
    """Yield fires with boxes; most of these pictures trained the model."""
    for picture in read_yolo(data / _CCTV).pictures[::11]:
        image = read_picture(picture.path)
        height, width = image.shape[:2]
        drawn = tuple(
            Box(b.x_min * width, b.y_min * height, b.x_max * width, b.y_max * height)
            for b in picture.boxes
            if b.label != "default"
        )
        if drawn:
            yield picture.path.name, image, drawn


def judged(found: Found, config: ExplainConfig, number: int) -> Judged:
    """Return a map of a finding beside a random and a centred one."""
    case = found.case
    study = OcclusionStudy(
        case.image,
        case.score,
        base_score=case.base_score,
        region=case.region,
        looks=config.budget_looks,
        cells=config.cells,
    )
    began = time.process_time()
    while not study.done:
        study.look()
    seconds = time.process_time() - began
    made = study.result()
    grid = study.grid
    part = (slice(grid.first_row, grid.last_row), slice(grid.first_column, grid.last_column))
    maps = {
        "ours": made.heat[part],
        "random": random_heat(grid.studied, seed=number),
        "centred": centred_heat(grid.studied),
    }
    size = {"width_px": int(case.image.shape[1]), "height_px": int(case.image.shape[0])}

    def points(heat: np.ndarray) -> bool | None:
        hits = [hottest_cell_is_in(heat, box, **size) for box in found.drawn]
        return any(hits) if hits else None

    return Judged(
        found=found,
        explanation=Explanation(
            stamp_ns=0,
            label=case.label,
            box=case.box,
            score=case.base_score,
            heat=made.heat,
            method="occlusion",
            deletion=made.deletion,
            reason=found.name,
        ),
        figures={k: deletion_and_insertion(study, heat.ravel()) for k, heat in maps.items()},
        points=points(made.heat),
        centre_points=points(grid.whole(maps["centred"])),
        seconds=seconds,
    )


def told(results: list[Judged]) -> dict[str, object]:
    """Return the means of some maps."""

    def mean(of: Callable[[Judged], float]) -> float:
        return round(float(np.mean([of(result) for result in results])), 3)

    annotated = [result for result in results if result.points is not None]
    figures: dict[str, object] = {"maps": len(results)}
    for name in ("ours", "random", "centred"):
        figures[name] = {
            "deletion": mean(lambda r, name=name: r.figures[name].deletion),
            "insertion": mean(lambda r, name=name: r.figures[name].insertion),
        }
    figures["left_without_the_hottest_fifth"] = {
        "mean": mean(lambda r: r.explanation.deletion),
        "median": round(float(np.median([r.explanation.deletion for r in results])), 3),
        "no_part_decides_alone": mean(lambda r: float(r.explanation.deletion > 0.8)),
    }
    for key, values in (
        ("pointing", [r.points for r in annotated]),
        ("pointing_of_the_middle", [r.centre_points for r in annotated]),
    ):
        figures[key] = round(float(np.mean(values)), 3) if annotated else None
    figures["processor_s_per_map"] = round(float(np.median([r.seconds for r in results])), 2)
    return figures


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Measure heat-maps.")
    parser.add_argument("data", type=Path, help="the data folder with its index")
    parser.add_argument("--clip", type=Path, required=True, help="vtest.avi")
    parser.add_argument("--maps", type=int, default=20, help="of each group at most")
    parser.add_argument("--sheet", type=Path, help="draw some maps into this picture")
    parser.add_argument("--only", choices=("maps", "frames"), help="keep the other figures")
    parser.add_argument("--json", type=Path, default=_RESULT, help="write the result here")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    config = ExplainConfig()
    result: dict[str, object] = {}
    if options.only and options.json.is_file():
        result = json.loads(options.json.read_text(encoding="utf-8"))
    result["device"] = device_name()
    result["command"] = "python bench/explanations.py DATA --clip vtest.avi"
    if options.only != "frames":
        result["budget_looks"] = config.budget_looks
        result["groups"] = figures = {}
        shown = {}
        for name, results in measured(options.data, options.clip, config, most=options.maps):
            figures[name] = told(results) | {"load": round(os.getloadavg()[0], 1)}
            print(f"{name}: {figures[name]}", flush=True)
            # After each group: the whole takes minutes.
            write_json(options.json, result)
            shown[name] = [
                (r.found.case.image, r.explanation, r.found.drawn, r.figures["ours"].deletion)
                for r in results
            ]
            if options.sheet:
                cv2.imwrite(str(options.sheet), sheet(shown))
    if options.only != "maps":
        # Needs ROS, which the maps do not.
        from frame_loss import rates

        result["frame_rate"] = rates(options.clip)
    write_json(options.json, result)
    print(f"result {options.json}")
    return 0


def measured(
    data: Path, clip: Path, config: ExplainConfig, *, most: int
) -> Iterator[tuple[str, list[Judged]]]:
    """Yield the groups and their judged maps, of each group at most so many."""
    with (
        closing(catalog.create_object_detector(runtime="openvino", min_score=0.1)) as detector,
        closing(catalog.create_fire_model(runtime="openvino")) as model,
    ):
        for name, found in (
            ("fire of an unrelated source, never trained on", fires(model, smoke_sensor(data))),
            ("fire before a camera, most trained the model", fires(model, cctv(data))),
            ("guns and knives, never trained on", weapons(detector, data)),
            ("people of a street", people(detector, clip)),
        ):
            chosen = itertools.islice(found, most)
            yield name, [judged(item, config, number) for number, item in enumerate(chosen)]


if __name__ == "__main__":
    sys.exit(main())
