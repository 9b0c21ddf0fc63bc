"""How well things are found that were taught from a short clip, on another clip of them.

    PYTHONPATH=src/edgeai_core:src/edgeai_lab python bench/taught_things.py DATA --json FILE

Rendered things: taught over one real room, measured over two others in other light and turn, half
of them in motion, a fifth covered in part. Real things: taught from the first 40 % of the pictures
of one session, measured on the rest of the same session (one person, one room: it flatters), with
the pictures of the other two things as pictures without it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from device import device_name
from edgeai_core.analyzers.objects.taught import TaughtHead, detect_all
from edgeai_core.analyzers.objects.taught_file import TaughtThing
from edgeai_core.contact_sheet import contact_sheet
from edgeai_lab.average_precision import PictureBoxes, average_precision
from edgeai_lab.compose.cutouts import Cutout
from edgeai_lab.pictures import write_picture
from edgeai_lab.teach.examples import common_backdrops
from edgeai_lab.teach.material import Material, from_pictures, gather, sheet_of
from edgeai_lab.teach.teaching import teach
from edgeai_lab.teach.trunk import Trunk, shipped_trunk
from rendered_things import RENDERED
from taught_clips import (
    REAL,
    TEACHING_ROOM,
    TESTING_ROOMS,
    Labelled,
    real_pictures,
    room_pictures,
    teaching_clip,
    testing_clip,
    write_clip,
)

RENDERED_GROUP = "rendered_taught_in_one_room_tested_in_two_others"
REAL_GROUP = "real_first_40_percent_of_a_session_tested_on_the_rest"
TARGET_AP50, TARGET_S = 0.85, 300.0


def measured(
    name: str,
    material: Material,
    tests: Sequence[Labelled],
    trunk: Trunk,
    *,
    took: tuple[float, float],
    sheets: Path | None,
    empty: Sequence[np.ndarray] = (),
    rivals: Sequence[Cutout] = (),
) -> tuple[dict[str, object], TaughtThing]:
    """Teach a thing and return its figures; `took` is what the cutting out took: seconds, CPU's."""
    started = clocks()
    thing = teach(
        name,
        material,
        trunk,
        common=common_backdrops(np.random.default_rng(0)),
        own_backgrounds=empty,
        rivals=rivals,
    )
    took_s, cpu_s = (a + b for a, b in zip(took, since(started), strict=True))
    faint, head = (
        TaughtHead(name, thing.levels, thing.closer, min_score=least) for least in (0.02, 0.5)
    )
    pictures, errors = [], []
    found_with = found_without = without = 0
    for test in tests:
        features = trunk.look(test.image)
        found = faint.detect(features, test.image)
        pictures.append(
            PictureBoxes(
                wanted=np.array([b.as_xyxy() for b in test.boxes]).reshape(-1, 4),
                found=np.array([d.box.as_xyxy() for d in found]).reshape(-1, 4),
                scores=np.array([d.score for d in found]),
            )
        )
        sure = bool(head.detect(features, test.image))
        found_with += sure and bool(test.boxes)
        found_without += sure and not test.boxes
        without += not test.boxes
        best = found[0].score if found else 0.0
        errors.append((best if not test.boxes else 1 - best, test, found[:2]))
    if sheets is not None:
        write_picture(sheets / f"{name}_cutouts.png", sheet_of(material))
        write_picture(sheets / f"{name}_worst.png", worst(errors))
    with_thing = [p for p in pictures if len(p.wanted)]
    figures = {
        "name": name,
        "cutouts": len(material.cutouts),
        "refused": len(material.refused),
        "seconds": round(took_s, 1),
        "cpu_seconds": round(cpu_s, 1),
        "test_pictures_with": len(with_thing),
        "test_pictures_without": without,
        "ap50": round(average_precision(pictures), 3),
        "ap50_pictures_with_it": round(average_precision(with_thing), 3),
        "found_share": round(found_with / max(1, len(with_thing)), 3),
        "false_share": round(found_without / max(1, without), 3),
        "validation_ap50": thing.card.figures["validation_ap50"],
    }
    print(json.dumps(figures), flush=True)
    return figures, thing


def clocks() -> tuple[float, float]:
    """Return seconds of the wall's clock and of the processor."""
    return time.perf_counter(), time.process_time()


def since(started: tuple[float, float]) -> tuple[float, float]:
    """Return the seconds since then on both clocks."""
    wall_s, cpu_s = clocks()
    return wall_s - started[0], cpu_s - started[1]


