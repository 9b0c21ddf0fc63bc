"""Composed flames, the watch on clips, and the sheet of extremes, with made pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeai_core.analyzers.fire.crops import Crop
from edgeai_core.analyzers.fire.interfaces import FireView
from edgeai_core.analyzers.fire.logic import FireConfig
from edgeai_core.analyzers.fire.readings import FireReading, FireScores
from edgeai_core.geometry import Box
from edgeai_core.types import Detection
from edgeai_lab.fire.composed import HEIGHT_PX, WIDTH_PX, flame_clips, whole_flames
from edgeai_lab.fire.evaluation import PictureResult
from edgeai_lab.fire.extremes import extremes, write_sheet
from edgeai_lab.fire.pasting import Cutout
from edgeai_lab.fire.watching import delay_s, told_delays, watch_clips

WARM_BGR = (40, 150, 250)


class Warmth:
    """A model that takes warm pixels for flames."""

    def look(self, image: np.ndarray, crop: Crop) -> FireView:
        x_min, y_min, x_max, y_max = crop.pixels(width_px=image.shape[1], height_px=image.shape[0])
        part = image[y_min:y_max, x_min:x_max].astype(int)
        rows, columns = np.nonzero(part[..., 2] - part[..., 0] > 120)
        score = 0.95 if len(rows) > 30 else 0.05
        regions = ()
        if score > 0.5:
            box = Box(
                float(x_min + columns.min()),
                float(y_min + rows.min()),
                float(x_min + columns.max() + 1),
                float(y_min + rows.max() + 1),
            )
            regions = (Detection(label="flame", score=score, box=box),)
        return FireView.of(
            FireScores(hazard=score, flame=score, smoke=0.0, large=0.0), regions=regions
        )


def flame() -> Cutout:
    y, x = np.mgrid[:60, :40].astype(np.float32)
    alpha = np.clip(1.6 - np.hypot((x - 20) / 14, (y - 32) / 24), 0, 1).astype(np.float32)
    return Cutout(image=np.full((60, 40, 3), WARM_BGR, np.uint8), alpha=alpha)


def clip(share=0.2):
    grey = np.full((120, 160, 3), 90, np.uint8)
    return flame_clips([flame()], [grey], height_share=share, count=1, starts=20)[0]


def warm_rows(image: np.ndarray) -> np.ndarray:
    return np.nonzero((image[..., 2].astype(int) - image[..., 0] > 120).any(axis=1))[0]


def test_a_flame_appears_at_its_frame_has_its_size_and_never_stands_still():
    frames = list(clip().frames(30, rate_hz=10.0))
    assert frames[0].shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert not len(warm_rows(frames[19]))
    heights = [np.ptp(warm_rows(frame)) for frame in frames[20:]]
    assert 0.1 * HEIGHT_PX < min(heights) < max(heights) <= 0.2 * HEIGHT_PX
    assert len(set(heights)) > 3


def test_clips_are_the_same_at_every_call():
    first, again = (list(clip().frames(22, rate_hz=10.0))[-1] for _ in range(2))
    assert np.array_equal(first, again)


def test_only_cut_outs_that_are_mostly_flame_are_used():
    border = np.zeros((100, 80), np.float32)
    border[20:80, 20:60] = flame().alpha
    picture = np.full((100, 80, 3), WARM_BGR, np.uint8)
    (whole,) = whole_flames([Cutout(image=picture, alpha=border)])
    assert whole.alpha.shape < flame().alpha.shape
    grey = np.full((60, 40, 3), 250, np.uint8)
    empty = np.zeros((60, 40), np.float32)
    useless = [Cutout(image=grey, alpha=flame().alpha), Cutout(image=picture, alpha=empty)]
    assert whole_flames(useless) == []


def test_the_delay_is_from_the_flames_first_frame_to_the_alarm():
    delay = delay_s(Warmth(), clip(), FireConfig(), seconds=8.0)
    assert delay is not None
    assert 1.0 < delay < 5.0
    assert delay_s(Warmth(), clip(), FireConfig(), seconds=2.0) is None
    assert told_delays([delay, None, -0.5, 2.0]) == {
        "clips": 4,
        "alarmed": 2,
        "before_the_flame": 1,
        "median_s": pytest.approx((delay + 2) / 2, abs=0.06),
        "longest_s": round(max(delay, 2.0), 1),
    }


def written(path: Path, frames) -> Path:
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (WIDTH_PX, HEIGHT_PX)
    )
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def test_clips_are_watched_each_for_itself_or_in_sequence(tmp_path):
    burning = list(clip().frames(100, rate_hz=10.0))
    calm = written(tmp_path / "calm.avi", burning[:10])
    fire = written(tmp_path / "fire.avi", burning[20:])
    for in_sequence in (True, False):
        seen = watch_clips(Warmth(), [calm, fire, calm], FireConfig(), in_sequence=in_sequence)
        assert (seen.clips, seen.frames) == (3, 100)
        assert [alarm.clip for alarm in seen.alarms] == ["fire.avi"]
        assert 1.0 < seen.alarms[0].second < 5.0
        assert "rounds show fire" in seen.alarms[0].reason


def result(path: Path, folder: str, hazard: float) -> PictureResult:
    scores = FireScores(hazard=hazard, flame=hazard, smoke=0.0, large=0.0)
    reading = FireReading(scores=scores, detections=())
    return PictureResult(path=path, folder=folder, width_px=8, height_px=8, reading=reading)


def test_extremes_are_the_highest_and_the_lowest_of_each_folder(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    results = [result(path, "none", n / 100) for n in range(30)] + [result(path, "fire", 0.5)]
    chosen = extremes(results)
    assert [r.folder for r in chosen] == ["fire"] + ["none"] * 20
    scores = [round(100 * r.reading.scores.hazard) for r in chosen[1:]]
    assert scores == [*range(29, 19, -1), *range(10)]
    write_sheet(tmp_path / "sheet.png", results)
    assert cv2.imread(str(tmp_path / "sheet.png")) is not None
