"""How well people are followed on labelled frames, and how long it takes.

    ./edgeai setup && PYTHONPATH=src/edgeai_core:src/edgeai_lab python bench/tracking.py --json FILE

The labels (bench/data/vtest_people.csv) are of the first 120 frames of vtest.avi, from OpenCV. They
were made with a detector, YOLOX-nano on enlarged parts of the frames, an offline linking of its
boxes, and corrections by eye where people cover each other or stand behind the sign. They are no
independent truth: where nobody is covered they are the boxes of that detector, so a detector of the
same family is judged too well on its edges. Identities were all checked by eye. Who is covered
almost wholly has no label.

The baseline is what a tracker is without motion: every box goes to the last box it overlaps most.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from device import device_name
from edgeai_core import catalog
from edgeai_core.analyzers.objects.identities import Identities
from edgeai_core.footage import footage_path
from edgeai_core.geometry import Box, iou_matrix
from edgeai_core.tracking import Tracker, TrackerConfig
from edgeai_core.types import Detection
from edgeai_lab.track_metrics import TrackedBox, TrackScores, score_tracks

LABELS = Path(__file__).parent / "data" / "vtest_people.csv"
FPS = 10.0
WIDTH_PX, HEIGHT_PX = 768, 576
NS_PER_FRAME = round(1e9 / FPS)
OBJECTS = 30
TARGET_MS = 1.0
Frames = list[list[Detection]]


class GreedyOverlap:
    """Gives a detection the identity of the unclaimed last box that it overlaps most.

    The thresholds are those of the tracker it is compared with.
    """

    def __init__(self, config: TrackerConfig) -> None:
        self._config = config
        self._next = 1
        self._tracks: dict[int, tuple[Box, int]] = {}

    def update(self, detections: Sequence[Detection], stamp_ns: int) -> list[TrackedBox]:
        """Return the frame's boxes with identities."""
        config = self._config
        oldest_ns = stamp_ns - round(config.max_lost_s * 1e9)
        self._tracks = {i: t for i, t in self._tracks.items() if t[1] >= oldest_ns}
        sure = [d for d in detections if d.score >= config.high_score]
        identities = list(self._tracks)
        overlap = iou_matrix(
            np.array([self._tracks[i][0].as_xyxy() for i in identities], np.float64),
            np.array([d.box.as_xyxy() for d in sure], np.float64),
        )
        given: dict[int, int] = {}
        for index in np.argsort(-overlap, axis=None, kind="stable"):
            row, column = np.unravel_index(index, overlap.shape)
            if overlap[row, column] < config.match_iou:
                break
            if identities[row] not in given.values() and int(column) not in given:
                given[int(column)] = identities[row]
        found = []
        for column, detection in enumerate(sure):
            identity = given.get(column)
            if identity is None:
                if detection.score < config.new_track_score:
                    continue
                identity, self._next = self._next, self._next + 1
            self._tracks[identity] = (detection.box, stamp_ns)
            found.append(TrackedBox(identity=identity, box=detection.box))
        return found


def read_labels() -> list[list[TrackedBox]]:
    """Return the labels of every frame."""
    frames: dict[int, list[TrackedBox]] = {}
    with LABELS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            edges = (float(row[f"{edge}_px"]) for edge in ("x_min", "y_min", "x_max", "y_max"))
            entry = TrackedBox(identity=int(row["person"]), box=Box(*edges))
            frames.setdefault(int(row["frame"]), []).append(entry)
    return [frames.get(index, []) for index in range(max(frames) + 1)]


def detected(frame_count: int) -> Frames:
    """Return what the shipped detector finds of people in the clip."""
    capture = cv2.VideoCapture(str(footage_path("vtest")))
    frames: Frames = []
    with closing(
        catalog.create_object_detector(
            catalog.DEFAULT_OBJECT_DETECTOR, threads=1, min_score=0.1, labels=("person",)
        )
    ) as detector:
        for _ in range(frame_count):
            decoded, image = capture.read()
            if not decoded:
                raise SystemExit(f"{footage_path('vtest')} ends after {len(frames)} frames")
            frames.append(detector.detect(np.asarray(image, np.uint8)))
    capture.release()
    return frames


def disturbed(labels: Sequence[Sequence[TrackedBox]], seed: int) -> Frames:
    """Return the labels as a detector would give them: edges jitter, a tenth is missed."""
    rng = np.random.default_rng(seed)
    frames: Frames = []
    for entries in labels:
        found = []
        for entry in entries:
            sides = (entry.box.width_px, entry.box.height_px) * 2
            edges = [
                edge + side * float(rng.normal(0, 0.03))
                for edge, side in zip(entry.box.as_xyxy(), sides, strict=True)
            ]
            if rng.random() < 0.1 or edges[2] <= edges[0] or edges[3] <= edges[1]:
                continue
            score = float(np.clip(rng.normal(0.75, 0.1), 0.1, 1.0))
            found.append(Detection(label="person", score=score, box=Box(*edges)))
        frames.append(found)
    return frames


