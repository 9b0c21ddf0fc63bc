"""Record what `./edgeai lab evaluate faces` measures, with the device and the curves.

``python bench/face_accuracy.py DATA [--json bench/results/face_accuracy.json]`` where DATA holds
pairs.csv, gallery.txt, unknown.txt and the pictures they name. The data only measures: nothing is
trained on it. The threshold on the model card was chosen from the curve that this writes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from device import device_name
from edgeai_core.analyzers.faces.logic import FaceConfig
from edgeai_core.catalog import face_models
from edgeai_lab.face_evaluation import OpenSet, evaluate
from edgeai_lab.face_lists import read_face_lists
from edgeai_lab.face_metrics import tar_at_far
from edgeai_lab.face_report import describe
from edgeai_lab.face_templates import Templates, compute_templates
from edgeai_lab.json_files import write_json
from edgeai_lab.progress import bar

_RESULT = Path(__file__).resolve().parent / "results" / "face_accuracy.json"
_FARS = (0.0001, 0.001, 0.01)
_THRESHOLDS = np.arange(0.50, 0.701, 0.005)


def open_set_curve(found: OpenSet) -> list[dict[str, float]]:
    """Return shares (0..1) of recognised probes and accepted strangers by match threshold."""
    return [
        {
            "threshold": round(float(threshold), 3),
            "recognised": round(float((found.probes <= threshold).mean()), 4),
            "strangers_accepted": round(float((found.strangers <= threshold).mean()), 4),
        }
        for threshold in _THRESHOLDS
    ]


def all_pairs(templates: Templates) -> dict[str, object]:
    """Return TAR by FAR over every two pictures, a picture's folder being its person.

    A list of 600 pairs cannot tell a FAR of 0.01 % from none. Pairs that share a picture depend on
    each other, so the figures are less certain than their number suggests.
    """
    found = {name: t for name, t in templates.by_picture.items() if t is not None}
    people = np.array([name.rpartition("/")[0] for name in found])
    rows = np.stack(list(found.values())).astype(np.float64)
    first, second = np.triu_indices(len(rows), 1)
    distances = np.concatenate(
        [np.linalg.norm(rows[n + 1 :] - rows[n], axis=1) for n in range(len(rows) - 1)]
    )
    same = people[first] == people[second]
    points = [tar_at_far(distances[same], distances[~same], max_far=far) for far in _FARS]
    return {
        "people": len(set(people)),
        "genuine": int(same.sum()),
        "impostor": int((~same).sum()),
        "points": [
            {"far": far, "tar": round(point.tar, 4), "threshold": round(point.threshold, 4)}
            for far, point in zip(_FARS, points, strict=True)
        ],
    }


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Measure the face pipeline on LFW.")
    parser.add_argument("data", type=Path, help="folder with pairs.csv, gallery.txt, unknown.txt")
    parser.add_argument("--json", type=Path, default=_RESULT, help="write the result here")
    options = parser.parse_args()
    lists = read_face_lists(options.data)
    config = FaceConfig()
    with face_models() as (detector, embedder):
        runtime, variance = embedder.runtime_name, embedder.template_variance
        templates = compute_templates(
            lists.root, lists.pictures, detector=detector, embedder=embedder, track=bar
        )
        found = evaluate(
            lists,
            templates,
            model_id=embedder.model_id,
            template_variance=embedder.template_variance,
            config=config,
        )
    print(describe(found))
    result = {
        "device": device_name(),
        "command": "python bench/face_accuracy.py DATA",
        "data": {
            "set": "Labeled Faces in the Wild, a part of View 2",
            "pictures": found.pictures,
            "pairs": len(lists.pairs),
            "people": len(lists.gallery),
            "strangers": len(lists.unknown),
        },
        "model": found.model_id,
        "runtime": runtime,
        "threshold": found.threshold,
        "gallery_penalty": config.gallery_penalty,
        "template_variance": variance,
        "min_margin": config.min_margin,
        "result": found.result(),
        "all_pairs": all_pairs(templates),
    }
    if found.verification is not None:
        accuracy = found.verification.accuracy_at_shipped
        result["verification_accuracy_at_shipped_threshold"] = round(accuracy, 4)
    if found.open_set is not None:
        result["misidentified_at_shipped_threshold"] = round(found.open_set.misidentified, 4)
        result["open_set_curve"] = open_set_curve(found.open_set)
    write_json(options.json, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