def worst(errors: Sequence[tuple[float, Labelled, Sequence[object]]]) -> np.ndarray:
    """Return the pictures with the worst errors: labels green, findings red with their score."""
    tiles, captions = [], []
    for error, test, found in sorted(errors, key=lambda e: -e[0])[:24]:
        image = test.image.copy()
        for box in test.boxes:
            _draw(image, box, (0, 255, 0))
        for detection in found:
            _draw(image, detection.box, (0, 0, 255))
        tiles.append(cv2.resize(image, (240, 240)))
        captions.append(f"{error:.2f}")
    return contact_sheet(tiles, captions)


def milliseconds(things: Sequence[TaughtThing], trunk: Trunk, image: np.ndarray) -> float:
    """Return the median processor time that all things together take on a picture."""
    heads = [TaughtHead(thing.card.name, thing.levels, thing.closer) for thing in things]
    features = trunk.look(image)
    times_ms = []
    for _ in range(300):
        started_s = time.process_time()
        detect_all(heads, features, image)
        times_ms.append((time.process_time() - started_s) * 1e3)
    return float(np.median(times_ms))


def main() -> None:
    """Teach, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the data folder with its index")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="some of the things")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--sheets", type=Path, metavar="DIR", help="cut-outs and worst errors")
    arguments = parser.parse_args()
    rendered, real, things = [], [], []
    wanted = arguments.only or [*RENDERED, *REAL]
    with shipped_trunk() as trunk:
        room = room_pictures(arguments.data, [TEACHING_ROOM])
        others = room_pictures(arguments.data, TESTING_ROOMS)
        for number, (name, make) in enumerate(RENDERED.items()):
            if name not in wanted:
                continue
            with tempfile.TemporaryDirectory() as folder:
                clip = Path(folder) / "clip.mp4"
                write_clip(clip, teaching_clip(make(), room, seed=50 + number))
                started = clocks()
                material = gather(str(clip), people=trunk.people)
                took = since(started)
            figures, thing = measured(
                name,
                material,
                testing_clip(make(), others, seed=500 + number),
                trunk,
                took=took,
                sheets=arguments.sheets,
            )
            rendered.append(figures)
            things.append(thing)
        shown = {name: real_pictures(arguments.data, name, taught=True) for name in REAL}
        kept = {name: real_pictures(arguments.data, name, taught=False) for name in REAL}
        for name in (name for name in REAL if name in wanted):
            empty = [p.image for other in REAL if other != name for p in shown[other]]
            started = clocks()
            material = from_pictures(
                [p.image for p in shown[name]], empty=empty, people=trunk.people
            )
            took = since(started)
            without = [Labelled(image=p.image) for o in REAL if o != name for p in kept[o]]
            figures, thing = measured(
                name,
                material,
                [*kept[name], *without],
                trunk,
                took=took,
                sheets=arguments.sheets,
                empty=empty,
            )
            real.append(figures)
            things.append(thing)
        # One thing stands for three: the time does not depend on what was learned.
        ms = milliseconds((things * 3)[:3], trunk, others[0])
    answer = {
        "command": "bench/taught_things.py DATA",
        "device": device_name(),
        "load_average": round(os.getloadavg()[0], 1),
        "trunk_sha256": trunk.sha256,
        "targets": {"ap50": TARGET_AP50, "seconds": TARGET_S},
        "three_things_cpu_ms": round(ms, 2),
        RENDERED_GROUP: rendered,
        REAL_GROUP: real,
    }
    print(f"three things: {ms:.2f} ms")
    if arguments.json is not None:
        _keep_others(answer, arguments.json)
        arguments.json.write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")


def _keep_others(answer: dict[str, object], path: Path) -> None:
    """Take over what an earlier run with --only measured of the other things."""
    if not path.is_file():
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    for group in (RENDERED_GROUP, REAL_GROUP):
        new = {row["name"]: row for row in answer[group]}  # type: ignore[attr-defined]
        old = {row["name"]: row for row in before.get(group, [])}
        answer[group] = list({**old, **new}.values())


def _draw(image, box, colour) -> None:  # type: ignore[no-untyped-def]
    x_min, y_min, x_max, y_max = (round(edge) for edge in box.as_xyxy())
    cv2.rectangle(image, (x_min, y_min), (x_max, y_max), colour, 3)


if __name__ == "__main__":
    main()
