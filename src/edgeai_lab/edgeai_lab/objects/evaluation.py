"""The detector on a folder of pictures: how precise its boxes are, and how often it fires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgeai_core.analyzers.objects.model import ObjectDetector
from edgeai_core.errors import DataError
from edgeai_core.types import Detection
from edgeai_lab.average_precision import PictureBoxes, average_precision
from edgeai_lab.data.sets import LabelBox
from edgeai_lab.data.yolo import read_boxes
from edgeai_lab.pictures import pictures_below, read_picture
from edgeai_lab.progress import Track, silent

# Faint boxes too: average precision is over all thresholds.
FAINTEST = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureResult:
    """One picture: what was found, faint ones too, and what its labels want.

    Attributes:
        path: the picture. width_px, height_px: its size. found: boxes in its pixels.
        wanted: boxes in 0..1.
    """

    path: Path
    width_px: int
    height_px: int
    found: tuple[Detection, ...]
    wanted: tuple[LabelBox, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """YOLO label files by the name of the picture.

    Attributes:
        folder: of the files. names: labels by class number; two numbers may share one.
    """

    folder: Path
    names: tuple[str, ...]


def read_folder(
    images: Path,
    labels: Labels | None,
    detector: ObjectDetector,
    *,
    problems: list[str],
    track: Track[Path] = silent,
) -> list[PictureResult]:
    """Return a result for each picture in and below a folder.

    Args:
        images: folder of pictures. labels: None for none; a picture without a file has no object.
        detector: gives faint boxes too. problems: gets a sentence for each line of a label file
            that is left out.

    Raises:
        DataError: there is no picture, one cannot be decoded, or no label file belongs to any.
    """
    for folder in (images, labels.folder if labels else images):
        if not folder.is_dir():
            raise DataError(f"evaluate objects: {folder} is not a folder")
    pictures = pictures_below(images)
    if labels is not None and not any(map(Path.is_file, _label_files(pictures, images, labels))):
        raise DataError(
            f"evaluate objects: no file in {labels.folder} is named after a picture of {images}; "
            "expected NAME.txt for NAME.jpg"
        )
    results = []
    for path in track(pictures, "pictures"):
        image = read_picture(path)
        wanted: tuple[LabelBox, ...] = ()
        if labels is not None:
            [file] = _label_files([path], images, labels)
            wanted = read_boxes(file, labels.names, problems)
        results.append(
            PictureResult(
                path=path,
                width_px=image.shape[1],
                height_px=image.shape[0],
                found=detector.look(image).detections,
                wanted=wanted,
            )
        )
    return results


def precision_of(results: Sequence[PictureResult], name: str) -> float:
    """Return the average precision at half overlap of one class, 0..1; NaN without labels of it."""
    return average_precision([_boxes_of(result, name) for result in results])


def count_pictures(results: Sequence[PictureResult], name: str, *, min_score: float) -> int:
    """Return in how many pictures an object of the class was found."""
    return sum(
        any(found.label == name and found.score >= min_score for found in result.found)
        for result in results
    )


def _label_files(pictures: Sequence[Path], images: Path, labels: Labels) -> list[Path]:
    return [labels.folder / path.relative_to(images).with_suffix(".txt") for path in pictures]


def _boxes_of(result: PictureResult, name: str) -> PictureBoxes:
    found = [item for item in result.found if item.label == name]
    sides = np.array([result.width_px, result.height_px] * 2, np.float64)
    wanted = [
        (box.x_min, box.y_min, box.x_max, box.y_max) for box in result.wanted if box.label == name
    ]
    return PictureBoxes(
        wanted=np.array(wanted, np.float64).reshape(-1, 4) * sides,
        found=np.array([item.box.as_xyxy() for item in found], np.float64).reshape(-1, 4),
        scores=np.array([item.score for item in found], np.float64),
    )
