import cv2
import numpy as np
import pytest

from edgeai_core.errors import DataError, SourceError
from edgeai_lab.clips import frames_every, save_frames


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "walk.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (64, 48))
    for number in range(12):
        writer.write(np.full((48, 64, 3), 20 * number, np.uint8))
    writer.release()
    return path


def test_frames_are_taken_at_the_step(clip):
    frames = list(frames_every(clip, every_s=0.25))
    assert [frame.index for frame in frames] == [0, 2, 5, 7, 10]
    assert frames[0].image.shape == (48, 64, 3)
    assert [round(frame.image.mean() / 20) for frame in frames] == [0, 2, 5, 7, 10]


def test_a_step_below_one_frame_takes_each_frame_once(clip):
    assert [frame.index for frame in frames_every(clip, every_s=0.01)] == list(range(12))


def test_pictures_are_named_after_clip_and_frame(clip, tmp_path):
    assert save_frames(clip, tmp_path / "out", every_s=0.5) == 3
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["walk_000000.jpg", "walk_000005.jpg", "walk_000010.jpg"]


@pytest.mark.parametrize("step", [0.0, -1.0, float("nan")])
def test_a_step_that_is_no_time_is_refused(clip, step):
    with pytest.raises(DataError, match="above 0 seconds"):
        next(frames_every(clip, every_s=step))


def test_what_is_no_clip_is_refused(tmp_path):
    with pytest.raises(SourceError, match="there is no such file"):
        save_frames(tmp_path / "none.mp4", tmp_path / "out", every_s=1.0)
    assert not (tmp_path / "out").exists()
