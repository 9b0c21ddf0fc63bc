"""The shipped object detector beside its teacher, YOLOX-nano as its authors' file has it.

The teacher's answers are decoded here, apart from the product's code: what both share is the
letterbox and the suppression of doubles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgeai_core.analyzers.objects.labels import COCO_NUMBERS
from edgeai_core.analyzers.objects.model import BORDER, INPUT_SIDE_PX, STRIDES_PX, ObjectDetector
from edgeai_core.geometry import Letterbox, iou_matrix, non_maximum_suppression
from edgeai_core.runtimes.selection import open_session
from edgeai_lab.average_precision import MATCH_IOU, PictureBoxes, average_precision
from edgeai_lab.clips import frames_every
from edgeai_lab.data.yolo import read_yolo
from edgeai_lab.objects.evaluation import FAINTEST
from edgeai_lab.objects.start import START_FILE
from edgeai_lab.pictures import Image, pictures_below, read_picture

PERSON = "person"
_SUPPRESSION_IOU = 0.6
_MOST = 300
_CLIP_STEP_S = 0.5
# Folders of clips, and the seconds from one looked at frame to the next.
_CLIPS = (("fight", 2.0), ("fall/gmdcsa24", 1.0))
_FACES_STEP = 8
# Folders with labels of a class that COCO has too: where, what it is called there and here.
_LABELLED = (
    (Path("personal/wallet_phone_airpods"), "phone", "cell phone"),
    (Path("suspect/weapons_eval_only"), "knife", "knife"),
)
_Floats = npt.NDArray[np.float32]
# Of each class: (N, 4) boxes in pixels of the picture, and their (N,) scores.
Found = dict[str, tuple[_Floats, _Floats]]


class Teacher:
    """YOLOX-nano of the data folder; gives faint boxes of COCO's classes that the product names."""

    def __init__(self, data: Path) -> None:
        blank = np.zeros((1, 3, INPUT_SIDE_PX, INPUT_SIDE_PX), np.float32)
        self._session = open_session(
            data / START_FILE, sample={"images": blank}, runtime="onnxruntime"
        )
        places = []
        for stride in STRIDES_PX:
            rows, columns = np.indices([INPUT_SIDE_PX // stride] * 2)
            strides = np.full(rows.size, stride)
            places.append(np.stack([columns.ravel(), rows.ravel(), strides], axis=1))
        self._places = np.concatenate(places).astype(np.float32)

    def look(self, image: Image) -> Found:
        """Return what a (H, W, 3) uint8 BGR picture shows."""
        height_px, width_px = image.shape[:2]
        letterbox = Letterbox.fit(
            image_width_px=width_px,
            image_height_px=height_px,
            canvas_width_px=INPUT_SIDE_PX,
            canvas_height_px=INPUT_SIDE_PX,
        )
        planes = letterbox.apply(image, border=BORDER).transpose(2, 0, 1)[None]
        outputs = self._session.run({"images": np.ascontiguousarray(planes, np.float32)})
        answers = np.asarray(outputs["output"][0], np.float32)
        strides = self._places[:, 2:]
        middle = (answers[:, :2] + self._places[:, :2]) * strides
        half = np.exp(answers[:, 2:4]) * strides / 2
        edges = letterbox.to_image(np.stack([middle - half, middle + half], axis=1))
        boxes = np.clip(edges, 0, (width_px, height_px)).reshape(-1, 4).astype(np.float32)
        found: Found = {}
        for label, number in COCO_NUMBERS.items():
            scores = answers[:, 4] * answers[:, 5 + number]
            some = np.argsort(-scores)[:_MOST]
            some = some[scores[some] >= FAINTEST]
            kept = some[
                non_maximum_suppression(boxes[some], scores[some], iou_threshold=_SUPPRESSION_IOU)
            ]
            found[label] = boxes[kept], scores[kept]
        return found

    def close(self) -> None:
        """Free the model."""
        self._session.close()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """What both found in one picture, faint boxes too."""

    teacher: Found
    ours: Found


def against_teacher(
    detector: ObjectDetector, data: Path, clip: Path | None, *, threshold: float
) -> dict[str, object]:
    """Return how far the shipped detector finds what its teacher finds.

    Args:
        detector: gives faint boxes too. clip: one more clip of people, vtest.avi. threshold: of
            both; what the teacher finds above it is what is wanted.
    """
    with closing(Teacher(data)) as teacher:
        pairs = [
            Pair(teacher=teacher.look(image), ours=_found(detector, image))
            for image in _frames(data, clip)
        ]
        labelled = {
            f"{label}, {folder}": _labelled(detector, teacher, data / folder, theirs, label)
            for folder, theirs, label in _LABELLED
        }
    wanted, hits, ours = (0, 0, 0)
    for pair in pairs:
        theirs, own = (_certain(found[PERSON], threshold) for found in (pair.teacher, pair.ours))
        wanted, ours = wanted + len(theirs), ours + len(own)
        hits += _matched(theirs, own)
    classes: dict[str, object] = {}
    for label in COCO_NUMBERS:
        pictures = [
            PictureBoxes(
                wanted=_certain(pair.teacher[label], threshold),
                found=pair.ours[label][0],
                scores=pair.ours[label][1],
            )
            for pair in pairs
        ]
        boxes = sum(len(picture.wanted) for picture in pictures)
        if boxes:
            classes[label] = {"boxes": boxes, "ap50": round(average_precision(pictures), 4)}
    return {
        "teacher": "YOLOX-nano, the file the shipped network starts from; its boxes above the "
        "threshold are the labels, so this says what was kept, not what is right",
        "pictures": len(pairs),
        "threshold": threshold,
        "person": {
            "labels": wanted,
            "recall": round(hits / max(wanted, 1), 4),
            "precision": round(hits / max(ours, 1), 4),
        },
        "classes": classes,
        "labelled_by_people": labelled,
    }


def _frames(data: Path, clip: Path | None) -> Iterator[Image]:
    """Yield frames of the clip, of fights, of homes, and faces."""
    if clip is not None:
        for frame in frames_every(clip, every_s=_CLIP_STEP_S):
            yield frame.image
    for folder, step_s in _CLIPS:
        for path in sorted((data / folder).rglob("*.mp4")):
            for frame in frames_every(path, every_s=step_s):
                yield frame.image
    for path in pictures_below(data / "faces/lfw_eval_only")[::_FACES_STEP]:
        yield read_picture(path)


def _found(detector: ObjectDetector, image: Image) -> Found:
    detections = detector.detect(image)
    found: Found = {}
    for label in COCO_NUMBERS:
        own = [item for item in detections if item.label == label]
        boxes = np.array([item.box.as_xyxy() for item in own], np.float32).reshape(-1, 4)
        found[label] = boxes, np.array([item.score for item in own], np.float32)
    return found


def _certain(found: tuple[_Floats, _Floats], threshold: float) -> _Floats:
    boxes, scores = found
    return boxes[scores >= threshold]


def _matched(wanted: _Floats, found: _Floats) -> int:
    """Return how many wanted boxes have a found one of their own at half overlap."""
    overlaps = iou_matrix(wanted, found)
    free = np.ones(len(found), bool)
    count = 0
    for row in overlaps:
        fitting = np.where(free, row, 0.0)
        if len(fitting) and fitting.max() >= MATCH_IOU:
            free[int(fitting.argmax())] = False
            count += 1
    return count


def _labelled(
    detector: ObjectDetector, teacher: Teacher, folder: Path, theirs: str, label: str
) -> dict[str, object]:
    """Return the precision of both on boxes drawn by people."""
    wanted: list[npt.NDArray[np.float64]] = []
    found: dict[str, list[tuple[_Floats, _Floats]]] = {"teacher": [], "shipped": []}
    for picture in read_yolo(folder).pictures:
        image = read_picture(picture.path)
        sides = np.array([image.shape[1], image.shape[0]] * 2)
        own = [(b.x_min, b.y_min, b.x_max, b.y_max) for b in picture.boxes if b.label == theirs]
        wanted.append(np.array(own).reshape(-1, 4) * sides)
        found["teacher"].append(teacher.look(image)[label])
        found["shipped"].append(_found(detector, image)[label])
    result: dict[str, object] = {"boxes": sum(map(len, wanted))}
    for name, pictures in found.items():
        result[name + "_ap50"] = round(_precision(wanted, pictures), 4)
    return result


def _precision(
    wanted: Sequence[npt.NDArray[np.float64]], found: Sequence[tuple[_Floats, _Floats]]
) -> float:
    return average_precision(
        [
            PictureBoxes(wanted=boxes, found=own[0], scores=own[1])
            for boxes, own in zip(wanted, found, strict=True)
        ]
    )
