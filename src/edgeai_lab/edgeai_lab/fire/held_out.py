"""Figures of the exported model on the scenes whose groups were never trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeai_core.analyzers.fire.model import FireModel
from edgeai_core.analyzers.fire.readings import FLAME, SMOKE, FireReading, FireStage
from edgeai_lab.average_precision import PictureBoxes, average_precision
from edgeai_lab.fire.calibration import area_under_curve
from edgeai_lab.fire.scenes import Scene, Source, Stage
from edgeai_lab.progress import Track, silent

_FIRE_SOURCES = (Source.ABONIA, Source.BIPLAB)


def measure(
    model: FireModel, scenes: Sequence[Scene], *, track: Track[Scene] = silent
) -> dict[str, object]:
    """Return the figures of the model at its threshold; None where there is nothing to measure.

    `three_classes` are the scenes of all sources; `of_class` the share of each that is told.
    """
    readings = [model.read(scene.image) for scene in track(scenes, "measure")]
    hazard = np.array([reading.scores.hazard for reading in readings])
    burning = np.array([scene.stage is not Stage.NONE for scene in scenes])
    labelled = np.array([scene.source in _FIRE_SOURCES for scene in scenes])
    right = np.array(
        [r.stage.value == scene.stage.value for r, scene in zip(readings, scenes, strict=True)]
    )
    alarm = np.array([reading.stage is not FireStage.NONE for reading in readings])
    other = ~burning & ~labelled
    figures: dict[str, object] = {
        "pictures": len(scenes),
        "auc": _rounded(area_under_curve(hazard[burning], hazard[~burning]))
        if burning.any() and (~burning).any()
        else None,
        "recall": _share(alarm[burning]),
        "false_alarms_other_sources": _share(alarm[other]),
        "false_alarms_fire_sources": _share(alarm[~burning & labelled]),
        "three_classes": _share(right),
        "three_classes_fire_sources": _share(right[labelled]),
        "of_class": {
            stage.value: _share(right[np.array([s.stage is stage for s in scenes])])
            for stage in Stage
        },
    }
    chosen = [(s, r) for s, r in zip(scenes, readings, strict=True) if s.source in _FIRE_SOURCES]
    for hazard_name in (FLAME, SMOKE):
        boxes = [_boxes(scene, reading, hazard_name) for scene, reading in chosen]
        wanted = sum(len(picture.wanted) for picture in boxes)
        figures[f"{hazard_name}_ap50"] = {
            "ap50": _rounded(average_precision(boxes)) if wanted else None,
            "boxes": wanted,
        }
    return figures


def _boxes(scene: Scene, reading: FireReading, hazard: str) -> PictureBoxes:
    height, width = scene.image.shape[:2]
    own = scene.flames if hazard == FLAME else scene.smokes
    found = [d for d in reading.detections if d.label == hazard]
    return PictureBoxes(
        wanted=own.astype(np.float64) * [width, height, width, height],
        found=np.array([d.box.as_xyxy() for d in found], np.float64).reshape(-1, 4),
        scores=np.array([d.score for d in found], np.float64),
    )


def _share(flags: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> dict[str, object]:
    return {"share": _rounded(float(flags.mean())) if len(flags) else None, "n": len(flags)}


def _rounded(value: float) -> float:
    return round(value, 4)
