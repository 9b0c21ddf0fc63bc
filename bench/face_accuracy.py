"""Measure the face pipeline on Labeled Faces in the Wild: verification pairs and an open set.

``python bench/face_accuracy.py DATA [--json FILE]`` where DATA holds pairs.csv (same,a,b),
gallery.txt (eight pictures each of known people), unknown.txt and the pictures they name. The data
only measures: nothing is trained on it. The threshold on the model card was chosen from the curve
that this prints.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from device import device_name
from edgeai_core.analyzers.faces.model import FaceDetector, FaceEmbedder
from edgeai_core.catalog import create_face_detector, create_face_embedder
from edgeai_core.types import DetectedFace

_ENROLMENT_IMAGES = 4
_FOLDS = 10
_THRESHOLDS = np.arange(0.30, 0.801, 0.01)

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSetPoint:
    """What a threshold does: people recognised (%), mistaken (%), strangers accepted (count)."""

    threshold: float
    recognised_percent: float
    mistaken_percent: float
    strangers_accepted: int


class Templates:
    """Templates of pictures, computed once; None where no face is found."""

    def __init__(self, root: Path, detector: FaceDetector, embedder: FaceEmbedder) -> None:
        self._root = root
        self._detector = detector
        self._embedder = embedder
        self._known: dict[str, Vector | None] = {}

    def __getitem__(self, name: str) -> Vector | None:
        if name not in self._known:
            self._known[name] = self._compute(name)
        return self._known[name]

    def missed(self) -> int:
        """Return in how many pictures no face was found."""
        return sum(template is None for template in self._known.values())

    def __len__(self) -> int:
        return len(self._known)

    def _compute(self, name: str) -> Vector | None:
        image = cv2.imread(str(self._root / name))
        if image is None:
            raise SystemExit(f"cannot read {self._root / name}; check DATA")
        faces = self._detector.detect(np.asarray(image, np.uint8))
        if not faces:
            return None
        centre = np.array(image.shape[1::-1]) / 2
        return self._embedder.embed(
            np.asarray(image, np.uint8), min(faces, key=lambda face: _offset(face, centre))
        )


def _offset(face: DetectedFace, centre: npt.NDArray[np.float64]) -> float:
    """Return how far a face is from the centre: the person that LFW names is in the middle."""
    return float(np.linalg.norm(np.array(face.box.center_px) - centre))


def _distance(first: Vector | None, second: Vector | None) -> float:
    if first is None or second is None:
        return math.inf
    return float(np.linalg.norm(first - second))


def verification(root: Path, templates: Templates) -> dict[str, float]:
    """Return ten-fold accuracy and the false accepts and rejects of the pairs."""
    with (root / "pairs.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    same = np.array([row["same"] == "1" for row in rows])
    distances = np.array([_distance(templates[row["a"]], templates[row["b"]]) for row in rows])
    fold = np.empty(len(rows), int)
    for kind in (True, False):
        fold[same == kind] = np.arange((same == kind).sum()) % _FOLDS
    grid = np.arange(0.3, 0.9, 0.001)
    hits = (distances[None] <= grid[:, None]) == same[None]
    right = 0
    for held_out in range(_FOLDS):
        best = grid[hits[:, fold != held_out].sum(axis=1).argmax()]
        right += int(((distances <= best) == same)[fold == held_out].sum())
    strangers = np.sort(distances[~same])
    return {
        "pairs": len(rows),
        "cross_validated_accuracy_percent": round(100 * right / len(rows), 2),
        "same_person_median": round(float(np.median(distances[same])), 3),
        "same_person_p95": round(float(np.percentile(distances[same], 95)), 3),
        "different_people_min": round(float(strangers[0]), 3),
        "different_people_p1": round(float(np.percentile(strangers, 1)), 3),
    }


def open_set(root: Path, templates: Templates) -> list[OpenSetPoint]:
    """Return recognition of known people and acceptance of strangers over thresholds."""
    by_person: dict[str, list[str]] = defaultdict(list)
    for name in (root / "gallery.txt").read_text().split():
        by_person[Path(name).parent.name].append(name)
    gallery = {
        person: np.mean(
            [t for n in names[:_ENROLMENT_IMAGES] if (t := templates[n]) is not None], 0
        )
        for person, names in by_person.items()
    }
    probes = [
        _nearest(gallery, templates[name], person)
        for person, names in by_person.items()
        for name in names[_ENROLMENT_IMAGES:]
    ]
    strangers = [
        _nearest(gallery, templates[name], "")[0]
        for name in (root / "unknown.txt").read_text().split()
    ]
    return [_point(float(threshold), probes, strangers) for threshold in _THRESHOLDS]


def _nearest(
    gallery: Mapping[str, Vector], template: Vector | None, person: str
) -> tuple[float, bool]:
    """Return the distance to the nearest person and whether it is `person`."""
    if template is None:
        return math.inf, False
    name = min(gallery, key=lambda key: float(np.linalg.norm(gallery[key] - template)))
    return _distance(gallery[name], template), name == person


def _point(
    threshold: float, probes: Sequence[tuple[float, bool]], strangers: Sequence[float]
) -> OpenSetPoint:
    accepted = [right for distance, right in probes if distance <= threshold]
    return OpenSetPoint(
        threshold=round(threshold, 2),
        recognised_percent=round(100 * sum(accepted) / len(probes), 2),
        mistaken_percent=round(100 * accepted.count(False) / len(probes), 2),
        strangers_accepted=sum(distance <= threshold for distance in strangers),
    )


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Measure the face pipeline on LFW.")
    parser.add_argument("data", type=Path, help="folder with pairs.csv, gallery.txt, unknown.txt")
    parser.add_argument("--json", type=Path, help="write the result here")
    options = parser.parse_args()
    detector, embedder = create_face_detector(), create_face_embedder()
    templates = Templates(options.data, detector, embedder)
    result = {
        "device": device_name(),
        "command": "python bench/face_accuracy.py DATA",
        "model": embedder.model_id,
        "verification": verification(options.data, templates),
        "open_set": [asdict(point) for point in open_set(options.data, templates)],
        "pictures": len(templates),
        "pictures_without_face": templates.missed(),
    }
    text = json.dumps(result, indent=1)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
