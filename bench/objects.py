"""Record how well the shipped object detector finds guns and wallets, and what it costs.

``python bench/objects.py DATA --clip vtest.avi`` with the lab's packages installed; DATA is the
data folder with its index. Guns and wallets are measured on the groups that
`./edgeai lab train objects` held out, false guns on clips, faces and a room that hold none, COCO's
classes beside the teacher's. Nothing is trained.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from device import device_name
from edgeai_core import catalog
from edgeai_core.analyzers.objects.labels import COCO_NUMBERS, GUN, WALLET
from edgeai_core.analyzers.objects.model import BORDER, INPUT_SIDE_PX, ObjectDetector
from edgeai_core.errors import DataError
from edgeai_core.geometry import Letterbox, iou_matrix
from edgeai_core.model_card import ModelCard, Task
from edgeai_core.model_store import resolve
from edgeai_core.runtimes.base import Tensor
from edgeai_core.runtimes.selection import open_session
from edgeai_core.types import Detection
from edgeai_lab.average_precision import MATCH_IOU, PictureBoxes, average_precision
from edgeai_lab.clips import frames_every
from edgeai_lab.data.yolo import read_yolo
from edgeai_lab.json_files import write_json
from edgeai_lab.objects.evaluation import FAINTEST
from edgeai_lab.objects.examples import LAST_TRAINED_CLIP, Example, Part, Source, read_examples
from edgeai_lab.objects.pipeline import divide
from edgeai_lab.objects.recipe import ObjectRecipe
from edgeai_lab.objects.start import START_FILE
from edgeai_lab.pictures import Image, pictures_below, read_picture
from edgeai_lab.progress import bar
from teacher import against_teacher

_RESULT = Path(__file__).resolve().parent / "results" / "objects.json"
_WEAPONS = Path("suspect/weapons_eval_only")
_FACES = Path("faces/lfw_eval_only")
_EVERY_FRAME_S = 1e-3
_COMPARED, _TIMED = 40, 100
_CERTAIN = 0.1
_THRESHOLDS = (0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8)


def found_boxes(found: Sequence[Detection], label: str) -> PictureBoxes:
    """Return what was found of a label, with no label wanted."""
    own = [item for item in found if item.label == label]
    return PictureBoxes(
        wanted=np.zeros((0, 4)),
        found=np.array([item.box.as_xyxy() for item in own]).reshape(-1, 4),
        scores=np.array([item.score for item in own]),
    )


def precision(detector: ObjectDetector, examples: Sequence[Example], label: str) -> float:
    """Return the average precision at half overlap on held-out pictures."""
    column = float((GUN, WALLET).index(label))
    pictures = []
    for item in examples:
        height, width = item.image.shape[:2]
        own = item.boxes[item.boxes[:, 0] == column, 1:]
        found = found_boxes(detector.detect(item.image), label)
        pictures.append(
            PictureBoxes(
                wanted=own * np.array([width, height] * 2), found=found.found, scores=found.scores
            )
        )
    return average_precision(pictures)


def weapon_recall(detector: ObjectDetector, data: Path, label: str) -> dict[str, object]:
    """Return by threshold on what share of the labelled weapons a gun was found.

    And in what share of their pictures, wherever.
    """
    boxes = pictures = 0
    hits, seen = (dict.fromkeys(_THRESHOLDS, 0) for _ in range(2))
    for picture in read_yolo(data / _WEAPONS).pictures:
        own = [box for box in picture.boxes if box.label == label]
        if not own:
            continue
        image = read_picture(picture.path)
        height, width = image.shape[:2]
        found = found_boxes(detector.detect(image), GUN)
        wanted = np.array([(b.x_min, b.y_min, b.x_max, b.y_max) for b in own])
        overlaps = iou_matrix(wanted * np.array([width, height] * 2), found.found)
        for threshold in _THRESHOLDS:
            certain = found.scores >= threshold
            hits[threshold] += int((overlaps[:, certain] >= MATCH_IOU).any(axis=1).sum())
            seen[threshold] += bool(certain.any())
        boxes += len(own)
        pictures += 1
    return {
        "boxes": boxes,
        "recall": {str(key): round(value / boxes, 4) for key, value in hits.items()},
        "pictures": pictures,
        "pictures_with_gun": {str(key): round(value / pictures, 4) for key, value in seen.items()},
    }


def false_guns(detector: ObjectDetector, images: Iterable[Image]) -> dict[str, object]:
    """Return by threshold in what share of pictures without a gun one was found, in percent."""
    best = np.array(
        [found_boxes(detector.detect(image), GUN).scores.max(initial=0.0) for image in images]
    )
    shares = {str(x): round(100 * float((best >= x).mean()), 3) for x in _THRESHOLDS}
    return {"pictures": len(best), "percent_with_gun": shares}


def fight_frames(data: Path, *, held_out: bool) -> Iterable[Image]:
    """Yield all frames of the clips that trained, or of those that did not."""
    for clip in sorted((data / Source.FIGHT.value).rglob("*.mp4")):
        number = re.search(r"\d+", clip.stem)
        if number and (int(number[0]) > LAST_TRAINED_CLIP) == held_out:
            for frame in frames_every(clip, every_s=_EVERY_FRAME_S):
                yield frame.image


def difference_from_start(card: ModelCard, data: Path) -> dict[str, object]:
    """Return by how much COCO's classes answer otherwise than the network they come from."""
    blank = np.zeros((1, 3, INPUT_SIDE_PX, INPUT_SIDE_PX), np.float32)
    start = open_session(data / START_FILE, sample={"images": blank})
    shipped = open_session(resolve(card), sample=card.blank_inputs())
    scores_apart = 0.0
    certain = 0
    with closing(start), closing(shipped):
        for path in pictures_below(data / _FACES)[:_COMPARED]:
            canvas = _canvas(read_picture(path))
            ours = shipped.run({"image": canvas[None]})
            planes = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32)
            theirs: Tensor = start.run({"images": planes})["output"]
            known = np.asarray(theirs[0], np.float32)
            wanted = known[:, 4:5] * known[:, 5:][:, list(COCO_NUMBERS.values())]
            got = np.asarray(ours["scores"][0], np.float32)[: len(wanted), : wanted.shape[1]]
            scores_apart = max(scores_apart, float(np.abs(got - wanted).max()))
            certain += int((wanted >= _CERTAIN).sum())
    return {"pictures": _COMPARED, "answers": certain, "largest_score_difference": scores_apart}