def tracked(frames: Frames, config: TrackerConfig, step: int) -> list[list[TrackedBox]]:
    """Return what our tracker makes of every `step`-th frame."""
    tracker = Tracker(config)
    return [
        [
            TrackedBox(identity=d.track_id, box=d.box)
            for d in tracker.update(frames[index], index * NS_PER_FRAME)
            if d.track_id is not None
        ]
        for index in range(0, len(frames), step)
    ]


def joined(frames: Frames, config: TrackerConfig, step: int) -> list[list[TrackedBox]]:
    """Return what tracker and joined tracks, as the object watch has them, make of it."""
    tracker, identities = Tracker(config), Identities()
    return [
        [
            TrackedBox(identity=sighting.identity, box=sighting.box)
            for sighting in identities.update(
                tracker.update(frames[index], index * NS_PER_FRAME),
                stamp_ns=index * NS_PER_FRAME,
                width_px=WIDTH_PX,
                height_px=HEIGHT_PX,
            )
        ]
        for index in range(0, len(frames), step)
    ]


def greedy(frames: Frames, config: TrackerConfig, step: int) -> list[list[TrackedBox]]:
    """Return what the baseline makes of every `step`-th frame."""
    tracker = GreedyOverlap(config)
    return [
        tracker.update(frames[index], index * NS_PER_FRAME) for index in range(0, len(frames), step)
    ]


METHODS = {"tracker": tracked, "tracker, joined": joined, "greedy overlap": greedy}


def row(method: str, data: str, step: int, scores: Sequence[TrackScores]) -> dict[str, object]:
    """Return the mean figures of a method."""
    return {
        "method": method,
        "detections": data,
        "fps": FPS / step,
        "runs": len(scores),
        "mota": round(float(np.mean([s.mota for s in scores])), 4),
        "idf1": round(float(np.mean([s.idf1 for s in scores])), 4),
        "switches": round(float(np.mean([s.switches for s in scores])), 1),
        "missed": round(float(np.mean([s.missed for s in scores])), 1),
        "false": round(float(np.mean([s.false for s in scores])), 1),
        "labels": scores[0].labels,
    }


def update_times_ms() -> list[float]:
    """Return how long updates with 30 moving objects take."""
    rng = np.random.default_rng(0)
    places = rng.uniform((0, 0), (1800, 900), (OBJECTS, 2))
    speeds = rng.normal(0, 4, (OBJECTS, 2))
    tracker = Tracker()
    times_ms = []
    for frame in range(400):
        corners = places + frame * speeds + rng.normal(0, 1, (OBJECTS, 2))
        found = [
            Detection(label="person", score=0.9, box=Box(x, y, x + 60, y + 150))
            for x, y in corners.tolist()
        ]
        start_s = time.perf_counter()
        tracker.update(found, frame * NS_PER_FRAME)
        times_ms.append((time.perf_counter() - start_s) * 1e3)
    return sorted(times_ms[20:])


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    labels = read_labels()
    config = TrackerConfig()
    shipped = detected(len(labels))
    noisy = [disturbed(labels, seed) for seed in range(10)]
    rows = []
    for step in (1, 2, 4):
        wanted = labels[::step]
        for method, follow in METHODS.items():
            scores = [score_tracks(wanted, follow(shipped, config, step))]
            rows.append(row(method, catalog.DEFAULT_OBJECT_DETECTOR, step, scores))
            scores = [score_tracks(wanted, follow(frames, config, step)) for frames in noisy]
            rows.append(row(method, "labels with jitter, a tenth missed", step, scores))
    for entry in rows:
        print(
            f"{entry['method']:<15} {entry['detections']:<36} {entry['fps']:>4} fps: "
            f"MOTA {entry['mota']:.3f}, IDF1 {entry['idf1']:.3f}, {entry['switches']} switches"
        )
    times_ms = update_times_ms()
    print(f"an update with {OBJECTS} objects: median {median(times_ms):.3f} ms")
    answer = {
        "command": "bench/tracking.py",
        "device": device_name(),
        "data": "vtest.avi, frames 0..119, semi-automatic labels, see bench/tracking.py",
        "load_average": round(os.getloadavg()[0], 1),
        "accuracy": rows,
        "update": {
            "objects": OBJECTS,
            "median_ms": round(median(times_ms), 4),
            "p95_ms": round(times_ms[int(0.95 * len(times_ms))], 4),
            "target_ms": TARGET_MS,
        },
    }
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
