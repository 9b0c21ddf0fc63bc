"""Stills of accidents in the order of their numbers, with a detector that follows a script."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeai_core.analyzers.actions.testing import StickPoses
from edgeai_core.errors import DataError
from edgeai_core.geometry import Box
from edgeai_core.types import Detection
from edgeai_lab.actions.evaluation import Chain
from edgeai_lab.actions.stills import clips_of_stills, evaluate_stills

# At ten numbers a second: a car that drives for two seconds, stands, and is seen to the end.
STOPS_AT, LAST = 20, 36


class ScriptedDetector:
    """Finds a car where the picture's first pixel says it is."""

    def detect(self, image):
        x = 4.0 * float(image[0, 0, 0])
        return [Detection(label="car", score=0.9, box=Box(x, 200, x + 120, 240))]


def write_still(root: Path, name: str, *, place: int) -> None:
    root.mkdir(parents=True, exist_ok=True)
    picture = np.zeros((480, 1200, 3), np.uint8)
    picture[0:8, 0:8] = place
    assert cv2.imwrite(str(root / name), picture, [cv2.IMWRITE_JPEG_QUALITY, 100])


def write_clip(root: Path, clip: str, *, stops: bool, accident_from: int | None) -> None:
    for number in range(1, LAST + 1):
        accident = accident_from is not None and number >= accident_from
        place = 10 + 6 * (min(number, STOPS_AT) if stops else number)
        folder = root / ("Accident" if accident else "Non_Accident")
        write_still(folder, f"{clip}__{clip}_{number}.jpg", place=place)


def scored(root: Path):
    chain = Chain(detector=ScriptedDetector(), poses=StickPoses())
    return evaluate_stills(root, chain, numbers_per_s=10.0)


def test_clips_are_put_together_by_the_numbers_of_both_folders(tmp_path: Path) -> None:
    for folder, name in (
        ("Accident", "a__a_10.jpg"),
        ("Accident", "b__b_(7).jpg"),
        ("Non_Accident", "a__a_9.jpg"),
        ("Non_Accident", "a__a_11.jpg"),
    ):
        write_still(tmp_path / folder, name, place=0)
    clips = clips_of_stills(tmp_path)
    assert {c: [(s.number, s.accident) for s in stills] for c, stills in clips.items()} == {
        "a": [(9, False), (10, True), (11, False)],
        "b": [(7, True)],
    }


def test_an_accident_counts_where_one_is_to_be_seen_and_else_against(tmp_path: Path) -> None:
    write_clip(tmp_path, "hit", stops=True, accident_from=STOPS_AT)
    write_clip(tmp_path, "missed", stops=False, accident_from=STOPS_AT)
    write_clip(tmp_path, "false", stops=True, accident_from=None)
    write_clip(tmp_path, "early", stops=True, accident_from=LAST)
    score = scored(tmp_path)
    assert (score.clips, score.with_accident, score.stills) == (4, 3, 4 * LAST)
    assert (score.told, score.told_before, score.vehicles) == (1, 2, 4)


def test_a_folder_without_stills_and_other_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected Accident/CLIP__NAME_1\.jpg"):
        clips_of_stills(tmp_path)
    write_still(tmp_path / "Accident", "crash.jpg", place=0)
    with pytest.raises(DataError, match="is not named CLIP__NAME_NUMBER"):
        clips_of_stills(tmp_path)


def test_a_still_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Accident").mkdir()
    (tmp_path / "Accident" / "a__a_1.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match="cannot be decoded"):
        scored(tmp_path)