def times_ms(card: ModelCard) -> dict[str, object]:
    """Return what one look at a VGA frame takes on one thread: letterbox, network, boxes."""
    frame = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), 8), np.uint8)
    cv2.setNumThreads(1)
    result: dict[str, object] = {}
    for runtime in ("openvino", "onnxruntime"):
        with closing(catalog.create_object_detector(card.name, runtime=runtime)) as detector:
            taken = []
            for _ in range(_TIMED):
                started_ns = time.perf_counter_ns()
                detector.look(frame)
                taken.append((time.perf_counter_ns() - started_ns) / 1e6)
        result[runtime] = {
            "median": round(float(np.median(taken)), 2),
            "shortest": round(min(taken), 2),
        }
    return result


def kept_times(path: Path, card: ModelCard) -> object:
    """Return the times that a result file has of the same model.

    Raises:
        DataError: it has none, or they are of another model.
    """
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    if not isinstance(kept, dict) or kept.get("model") != card.model_id or "look_ms" not in kept:
        raise DataError(f"{path} has no times of {card.model_id}; leave --keep-times out")
    return kept["look_ms"]


def _canvas(image: Image) -> Image:
    letterbox = Letterbox.fit(
        image_width_px=image.shape[1],
        image_height_px=image.shape[0],
        canvas_width_px=INPUT_SIDE_PX,
        canvas_height_px=INPUT_SIDE_PX,
    )
    return np.ascontiguousarray(letterbox.apply(image, border=BORDER))


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Measure the object detector.")
    parser.add_argument("data", type=Path, help="the data folder with its index")
    parser.add_argument("--clip", type=Path, help="vtest.avi, looked at beside the teacher")
    parser.add_argument("--json", type=Path, default=_RESULT, help="write the result here")
    parser.add_argument(
        "--keep-times", action="store_true", help="leave the file's times: this machine is busy"
    )
    options = parser.parse_args()
    data: Path = options.data
    card = catalog.card_for(catalog.DEFAULT_OBJECT_DETECTOR, Task.OBJECT_DETECTION)
    times = kept_times(options.json, card) if options.keep_times else None
    division = divide(read_examples(data), data, ObjectRecipe(), track=bar)
    held_out = division.examples[Part.TEST]
    guns, wallets = (
        [item for item in held_out if item.source is source]
        for source in (Source.GUNS, Source.WALLET)
    )
    detector = catalog.create_object_detector(card.name, min_score=FAINTEST, own_min_scores={})
    with closing(detector):
        result: dict[str, object] = {
            "device": device_name(),
            "command": "python bench/objects.py DATA --clip vtest.avi",
            "model": card.model_id,
            "runtime": detector.runtime_name,
            "gun_threshold": card.threshold_of(GUN),
            "held_out": {
                "groups_in_all": division.groups,
                "gun": {"pictures": len(guns), "ap50": round(precision(detector, guns, GUN), 4)},
                "wallet": {
                    "pictures": len(wallets),
                    "ap50": round(precision(detector, wallets, WALLET), 4),
                },
            },
            "recall": {
                label: weapon_recall(detector, data, label) for label in ("pistol", "long_gun")
            },
            "false_guns": {
                name: false_guns(detector, images)
                for name, images in {
                    "fight, clips that did not train": fight_frames(data, held_out=True),
                    "fight, clips that did": fight_frames(data, held_out=False),
                    "faces": map(read_picture, pictures_below(data / _FACES)),
                    "wallet, held out": (item.image for item in wallets),
                    "wallet, all": map(
                        read_picture, pictures_below(data / Source.WALLET.value / "images")
                    ),
                }.items()
            },
        }
    result["coco_classes"] = difference_from_start(card, data)
    with closing(catalog.create_object_detector(card.name, min_score=FAINTEST)) as detector:
        result["teacher"] = against_teacher(
            detector, data, options.clip, threshold=card.recommended_threshold
        )
    result["look_ms"] = times or times_ms(card)
    write_json(options.json, result)
    print(f"result {options.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
